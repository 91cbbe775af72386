// Reads whom the routers know on their networks (RFC 826; life cycle: assembly/table/neighbor.ts). Records change while
// they are read: one that went meanwhile is left out, and nothing is locked. Writes nothing.

import * as layout from "./layout.js";
import { macAt } from "./mac.js";
import type { SharedMemory } from "./memory.js";
import { printWire, recordsOf } from "./nat.js";

export type NeighborState = "asked" | "reachable" | "stale" | "failed";

export interface RawNeighbor {
  /** Number of the interface's port. */
  port: number;
  address: string;
  /** "" where it is not known. */
  mac: string;
  state: NeighborState;
  /** Seconds since it said where it is; where it never did, since it was last asked. */
  age: number;
}

/** Every neighbor, in no order; of what several workers know of one, the best. `seconds`: the workers' clock. */
export function readNeighbors(shared: SharedMemory, seconds: number): Iterable<RawNeighbor> {
  const ticks = Math.floor(seconds * 1000 / layout.FDB_TICK_MS);
  const known = new Map<string, RawNeighbor>();
  for (const at of recordsOf(shared, layout.NEIGHBOR_SLAB)) {
    const neighbor = neighborAt(shared, at, ticks);
    const key = neighbor && `${neighbor.port} ${neighbor.address}`;
    if (key !== undefined && isBetter(neighbor!, known.get(key))) known.set(key, neighbor!);
  }
  return known.values();
}

/** Whether one says more of a neighbor than another: where it is, or where it was later. */
function isBetter(one: RawNeighbor, other: RawNeighbor | undefined): boolean {
  if (!other) return true;
  const [knows, knew] = [one.mac !== "", other.mac !== ""];
  return knows === knew ? one.age < other.age : knows;
}

function neighborAt(shared: SharedMemory, at: number, ticks: number): RawNeighbor | undefined {
  const address = shared.word(at + layout.NEIGHBOR_KEY);
  const asked = shared.word(at + layout.NEIGHBOR_ASKED);
  // The first word of a free record links to another; what only a neighbor has is zero there.
  if (shared.word(at + layout.NEIGHBOR_KEY + 8) === 0) return undefined; // a free one
  const port = shared.word(at + layout.NEIGHBOR_KEY + 4);
  const known = shared.longs[(at + layout.NEIGHBOR_DESTINATION) >>> 3] !== 0n;
  const mac = known ? macAt(shared.bytes, at + layout.NEIGHBOR_DESTINATION) : "";
  const probes = shared.word(at + layout.NEIGHBOR_PROBES);
  const age = (ticks - (known ? shared.word(at + layout.NEIGHBOR_CONFIRMED) : asked)) | 0;
  if (shared.word(at + layout.NEIGHBOR_KEY) !== address) return undefined;
  const seconds = Math.max(0, age) * layout.FDB_TICK_MS / 1000;
  return { port, address: printWire(address), mac, state: stateOf(known, probes, age), age: seconds };
}

function stateOf(known: boolean, probes: number, age: number): NeighborState {
  if (!known) return probes > layout.NEIGHBOR_PROBES_MAX ? "failed" : "asked";
  return probes > 0 || age >= layout.NEIGHBOR_FRESH ? "stale" : "reachable";
}
