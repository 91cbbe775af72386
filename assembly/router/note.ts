// Noting packets: whether one is plain, so that a known flow needs no more than a rewrite for it, by which key its flow
// is found, and where. Read RFC 791 3.1 and RFC 1812 5.2.2 (what a router checks), RFC 768, RFC 9293 3.1.

import {
  ITEM_INNER, ITEM_LENGTH, ITEM_POP, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SHARED, ITEM_SIZE, ITEM_SLOT, POP_SHIFT,
  SHAPE_HEADER, SLOT_SIZE, START_SHIFT, WORKER_ITEMS,
} from "../layout";
import {
  BUCKET_SIZE, INTERFACES, INTERFACE_SCOPE, INTERFACE_SIZE, PARSED_BUCKET, PARSED_FINGERPRINT, PARSED_PACKET,
  PARSED_PLACE, PARSED_SIZE,
} from "../layout-router";
import { isPartialAt } from "../offload";
import { base, flowBuckets, flowShift, hashSeed, hashSeedOther } from "../state";
import { hashOf } from "../table/hash";
import { isWhole20 } from "../wire/checksum";
import { HEADER_SIZE, isGroup } from "../wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_PROTOCOL, IP_SOURCE, IP_TTL, PROTOCOL_TCP, PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE,
  VERSION_IHL,
} from "../wire/ipv4";
import { FIN, RST, SYN, TCP_OFFSET, TCP_SIZE, UDP_LENGTH } from "../wire/l4";
import { workOf } from "../wire/virtio";

/** Above the place of a noted packet: the port of the interface. */
export const PORT_SHIFT: u32 = 16;
/** In the second word of a key: no flow has such a one. */
export const STRANGE: u64 = 1 << 63;

// The first eight bytes of a header without options and fragments.
const HEADER_MASK: u64 = (<u64>FRAGMENT_MASK << 48) | 0xff;
const TTL_LEAST: u32 = 2;
const SHAPE_SHARED: u32 = (ITEM_SHARED | ITEM_INNER) << POP_SHIFT;

/**
 * Notes a packet that is whole and right, TCP or UDP, changes nothing about a connection, and may be rewritten where it
 * lies, as nearly all are; others are noted as strange. Until that is sure nothing is called (see emit). Where a header
 * says less than there has to be, what is read behind it lies in its slot.
 */
@inline
export function noteMost(parsed: u32, item: u32, port: u32, pool: u32): u32 {
  const shape = load<u32>(item, ITEM_SHAPE);
  const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
  const frame = pool + load<u32>(item, ITEM_SLOT) * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
  const packet = frame + HEADER_SIZE + tag;
  const start = load<u64>(packet);
  const middle = load<u32>(packet, IP_TTL); // TTL, protocol, checksum
  const first = load<u64>(packet, IP_SOURCE);
  if (shape & SHAPE_SHARED) return noteStrange(parsed, item, port, packet);
  if (load<u16>(packet - 2) != TYPE_IPV4) return noteStrange(parsed, item, port, packet);
  if ((start & HEADER_MASK) != VERSION_IHL) return noteStrange(parsed, item, port, packet);
  if ((middle & 0xff) < TTL_LEAST) return noteStrange(parsed, item, port, packet);
  if (isGroup(load<u8>(frame))) return noteStrange(parsed, item, port, packet);
  if (!isWhole20(start, middle, first)) return noteStrange(parsed, item, port, packet);
  const protocol = (middle >> 8) & 0xff;
  const tcp = 0 - u32(protocol == PROTOCOL_TCP); // all ones or 0: no branch could foresee it
  if ((protocol ^ PROTOCOL_UDP) & ~tcp) return noteStrange(parsed, item, port, packet);
  const segment = <u32>load<u16>(packet + IPV4_SIZE, TCP_OFFSET); // header's length, flags
  if ((segment >> 8) & (FIN | SYN | RST) & tcp) return noteStrange(parsed, item, port, packet);
  const total = <u32>bswap<u16>(<u16>(start >> 16));
  const datagram = <u32>bswap<u16>(load<u16>(packet + IPV4_SIZE, UDP_LENGTH));
  const length = datagram ^ ((datagram ^ ((segment >> 2) & 0x3c)) & tcp);
  if (length < UDP_SIZE + ((TCP_SIZE - UDP_SIZE) & tcp)) return noteStrange(parsed, item, port, packet);
  if (length + IPV4_SIZE > total) return noteStrange(parsed, item, port, packet);
  if (total > load<u32>(item, ITEM_LENGTH) - HEADER_SIZE - tag) return noteStrange(parsed, item, port, packet);
  if (shape & SHAPE_HEADER) {
    if (!isCarried(frame, packet)) return noteStrange(parsed, item, port, packet);
  }
  return note(parsed, item, port, packet, 0);
}

/** Notes what takes the slow path, or nothing where it is not for a router: what it carries is another network's. */
function noteStrange(parsed: u32, item: u32, port: u32, packet: u32): u32 {
  if (<u32>load<u8>(item, ITEM_POP) & ITEM_INNER) return parsed;
  return note(parsed, item, port, packet, STRANGE);
}

@inline
function note(parsed: u32, item: u32, port: u32, packet: u32, strange: u64): u32 {
  const first = load<u64>(packet, IP_SOURCE);
  const scope = load<u32>(INTERFACES + port * INTERFACE_SIZE, INTERFACE_SCOPE);
  const protocol = <u64>load<u8>(packet, IP_PROTOCOL);
  const second = (<u64>scope << 40) | (protocol << 32) | load<u32>(packet, IPV4_SIZE);
  const hash = hashOf(first, second, hashSeed, hashSeedOther);
  const place = (item - base - WORKER_ITEMS) / ITEM_SIZE;
  store<u64>(parsed, first);
  store<u64>(parsed, second | strange, 8);
  store<u32>(parsed, flowBuckets + <u32>(hash >> flowShift) * BUCKET_SIZE, PARSED_BUCKET);
  store<u32>(parsed, packet, PARSED_PACKET);
  store<u32>(parsed, <u32>hash, PARSED_FINGERPRINT);
  store<u32>(parsed, place | (port << PORT_SHIFT), PARSED_PLACE);
  return parsed + PARSED_SIZE;
}

/** Whether what is left undone of a plain packet, if anything, is what a rewrite carries along. */
function isCarried(frame: u32, packet: u32): bool {
  return workOf(frame) == 0 || isPartialAt(frame, packet + IPV4_SIZE, load<u8>(packet, IP_PROTOCOL));
}
