// The header that may stand before a frame: what its sender left undone, a checksum to complete or segments to make.
// Where the fields stand, counted from the frame's first byte; little-endian, as on a TAP of this machine. Read virtio
// 1.2 5.1.6 (struct virtio_net_hdr), 5.1.6.2 (what a sender may ask for), Linux's include/uapi/linux/virtio_net.h.
//
//   -10 u8 flags │ u8 gso_type │ u16 hdr_len │ u16 gso_size │ u16 csum_start │ u16 csum_offset │ 0 the frame

import { VNET_SIZE } from "../layout";

export const NEEDS_CHECKSUM: u32 = 1; // in flags
export const GSO_NONE: u32 = 0;
export const GSO_TCPV4: u32 = 1;
export const GSO_TCPV6: u32 = 4;
export const GSO_UDP: u32 = 5; // UDP segmentation (USO); fragmentation (3) is obsolete
export const GSO_ECN: u32 = 0x80; // beside those of TCP

/** Of flags and gso_type, as one load sees them: what is to be done. */
const WORK_MASK: u32 = 0xff00 | NEEDS_CHECKSUM;

/** What is left to be done, 0: nothing. */
@inline
export function workOf(frame: u32): u32 {
  return load<u16>(frame - VNET_SIZE) & WORK_MASK;
}

@inline
export function needsChecksum(frame: u32): bool {
  return (load<u8>(frame - VNET_SIZE) & <u8>NEEDS_CHECKSUM) != 0;
}

/** How the frame is to be segmented; GSO_NONE: not at all. */
@inline
export function gsoTypeOf(frame: u32): u32 {
  return load<u8>(frame - VNET_SIZE + 1);
}

/** How many bytes of headers there are, as a hint. */
@inline
export function headerHint(frame: u32): u32 {
  return load<u16>(frame - VNET_SIZE + 2);
}

/** Bytes of payload in each segment but the last. */
@inline
export function gsoSizeOf(frame: u32): u32 {
  return load<u16>(frame - VNET_SIZE + 4);
}

/** Where in the frame begins what the checksum is over; it reaches to the frame's end. */
@inline
export function checksumStart(frame: u32): u32 {
  return load<u16>(frame - VNET_SIZE + 6);
}

/** Where, from there, the checksum stands; until it is complete, the sum of the pseudo-header. */
@inline
export function checksumOffset(frame: u32): u32 {
  return load<u16>(frame - VNET_SIZE + 8);
}

/**
 * Says that a frame is many in one: how they are made, from how many bytes of headers and of payload each, and that the
 * checksum `offset` bytes behind `start` covers the pseudo-header only.
 */
export function putMerged(frame: u32, type: u32, headers: u32, size: u32, start: u32, offset: u32): void {
  const low = NEEDS_CHECKSUM | (type << 8) | (headers << 16);
  store<u64>(frame - VNET_SIZE, low | (<u64>size << 32) | (<u64>start << 48));
  store<u16>(frame - VNET_SIZE + 8, <u16>offset);
}

/** Says that nothing is left to be done. */
@inline
export function clearHeader(frame: u32): void {
  store<u64>(frame - VNET_SIZE, 0);
  store<u16>(frame - VNET_SIZE + 8, 0);
}
