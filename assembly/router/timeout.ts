// How long a session may be silent: by protocol, TCP state, and remote port where the configuration says so. Read
// RFC 4787 4.3 (REQ-5), RFC 5382 5 (REQ-5), RFC 5508 3.2 (REQ-2).

import {
  FLOW_INBOUND, HALF_FLAGS, HALF_KEY, HALF_SIZE, HALF_TIMEOUT, PORT_TIMEOUTS_MAX, ROUTERS, ROUTER_ICMP,
  ROUTER_PORT_TIMEOUTS, ROUTER_SIZE, ROUTER_TCP, ROUTER_TRANSITORY, ROUTER_UDP,
} from "../layout-router";
import { firstOf, protocolOf, renew, setTimeout } from "../table/flow";
import { PROTOCOL_ICMP, PROTOCOL_TCP } from "../wire/ipv4";
import { isEstablished } from "./tcp";

/** A packet in a half's direction passes: its session may be silent for its full time again. */
export function settle(half: u32): void {
  const first = firstOf(half);
  const opening = protocolOf(half) == PROTOCOL_TCP && !isEstablished(half);
  const timeout = timeoutOf(first, opening);
  if (timeout == load<u32>(first, HALF_TIMEOUT)) renew(half);
  else setTimeout(half, timeout, opening || protocolOf(half) == PROTOCOL_ICMP);
}

/** Ticks that a flow, given by its first half, may be silent. */
export function timeoutOf(first: u32, opening: bool): u32 {
  const router = ROUTERS + (<u32>load<u16>(first, HALF_KEY + 13) >> 1) * ROUTER_SIZE;
  const protocol = protocolOf(first);
  if (opening) return load<u32>(router, ROUTER_TRANSITORY);
  if (protocol == PROTOCOL_ICMP) return load<u32>(router, ROUTER_ICMP);
  const own = portTimeout(router, protocol, remotePort(first));
  if (own) return own;
  return protocol == PROTOCOL_TCP ? load<u32>(router, ROUTER_TCP) : load<u32>(router, ROUTER_UDP);
}

/** The port of the remote, as the inside sees it. */
function remotePort(first: u32): u32 {
  const inbound = (<u32>load<u8>(first + HALF_SIZE, HALF_FLAGS) & FLOW_INBOUND) != 0;
  return <u32>load<u16>(first + HALF_KEY + (inbound ? 8 : 10));
}

/** What the configuration says for sessions towards a port, as on the wire; 0: nothing. */
function portTimeout(router: u32, protocol: u32, port: u32): u32 {
  for (let i: u32 = 0; i < PORT_TIMEOUTS_MAX; i++) {
    const at = router + ROUTER_PORT_TIMEOUTS + i * 8;
    const listed = load<u32>(at);
    if (listed == 0) return 0;
    if (listed == (port | (protocol << 16))) return load<u32>(at, 4);
  }
  return 0;
}
