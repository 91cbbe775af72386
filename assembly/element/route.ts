// Route: frames whose destination is an interface of a router leave it towards their next hop, translated where there
// is a flow that says so. The plain packet of a flow that is known goes the fast way here, in loops over the batch:
// parse and hash; load what the hash points to, which hides the cache's misses; find the half and load it; rewrite. All
// else goes to router/receive.ts. Frames keep their places in the batch, and so their order.

import {
  FLAG_ROUTER, ITEM_INNER, ITEM_LENGTH, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, POP_SHIFT, PORTS, PORTS_MAX,
  PORT_FLAGS, PORT_SIZE, SHAPE_HEADER, SHAPE_SOLE, SLOT_SIZE, START_SHIFT, WORKER_ITEMS,
} from "../layout";
import {
  BUCKET_NUMBERS, BUCKET_SIZE, HALF_ACK, HALF_ADDRESSES, HALF_DELTA_IP, HALF_DELTA_L4, HALF_EXPIRES, HALF_KEY,
  HALF_NEIGHBOR, HALF_PORTS, HALF_RENEW, HALF_SIZE, HALF_WINDOW, INTERFACES, INTERFACE_MTU, INTERFACE_SCOPE,
  INTERFACE_SIZE, NEIGHBOR_DESTINATION, NEIGHBOR_PORT, NEIGHBOR_USED, NUMBER_MASK, PARSED_BUCKET, PARSED_FINGERPRINT,
  PARSED_HALF, PARSED_PACKET, PARSED_PLACE, PARSED_SIZE, RENEW_ALWAYS, WORKER_PARSED, WORKER_TOUCHED,
} from "../layout-router";
import { countTx } from "../counters";
import { isPartialAt } from "../offload";
import { isOwn } from "../pool";
import { foresee } from "../router/foresee";
import { leave } from "../router/leave";
import { receive } from "../router/receive";
import { settle } from "../router/timeout";
import { base, flowBuckets, flowShift, flows, frames, hashSeed, hashSeedOther, ticks } from "../state";
import { findHalf, hasExpired } from "../table/flow";
import { hasStrays, hashOf, match } from "../table/hash";
import { verdictOf } from "../verdict";
import { isWhole20, updated, updatedPartial, updatedUdp } from "../wire/checksum";
import { HEADER_SIZE, isGroup } from "../wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_CHECKSUM, IP_PROTOCOL, IP_SOURCE, IP_TOTAL, IP_TTL, PROTOCOL_TCP,
  PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE, VERSION_IHL, load16,
} from "../wire/ipv4";
import {
  FIN, RST, SYN, TCP_ACK, TCP_CHECKSUM, TCP_OFFSET, TCP_SIZE, TCP_WINDOW, UDP_CHECKSUM, UDP_LENGTH,
} from "../wire/l4";
import { GSO_NONE, gsoSizeOf, gsoTypeOf, needsChecksum, workOf } from "../wire/virtio";

const PLACE_MASK: u32 = 0xffff;
const PORT_SHIFT: u32 = 16; // above a place: the port of the interface
const STRANGE: u64 = 1 << 63; // in the second word of a key: no flow has such a one

export function route(count: u32): void {
  const end = parse(count);
  const first = base + WORKER_PARSED;
  if (end == first) return;
  touchBuckets(first, end);
  if (findHalves(first, end)) foreseeAll(first, end);
  for (let parsed = first; parsed < end; parsed += PARSED_SIZE) {
    if (!translate(parsed, load<u32>(parsed, PARSED_HALF))) see(parsed);
  }
}

/** What the fast way does not know: a flow that has strayed from its bucket, or work for the slow path. */
function see(parsed: u32): void {
  const first = load<u64>(parsed);
  const second = load<u64>(parsed, 8);
  const half = hasStrays(load<u32>(parsed, PARSED_BUCKET)) && !(second & STRANGE) ? findHalf(first, second) : 0;
  if (half && half != load<u32>(parsed, PARSED_HALF) && translate(parsed, half)) return;
  const place = load<u32>(parsed, PARSED_PLACE);
  receive(place & PLACE_MASK, place >> PORT_SHIFT);
}

/**
 * Notes the items that are for interfaces of routers, with the keys of their packets, and in which buckets these are to
 * be found. Returns the end of what it noted.
 */
function parse(count: u32): u32 {
  const pool = frames;
  const buckets = flowBuckets;
  const shift = flowShift;
  const seed = hashSeed;
  const other = hashSeedOther;
  let parsed = base + WORKER_PARSED;
  let item = base + WORKER_ITEMS - ITEM_SIZE;
  for (let i: u32 = 0; i < count; i++) {
    item += ITEM_SIZE;
    const port = verdictOf(i);
    if (port >= PORTS_MAX || (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_ROUTER) == 0) continue;
    const shape = load<u32>(item, ITEM_SHAPE);
    if ((shape >> POP_SHIFT) & ITEM_INNER) continue;
    const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
    const slot = load<u32>(item, ITEM_SLOT);
    const frame = pool + slot * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
    const packet = frame + HEADER_SIZE + tag;
    const first = load<u64>(packet, IP_SOURCE);
    const scope = load<u32>(INTERFACES + port * INTERFACE_SIZE, INTERFACE_SCOPE);
    const protocol = <u64>load<u8>(packet, IP_PROTOCOL);
    const plain = isPlain(packet, first, load<u32>(item, ITEM_LENGTH) - HEADER_SIZE - tag)
      && (isOwn(slot) || (shape & SHAPE_SOLE) != 0)
      && !isGroup(load<u8>(frame)) && ((shape & SHAPE_HEADER) == 0 || isCarried(frame, packet));
    const second = (<u64>scope << 40) | (protocol << 32) | load<u32>(packet, IPV4_SIZE);
    const hash = hashOf(first, second, seed, other);
    store<u64>(parsed, first);
    store<u64>(parsed, second | (plain ? 0 : STRANGE), 8);
    store<u32>(parsed, buckets + <u32>(hash >> shift) * BUCKET_SIZE, PARSED_BUCKET);
    store<u32>(parsed, <u32>hash, PARSED_FINGERPRINT);
    store<u32>(parsed, packet, PARSED_PACKET);
    store<u32>(parsed, i | (port << PORT_SHIFT), PARSED_PLACE);
    parsed += PARSED_SIZE;
  }
  return parsed;
}

// The first eight bytes of a header without options and fragments, with the type in front of it shifted out.
const HEADER_MASK: u64 = (<u64>FRAGMENT_MASK << 48) | 0xff;
const TTL_LEAST: u32 = 2;

/**
 * Whether a packet of up to `size` bytes, with addresses `first`, is whole and right, TCP or UDP, and changes nothing
 * about a connection. Nearly all are, so that branches cost nothing but that on the protocol, which is arithmetic
 * instead. Where a header says less than there has to be, what is read behind it lies in its slot.
 */
@inline
function isPlain(packet: u32, first: u64, size: u32): bool {
  const start = load<u64>(packet);
  const middle = load<u32>(packet, IP_TTL); // TTL, protocol, checksum
  const total = <u32>bswap<u16>(<u16>(start >> 16));
  const protocol = (middle >> 8) & 0xff;
  const tcp = 0 - u32(protocol == PROTOCOL_TCP); // all ones or 0
  const segment = <u32>load<u16>(packet + IPV4_SIZE, TCP_OFFSET); // header's length, flags
  const datagram = <u32>bswap<u16>(load<u16>(packet + IPV4_SIZE, UDP_LENGTH));
  const length = datagram ^ ((datagram ^ ((segment >> 2) & 0x3c)) & tcp);
  const least = UDP_SIZE + ((TCP_SIZE - UDP_SIZE) & tcp);
  return (start & HEADER_MASK) == VERSION_IHL && load<u16>(packet - 2) == TYPE_IPV4 && (middle & 0xff) >= TTL_LEAST
    && (protocol ^ (PROTOCOL_UDP ^ ((PROTOCOL_UDP ^ PROTOCOL_TCP) & tcp))) == 0
    && total <= size && length >= least && length + IPV4_SIZE <= total
    && ((segment >> 8) & (FIN | SYN | RST) & tcp) == 0 && isWhole20(start, middle, first);
}

/** Whether what is left undone of a plain packet, if anything, is what a rewrite carries along. */
function isCarried(frame: u32, packet: u32): bool {
  return workOf(frame) == 0 || isPartialAt(frame, packet + IPV4_SIZE, load<u8>(packet, IP_PROTOCOL));
}

/** Bytes of a plain packet behind a header as it will be on the wire; of the longest, where it is many in one. */
function longest(frame: u32, packet: u32): u32 {
  if (gsoTypeOf(frame) == GSO_NONE) return load16(packet + IP_TOTAL);
  const tcp = load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_TCP;
  const size = tcp ? (<u32>load<u8>(packet + IPV4_SIZE, TCP_OFFSET) >> 4) * 4 : UDP_SIZE;
  return IPV4_SIZE + size + gsoSizeOf(frame);
}

const EIGHT: u32 = PARSED_SIZE * 8;

/** Loads each bucket, and does nothing else, so that the cache's misses overlap. */
function touchBuckets(first: u32, end: u32): void {
  let sum: u32 = 0;
  let at = first;
  for (; at + EIGHT <= end; at += EIGHT) {
    sum += load<u32>(load<u32>(at, PARSED_BUCKET)) + load<u32>(load<u32>(at + PARSED_SIZE, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 2, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 3, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 4, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 5, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 6, PARSED_BUCKET))
      + load<u32>(load<u32>(at + PARSED_SIZE * 7, PARSED_BUCKET));
  }
  for (; at < end; at += PARSED_SIZE) sum += load<u32>(load<u32>(at, PARSED_BUCKET));
  store<u64>(base, sum, WORKER_TOUCHED); // so that the loads stay
}

/**
 * Finds which half each packet may belong to, and loads it. Half 0, where there is none, has no key. Returns how many
 * have none.
 */
function findHalves(first: u32, end: u32): u32 {
  const records = flows;
  let missing: u32 = 0;
  let sum: u64 = 0;
  for (let at = first; at < end; at += PARSED_SIZE) {
    const bucket = load<u32>(at, PARSED_BUCKET);
    const matched = match(bucket, load<u32>(at, PARSED_FINGERPRINT));
    const known = 0 - u32(matched != 0); // all ones or 0
    missing += known + 1;
    const number = load<u32>(bucket + (ctz(matched) & 7) * 4, BUCKET_NUMBERS) & NUMBER_MASK & known;
    const half = records + number * HALF_SIZE;
    store<u32>(at, half, PARSED_HALF);
    sum += load<u64>(half);
  }
  store<u64>(base, sum, WORKER_TOUCHED);
  return missing;
}

/** Loads what packets without a flow will need. */
function foreseeAll(first: u32, end: u32): void {
  let sum: u32 = 0;
  for (let at = first; at < end; at += PARSED_SIZE) {
    if (load<u32>(at, PARSED_HALF) != flows) continue;
    const second = load<u64>(at, 8);
    sum += foresee(load<u64>(at), <u32>second, <u32>(second >> 32) & 0xff, load<u32>(at, PARSED_PLACE) >> PORT_SHIFT);
  }
  store<u64>(base, sum, WORKER_TOUCHED);
}

/** Sends a plain packet on as its half says; false where that takes more than a rewrite. */
@inline
function translate(parsed: u32, half: u32): bool {
  const packet = load<u32>(parsed, PARSED_PACKET);
  const neighbor = load<u32>(half, HALF_NEIGHBOR);
  const destination = load<u64>(neighbor, NEIGHBOR_DESTINATION);
  const out = load<u32>(neighbor, NEIGHBOR_PORT) & (PORTS_MAX - 1);
  const other = (load<u64>(half, HALF_KEY) ^ load<u64>(parsed))
    | (load<u64>(half, HALF_KEY + 8) ^ load<u64>(parsed, 8));
  if (other != 0 || neighbor == 0 || destination == 0) return false;
  const place = load<u32>(parsed, PARSED_PLACE);
  const item = base + WORKER_ITEMS + (place & PLACE_MASK) * ITEM_SIZE;
  const shape = load<u32>(item, ITEM_SHAPE);
  const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
  const frame = packet - HEADER_SIZE - tag;
  const bytes = shape & SHAPE_HEADER ? longest(frame, packet) : load16(packet + IP_TOTAL);
  if (bytes > load<u32>(INTERFACES + out * INTERFACE_SIZE, INTERFACE_MTU)) return false;
  if (<i32>(load<u32>(half, HALF_EXPIRES) - ticks) <= <i32>load<u32>(half, HALF_RENEW) && !lives(half)) return false;
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  if ((shape & SHAPE_HEADER) != 0 && needsChecksum(frame)) rewritePartial(packet, half);
  else rewrite(packet, half);
  countTx(place >> PORT_SHIFT, 1, load<u32>(item, ITEM_LENGTH) - tag);
  leave(item, place & PLACE_MASK, frame, out, destination);
  return true;
}

/** Gives a flow its full time again, once a second; false where it is over, or the slow path sees all its packets. */
function lives(half: u32): bool {
  if (load<u32>(half, HALF_RENEW) == RENEW_ALWAYS || hasExpired(half)) return false;
  settle(half);
  return true;
}

/** The same for a packet whose checksum of TCP or UDP covers the pseudo-header only, so far. */
function rewritePartial(packet: u32, half: u32): void {
  const tcp = u32(load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_TCP);
  const at = packet + IPV4_SIZE + UDP_CHECKSUM + tcp * (TCP_CHECKSUM - UDP_CHECKSUM);
  const sum = updatedPartial(load<u16>(at), load<u16>(half, HALF_DELTA_IP));
  rewrite(packet, half);
  store<u16>(at, <u16>sum);
}

@inline
function rewrite(packet: u32, half: u32): void {
  const tcp = u32(load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_TCP);
  const l4 = packet + IPV4_SIZE;
  store<u64>(packet, load<u64>(half, HALF_ADDRESSES), IP_SOURCE);
  store<u32>(l4, load<u32>(half, HALF_PORTS));
  store<u8>(packet, load<u8>(packet, IP_TTL) - 1, IP_TTL);
  store<u16>(packet, <u16>updated(load<u16>(packet, IP_CHECKSUM), load<u16>(half, HALF_DELTA_IP)), IP_CHECKSUM);
  const at = l4 + UDP_CHECKSUM + tcp * (TCP_CHECKSUM - UDP_CHECKSUM); // no branch: it could not be foreseen
  const before = <u32>load<u16>(at);
  const delta = <u32>load<u16>(half, HALF_DELTA_L4);
  const after = updated(before, delta);
  const special = (before == 0 || after == 0) && tcp == 0;
  store<u16>(at, <u16>(special ? updatedUdp(before, delta) : after));
  // What a reset from the other side has to fit (router/tcp.ts); of UDP it is never looked at.
  store<u32>(half, load<u32>(l4, TCP_ACK), HALF_ACK);
  store<u16>(half, load<u16>(l4, TCP_WINDOW), HALF_WINDOW);
}
