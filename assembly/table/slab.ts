// Slabs: records of one size, given out and taken back. Free records are linked by their first word, and what was
// never used is not touched. Record 0 is never given out, so that 0 can mean "none". Each worker has slabs of its own;
// a slab is given as the offset of worker 0's. Layout: layout-router.ts.

import { SLAB_COUNT, SLAB_FREE, SLAB_LIMIT, SLAB_NEXT, SLAB_RECORDS, SLAB_STRIDE } from "../layout-router";
import { shard } from "../state";

/** Offset of record `number`. */
@inline
export function recordAt(slab: u32, number: u32): u32 {
  return load<u32>(shard + slab, SLAB_RECORDS) + number * load<u32>(shard + slab, SLAB_STRIDE);
}

/** Number of the record at an offset. */
@inline
export function numberOf(slab: u32, record: u32): u32 {
  return (record - load<u32>(shard + slab, SLAB_RECORDS)) / load<u32>(shard + slab, SLAB_STRIDE);
}

/** Records in use. */
@inline
export function used(slab: u32): u32 {
  return load<u32>(shard + slab, SLAB_COUNT);
}

/** Records that can still be had. */
@inline
export function room(slab: u32): u32 {
  return load<u32>(shard + slab, SLAB_LIMIT) - load<u32>(shard + slab, SLAB_COUNT);
}

/** One past the highest number that was ever in use. */
@inline
export function highest(slab: u32): u32 {
  return load<u32>(shard + slab, SLAB_NEXT);
}

/** A record, filled with zeros; 0: none is left. */
export function take(slab: u32): u32 {
  const own = shard + slab;
  const count = load<u32>(own, SLAB_COUNT);
  if (count >= load<u32>(own, SLAB_LIMIT)) return 0;
  store<u32>(own, count + 1, SLAB_COUNT);
  let record = load<u32>(own, SLAB_FREE);
  if (record) {
    store<u32>(own, load<u32>(record), SLAB_FREE);
  } else {
    const number = load<u32>(own, SLAB_NEXT);
    store<u32>(own, number + 1, SLAB_NEXT);
    record = recordAt(slab, number);
  }
  clear(record, load<u32>(own, SLAB_STRIDE));
  return record;
}

/** Gives a record back. Its keys are zero afterwards, which no key in use is. */
export function give(slab: u32, record: u32): void {
  const own = shard + slab;
  clear(record, min<u32>(load<u32>(own, SLAB_STRIDE), 128));
  store<u32>(record, load<u32>(own, SLAB_FREE));
  store<u32>(own, record, SLAB_FREE);
  store<u32>(own, load<u32>(own, SLAB_COUNT) - 1, SLAB_COUNT);
}

/** Zeros, 16 bytes at a time: for so few, memory.fill costs more than they do. */
@inline
function clear(record: u32, bytes: u32): void {
  for (const end = record + bytes; record < end; record += 16) v128.store(record, i64x2.splat(0));
}
