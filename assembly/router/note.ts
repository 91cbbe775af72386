// Noting packets for routers: whether one is plain, so that a known flow needs no more than a rewrite for it, by which
// key its flow is found, and where. Read RFC 791 3.1 and RFC 1812 5.2.2 (what a router checks), RFC 768, RFC 9293 3.1.

import {
  FLAG_ROUTER, ITEM_INNER, ITEM_LENGTH, ITEM_POP, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SHARED, ITEM_SIZE, ITEM_SLOT, PORTS,
  PORTS_MAX, PORT_FLAGS, PORT_SIZE, POP_SHIFT, SHAPE_HEADER, SLOT_SIZE, START_SHIFT, WORKER_ITEMS,
} from "../layout";
import {
  BUCKET_SIZE, INTERFACES, INTERFACE_SCOPE, INTERFACE_SIZE, PARSED_BUCKET, PARSED_FINGERPRINT, PARSED_PACKET,
  PARSED_PLACE, PARSED_SIZE, WORKER_PARSED,
} from "../layout-router";
import { isPartialAt } from "../offload";
import { base, flowBuckets, flowShift, frames, hashSeed, hashSeedOther } from "../state";
import { hashOf } from "../table/hash";
import { DONE, VERDICT_SIZE, verdictAt, verdictOf } from "../verdict";
import { TYPE_ARP } from "../wire/arp";
import { isWhole20 } from "../wire/checksum";
import { HEADER_SIZE, isGroup } from "../wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_PROTOCOL, IP_SOURCE, IP_TTL, PROTOCOL_TCP, PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE,
  VERSION_IHL,
} from "../wire/ipv4";
import { FIN, RST, SYN, TCP_OFFSET, TCP_SIZE, UDP_LENGTH } from "../wire/l4";
import { workOf } from "../wire/virtio";
import { guard } from "./guard";
import { isInterface } from "./gather";

/** Above the place of a noted packet: the port of the interface. */
export const PORT_SHIFT: u32 = 16;
/** In the second word of a key: no flow has such a one. */
export const STRANGE: u64 = 1 << 63;

// The first eight bytes of a header without options and fragments.
const HEADER_MASK: u64 = (<u64>FRAGMENT_MASK << 48) | 0xff;
const TTL_LEAST: u32 = 2;
const SHAPE_SHARED: u32 = ITEM_SHARED << POP_SHIFT;
const SHAPE_OTHER: u32 = SHAPE_SHARED | (ITEM_INNER << POP_SHIFT) | SHAPE_HEADER;

/** Where the next packet is noted. */
let noted: u32 = 0;

/** Notes those of the first `count` items that are for interfaces of routers; returns the end of what it noted. */
export function note(count: u32): u32 {
  const first = base + WORKER_ITEMS;
  const end = first + count * ITEM_SIZE;
  noted = base + WORKER_PARSED;
  for (let item = noteMost(first, end); item < end; item = noteMost(item + ITEM_SIZE, end)) noteOther(item);
  return noted;
}

/**
 * Notes plain packets, and passes over what is not for routers, but for ARP; returns the first item that is neither, or
 * `end`.
 */
function noteMost(from: u32, end: u32): u32 {
  const pool = frames;
  let parsed = noted;
  let verdict = verdictAt(from);
  let item = from;
  for (; item < end; item += ITEM_SIZE) {
    const port = load<u32>(verdict);
    verdict += VERDICT_SIZE;
    if (port >= PORTS_MAX || (load<u32>(port * PORT_SIZE, PORTS + PORT_FLAGS) & FLAG_ROUTER) == 0) {
      if (port != DONE && isArp(pool, item)) break;
      continue;
    }
    const shape = load<u32>(item, ITEM_SHAPE);
    if (shape & SHAPE_OTHER) break;
    const packet = packetOf(pool, item, shape);
    if (!isPlain(item, packet)) break;
    put(parsed, item, port, packet, 0);
    parsed += PARSED_SIZE;
  }
  noted = parsed;
  return item;
}

/** Whether a frame that is switched holds ARP. */
@inline
function isArp(pool: u32, item: u32): bool {
  return load<u16>(packetOf(pool, item, load<u32>(item, ITEM_SHAPE)) - 2) == TYPE_ARP;
}

/**
 * Notes any packet for a router, but for one whose frame is carried inside another network's tag; ARP that is switched
 * may not claim a router's address.
 */
function noteOther(item: u32): void {
  const verdict = verdictOf((item - base - WORKER_ITEMS) / ITEM_SIZE);
  if (verdict >= PORTS_MAX || !isInterface(verdict)) return guard(item);
  const shape = load<u32>(item, ITEM_SHAPE);
  const packet = packetOf(frames, item, shape);
  if (<u32>load<u8>(item, ITEM_POP) & ITEM_INNER) return;
  const plain = (shape & SHAPE_SHARED) == 0 && isPlain(item, packet)
    && ((shape & SHAPE_HEADER) == 0 || isCarried(frameOf(packet, shape), packet));
  put(noted, item, verdictOf((item - base - WORKER_ITEMS) / ITEM_SIZE), packet, plain ? 0 : STRANGE);
  noted += PARSED_SIZE;
}

@inline
function packetOf(pool: u32, item: u32, shape: u32): u32 {
  const frame = pool + load<u32>(item, ITEM_SLOT) * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
  return frame + HEADER_SIZE + ((shape >> POP_SHIFT) & ITEM_POP_MASK);
}

@inline
function frameOf(packet: u32, shape: u32): u32 {
  return packet - HEADER_SIZE - ((shape >> POP_SHIFT) & ITEM_POP_MASK);
}

/**
 * Whether a packet is whole and right, TCP or UDP, and changes nothing about a connection, as nearly all do. Where a
 * header says less than there has to be, what is read behind it lies in its slot.
 */
@inline
function isPlain(item: u32, packet: u32): bool {
  const start = load<u64>(packet);
  const middle = load<u32>(packet, IP_TTL); // TTL, protocol, checksum
  const frame = frameOf(packet, load<u32>(item, ITEM_SHAPE));
  if (load<u16>(packet - 2) != TYPE_IPV4) return false;
  if ((start & HEADER_MASK) != VERSION_IHL) return false;
  if ((middle & 0xff) < TTL_LEAST) return false;
  if (isGroup(load<u8>(frame))) return false;
  if (!isWhole20(start, middle, load<u64>(packet, IP_SOURCE))) return false;
  const protocol = (middle >> 8) & 0xff;
  const tcp = 0 - u32(protocol == PROTOCOL_TCP); // all ones or 0: no branch could foresee it
  if ((protocol ^ PROTOCOL_UDP) & ~tcp) return false;
  const segment = <u32>load<u16>(packet + IPV4_SIZE, TCP_OFFSET); // header's length, flags
  if ((segment >> 8) & (FIN | SYN | RST) & tcp) return false;
  const total = <u32>bswap<u16>(<u16>(start >> 16));
  const datagram = <u32>bswap<u16>(load<u16>(packet + IPV4_SIZE, UDP_LENGTH));
  const length = datagram ^ ((datagram ^ ((segment >> 2) & 0x3c)) & tcp);
  if (length < UDP_SIZE + ((TCP_SIZE - UDP_SIZE) & tcp)) return false;
  if (length + IPV4_SIZE > total) return false;
  if (total > load<u32>(item, ITEM_LENGTH) - (packet - frame)) return false; // as above: a value would be tested again
  return true;
}

@inline
function put(parsed: u32, item: u32, port: u32, packet: u32, strange: u64): void {
  const first = load<u64>(packet, IP_SOURCE);
  const scope = <u64>load<u32>(port * INTERFACE_SIZE, INTERFACES + INTERFACE_SCOPE);
  const second = (scope << 40) | (<u64>load<u8>(packet, IP_PROTOCOL) << 32) | load<u32>(packet, IPV4_SIZE);
  const hash = hashOf(first, second, hashSeed, hashSeedOther);
  const place = (item - base - WORKER_ITEMS) / ITEM_SIZE;
  store<u64>(parsed, first);
  store<u64>(parsed, second | strange, 8);
  store<u32>(parsed, flowBuckets + <u32>(hash >> flowShift) * BUCKET_SIZE, PARSED_BUCKET);
  store<u32>(parsed, packet, PARSED_PACKET);
  store<u32>(parsed, <u32>hash, PARSED_FINGERPRINT);
  store<u32>(parsed, place | (port << PORT_SHIFT), PARSED_PLACE);
}

/** Whether what is left undone of a plain packet, if anything, is what a rewrite carries along. */
function isCarried(frame: u32, packet: u32): bool {
  return workOf(frame) == 0 || isPartialAt(frame, packet + IPV4_SIZE, load<u8>(packet, IP_PROTOCOL));
}
