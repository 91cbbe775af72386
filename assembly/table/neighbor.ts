// Neighbors: who has which address on an interface, and where, with a life cycle as in RFC 4861 7.3.2 (which ARP,
// RFC 826, leaves open; RFC 1122 2.3.2.1 asks for ageing):
//
//   asked (no MAC yet, up to so many questions a second apart) → known → asked again, by unicast, while in use
//   no answer: failed (no MAC; those that wait are told; after FAILED_TICKS it may be asked again)
//
// A neighbor that flows point to stays in the table; the others go when they have been idle for long.

import { FDB } from "../layout";
import {
  INTERFACES, INTERFACE_ASKING, INTERFACE_SIZE, INTERFACE_SOURCE, NEIGHBOR_ASKED, NEIGHBOR_CONFIRMED,
  NEIGHBOR_DESTINATION, NEIGHBOR_FLOWS, NEIGHBOR_FRESH, NEIGHBOR_INDEX, NEIGHBOR_KEY, NEIGHBOR_PORT, NEIGHBOR_PROBES,
  NEIGHBOR_PROBES_MAX, NEIGHBOR_QUEUE, NEIGHBOR_SLAB, NEIGHBOR_USED, NEIGHBOR_ENTRY,
} from "../layout-router";
import { Reason } from "../reason";
import { shard, ticks } from "../state";
import { MAC_MASK } from "../wire/ethernet";
import { find, insert, remove } from "./hash";
import { discard, ready } from "./queue";
import { give, highest, recordAt, room, take } from "./slab";

const LIVE: u64 = 1; // second word of the key: a free record has 0 there, but its link in the first
const SECOND: u32 = 10; // ticks
const IDLE_TICKS: u32 = 600 * SECOND; // after which one not in use goes
const FAILED_TICKS: u32 = 5 * SECOND;
const ASKING_MAX: u32 = 256; // unanswered on an interface: one guest that scans does not fill the table
const SAMPLE: u32 = 256;
const ANY_PORT: u32 = 0xffffffff;

/** Where the next sample is taken. */
let cursor: u32 = 1;

/** The record of an address on an interface, 0 where there is none. */
export function findNeighbor(port: u32, address: u32): u32 {
  return find(NEIGHBOR_INDEX, (<u64>port << 32) | address, LIVE);
}

/**
 * The same, made where there is none; 0: there is no room. Where too many on the interface have not answered yet, one
 * of them makes room, unless this one `speaks` itself: so whoever asks for addresses at which nobody is takes only
 * from such, and nothing from those that are there.
 */
export function neighborOf(port: u32, address: u32, speaks: bool = false): u32 {
  const known = findNeighbor(port, address);
  if (known) return known;
  const asking = load<u32>(shard + INTERFACES + port * INTERFACE_SIZE, INTERFACE_ASKING);
  if (!speaks && asking >= ASKING_MAX && !makeRoom(port)) return 0;
  if (room(NEIGHBOR_SLAB) == 0 && !makeRoom(ANY_PORT)) return 0;
  const neighbor = take(NEIGHBOR_SLAB);
  if (neighbor == 0) return 0;
  store<u64>(neighbor, (<u64>port << 32) | address, NEIGHBOR_KEY);
  store<u64>(neighbor, LIVE, NEIGHBOR_KEY + 8);
  if (!insert(NEIGHBOR_INDEX, neighbor)) {
    give(NEIGHBOR_SLAB, neighbor);
    return 0;
  }
  store<u32>(neighbor, port, NEIGHBOR_PORT);
  store<u32>(neighbor, FDB, NEIGHBOR_ENTRY);
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  store<u32>(neighbor, ticks - SECOND, NEIGHBOR_ASKED);
  countAsking(neighbor, 1);
  return neighbor;
}

/**
 * Takes one neighbor out that no flow points to, looked for among a sample: one on `port` that has not answered, or,
 * for ANY_PORT, the one that is idle longest. False: none found.
 */
function makeRoom(port: u32): bool {
  const end = highest(NEIGHBOR_SLAB);
  let chosen: u32 = 0;
  for (let i: u32 = 0; i < min(SAMPLE, end - 1); i++) {
    cursor = cursor + 1 < end ? cursor + 1 : 1;
    const neighbor = recordAt(NEIGHBOR_SLAB, cursor);
    if (!isNeighbor(neighbor) || load<u32>(neighbor, NEIGHBOR_FLOWS)) continue;
    if (port != ANY_PORT) {
      if (load<u32>(neighbor, NEIGHBOR_PORT) != port || !isAsking(neighbor)) continue;
      chosen = neighbor;
      break;
    }
    if (chosen == 0 || idleness(neighbor) > idleness(chosen)) chosen = neighbor;
  }
  if (chosen == 0) return false;
  discard(chosen + NEIGHBOR_QUEUE, Reason.noNeighbor); // were they looked at again, they would take another's place
  removeNeighbor(chosen);
  return true;
}

@inline
function idleness(neighbor: u32): u32 {
  return ticks - load<u32>(neighbor, NEIGHBOR_USED);
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

/**
 * A MAC is said to have a neighbor's address. True: another one has it, as far as is known, and is asked first, alone,
 * whether it is still there; who claims the address gets it when there was no answer and all were asked. So nobody
 * takes the traffic of a host that is there, and a failover takes a second or two (RFC 826 would believe at once).
 */
export function dispute(neighbor: u32, mac: u64): bool {
  const destination = load<u64>(neighbor, NEIGHBOR_DESTINATION);
  const probes = load<u32>(neighbor, NEIGHBOR_PROBES);
  if (destination == 0 || (destination & MAC_MASK) == mac || probes >= NEIGHBOR_PROBES_MAX) return false;
  if (probes == 0) store<u32>(neighbor, NEIGHBOR_PROBES_MAX - 2, NEIGHBOR_PROBES); // one question to it, one to all
  return true;
}

/** Whether a neighbor did not answer, and is not to be asked again yet. */
export function hasFailed(neighbor: u32): bool {
  return load<u64>(neighbor, NEIGHBOR_DESTINATION) == 0 && load<u32>(neighbor, NEIGHBOR_PROBES) > NEIGHBOR_PROBES_MAX
    && ticks - load<u32>(neighbor, NEIGHBOR_ASKED) < FAILED_TICKS;
}

/** Whether a question to a neighbor goes to all: where it is not known, or does not answer where it was. */
export function asksAll(neighbor: u32): bool {
  return load<u64>(neighbor, NEIGHBOR_DESTINATION) == 0 || load<u32>(neighbor, NEIGHBOR_PROBES) == NEIGHBOR_PROBES_MAX;
}

/** Whether a record is a neighbor's. The first word of a free one, where a neighbor has its key, links to another. */
export function isNeighbor(record: u32): bool {
  return load<u64>(record, NEIGHBOR_KEY + 8) != 0;
}

/** Whether it has neither answered nor failed. */
function isAsking(neighbor: u32): bool {
  return load<u64>(neighbor, NEIGHBOR_DESTINATION) == 0 && load<u32>(neighbor, NEIGHBOR_PROBES) <= NEIGHBOR_PROBES_MAX;
}

function countAsking(neighbor: u32, by: i32): void {
  const at = shard + INTERFACES + load<u32>(neighbor, NEIGHBOR_PORT) * INTERFACE_SIZE;
  store<u32>(at, load<u32>(at, INTERFACE_ASKING) + <u32>by, INTERFACE_ASKING);
}

/** Whether a question to a neighbor is due now; where it is, it is taken for asked. */
export function asks(neighbor: u32): bool {
  const probes = load<u32>(neighbor, NEIGHBOR_PROBES);
  const early = ticks - load<u32>(neighbor, NEIGHBOR_ASKED) < SECOND;
  if (early || probes == NEIGHBOR_PROBES_MAX) return false; // that is for age
  if (probes > NEIGHBOR_PROBES_MAX) { // it failed a while ago: asked anew
    store<u32>(neighbor, 0, NEIGHBOR_PROBES);
    countAsking(neighbor, 1);
  }
  store<u32>(neighbor, probes > NEIGHBOR_PROBES_MAX ? 1 : probes + 1, NEIGHBOR_PROBES);
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
  if (probes > NEIGHBOR_PROBES_MAX) forgetAfter(neighbor, since, FAILED_TICKS);
  else if (probes == NEIGHBOR_PROBES_MAX) fail(neighbor);
  else if (probes) return asks(neighbor);
  else return isStale(neighbor) && asks(neighbor);
  return false;
}

/** Whether one in use has not said for long where it is. One that is not in use goes. */
function isStale(neighbor: u32): bool {
  const idle = idleness(neighbor);
  if (idle >= IDLE_TICKS) forgetAfter(neighbor, idle, IDLE_TICKS);
  return idle < NEIGHBOR_FRESH && ticks - load<u32>(neighbor, NEIGHBOR_CONFIRMED) >= NEIGHBOR_FRESH;
}

/** Nobody answered: what waits is told that nobody is there. */
function fail(neighbor: u32): void {
  if (isAsking(neighbor)) countAsking(neighbor, -1);
  store<u64>(neighbor, 0, NEIGHBOR_DESTINATION);
  store<u32>(neighbor, NEIGHBOR_PROBES_MAX + 1, NEIGHBOR_PROBES);
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
