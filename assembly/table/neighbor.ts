// Neighbors: who has which address on an interface, and where, with a life cycle as in RFC 4861 7.3.2 (which ARP,
// RFC 826, leaves open; RFC 1122 2.3.2.1 asks for ageing):
//
//   asked (no MAC yet, up to PROBES_MAX questions a second apart) → known → asked again, by unicast, while in use
//   no answer: failed (no MAC; those that wait are told; after FAILED_TICKS it may be asked again)
//
// A neighbor that flows point to stays in the table; the others go when they have been idle for long.

import {
  INTERFACES, INTERFACE_ASKING, INTERFACE_SIZE, INTERFACE_SOURCE, NEIGHBOR_ASKED, NEIGHBOR_CONFIRMED,
  NEIGHBOR_DESTINATION, NEIGHBOR_FLOWS, NEIGHBOR_INDEX, NEIGHBOR_KEY, NEIGHBOR_PORT, NEIGHBOR_PROBES, NEIGHBOR_QUEUE,
  NEIGHBOR_SLAB, NEIGHBOR_USED,
} from "../layout-router";
import { ticks } from "../state";
import { MAC_MASK } from "../wire/ethernet";
import { find, insert, remove } from "./hash";
import { ready } from "./queue";
import { give, take } from "./slab";

const LIVE: u64 = 1; // second word of the key: a free record has 0 there, but its link in the first
const SECOND: u32 = 10; // ticks
const PROBES_MAX: u32 = 3;
const FRESH_TICKS: u32 = 60 * SECOND; // after which one in use is asked again
const IDLE_TICKS: u32 = 600 * SECOND; // after which one not in use goes
const FAILED_TICKS: u32 = 5 * SECOND;
const ASKING_MAX: u32 = 256; // unanswered on an interface: one guest that scans does not fill the table

/** The record of an address on an interface, 0 where there is none. */
export function findNeighbor(port: u32, address: u32): u32 {
  return find(NEIGHBOR_INDEX, (<u64>port << 32) | address, LIVE);
}

/** The same, made where there is none; 0: there is no room for more that have not answered. */
export function neighborOf(port: u32, address: u32): u32 {
  const known = findNeighbor(port, address);
  if (known) return known;
  const asking = INTERFACES + port * INTERFACE_SIZE;
  if (load<u32>(asking, INTERFACE_ASKING) >= ASKING_MAX) return 0;
  const neighbor = take(NEIGHBOR_SLAB);
  if (neighbor == 0) return 0;
  store<u64>(neighbor, (<u64>port << 32) | address, NEIGHBOR_KEY);
  store<u64>(neighbor, LIVE, NEIGHBOR_KEY + 8);
  if (!insert(NEIGHBOR_INDEX, neighbor)) {
    give(NEIGHBOR_SLAB, neighbor);
    return 0;
  }
  store<u32>(neighbor, port, NEIGHBOR_PORT);
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  store<u32>(neighbor, ticks - SECOND, NEIGHBOR_ASKED);
  countAsking(neighbor, 1);
  return neighbor;
}

/** A neighbor says where it is: what waits for it may go. */
export function confirm(neighbor: u32, mac: u64): void {
  const port = load<u32>(neighbor, NEIGHBOR_PORT);
  if (isAsking(neighbor)) countAsking(neighbor, -1);
  const domain = load<u64>(INTERFACES + port * INTERFACE_SIZE, INTERFACE_SOURCE) & ~MAC_MASK;
  store<u64>(neighbor, mac | domain, NEIGHBOR_DESTINATION);
  store<u32>(neighbor, ticks, NEIGHBOR_CONFIRMED);
  store<u32>(neighbor, 0, NEIGHBOR_PROBES);
  ready(neighbor + NEIGHBOR_QUEUE);
}

/** Whether a neighbor did not answer, and is not to be asked again yet. */
export function hasFailed(neighbor: u32): bool {
  return load<u64>(neighbor, NEIGHBOR_DESTINATION) == 0 && load<u32>(neighbor, NEIGHBOR_PROBES) > PROBES_MAX
    && ticks - load<u32>(neighbor, NEIGHBOR_ASKED) < FAILED_TICKS;
}

/** Whether it has neither answered nor failed. */
function isAsking(neighbor: u32): bool {
  return load<u64>(neighbor, NEIGHBOR_DESTINATION) == 0 && load<u32>(neighbor, NEIGHBOR_PROBES) <= PROBES_MAX;
}

function countAsking(neighbor: u32, by: i32): void {
  const at = INTERFACES + load<u32>(neighbor, NEIGHBOR_PORT) * INTERFACE_SIZE;
  store<u32>(at, load<u32>(at, INTERFACE_ASKING) + <u32>by, INTERFACE_ASKING);
}

/** Whether a question to a neighbor is due now; where it is, it is taken for asked. */
export function asks(neighbor: u32): bool {
  if (ticks - load<u32>(neighbor, NEIGHBOR_ASKED) < SECOND) return false;
  const probes = load<u32>(neighbor, NEIGHBOR_PROBES);
  if (probes > PROBES_MAX) { // it failed a while ago: asked anew
    store<u32>(neighbor, 0, NEIGHBOR_PROBES);
    countAsking(neighbor, 1);
  }
  store<u32>(neighbor, probes > PROBES_MAX ? 1 : probes + 1, NEIGHBOR_PROBES);
  store<u32>(neighbor, ticks, NEIGHBOR_ASKED);
  return true;
}

/**
 * A look at a neighbor, now and then: says whether it is to be asked. One that has not answered fails; one that nobody
 * uses goes.
 */
export function age(neighbor: u32): bool {
  const since = ticks - load<u32>(neighbor, NEIGHBOR_ASKED);
  const probes = load<u32>(neighbor, NEIGHBOR_PROBES);
  if (since < SECOND) return false;
  if (probes > PROBES_MAX) forgetAfter(neighbor, since, FAILED_TICKS);
  else if (probes == PROBES_MAX) fail(neighbor);
  else if (probes) return asks(neighbor);
  else return isStale(neighbor) && asks(neighbor);
  return false;
}

/** Whether one in use has not said for long where it is. One that is not in use goes. */
function isStale(neighbor: u32): bool {
  const idle = ticks - load<u32>(neighbor, NEIGHBOR_USED);
  if (idle >= IDLE_TICKS) forgetAfter(neighbor, idle, IDLE_TICKS);
  return idle < FRESH_TICKS && ticks - load<u32>(neighbor, NEIGHBOR_CONFIRMED) >= FRESH_TICKS;
}

/** Nobody answered: what waits is told that nobody is there. */
function fail(neighbor: u32): void {
  if (isAsking(neighbor)) countAsking(neighbor, -1);
  store<u64>(neighbor, 0, NEIGHBOR_DESTINATION);
  store<u32>(neighbor, PROBES_MAX + 1, NEIGHBOR_PROBES);
  store<u32>(neighbor, ticks, NEIGHBOR_ASKED);
  ready(neighbor + NEIGHBOR_QUEUE);
}

function forgetAfter(neighbor: u32, since: u32, after: u32): void {
  if (since >= after && load<u32>(neighbor, NEIGHBOR_FLOWS) == 0) removeNeighbor(neighbor);
}

/** Takes a neighbor out of the table; what waits for it is looked at again. */
export function removeNeighbor(neighbor: u32): void {
  if (isAsking(neighbor)) countAsking(neighbor, -1);
  ready(neighbor + NEIGHBOR_QUEUE);
  remove(NEIGHBOR_INDEX, neighbor);
  give(NEIGHBOR_SLAB, neighbor);
}

/** One flow more, or one less, points to a neighbor; 0 is none. */
export function refer(neighbor: u32, by: i32): void {
  if (neighbor) store<u32>(neighbor, load<u32>(neighbor, NEIGHBOR_FLOWS) + <u32>by, NEIGHBOR_FLOWS);
}
