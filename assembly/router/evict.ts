// Making room where there is none: only where the configuration says that the session which is idle longest goes.
// Looked for among a sample, since the idlest of all would cost a walk over a table of millions.

import {
  FLOW_SLAB, HALF_EXPIRES, HALF_KEY, HALF_MAPPING, HALF_TIMEOUT, MAPPING_OUTSIDE_INDEX, ROUTERS,
  ROUTER_EVICTS, ROUTER_FLAGS, ROUTER_SIZE, graceOf,
} from "../layout-router";
import { ticks } from "../state";
import { protocolOf, removeFlow } from "../table/flow";
import { highest, recordAt } from "../table/slab";

const SAMPLE: u32 = 64;

/** Where the next sample is taken. */
let cursor: u32 = 1;

/**
 * Ends the idlest session of a sample, for a new one of a router. `index`: it has to hold a port of that outside
 * address, of a protocol; -1: any will do. False: not allowed, or none found.
 */
export function makeRoomFor(router: u32, index: u32, protocol: u32): bool {
  if ((load<u32>(router, ROUTER_FLAGS) & ROUTER_EVICTS) == 0) return false;
  const end = highest(FLOW_SLAB);
  let idlest: u32 = 0;
  for (let seen: u32 = 0, tries: u32 = 0; seen < SAMPLE && tries < end; tries++) {
    cursor = cursor + 1 < end ? cursor + 1 : 1;
    const half = recordAt(FLOW_SLAB, cursor);
    if (!fits(half, router, index, protocol)) continue;
    seen++;
    if (idlest == 0 || idleness(half) > idleness(idlest)) idlest = half;
  }
  if (idlest) removeFlow(idlest);
  return idlest != 0;
}

function fits(half: u32, router: u32, index: u32, protocol: u32): bool {
  const owner = ROUTERS + (<u32>load<u16>(half, HALF_KEY + 13) >> 1) * ROUTER_SIZE;
  if (load<u64>(half, HALF_KEY + 8) == 0 || owner != router) return false;
  if (index == <u32>-1) return true;
  return protocolOf(half) == protocol && load<u32>(load<u32>(half, HALF_MAPPING), MAPPING_OUTSIDE_INDEX) == index;
}

/** Ticks since a flow was last given its time. */
function idleness(half: u32): u32 {
  const timeout = load<u32>(half, HALF_TIMEOUT);
  return ticks + timeout + graceOf(timeout) - load<u32>(half, HALF_EXPIRES);
}
