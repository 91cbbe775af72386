// TCP, UDP and ICMP: where the fields stand that a router and a NAT look at, and what the checksums of the first two
// begin with. Read RFC 9293 3.1, RFC 768, RFC 792, RFC 8200 8.1.

import { sumOf } from "./checksum";
import { pseudoSum } from "./ipv4";
import { IPV6_ADDRESSES, IPV6_ADDRESSES_SIZE } from "./ipv6";

export const SOURCE_PORT: u32 = 0;
export const DESTINATION_PORT: u32 = 2;

export const TCP_SEQUENCE: u32 = 4;
export const TCP_ACK: u32 = 8;
export const TCP_OFFSET: u32 = 12; // in the high four bits: the header's length in words
export const TCP_FLAGS: u32 = 13;
export const TCP_WINDOW: u32 = 14;
export const TCP_CHECKSUM: u32 = 16;
export const TCP_URGENT: u32 = 18;
export const TCP_SIZE: u32 = 20;
export const FIN: u32 = 1;
export const SYN: u32 = 2;
export const RST: u32 = 4;
export const PSH: u32 = 8;
export const ACK: u32 = 16;
export const OPTION_END: u32 = 0;
export const OPTION_NOP: u32 = 1;
export const OPTION_MSS: u32 = 2;
export const OPTION_SCALE: u32 = 3;

export const UDP_LENGTH: u32 = 4;
export const UDP_CHECKSUM: u32 = 6;

export const ICMP_TYPE: u32 = 0;
export const ICMP_CODE: u32 = 1;
export const ICMP_CHECKSUM: u32 = 2;
export const ICMP_ID: u32 = 4;
export const ICMP_MTU: u32 = 6; // of fragmentation needed (RFC 1191 4)
export const ICMP_SIZE: u32 = 8;
export const ECHO_REPLY: u32 = 0;
export const UNREACHABLE: u32 = 3;
export const QUENCH: u32 = 4;
export const REDIRECT: u32 = 5;
export const ECHO: u32 = 8;
export const TIME_EXCEEDED: u32 = 11;
export const PARAMETER_PROBLEM: u32 = 12;
export const TIMESTAMP: u32 = 13;
export const TIMESTAMP_REPLY: u32 = 14;
export const CODE_NET: u32 = 0;
export const CODE_HOST: u32 = 1;
export const CODE_PROTOCOL: u32 = 2;
export const CODE_PORT: u32 = 3;
export const CODE_FRAGMENTATION: u32 = 4;
export const CODE_PROHIBITED: u32 = 13; // RFC 1812 5.2.7.1

/** The sum of the pseudo-header before a segment of `bytes` in a packet of either version; not folded. */
export function pseudoSumOf(packet: u32, isIpv6: bool, protocol: u32, bytes: u32): u32 {
  if (!isIpv6) return pseudoSum(packet, protocol, bytes);
  return sumOf(packet + IPV6_ADDRESSES, IPV6_ADDRESSES_SIZE) + (protocol << 8) + <u32>bswap<u16>(<u16>bytes);
}

/** Whether an ICMP message is a query, with an identifier (RFC 5508 3). */
@inline
export function isQuery(type: u32): bool {
  return type == ECHO || type == TIMESTAMP;
}

@inline
export function isReply(type: u32): bool {
  return type == ECHO_REPLY || type == TIMESTAMP_REPLY;
}

/** Whether an ICMP message reports an error, and so holds the beginning of a packet (RFC 1122 3.2.2). */
@inline
export function isError(type: u32): bool {
  return type == UNREACHABLE || type == QUENCH || type == REDIRECT || type == TIME_EXCEEDED
    || type == PARAMETER_PROBLEM;
}
