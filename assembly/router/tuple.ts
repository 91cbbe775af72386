// What a packet is looked up by: its addresses, ports and protocol, at one side of one router. An ICMP query has its
// identifier in the place of the port of who asked (RFC 5508 3.1), and the other port is 0. Also whether what stands
// behind the IPv4 header can be what it says.

import { INTERFACE_SCOPE } from "../layout-router";
import { Reason } from "../reason";
import { IP_SOURCE, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, UDP_SIZE, load16 } from "../wire/ipv4";
import { ICMP_ID, ICMP_SIZE, ICMP_TYPE, TCP_OFFSET, TCP_SIZE, UDP_LENGTH, isQuery, isReply } from "../wire/l4";
import { entry, payload, protocol, rest } from "./packet";

/** Key of a half of a flow: source and destination address. */
@inline
export function addressesOf(at: u32): u64 {
  return load<u64>(at, IP_SOURCE);
}

/** Key of a half of a flow: ports (source low), protocol, scope. */
@inline
export function portsKey(ports: u32, protocol: u32, scope: u32): u64 {
  return (<u64>scope << 40) | (<u64>protocol << 32) | ports;
}

/** The scope of the packet at hand: its router, and at which side of it. */
@inline
export function scope(): u32 {
  return load<u32>(entry, INTERFACE_SCOPE);
}

/** The other side of the same router. */
@inline
export function outsideScope(side: u32): u32 {
  return side | 1;
}

@inline
export function insideScope(side: u32): u32 {
  return side & ~1;
}

/** Whether a protocol has ports, or identifiers, that are translated. */
@inline
export function isTranslated(protocol: u32): bool {
  return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_ICMP;
}

/** Checks what TCP, UDP or ICMP say of themselves in a whole packet, or a first fragment; -1: right, else why not. */
export function checkPayload(fragment: bool): i32 {
  if (protocol == PROTOCOL_TCP) {
    if (rest < TCP_SIZE) return fragment ? Reason.fragment : Reason.malformed; // RFC 1858 3
    const offset = (<u32>load<u8>(payload, TCP_OFFSET) >> 4) * 4;
    if (offset < TCP_SIZE || offset > rest) return fragment && offset > rest ? Reason.fragment : Reason.malformed;
    return hasPorts() ? -1 : Reason.malformed;
  }
  if (protocol == PROTOCOL_UDP) {
    if (rest < UDP_SIZE) return fragment ? Reason.fragment : Reason.malformed;
    const length = load16(payload + UDP_LENGTH);
    if (length < UDP_SIZE || (!fragment && length > rest)) return Reason.malformed;
    return hasPorts() ? -1 : Reason.malformed;
  }
  if (protocol == PROTOCOL_ICMP && rest < ICMP_SIZE) return fragment ? Reason.fragment : Reason.malformed;
  return -1;
}

/** Port 0 is nobody's (RFC 6335 6). */
function hasPorts(): bool {
  return load<u16>(payload) != 0 && load<u16>(payload, 2) != 0;
}

/** The ports of what stands at `at`: eight bytes of it are there. As on the wire, the source's low. */
export function portsAt(at: u32, protocol: u32): u32 {
  if (protocol != PROTOCOL_ICMP) return isTranslated(protocol) ? load<u32>(at) : 0;
  const type = <u32>load<u8>(at, ICMP_TYPE);
  const id = <u32>load<u16>(at, ICMP_ID);
  return isQuery(type) ? id : isReply(type) ? id << 16 : 0;
}
