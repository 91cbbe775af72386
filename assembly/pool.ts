// The frame pool: slots with a count of holders. A slot belongs to the worker that received into it for good;
// elsewhere it is only lent, and comes home through the return ring of the lane that it went by. Who holds:
// the armed RX descriptors (BATCH_MAX), the items of a batch, queues and lanes. hold and release are the only
// ways to change a count, so a slot can neither leak nor be freed twice. A free slot counts 1 already: its holder
// to be. So the common way of a slot, one holder after the other, never writes the count.

import {
  BATCH_MAX, DESC_SIZE, LANE_RETURN, RING_CLEAN, RING_NEXT, RING_SIZE, RING_SLOTS, SLOTS_PER_WORKER, WORKER_FREE,
  WORKER_REFS, WORKER_RX, WORKER_STACK,
} from "./layout";
import { laneOf } from "./ring";
import { base, self } from "./state";

export const NO_SLOT: u32 = 0xffffffff;

@inline
function refs(slot: u32): u32 {
  return base + WORKER_REFS + (slot % SLOTS_PER_WORKER) * 2;
}

@inline
function give(slot: u32): void {
  const free = load<u32>(base, WORKER_FREE);
  store<u32>(base + WORKER_STACK + free * 4, slot);
  store<u32>(base, free + 1, WORKER_FREE);
}

/** Fills the free stack with this worker's slots and arms all RX descriptors. Once, at start. */
export function fillPool(): void {
  store<u32>(base, 0, WORKER_FREE);
  for (let i: u32 = SLOTS_PER_WORKER; i > 0; i--) {
    const slot = self * SLOTS_PER_WORKER + i - 1;
    store<u16>(refs(slot), 1);
    give(slot);
  }
  arm(BATCH_MAX);
}

/** Gives the first `count` RX descriptors fresh slots; the caller has made sure that there are as many. */
export function arm(count: u32): void {
  const free = load<u32>(base, WORKER_FREE) - count;
  let from = base + WORKER_STACK + free * 4;
  let desc = base + WORKER_RX;
  const end = desc + count * DESC_SIZE;
  for (; desc + DESC_SIZE * 4 <= end; desc += DESC_SIZE * 4) {
    store<u32>(desc, load<u32>(from));
    store<u32>(desc, load<u32>(from, 4), DESC_SIZE);
    store<u32>(desc, load<u32>(from, 8), DESC_SIZE * 2);
    store<u32>(desc, load<u32>(from, 12), DESC_SIZE * 3);
    from += 16;
  }
  for (; desc < end; desc += DESC_SIZE) {
    store<u32>(desc, load<u32>(from));
    from += 4;
  }
  store<u32>(base, free, WORKER_FREE);
}

/**
 * A slot for a frame that is made here, held once; NO_SLOT where the free ones are for what is received next.
 */
export function takeSlot(): u32 {
  const free = load<u32>(base, WORKER_FREE);
  if (free <= BATCH_MAX) return NO_SLOT;
  store<u32>(base, free - 1, WORKER_FREE);
  return load<u32>(base + WORKER_STACK + (free - 1) * 4);
}

/** Whether a frame may be rewritten where it lies: nobody else holds its slot, as only the slot's worker can tell. */
@inline
export function isOwn(slot: u32): bool {
  return slot / SLOTS_PER_WORKER == self && load<u16>(refs(slot)) == 1;
}

/** Whether a slot is one of this worker's. */
@inline
export function isHome(slot: u32): bool {
  return slot / SLOTS_PER_WORKER == self;
}

/** Whether a frame may go to a port of a worker in its slot: that is this one's, or stays here, or goes home. */
export function mayGoTo(worker: u32, slot: u32): bool {
  const home = slot / SLOTS_PER_WORKER;
  return home == self || worker == self || home == worker;
}

/** A slot of this worker's came home in a frame of another one's: neither has lent it any more. */
export function comeHome(from: u32): void {
  const lent = laneOf(self, from);
  store<u32>(lent, load<u32>(lent, RING_CLEAN) + 1, RING_CLEAN);
  putBack(from, NO_SLOT);
}

/** Slots that nobody holds. */
@inline
export function freeSlots(): u32 {
  return load<u32>(base, WORKER_FREE);
}

/** Where the next free slot goes, for a loop that frees many of which it knows that nobody else holds them. */
@inline
export function topOfStack(): u32 {
  return base + WORKER_STACK + load<u32>(base, WORKER_FREE) * 4;
}

/** Ends such a loop. */
@inline
export function setTopOfStack(top: u32): void {
  store<u32>(base, (top - base - WORKER_STACK) / 4, WORKER_FREE);
}

/** One more holder of one of this worker's slots. */
@inline
export function hold(slot: u32): void {
  const at = refs(slot);
  store<u16>(at, load<u16>(at) + 1);
}

/** One holder less; the last one frees the slot, or sends it home. */
export function release(slot: u32): void {
  if (slot / SLOTS_PER_WORKER != self) return sendHome(slot);
  const at = refs(slot);
  const held = load<u16>(at);
  if (held == 1) give(slot);
  else store<u16>(at, held - 1);
}

function sendHome(slot: u32): void {
  putBack(slot / SLOTS_PER_WORKER, slot);
}

/** Tells who lent a slot. Cannot overflow: a lane holds no more frames than its return ring. */
function putBack(lender: u32, slot: u32): void {
  const ring = laneOf(lender, self) + LANE_RETURN;
  const next = load<u32>(ring, RING_NEXT);
  store<u32>(ring + RING_SLOTS + (next & (RING_SIZE - 1)) * 4, slot);
  store<u32>(ring, next + 1, RING_NEXT);
}
