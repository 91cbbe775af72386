// What a header before a frame says, held against the frame: whether it can be believed, and where in a merged frame
// (many segments of TCP or UDP in one, as their sender left them) the headers and the payload stand. Only looks;
// finish.ts acts. Read wire/virtio.ts.

import { SHAPE_HEADER } from "./layout";
import { HEADER_SIZE, TAG_SIZE, TYPE, isTag } from "./wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_FRAGMENT, IP_PROTOCOL, IP_TOTAL, PROTOCOL_TCP, PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE, load16,
} from "./wire/ipv4";
import { IPV6_PAYLOAD, IPV6_SIZE, TYPE_IPV6, skipExtensions, upperOffset, upperProtocol } from "./wire/ipv6";
import { TCP_CHECKSUM, TCP_OFFSET, TCP_SIZE, UDP_CHECKSUM } from "./wire/l4";
import {
  GSO_ECN, GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP, checksumOffset, checksumStart, gsoSizeOf, gsoTypeOf, headerHint,
  needsChecksum, workOf,
} from "./wire/virtio";

const TAGS_MAX: u32 = 4;
const SEGMENT_SHORT: u32 = 36; // bytes of payload
const SHORT_SEGMENTS_MAX: u32 = 128;

/** Of the merged frame that `find` was last asked about: where its IP, its TCP or UDP header and its payload begin. */
export let network: u32 = 0;
export let transport: u32 = 0;
export let payload: u32 = 0;
/** Whether it is IPv6, and TCP. */
export let isIpv6: bool = false;
export let isTcp: bool = false;

/** Whether a frame of that shape has a header that leaves something undone. */
@inline
export function isUnfinished(shape: u32, frame: u32): bool {
  return (shape & SHAPE_HEADER) != 0 && workOf(frame) != 0;
}

/** Whether it is many in one. */
@inline
export function isMerged(shape: u32, frame: u32): bool {
  return (shape & SHAPE_HEADER) != 0 && gsoTypeOf(frame) != GSO_NONE;
}

/** Whether what is left undone goes well with new addresses and ports for the TCP or UDP header at `l4`. */
export function isPartialAt(frame: u32, l4: u32, protocol: u32): bool {
  const offset = protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
  return needsChecksum(frame) && frame + checksumStart(frame) == l4 && checksumOffset(frame) == offset
    && (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP);
}

/** Whether a header cannot be true of the frame behind it, which has `length` bytes, FRAME_MIN at least. */
export function lies(frame: u32, length: u32): bool {
  if (headerHint(frame) > length) return true;
  if (needsChecksum(frame)) {
    const first = HEADER_SIZE + isTag(load<u16>(frame, TYPE)) * TAG_SIZE;
    const start = checksumStart(frame);
    if (start < first || start + checksumOffset(frame) + 2 > length) return true;
  }
  return gsoTypeOf(frame) != GSO_NONE && (!find(frame, length) || hasTooMany(length, gsoSizeOf(frame)));
}

/**
 * Whether the merged frame that was found would become more segments than any honest sender asks for. The specification
 * of virtio sets no bound, so one frame of 64 KiB could become 65,000. Linux sends segments of 36 bytes and more: it
 * takes no MSS below 48 (tcp_min_snd_mss), of which timestamps take 12. What is shorter comes of receive offload in a
 * guest that forwards, or of UDP_SEGMENT, whose sender may ask for 128 at most (UDP_MAX_SEGMENTS in linux/udp.h).
 */
function hasTooMany(length: u32, size: u32): bool {
  return size < SEGMENT_SHORT && length - payload > size * SHORT_SEGMENTS_MAX;
}

/** Bytes of the longest segment of the merged frame that was found, with all headers. */
@inline
export function longestSegment(frame: u32): u32 {
  return payload + gsoSizeOf(frame);
}

/** Finds the headers of a merged frame. False: it is none of what its header says. */
export function find(frame: u32, length: u32): bool {
  const ecn = gsoTypeOf(frame) & GSO_ECN;
  const type = gsoTypeOf(frame) & ~GSO_ECN;
  isTcp = type == GSO_TCPV4 || type == GSO_TCPV6;
  if (!isTcp && (type != GSO_UDP || ecn != 0)) return false;
  if (!findNetwork(frame, length) || type == (isIpv6 ? GSO_TCPV4 : GSO_TCPV6)) return false;
  if (!(isIpv6 ? findUpper(frame, length) : findTransport(frame, length)) || !findPayload(frame, length)) return false;
  // A checksum that begins elsewhere is that of a packet inside: what these headers carry is a tunnel.
  const offset = isTcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  const strange = needsChecksum(frame) && (checksumStart(frame) != transport || checksumOffset(frame) != offset);
  return !strange && gsoSizeOf(frame) != 0 && longestSegment(frame) <= length;
}

/** Finds the IP header behind any tags. */
function findNetwork(frame: u32, length: u32): bool {
  network = HEADER_SIZE;
  for (let i: u32 = 0; i < TAGS_MAX && isTag(load<u16>(frame + network - 2)); i++) {
    network += TAG_SIZE;
    if (network > length) return false;
  }
  const type = load<u16>(frame + network - 2);
  isIpv6 = type == TYPE_IPV6;
  return network + (isIpv6 ? IPV6_SIZE : IPV4_SIZE) <= length && (isIpv6 || type == TYPE_IPV4);
}

function findTransport(frame: u32, length: u32): bool {
  const packet = frame + network;
  const size = (<u32>load<u8>(packet) & 15) * 4;
  transport = network + size;
  return load<u8>(packet) >> 4 == 4 && size >= IPV4_SIZE && load16(packet + IP_TOTAL) == length - network
    && (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) == 0 && load<u8>(packet, IP_PROTOCOL) == <u8>protocol();
}

function findUpper(frame: u32, length: u32): bool {
  const packet = frame + network;
  const whole = load<u8>(packet) >> 4 == 6 && load16(packet + IPV6_PAYLOAD) == length - network - IPV6_SIZE
    && skipExtensions(packet, length - network);
  transport = network + upperOffset;
  return whole && upperProtocol == protocol();
}

@inline
function protocol(): u32 {
  return isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
}

function findPayload(frame: u32, length: u32): bool {
  if (transport + (isTcp ? TCP_SIZE : UDP_SIZE) > length) return false;
  const size = isTcp ? (<u32>load<u8>(frame + transport, TCP_OFFSET) >> 4) * 4 : UDP_SIZE;
  payload = transport + size;
  return size >= UDP_SIZE && (!isTcp || size >= TCP_SIZE) && payload <= length;
}
