// Rewriting: the packet at hand becomes what the half of its flow says. Acts only, session.ts has decided. Checksums
// are changed by what they gain, never made anew, so that damage on the way stays visible. Read RFC 1624, RFC 3022 4.1,
// RFC 5382 REQ-1 (and RFC 4459 3.2 on the MSS).

import {
  HALF_ADDRESSES, HALF_DELTA_IP, HALF_DELTA_L4, HALF_PORTS, INTERFACES, INTERFACE_MTU, INTERFACE_SIZE, MSS_PATH,
  ROUTER_MSS,
} from "../layout-router";
import { TTL_DELTA, deltaOf, updated, updatedPartial, updatedUdp } from "../wire/checksum";
import {
  IPV4_SIZE, IP_CHECKSUM, IP_FRAGMENT, IP_SOURCE, IP_TTL, OFFSET_MASK, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP,
  load16, store16,
} from "../wire/ipv4";
import {
  ICMP_CHECKSUM, ICMP_ID, ICMP_TYPE, SYN, TCP_CHECKSUM, TCP_FLAGS, TCP_OFFSET, TCP_SIZE, UDP_CHECKSUM, isQuery,
} from "../wire/l4";
import { entry, packet, payload, protocol, rest, router } from "./packet";
import { mssIn } from "./tcp";
import { isPartial } from "./undone";

/** Counts the TTL of a packet down. */
export function decrement(): void {
  store<u8>(packet, load<u8>(packet, IP_TTL) - 1, IP_TTL);
  store<u16>(packet, <u16>updated(load<u16>(packet, IP_CHECKSUM), TTL_DELTA), IP_CHECKSUM);
}

/** Gives the header the addresses of a half, and counts the TTL down. */
export function rewriteHeader(half: u32): void {
  store<u64>(packet, load<u64>(half, HALF_ADDRESSES), IP_SOURCE);
  store<u8>(packet, load<u8>(packet, IP_TTL) - 1, IP_TTL);
  store<u16>(packet, <u16>updated(load<u16>(packet, IP_CHECKSUM), load<u16>(half, HALF_DELTA_IP)), IP_CHECKSUM);
}

/** Gives what stands behind the header the ports of a half. */
export function rewritePayload(half: u32): void {
  const delta = <u32>load<u16>(half, HALF_DELTA_L4);
  const ports = load<u32>(half, HALF_PORTS);
  if (protocol == PROTOCOL_TCP) {
    store<u32>(payload, ports);
    const before = <u32>load<u16>(payload, TCP_CHECKSUM);
    const after = isPartial ? updatedPartial(before, load<u16>(half, HALF_DELTA_IP)) : updated(before, delta);
    store<u16>(payload, <u16>after, TCP_CHECKSUM);
  } else if (protocol == PROTOCOL_UDP) {
    store<u32>(payload, ports);
    const before = <u32>load<u16>(payload, UDP_CHECKSUM);
    const after = isPartial ? updatedPartial(before, load<u16>(half, HALF_DELTA_IP)) : updatedUdp(before, delta);
    store<u16>(payload, <u16>after, UDP_CHECKSUM);
  } else if (protocol == PROTOCOL_ICMP) {
    store<u16>(payload, <u16>(isQuery(load<u8>(payload, ICMP_TYPE)) ? ports : ports >> 16), ICMP_ID);
    store<u16>(payload, <u16>updated(load<u16>(payload, ICMP_CHECKSUM), delta), ICMP_CHECKSUM);
  }
}

/** Lowers the MSS that a SYN announces to what the router's configuration and the interface `out` allow. */
export function clampMss(out: u32): void {
  const limit = load<u32>(router, ROUTER_MSS);
  if (limit == 0 || protocol != PROTOCOL_TCP || !isSyn()) return;
  const at = mssIn(payload);
  const most = limit == MSS_PATH ? pathMss(out) : limit;
  if (at == 0 || load16(at) <= most) return;
  const before = <u32>load<u16>(at);
  store16(at, most);
  if (isPartial) return; // what changed is not covered yet
  const delta = (at - payload) & 1 ? deltaOf(bswap<u16>(<u16>before), most) : deltaOf(before, load<u16>(at));
  store<u16>(payload, <u16>updated(load<u16>(payload, TCP_CHECKSUM), delta), TCP_CHECKSUM);
}

/** Whether a whole header of TCP is there, with a SYN. */
function isSyn(): bool {
  if (rest < TCP_SIZE || load<u16>(packet, IP_FRAGMENT) & OFFSET_MASK) return false;
  return (load<u8>(payload, TCP_FLAGS) & <u8>SYN) != 0 && (<u32>load<u8>(payload, TCP_OFFSET) >> 4) * 4 <= rest;
}

/** What fits the narrower of the interfaces that a packet comes and goes by. */
function pathMss(out: u32): u32 {
  const there = load<u32>(INTERFACES + out * INTERFACE_SIZE, INTERFACE_MTU);
  return min(there, load<u32>(entry, INTERFACE_MTU)) - IPV4_SIZE - TCP_SIZE;
}
