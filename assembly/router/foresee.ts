// Foresight: for packets that belong to no flow, what a new session of theirs would look up is loaded ahead, for a
// whole batch at once, so that the cache's misses overlap; one after the other they would cost more than all else that
// beginning a session takes. Only loads: nothing is decided here, and a wrong guess costs a line. Read RFC 4787 4.1.

import {
  FLOW_INDEX, HOST_OUTSIDE, INSIDE_INDEX, INTERFACES, INTERFACE_FLAGS, INTERFACE_ROUTER, INTERFACE_SCOPE,
  INTERFACE_SIZE, INTERFACE_UPLINK, OUTSIDE_ADDRESS, OUTSIDE_INDEX, PERMIT_INDEX, ROUTERS, ROUTER_FLAGS, ROUTER_NAT,
  ROUTER_SIZE,
} from "../layout-router";
import { touch } from "../table/hash";
import { findHost } from "../table/host";
import { endpointKey } from "../table/mapping";
import { outsideAt } from "../table/outside";
import { outsideScope, portsKey } from "./tuple";

/** Loads for a packet with these addresses and ports that came to the interface of a port; returns a sum to keep. */
export function foresee(addresses: u64, ports: u32, protocol: u32, port: u32): u32 {
  const entry = INTERFACES + port * INTERFACE_SIZE;
  const router = ROUTERS + load<u32>(entry, INTERFACE_ROUTER) * ROUTER_SIZE;
  if (load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK || !(load<u32>(router, ROUTER_FLAGS) & ROUTER_NAT)) return 0;
  const inside = <u32>addresses;
  const remote = <u32>(addresses >> 32);
  const known = touch(INSIDE_INDEX, endpointKey(router, protocol, inside, ports & 0xffff), 0);
  const host = findHost(router, inside);
  if (host == 0) return known;
  // As a rule a new mapping has its inside port outside, too.
  const address = load<u32>(outsideAt(load<u32>(host, HOST_OUTSIDE)), OUTSIDE_ADDRESS);
  const outside = endpointKey(router, protocol, address, ports & 0xffff);
  const answers = portsKey(rotl(ports, 16), protocol, outsideScope(load<u32>(entry, INTERFACE_SCOPE)));
  return known + touch(OUTSIDE_INDEX, outside, 0) + touch(PERMIT_INDEX, outside, remote)
    + touch(FLOW_INDEX, (<u64>address << 32) | remote, answers);
}
