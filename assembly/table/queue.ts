// Queues of frames that wait: for a neighbor's answer, for the first fragment, or, once they need not wait any longer,
// for their turn. A frame waits as it came, and goes through the router from the beginning afterwards; it holds
// its slot meanwhile. Layout: layout-router.ts.

import {
  PENDING_LENGTH, PENDING_NEXT, PENDING_PORT, PENDING_SHAPE, PENDING_SLAB, PENDING_SLOT, QUEUE_COUNT, QUEUE_FIRST,
  QUEUE_LAST, READY,
} from "../layout-router";
import { dropOut } from "../counters";
import { release } from "../pool";
import { shard } from "../state";
import { give, take } from "./slab";

/** Adds a frame that came to an interface's `port`. False: no record is left, and the caller has the frame still. */
export function append(queue: u32, slot: u32, length: u32, shape: u32, port: u32): bool {
  const record = take(PENDING_SLAB);
  if (record == 0) return false;
  store<u32>(record, slot, PENDING_SLOT);
  store<u32>(record, length, PENDING_LENGTH);
  store<u32>(record, shape, PENDING_SHAPE);
  store<u32>(record, port, PENDING_PORT);
  link(queue, record, record, 1);
  return true;
}

/** Moves all frames of a queue to those that need not wait any longer. */
export function ready(queue: u32): void {
  const first = load<u32>(queue, QUEUE_FIRST);
  if (first == 0) return;
  link(shard + READY, first, load<u32>(queue, QUEUE_LAST), load<u32>(queue, QUEUE_COUNT));
  store<u32>(queue, 0, QUEUE_FIRST);
  store<u32>(queue, 0, QUEUE_LAST);
  store<u32>(queue, 0, QUEUE_COUNT);
}

/** The first frame of a queue, 0: none. */
@inline
export function firstOf(queue: u32): u32 {
  return load<u32>(queue, QUEUE_FIRST);
}

/** Forgets the first frame of a queue; its slot is the caller's. */
export function shift(queue: u32): void {
  const record = load<u32>(queue, QUEUE_FIRST);
  const next = load<u32>(record, PENDING_NEXT);
  store<u32>(queue, next, QUEUE_FIRST);
  if (next == 0) store<u32>(queue, 0, QUEUE_LAST);
  store<u32>(queue, load<u32>(queue, QUEUE_COUNT) - 1, QUEUE_COUNT);
  give(PENDING_SLAB, record);
}

/** Drops all frames of a queue. */
export function discard(queue: u32, reason: u32): void {
  for (let record = firstOf(queue); record != 0; record = firstOf(queue)) {
    dropOut(load<u32>(record, PENDING_PORT), reason);
    release(load<u32>(record, PENDING_SLOT));
    shift(queue);
  }
}

function link(queue: u32, first: u32, last: u32, count: u32): void {
  const before = load<u32>(queue, QUEUE_LAST);
  if (before) store<u32>(before, first, PENDING_NEXT);
  else store<u32>(queue, first, QUEUE_FIRST);
  store<u32>(queue, last, QUEUE_LAST);
  store<u32>(queue, load<u32>(queue, QUEUE_COUNT) + count, QUEUE_COUNT);
}
