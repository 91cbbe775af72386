// Reads the forwarding database where it lies. Entries change while it is read: one that is half written is left
// out or shown as it was, and nothing is locked for a listing.

import * as layout from "../../assembly/layout.js";
import { macAt } from "./mac.js";
import type { SharedMemory } from "./memory.js";

export interface RawEntry {
  domain: number;
  mac: string;
  port: number;
  /** Seconds of the workers' clock; below 0 for what was seen before it began, by an engine before. */
  seen: number;
  static: boolean;
}

/** Every entry, in no order. */
export function* readFdb(shared: SharedMemory): Generator<RawEntry> {
  const buckets = shared.word(layout.HEADER_FDB_BUCKETS);
  for (let way = 0; way < buckets * layout.FDB_WAYS; way++) {
    const at = layout.FDB + Math.floor(way / layout.FDB_WAYS) * layout.FDB_BUCKET_SIZE + (way % layout.FDB_WAYS) * 8;
    const domain = shared.halves[(at + 6) >>> 1]!;
    if (domain === 0) continue;
    const value = at + layout.FDB_VALUES;
    yield {
      domain,
      mac: macAt(shared.bytes, at),
      port: shared.halves[(value + layout.FDB_PORT) >>> 1]!,
      seen: (shared.word(value + layout.FDB_STAMP) | 0) * layout.FDB_TICK_MS / 1000,
      static: (shared.bytes[value + layout.FDB_FLAGS]! & layout.FDB_STATIC) !== 0,
    };
  }
}

/** How many entries there are. */
export function countFdb(shared: SharedMemory): number {
  return shared.word(layout.FDB_COUNT);
}
