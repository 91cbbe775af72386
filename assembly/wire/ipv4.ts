// IPv4: where the fields stand, addresses, and headers as they are written here. Addresses and other fields are as a
// little-endian load sees them, unless said otherwise. Read RFC 791 3.1, RFC 1122 3.2.1.3 (addresses), RFC 768.

import { sumOf } from "./checksum";

export const TYPE_IPV4: u16 = 0x0008; // 0x0800, little-endian
export const IPV4_SIZE: u32 = 20;
export const UDP_SIZE: u32 = 8;

export const IP_VERSION: u32 = 0;
export const IP_TOTAL: u32 = 2;
export const IP_ID: u32 = 4;
export const IP_FRAGMENT: u32 = 6;
export const IP_TTL: u32 = 8;
export const IP_PROTOCOL: u32 = 9;
export const IP_CHECKSUM: u32 = 10;
export const IP_SOURCE: u32 = 12;
export const IP_DESTINATION: u32 = 16;

export const VERSION_IHL: u8 = 0x45;
export const DONT_FRAGMENT: u32 = 0x0040; // flags, in the first byte of the fragment field
export const MORE_FRAGMENTS: u32 = 0x0020;
export const FRAGMENT_MASK: u32 = 0xff3f; // more fragments, and the offset
export const OFFSET_MASK: u32 = 0xff1f;

export const PROTOCOL_ICMP: u32 = 1;
export const PROTOCOL_TCP: u32 = 6;
export const PROTOCOL_UDP: u32 = 17;
export const ADDRESS_BROADCAST: u32 = 0xffffffff;

const TTL_DEFAULT: u8 = 64;

/** A 16-bit field of the wire as a number. */
@inline
export function load16(at: u32): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

/** Writes a number as a 16-bit field of the wire. */
@inline
export function store16(at: u32, value: u32): void {
  store<u16>(at, bswap<u16>(<u16>value));
}

/** Whether an address names one host (RFC 1122 3.2.1.3): not this network, loopback, multicast, class E, broadcast. */
@inline
export function isUnicast(address: u32): bool {
  const first = address & 0xff;
  return first != 0 && first != 127 && first < 224;
}

/** Whether an address is a group's (224.0.0.0/4). */
@inline
export function isMulticast(address: u32): bool {
  return (address & 0xf0) == 0xe0;
}

/** Where in its datagram, in bytes, a fragment begins. */
@inline
export function offsetOf(packet: u32): u32 {
  return (load16(packet + IP_FRAGMENT) & 0x1fff) * 8;
}

/** Writes a header without options for a packet of `total` bytes. */
export function putHeader(at: u32, total: u32, protocol: u32, source: u32, destination: u32): void {
  store<u32>(at, VERSION_IHL);
  store16(at + IP_TOTAL, total);
  store<u32>(at, 0, IP_ID);
  store<u8>(at, TTL_DEFAULT, IP_TTL);
  store<u8>(at, <u8>protocol, IP_PROTOCOL);
  store<u32>(at, source, IP_SOURCE);
  store<u32>(at, destination, IP_DESTINATION);
  putChecksum(at, IPV4_SIZE);
}

/** Writes the checksum of a header of `size` bytes. */
export function putChecksum(at: u32, size: u32): void {
  store<u16>(at, 0, IP_CHECKSUM);
  store<u16>(at, <u16>~sumOf(at, size), IP_CHECKSUM);
}

/** The sum of the pseudo-header that TCP and UDP checksums begin with; `bytes`: of their segment. */
export function pseudoSum(packet: u32, protocol: u32, bytes: u32): u32 {
  const source = load<u32>(packet, IP_SOURCE);
  const destination = load<u32>(packet, IP_DESTINATION);
  return (source & 0xffff) + (source >> 16) + (destination & 0xffff) + (destination >> 16) + (protocol << 8)
    + <u32>bswap<u16>(<u16>bytes);
}

/** Writes a UDP header for a datagram of `total` bytes, without a checksum (RFC 768 allows 0); ports are numbers. */
export function putUdp(at: u32, total: u32, source: u32, destination: u32): void {
  store16(at, source);
  store16(at + 2, destination);
  store16(at + 4, total);
  store<u16>(at, 0, 6);
}
