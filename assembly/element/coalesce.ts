// Coalesce: TCP segments that came one by one, and leave for a port that takes merged frames, go on as one (GRO). Its
// device, and whoever is behind it, then has one frame to see to instead of up to 45. What is merged is what segmenting
// would give back as it came, byte for byte, but for the IDs of IPv4 packets that must not be fragmented, which mean
// nothing (RFC 6864 4.1): segments that follow one another in sequence, of equal length but for the last, with the same
// headers otherwise and with right checksums. It comes after routing, so that it is known where frames leave. The
// counterpart of finish.ts. Read RFC 9293 3.1, wire/virtio.ts.

import {
  FLAG_OFFLOAD, FLAG_ROUTER, FRAME_MAX, HEADER_OFFLOAD, ITEM_DESTINATION, ITEM_LENGTH, ITEM_POP_MASK, ITEM_PORT,
  ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, ITEM_SOURCE, ITEM_TAG, MERGE_SIZE, PORTS, PORTS_MAX, PORT_FLAGS, PORT_MTU,
  PORT_SIZE, POP_SHIFT, SHAPE_HEADER, SHAPE_SOLE, SLOT_SIZE, START_HEADER, START_SHIFT, WORKER_ITEMS, WORKER_MERGES,
  WORKER_MERGE_SLOTS,
} from "../layout";
import { countMerged } from "../counters";
import { isOwn, release } from "../pool";
import { base, frames } from "../state";
import { DONE, setVerdict, verdictOf } from "../verdict";
import { fold, sumOf } from "../wire/checksum";
import { HEADER_SIZE, TAG_SIZE } from "../wire/ethernet";
import {
  DONT_FRAGMENT, FRAGMENT_MASK, IPV4_SIZE, IP_FRAGMENT, IP_ID, IP_PROTOCOL, IP_SOURCE, IP_TOTAL, IP_TTL, PROTOCOL_TCP,
  PROTOCOL_UDP, TYPE_IPV4, VERSION_IHL, load16, putChecksum, store16,
} from "../wire/ipv4";
import { IPV6_ADDRESSES, IPV6_NEXT, IPV6_PAYLOAD, IPV6_SIZE, TYPE_IPV6 } from "../wire/ipv6";
import {
  ACK, PSH, TCP_ACK, TCP_CHECKSUM, TCP_FLAGS, TCP_OFFSET, TCP_SEQUENCE, TCP_SIZE, TCP_URGENT, TCP_WINDOW, pseudoSumOf,
} from "../wire/l4";
import { GSO_TCPV4, GSO_TCPV6, putMerged } from "../wire/virtio";

const MERGE_ITEM: u32 = 0;
const MERGE_FRAME: u32 = 4;
const MERGE_PAYLOAD: u32 = 8;
const MERGE_COUNT: u32 = 12;
const SLOTS_SIZE: u32 = 256;
const HASH_FACTOR: u32 = 0x9e37_79b1;
const HASH_SHIFT: u32 = 26; // leaves as many bits as number the slots

/** Where the next merge is noted, and from where on those that are noted may still grow. */
let end: u32 = 0;
let fence: u32 = 0;

/** The frame at hand: where it, its IP header and its TCP header begin; its bytes, of which headers, and the others. */
let frame: u32 = 0;
let packet: u32 = 0;
let segment: u32 = 0;
let length: u32 = 0;
let headers: u32 = 0;
let payload: u32 = 0;
let isIpv6: bool = false;

export function coalesce(count: u32): void {
  if (count < 2 || load<u32>(HEADER_OFFLOAD) == 0) return;
  begin();
  let item = base + WORKER_ITEMS;
  for (let i: u32 = 0; i < count; i++) {
    const port = verdictOf(i);
    if (port < PORTS_MAX && takesMerged(port) && (load<u32>(item, ITEM_SHAPE) & SHAPE_HEADER) == 0) see(item, i, port);
    item += ITEM_SIZE;
  }
  for (let merge = base + WORKER_MERGES; merge < end; merge += MERGE_SIZE) {
    if (load<u32>(merge, MERGE_COUNT) > 1) seal(merge);
  }
}

function begin(): void {
  fence = end = base + WORKER_MERGES;
  memory.fill(base + WORKER_MERGE_SLOTS, 0, SLOTS_SIZE);
}

/** Whether a port is to get merged frames; where a router sends them on is not known yet. */
@inline
function takesMerged(port: u32): bool {
  return (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & (FLAG_OFFLOAD | FLAG_ROUTER)) == FLAG_OFFLOAD;
}

/** Merges the item at `index`, which goes to `port`, into what came before it of its flow, or keeps it open itself. */
function see(item: u32, index: u32, port: u32): void {
  const shape = load<u32>(item, ITEM_SHAPE);
  frame = frames + load<u32>(item, ITEM_SLOT) * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
  packet = frame + HEADER_SIZE + ((shape >> POP_SHIFT) & ITEM_POP_MASK);
  length = load<u32>(item, ITEM_LENGTH);
  if (!isTcp()) {
    if (!isUdp()) fence = end; // it may be of any flow, none of whose frames may overtake it
    return;
  }
  const slot = base + WORKER_MERGE_SLOTS + ((load<u32>(segment) * HASH_FACTOR) >> HASH_SHIFT) * 4;
  const merge = load<u32>(slot);
  const fits = mayMerge(item, port);
  const goesOn = fits && merge >= fence && continues(merge, item, port) && beganRight(merge);
  if (!goesOn) store<u32>(slot, fits && !isPushed() ? open(item) : 0);
  else store<u32>(slot, isRight(packet, length) ? append(merge, item, index) : 0);
}

// ---- the frame at hand ----

/** Whether it is TCP as most is, without IP options and not a fragment; finds its headers. */
function isTcp(): bool {
  const size = length - (packet - frame);
  isIpv6 = load<u16>(packet - 2) == TYPE_IPV6;
  const header = isIpv6 ? IPV6_SIZE : IPV4_SIZE;
  if (size < header + TCP_SIZE || !(isIpv6 ? isPlainIpv6() : isPlainIpv4())) return false;
  segment = packet + header;
  const own = (<u32>load<u8>(segment, TCP_OFFSET) >> 4) * 4;
  const total = isIpv6 ? IPV6_SIZE + load16(packet + IPV6_PAYLOAD) : load16(packet + IP_TOTAL);
  headers = segment + own - frame;
  payload = total - header - own;
  return own >= TCP_SIZE && header + own <= total && total <= size;
}

@inline
function isPlainIpv4(): bool {
  return load<u16>(packet - 2) == TYPE_IPV4 && load<u8>(packet) == VERSION_IHL
    && load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_TCP && (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) == 0;
}

@inline
function isPlainIpv6(): bool {
  return load<u8>(packet) >> 4 == 6 && load<u8>(packet, IPV6_NEXT) == <u8>PROTOCOL_TCP;
}

/** Whether it is UDP, which no TCP has to wait for. */
function isUdp(): bool {
  const type = load<u16>(packet - 2);
  return (type == TYPE_IPV4 && load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_UDP)
    || (type == TYPE_IPV6 && load<u8>(packet, IPV6_NEXT) == <u8>PROTOCOL_UDP);
}

/** Whether it carries something and nothing beside, nobody else has its slot, and `port` lets it out. */
function mayMerge(item: u32, port: u32): bool {
  const there = packet - frame - HEADER_SIZE;
  return payload != 0 && headers + payload == length
    && (load<u8>(segment, TCP_FLAGS) | <u8>PSH) == <u8>(ACK | PSH)
    && length - there <= load<u32>(PORTS + port * PORT_SIZE, PORT_MTU)
    && (isOwn(load<u32>(item, ITEM_SLOT)) || (load<u32>(item, ITEM_SHAPE) & SHAPE_SOLE) != 0);
}

@inline
function isPushed(): bool {
  return (load<u8>(segment, TCP_FLAGS) & <u8>PSH) != 0;
}

/** Whether the checksums of a packet like the one at hand are right, its frame having `bytes` in all. */
function isRight(packet: u32, bytes: u32): bool {
  const l4 = packet + (isIpv6 ? IPV6_SIZE : IPV4_SIZE);
  const size = bytes - (segment - frame);
  return (isIpv6 || sumOf(packet, IPV4_SIZE) == 0xffff)
    && fold(pseudoSumOf(packet, isIpv6, PROTOCOL_TCP, size) + sumOf(l4, size)) == 0xffff;
}

// ---- merges ----

/** Begins one with the frame at hand; returns it. */
function open(item: u32): u32 {
  const merge = end;
  end += MERGE_SIZE;
  store<u32>(merge, item, MERGE_ITEM);
  store<u32>(merge, frame, MERGE_FRAME);
  store<u32>(merge, payload, MERGE_PAYLOAD);
  store<u32>(merge, 1, MERGE_COUNT);
  return merge;
}

/** Whether the frame at hand goes on where a merge is. */
function continues(merge: u32, item: u32, port: u32): bool {
  const first = load<u32>(merge, MERGE_ITEM);
  const before = load<u32>(first, ITEM_LENGTH);
  const to = load<u32>(merge, MERGE_FRAME) - frame; // from a field of the frame at hand to that of the first
  const offset = before - headers; // where in the merge's payload its own is to stand
  return isSameWay(first, item, port) && payload <= load<u32>(merge, MERGE_PAYLOAD)
    && before + payload + TAG_SIZE <= FRAME_MAX
    && (isIpv6 ? isLikeIpv6(packet + to) : isLikeIpv4(packet + to, load<u32>(merge, MERGE_COUNT)))
    && isLikeTcp(segment + to, offset);
}

/** Whether two items have the same MACs, VLAN and tag, come from the same port, and go to the same: MACs may move. */
@inline
function isSameWay(first: u32, item: u32, port: u32): bool {
  const tagAndShape = (load<u64>(first, ITEM_TAG) ^ load<u64>(item, ITEM_TAG)) & ~(<u64>SHAPE_HEADER << 32);
  const keys = (load<u64>(first, ITEM_SOURCE) ^ load<u64>(item, ITEM_SOURCE))
    | (load<u64>(first, ITEM_DESTINATION) ^ load<u64>(item, ITEM_DESTINATION));
  return (tagAndShape | keys) == 0 && verdictOf((first - base - WORKER_ITEMS) / ITEM_SIZE) == port;
}

/** Whether the IPv4 header at hand is that of the next of `count` packets that began with another. */
@inline
function isLikeIpv4(first: u32, count: u32): bool {
  const fields = (load<u64>(first, IP_SOURCE) ^ load<u64>(packet, IP_SOURCE))
    | ((load<u16>(first) ^ load<u16>(packet)) | (load<u16>(first, IP_TTL) ^ load<u16>(packet, IP_TTL))
    | (load<u16>(first, IP_FRAGMENT) ^ load<u16>(packet, IP_FRAGMENT)));
  return fields == 0 && ((load<u16>(packet, IP_FRAGMENT) & DONT_FRAGMENT) != 0
    || load16(packet + IP_ID) == ((load16(first + IP_ID) + count) & 0xffff));
}

@inline
function isLikeIpv6(first: u32): bool {
  const addresses = v128.or(
    v128.xor(v128.load(first, IPV6_ADDRESSES), v128.load(packet, IPV6_ADDRESSES)),
    v128.xor(v128.load(first, IPV6_ADDRESSES + 16), v128.load(packet, IPV6_ADDRESSES + 16)));
  return load<u32>(first) == load<u32>(packet) && load<u16>(first, IPV6_NEXT) == load<u16>(packet, IPV6_NEXT)
    && !v128.any_true(addresses);
}

/** Whether the TCP header at hand is the first one's, with its payload `offset` bytes further on. */
function isLikeTcp(first: u32, offset: u32): bool {
  const fields = (load<u32>(first) ^ load<u32>(segment)) | (load<u32>(first, TCP_ACK) ^ load<u32>(segment, TCP_ACK))
    | (load<u8>(first, TCP_OFFSET) ^ load<u8>(segment, TCP_OFFSET))
    | (load<u16>(first, TCP_WINDOW) ^ load<u16>(segment, TCP_WINDOW))
    | (load<u16>(first, TCP_URGENT) ^ load<u16>(segment, TCP_URGENT));
  const sequence = bswap<u32>(load<u32>(first, TCP_SEQUENCE)) + offset;
  if (fields != 0 || bswap<u32>(load<u32>(segment, TCP_SEQUENCE)) != sequence) return false;
  for (let option = TCP_SIZE; segment + option < frame + headers; option += 4) {
    if (load<u32>(first + option) != load<u32>(segment + option)) return false;
  }
  return true;
}

/** Whether a merge's first frame, which is looked at only when there is a second, is one to merge into. */
@inline
function beganRight(merge: u32): bool {
  if (load<u32>(merge, MERGE_COUNT) > 1) return true;
  const first = load<u32>(merge, MERGE_ITEM);
  return isRight(packet + (load<u32>(merge, MERGE_FRAME) - frame), load<u32>(first, ITEM_LENGTH));
}

/** Puts the payload at hand behind that of a merge; returns it, or 0 where nothing may come after this. */
function append(merge: u32, item: u32, index: u32): u32 {
  const first = load<u32>(merge, MERGE_ITEM);
  const count = load<u32>(merge, MERGE_COUNT);
  const before = load<u32>(first, ITEM_LENGTH);
  if (count == 1) makeRoom(merge, first);
  const to = load<u32>(merge, MERGE_FRAME);
  memory.copy(to + before, frame + headers, payload);
  store<u8>(to + (segment - frame), load<u8>(segment, TCP_FLAGS), TCP_FLAGS);
  store<u32>(first, before + payload, ITEM_LENGTH);
  store<u32>(merge, count + 1, MERGE_COUNT);
  countMerged(load<u16>(item, ITEM_PORT));
  release(load<u32>(item, ITEM_SLOT));
  setVerdict(index, DONE);
  return isPushed() || payload < load<u32>(merge, MERGE_PAYLOAD) ? 0 : merge;
}

/** Moves a merge's first frame to where one behind a header stands. */
function makeRoom(merge: u32, first: u32): void {
  const from = load<u32>(merge, MERGE_FRAME);
  memory.copy(from + START_HEADER, from, load<u32>(first, ITEM_LENGTH));
  store<u32>(merge, from + START_HEADER, MERGE_FRAME);
  store<u32>(first, load<u32>(first, ITEM_SHAPE) | SHAPE_HEADER, ITEM_SHAPE);
}

/** Makes a merge's headers those of the whole. */
function seal(merge: u32): void {
  const first = load<u32>(merge, MERGE_ITEM);
  const whole = load<u32>(merge, MERGE_FRAME);
  const packet = whole + HEADER_SIZE + ((load<u32>(first, ITEM_SHAPE) >> POP_SHIFT) & ITEM_POP_MASK);
  const isIpv6 = load<u8>(packet) != VERSION_IHL;
  const l4 = packet + (isIpv6 ? IPV6_SIZE : IPV4_SIZE);
  const bytes = whole + load<u32>(first, ITEM_LENGTH) - l4;
  if (isIpv6) {
    store16(packet + IPV6_PAYLOAD, bytes);
  } else {
    store16(packet + IP_TOTAL, IPV4_SIZE + bytes);
    putChecksum(packet, IPV4_SIZE);
  }
  store<u16>(l4, <u16>fold(pseudoSumOf(packet, isIpv6, PROTOCOL_TCP, bytes)), TCP_CHECKSUM);
  const behind = l4 + (<u32>load<u8>(l4, TCP_OFFSET) >> 4) * 4;
  const type = isIpv6 ? GSO_TCPV6 : GSO_TCPV4;
  putMerged(whole, type, behind - whole, load<u32>(merge, MERGE_PAYLOAD), l4 - whole, TCP_CHECKSUM);
}
