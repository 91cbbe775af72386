// The log of sessions: begun and ended, for the host to write down (RFC 6888 REQ-12 and on). A ring that overwrites
// nothing: where the host is slow, events are lost and counted.

import {
  FLOW_INBOUND, HALF_ADDRESSES, HALF_FLAGS, HALF_KEY, HALF_PORTS, HALF_SIZE, MAPPING_INSIDE, MAPPING_OUTSIDE, ROUTERS,
  ROUTER_FLAGS, ROUTER_LOGS, ROUTER_SIZE, SESSION_EVENTS, SESSION_EVENTS_MAX, SESSION_EVENT_SIZE, SESSION_HEAD,
  SESSION_INSIDE, SESSION_INSIDE_PORT, SESSION_KIND, SESSION_LOST, SESSION_OUTSIDE, SESSION_PROTOCOL, SESSION_REMOTE,
  SESSION_ROUTER, SESSION_TAIL, SESSION_TIME,
} from "../layout-router";
import { shard, wall } from "../state";

/** Writes down what happens to a flow, given by its first half, where its router keeps a log. */
export function logSession(kind: u32, half: u32, mapping: u32): void {
  const router = <u32>(load<u64>(mapping, MAPPING_INSIDE) >> 56);
  if ((load<u32>(ROUTERS + router * ROUTER_SIZE, ROUTER_FLAGS) & ROUTER_LOGS) == 0) return;
  const head = load<u32>(shard + SESSION_HEAD);
  if (head - atomic.load<u32>(shard + SESSION_TAIL) >= SESSION_EVENTS_MAX) {
    store<u32>(shard + SESSION_LOST, load<u32>(shard + SESSION_LOST) + 1);
    return;
  }
  const at = shard + SESSION_EVENTS + (head & (SESSION_EVENTS_MAX - 1)) * SESSION_EVENT_SIZE;
  store<u32>(at, kind, SESSION_KIND);
  store<u32>(at, router, SESSION_ROUTER);
  store<f64>(at, wall, SESSION_TIME);
  const inside = load<u64>(mapping, MAPPING_INSIDE);
  const outside = load<u64>(mapping, MAPPING_OUTSIDE);
  store<u32>(at, <u32>inside, SESSION_INSIDE);
  store<u32>(at, <u32>outside, SESSION_OUTSIDE);
  store<u16>(at, <u16>(inside >> 32), SESSION_INSIDE_PORT);
  store<u16>(at, <u16>(outside >> 32), SESSION_INSIDE_PORT + 2);
  const inbound = (<u32>load<u8>(half + HALF_SIZE, HALF_FLAGS) & FLOW_INBOUND) != 0;
  store<u32>(at, inbound ? <u32>load<u64>(half, HALF_KEY) : load<u32>(half, HALF_ADDRESSES + 4), SESSION_REMOTE);
  store<u16>(at, inbound ? load<u16>(half, HALF_KEY + 8) : load<u16>(half, HALF_PORTS + 2), SESSION_INSIDE_PORT + 4);
  store<u16>(at, <u16>load<u8>(half, HALF_KEY + 12), SESSION_PROTOCOL);
  atomic.store<u32>(shard + SESSION_HEAD, head + 1);
}
