// Rings of descriptors, single producer and single consumer: a port's queue (core → transmitter, same thread; one for
// each worker that sends there) and a lane (worker → worker). Cursors run free and are masked on use; the producer
// keeps its own head and publishes it once a batch, to another worker with the one atomic store of that side.

import {
  COUNTERS, DESC_SIZE, LANES, LANE_SIZE, QUEUE_SIZE, RING_CLEAN, RING_HEAD, RING_NEXT, RING_OPEN, RING_SIZE, RING_SLOTS,
  RING_STOP, RING_TAIL, WORKERS, WORKERS_MAX, WORKER_OPEN, WORKER_OPEN_LIST, WORKER_QUEUES, WORKER_ROUTES, WORKER_SIZE,
} from "./layout";
import { base, queues, self } from "./state";

/** The ring that leads from this worker to a port: its own queue of the port, or the lane to a worker that has one. */
@inline
export function routeTo(port: u32): u32 {
  return load<u32>(base + WORKER_ROUTES + port * 4);
}

/** This worker's queue of a port. */
@inline
export function queueOf(port: u32): u32 {
  return queues + port * QUEUE_SIZE;
}

/** The queue of a port with the worker that a lane leads to. */
export function queueBehind(lane: u32, port: u32): u32 {
  return load<u32>(WORKERS + receiverOf(lane) * WORKER_SIZE, WORKER_QUEUES) + port * QUEUE_SIZE;
}

/** The lane by which frames go from one worker to another; its return ring follows it. */
@inline
export function laneOf(from: u32, to: u32): u32 {
  return LANES + (from * WORKERS_MAX + to) * LANE_SIZE;
}

/** The worker that a lane leads to. */
@inline
export function receiverOf(lane: u32): u32 {
  return (lane - LANES) / LANE_SIZE % WORKERS_MAX;
}

/** The worker in whose queue what this one sends to a port comes to stand. */
export function takerOf(port: u32): u32 {
  const ring = routeTo(port);
  return isLane(ring) ? receiverOf(ring) : self;
}

@inline
export function isLane(ring: u32): bool {
  return ring - LANES < COUNTERS - LANES; // they end where the counters begin
}

/** The port whose queue with this worker a ring is. */
@inline
export function portOf(queue: u32): u32 {
  return (queue - queues) / QUEUE_SIZE;
}

@inline
export function slotAt(ring: u32, cursor: u32): u32 {
  return ring + RING_SLOTS + (cursor & (RING_SIZE - 1)) * DESC_SIZE;
}

/** Descriptors in a ring that have not come back, as its producer sees it. */
@inline
export function lengthOf(ring: u32): u32 {
  return load<u32>(ring, RING_NEXT) - load<u32>(ring, RING_CLEAN);
}

/** Whether nothing may be pushed before `allot` says so. */
@inline
export function isStopped(ring: u32): bool {
  return load<u32>(ring, RING_NEXT) == load<u32>(ring, RING_STOP);
}

/** Where to write the next descriptor of a ring that is not stopped. */
@inline
export function push(ring: u32): u32 {
  const next = load<u32>(ring, RING_NEXT);
  store<u32>(ring, next + 1, RING_NEXT);
  return slotAt(ring, next);
}

/** Lets a ring fill up to `limit` descriptors, of those that it holds already none is taken away. */
@inline
export function allot(ring: u32, limit: u32): void {
  const held = lengthOf(ring);
  store<u32>(ring, load<u32>(ring, RING_NEXT) + (limit > held ? limit - held : 0), RING_STOP);
}

/** Notes that a ring holds something: it is published and reclaimed until it is empty again. */
export function open(ring: u32): void {
  if (load<u32>(ring, RING_OPEN)) return;
  const count = load<u32>(base, WORKER_OPEN);
  store<u32>(base + WORKER_OPEN_LIST + count * 4, ring);
  store<u32>(base, count + 1, WORKER_OPEN);
  store<u32>(ring, 1, RING_OPEN);
}

/** The opposite: the next push has to open it again. */
@inline
export function close(ring: u32): void {
  store<u32>(ring, 0, RING_OPEN);
  store<u32>(ring, load<u32>(ring, RING_NEXT), RING_STOP);
}

/** Lets the consumer, which of a queue is this thread itself, see what was pushed; says whether that was anything. */
@inline
export function publish(ring: u32): bool {
  const next = load<u32>(ring, RING_NEXT);
  if (load<u32>(ring, RING_HEAD) == next) return false;
  if (isLane(ring)) atomic.store<u32>(ring, next, RING_HEAD);
  else store<u32>(ring, next, RING_HEAD);
  return true;
}

@inline
export function headOf(ring: u32): u32 {
  return atomic.load<u32>(ring, RING_HEAD);
}

@inline
export function tailOf(ring: u32): u32 {
  return atomic.load<u32>(ring, RING_TAIL);
}

/** Descriptors in a lane that its consumer has not taken, as its producer sees it. */
export function unreadIn(lane: u32): u32 {
  return load<u32>(lane, RING_NEXT) - tailOf(lane);
}

@inline
export function consume(ring: u32, tail: u32): void {
  atomic.store<u32>(ring, tail, RING_TAIL);
}
