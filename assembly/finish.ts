// Finishing frames for those who take finished ones only: completes the checksum that a frame's sender left to a card,
// and makes the segments of a merged frame. Every function here leaves who holds which slot to its caller. Read
// offload.ts, RFC 9293 3.1, RFC 3168 6.1.2 (CWR), RFC 768, RFC 791, RFC 8200 8.1.

import { HEADROOM, SLOT_SIZE, VNET_SIZE } from "./layout";
import { isIpv6, isTcp, network, payload, transport } from "./offload";
import { NO_SLOT, takeSlot } from "./pool";
import { frames } from "./state";
import { fold, sumOf } from "./wire/checksum";
import {
  IP_ID, IP_TOTAL, PROTOCOL_TCP, PROTOCOL_UDP, load16, putChecksum, store16,
} from "./wire/ipv4";
import { IPV6_PAYLOAD, IPV6_SIZE } from "./wire/ipv6";
import {
  FIN, PSH, TCP_CHECKSUM, TCP_FLAGS, TCP_SEQUENCE, UDP_CHECKSUM, UDP_LENGTH, pseudoSumOf,
} from "./wire/l4";
import { checksumOffset, checksumStart, clearHeader, gsoSizeOf, needsChecksum } from "./wire/virtio";

const CWR: u32 = 0x80;

/** Completes the checksum of a frame of so many bytes, where one is left, and clears its header, which was no lie. */
export function complete(frame: u32, length: u32): void {
  if (needsChecksum(frame)) {
    const start = checksumStart(frame);
    putSum(frame + start + checksumOffset(frame), sumOf(frame + start, length - start));
  }
  clearHeader(frame);
}

/** Writes a checksum of TCP or UDP; one that comes out as 0 is sent as its negative, for 0 means "none" to UDP. */
@inline
function putSum(at: u32, sum: u32): void {
  store<u16>(at, <u16>(sum == 0xffff ? sum : ~sum));
}

/** A copy of a frame, finished, at HEADROOM of a fresh slot; NO_SLOT: there is none. */
export function finishedCopy(frame: u32, length: u32): u32 {
  const slot = takeSlot();
  if (slot == NO_SLOT) return slot;
  const to = frames + slot * SLOT_SIZE + HEADROOM;
  memory.copy(to - VNET_SIZE, frame - VNET_SIZE, length + VNET_SIZE);
  complete(to, length);
  return slot;
}

/** How many segments the merged frame that was found makes, 1 or more. */
export function segmentsOf(frame: u32, length: u32): u32 {
  const size = gsoSizeOf(frame);
  return max<u32>(1, (length - payload + size - 1) / size);
}

/** Bytes of a segment of that frame, with all headers. */
export function segmentLength(frame: u32, length: u32, index: u32): u32 {
  const size = gsoSizeOf(frame);
  return payload + min(size, length - payload - index * size);
}

/** Makes a segment of that frame at HEADROOM of a fresh slot; NO_SLOT: there is none. */
export function makeSegment(frame: u32, length: u32, index: u32): u32 {
  const slot = takeSlot();
  if (slot == NO_SLOT) return slot;
  const to = frames + slot * SLOT_SIZE + HEADROOM;
  const from = payload + index * gsoSizeOf(frame);
  const bytes = segmentLength(frame, length, index);
  memory.copy(to, frame, payload);
  memory.copy(to + payload, frame + from, bytes - payload);
  putNetwork(to + network, bytes - network, index);
  if (isTcp) putTcp(to + transport, from - payload, index == 0, from + bytes - payload == length);
  else store16(to + transport + UDP_LENGTH, bytes - transport);
  if (isTcp || needsChecksum(frame) || load<u16>(to + transport, UDP_CHECKSUM) != 0) putSegmentSum(to, bytes);
  return slot;
}

/** What differs from segment to segment in the IP header of a packet of `total` bytes. */
function putNetwork(packet: u32, total: u32, index: u32): void {
  if (isIpv6) return store16(packet + IPV6_PAYLOAD, total - IPV6_SIZE);
  store16(packet + IP_TOTAL, total);
  store16(packet + IP_ID, load16(packet + IP_ID) + index);
  putChecksum(packet, transport - network);
}

/** The same in the TCP header; `offset`: where its payload stands in that of the whole. */
function putTcp(segment: u32, offset: u32, isFirst: bool, isLast: bool): void {
  store<u32>(segment, bswap<u32>(bswap<u32>(load<u32>(segment, TCP_SEQUENCE)) + offset), TCP_SEQUENCE);
  const dropped = (isFirst ? 0 : CWR) | (isLast ? 0 : FIN | PSH);
  store<u8>(segment, load<u8>(segment, TCP_FLAGS) & <u8>~dropped, TCP_FLAGS);
}

function putSegmentSum(to: u32, length: u32): void {
  const segment = to + transport;
  const bytes = length - transport;
  const at = segment + (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM);
  const begun = pseudoSumOf(to + network, isIpv6, isTcp ? PROTOCOL_TCP : PROTOCOL_UDP, bytes);
  store<u16>(at, 0);
  putSum(at, fold(begun + sumOf(segment, bytes)));
}
