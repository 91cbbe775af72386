// Route: frames whose destination is an interface of a router leave it towards their next hop, translated where there
// is a flow that says so. The plain packet of a flow that is known goes the fast way here, in loops over the batch:
// parse and hash (router/note.ts); load what the hash points to, which hides the cache's misses; find the half; load it
// and its next hop; rewrite. All else goes to router/receive.ts. Frames keep their places in the batch, and so their
// order.

import {
  HEADER_MIRRORS, ITEM_LENGTH, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SIZE, PORTS_MAX, POP_SHIFT, SHAPE_HEADER, SHAPE_SOLE,
  WORKER_ITEMS,
} from "../layout";
import {
  BUCKET_NUMBERS, HALF_ACK, HALF_ADDRESSES, HALF_DELTA_IP, HALF_DELTA_L4, HALF_EXPIRES, HALF_KEY, HALF_NEIGHBOR,
  HALF_PORTS, HALF_RENEW, HALF_SIZE, HALF_WINDOW, INTERFACES, INTERFACE_MTU, INTERFACE_SIZE, NEIGHBOR_DESTINATION,
  NEIGHBOR_ENTRY, NEIGHBOR_PORT, NEIGHBOR_USED, NUMBER_MASK, PARSED_BUCKET, PARSED_FINGERPRINT, PARSED_HALF,
  PARSED_PACKET, PARSED_PLACE, PARSED_SIZE, RENEW_ALWAYS, WORKER_PARSED, WORKER_TOUCHED,
} from "../layout-router";
import { countTx, countTxOne } from "../counters";
import { foresee } from "../router/foresee";
import { enter, leave } from "../router/leave";
import { PORT_SHIFT, STRANGE, note } from "../router/note";
import { receive } from "../router/receive";
import { settle } from "../router/timeout";
import { base, counters, flows, ticks } from "../state";
import { entryWith, portAt } from "../table/fdb";
import { findHalf, hasExpired } from "../table/flow";
import { hasStrays, match } from "../table/hash";
import { setVerdict } from "../verdict";
import { updated, updatedPartial, updatedUdp } from "../wire/checksum";
import { HEADER_SIZE } from "../wire/ethernet";
import {
  IPV4_SIZE, IP_CHECKSUM, IP_PROTOCOL, IP_SOURCE, IP_TOTAL, IP_TTL, PROTOCOL_TCP, UDP_SIZE, load16,
} from "../wire/ipv4";
import { TCP_ACK, TCP_CHECKSUM, TCP_OFFSET, TCP_WINDOW, UDP_CHECKSUM } from "../wire/l4";
import { GSO_NONE, gsoSizeOf, gsoTypeOf, needsChecksum } from "../wire/virtio";

const PLACE_MASK: u32 = 0xffff;

export function route(count: u32): void {
  const end = note(count);
  const first = base + WORKER_PARSED;
  if (end == first) return;
  touchBuckets(first, end);
  if (findHalves(first, end)) foreseeAll(first, end);
  touchHops(first, end);
  for (let at = translateMost(first, end); at < end; at = translateMost(at + PARSED_SIZE, end)) see(at);
}

/** What is not like most: a packet that takes more looks, a flow that has strayed from its bucket, or the slow path. */
function see(parsed: u32): void {
  const first = load<u64>(parsed);
  const second = load<u64>(parsed, 8);
  const found = load<u32>(parsed, PARSED_HALF);
  if (isOf(found, first, second) && translate(parsed, found)) return;
  const half = hasStrays(load<u32>(parsed, PARSED_BUCKET)) && !(second & STRANGE) ? findHalf(first, second) : 0;
  if (half && half != found && translate(parsed, half)) return;
  const place = load<u32>(parsed, PARSED_PLACE);
  receive(place & PLACE_MASK, place >> PORT_SHIFT);
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

/** Finds which half each packet may belong to. Half 0, where there is none, has no key. Returns how many have none. */
function findHalves(first: u32, end: u32): u32 {
  const records = flows;
  let missing: u32 = 0;
  for (let at = first; at < end; at += PARSED_SIZE) {
    const bucket = load<u32>(at, PARSED_BUCKET);
    const matched = match(bucket, load<u32>(at, PARSED_FINGERPRINT));
    const known = 0 - u32(matched != 0); // all ones or 0
    missing += known + 1;
    const number = load<u32>(bucket + (ctz(matched) & 7) * 4, BUCKET_NUMBERS) & NUMBER_MASK & known;
    store<u32>(at, records + number * HALF_SIZE, PARSED_HALF);
  }
  return missing;
}

/** Loads the halves, and then the next hops that they name. */
function touchHops(first: u32, end: u32): void {
  let sum: u32 = 0;
  for (let at = first; at < end; at += PARSED_SIZE) sum += load<u32>(load<u32>(at, PARSED_HALF), HALF_NEIGHBOR);
  for (let at = first; at < end; at += PARSED_SIZE) {
    sum += load<u32>(load<u32>(load<u32>(at, PARSED_HALF), HALF_NEIGHBOR), NEIGHBOR_DESTINATION);
  }
  store<u64>(base, sum, WORKER_TOUCHED);
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

/** Whether a half is that of packets with a key. */
@inline
function isOf(half: u32, first: u64, second: u64): bool {
  return ((load<u64>(half, HALF_KEY) ^ first) | (load<u64>(half, HALF_KEY + 8) ^ second)) == 0;
}

/**
 * Sends plain packets on as their halves say, as long as that takes no more than a rewrite. Returns the first that is
 * unlike, with which nothing is done, or `end`.
 */
function translateMost(from: u32, end: u32): u32 {
  if (load<u32>(HEADER_MIRRORS)) return from;
  const items = base + WORKER_ITEMS;
  const counts = counters;
  const now = ticks;
  let parsed = from;
  for (; parsed < end; parsed += PARSED_SIZE) {
    const half = load<u32>(parsed, PARSED_HALF);
    if (!isOf(half, load<u64>(parsed), load<u64>(parsed, 8))) break;
    const neighbor = load<u32>(half, HALF_NEIGHBOR);
    if (neighbor == 0) break;
    const destination = load<u64>(neighbor, NEIGHBOR_DESTINATION);
    if (destination == 0) break;
    if (<i32>(load<u32>(half, HALF_EXPIRES) - now) <= <i32>load<u32>(half, HALF_RENEW)) break;
    const place = load<u32>(parsed, PARSED_PLACE);
    const item = items + (place & PLACE_MASK) * ITEM_SIZE;
    const shape = load<u32>(item, ITEM_SHAPE);
    if (shape & (SHAPE_HEADER | SHAPE_SOLE)) break;
    const out = load<u32>(neighbor, NEIGHBOR_PORT) & (PORTS_MAX - 1);
    const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
    const length = load<u32>(item, ITEM_LENGTH) - tag;
    if (length - HEADER_SIZE > load<u32>(out * INTERFACE_SIZE, INTERFACES + INTERFACE_MTU)) break;
    const entry = load<u32>(neighbor, NEIGHBOR_ENTRY);
    if (load<u64>(entry) != destination) break;
    const port = portAt(entry);
    const packet = load<u32>(parsed, PARSED_PACKET);
    store<u32>(neighbor, now, NEIGHBOR_USED);
    rewrite(packet, half);
    countTxOne(counts, place >> PORT_SHIFT, length);
    enter(counts, item, packet - HEADER_SIZE - tag, out, destination);
    setVerdict(place & PLACE_MASK, port);
  }
  return parsed;
}

/** Sends a plain packet on as its half, whose key it has, says; false where that takes more than a rewrite. */
function translate(parsed: u32, half: u32): bool {
  const neighbor = load<u32>(half, HALF_NEIGHBOR);
  const destination = neighbor ? load<u64>(neighbor, NEIGHBOR_DESTINATION) : 0;
  if (destination == 0) return false;
  const out = load<u32>(neighbor, NEIGHBOR_PORT) & (PORTS_MAX - 1);
  const packet = load<u32>(parsed, PARSED_PACKET);
  const place = load<u32>(parsed, PARSED_PLACE);
  const item = base + WORKER_ITEMS + (place & PLACE_MASK) * ITEM_SIZE;
  const shape = load<u32>(item, ITEM_SHAPE);
  const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
  const frame = packet - HEADER_SIZE - tag;
  const length = load<u32>(item, ITEM_LENGTH) - tag;
  if (length - HEADER_SIZE > load<u32>(INTERFACES + out * INTERFACE_SIZE, INTERFACE_MTU)) {
    if (!fits(packet, frame, shape, out)) return false;
  }
  if (<i32>(load<u32>(half, HALF_EXPIRES) - ticks) <= <i32>load<u32>(half, HALF_RENEW)) {
    if (!lives(half)) return false;
  }
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  store<u32>(neighbor, entryWith(destination), NEIGHBOR_ENTRY);
  if (shape & SHAPE_HEADER) rewriteCarried(packet, frame, half);
  else rewrite(packet, half);
  countTx(place >> PORT_SHIFT, 1, length);
  leave(item, place & PLACE_MASK, frame, out, destination);
  return true;
}

/** Whether a packet, in a frame longer than an interface's MTU, is not: it is many in one, or padded. */
function fits(packet: u32, frame: u32, shape: u32, out: u32): bool {
  const bytes = shape & SHAPE_HEADER ? longest(frame, packet) : load16(packet + IP_TOTAL);
  return bytes <= load<u32>(INTERFACES + out * INTERFACE_SIZE, INTERFACE_MTU);
}

/** Gives a flow its full time again, now and then; false where it is over, or the slow path sees all its packets. */
function lives(half: u32): bool {
  if (load<u32>(half, HALF_RENEW) == RENEW_ALWAYS || hasExpired(half)) return false;
  settle(half);
  return true;
}

/** The same with a header, where the checksum of TCP or UDP may cover the pseudo-header only, so far. */
function rewriteCarried(packet: u32, frame: u32, half: u32): void {
  if (!needsChecksum(frame)) return rewrite(packet, half);
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
  store<u16>(at, <u16>after);
  if (before * after == 0) {
    if (tcp == 0) store<u16>(at, <u16>updatedUdp(before, delta));
  }
  // What a reset from the other side has to fit (router/tcp.ts); of UDP it is never looked at.
  store<u32>(half, load<u32>(l4, TCP_ACK), HALF_ACK);
  store<u16>(half, load<u16>(l4, TCP_WINDOW), HALF_WINDOW);
}
