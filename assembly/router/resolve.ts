// Where a packet goes next: the route with the longest prefix (RFC 1812 5.2.4.3), and the neighbor that it leads to,
// for which the packet waits where its MAC is not known yet (5.3.12.1: one packet at least is kept).

import {
  NEIGHBOR_DESTINATION, NEIGHBOR_QUEUE, NEIGHBOR_USED, PENDING_SLAB, QUEUE_COUNT, ROUTE_VIA,
} from "../layout-router";
import { Reason } from "../reason";
import { ticks } from "../state";
import { asks, hasFailed, neighborOf } from "../table/neighbor";
import { portOf, routeOf } from "../table/route";
import { room } from "../table/slab";
import { CODE_HOST, UNREACHABLE } from "../wire/l4";
import { ask } from "./arp";
import { refuse } from "./icmp";
import { drop, pend, router } from "./packet";

const WAITING_MAX: u32 = 16; // frames for one neighbor
const PENDINGS_KEPT: u32 = 256; // for packets that are split
const SHARES: u32 = 32;

/** The route of the packet's router to an address, 0: none. */
export function routeTo(address: u32): u32 {
  return routeOf(router, address);
}

/** The neighbor to whom a packet for an address goes by a route; 0: not yet, or never: the packet has been seen to. */
export function resolve(route: u32, address: u32): u32 {
  const via = load<u32>(route, ROUTE_VIA);
  const neighbor = neighborOf(portOf(route), via ? via : address);
  if (neighbor == 0) {
    drop(Reason.noNeighbor);
    return 0;
  }
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  if (load<u64>(neighbor, NEIGHBOR_DESTINATION)) return neighbor;
  if (hasFailed(neighbor)) refuse(Reason.noNeighbor, UNREACHABLE, CODE_HOST);
  else wait(neighbor);
  return 0;
}

function wait(neighbor: u32): void {
  const queue = neighbor + NEIGHBOR_QUEUE;
  if (load<u32>(queue, QUEUE_COUNT) >= mayWait() || !pend(queue)) drop(Reason.noNeighbor);
  if (asks(neighbor)) ask(neighbor);
}

/** How many may wait for a neighbor: the fewer, the less is left for all. */
function mayWait(): u32 {
  const left = room(PENDING_SLAB);
  return left <= PENDINGS_KEPT ? 0 : min(WAITING_MAX, 1 + (left - PENDINGS_KEPT) / SHARES);
}
