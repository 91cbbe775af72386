// One turn of a worker: what came back, what came in, the stages in their order, what goes out. `process` is the
// order of the stages; a new one is one line there.

import {
  BATCH_MAX, CUTS, CUT_NONE, CUT_SHARED, CUT_SHIFT, DESC_FAILED, DESC_LENGTH, DESC_POP, DESC_SHAPE, DESC_SIZE, DESC_TAG,
  FLAG_ACTIVE, FLAG_GENERATOR, FLAG_ROUTER, HEADER_MIRRORS, LANE_RETURN, LANE_ROUTED, PORTS, PORT_CODEC_OUT, PORT_FLAGS,
  PORT_SIZE, RING_CLEAN, RING_HEAD, RING_NEXT, RING_SIZE, RING_SLOTS, SHAPE_PORT, WORKER_DIRTY, WORKER_DIRTY_LIST,
  WORKER_OPEN, WORKER_OPEN_LIST, WORKER_PULLS, WORKER_PULL_LIST, WORKER_WAKE,
} from "./layout";
import { PENDING_SLAB, READY, ROUTER_COUNT } from "./layout-router";
import { countTx, dropOut } from "./counters";
import { follow, originate } from "./backpressure";
import { enqueue, setThreshold } from "./egress";
import { coalesce } from "./element/coalesce";
import { decode } from "./element/decode";
import { emit } from "./element/emit";
import { encode } from "./element/encode";
import { forward } from "./element/forward";
import { generate } from "./element/generate";
import { learn, passOverBarred } from "./element/learn";
import { mirrorIn } from "./element/mirror";
import { parse, refuse } from "./element/parse";
import { route } from "./element/route";
import { share } from "./element/share";
import { wakeReader } from "./event";
import { clearSoonest, soonest } from "./pace";
import { NO_SLOT, arm, comeHome, freeSlots, isHome, release, setTopOfStack, topOfStack } from "./pool";
import { Reason } from "./reason";
import {
  close, consume, headOf, isLane, laneOf, lengthOf, portOf, publish, queueOf, receiverOf, slotAt, tailOf,
} from "./ring";
import { ageFlows, ageNeighbors, announce } from "./router/age";
import { admit, gather } from "./router/gather";
import { base, self, shard, tick, workers } from "./state";
import { ageTable } from "./table/fdb";
import { firstOf } from "./table/queue";
import { used } from "./table/slab";

const STRETCH_MAX: u32 = 64; // frames that pass the stages together: what they touch stays in the nearest cache
const IDLE_MS: f64 = 1000; // the longest sleep: ageing wants a look once a second
const ROUNDS_MAX: u32 = 8; // batches that routers hand to each other in a turn
const TAG_KIND: u32 = 0xffff; // of a tag: its TPID
const PULL_MAX: u32 = 64; // frames that one source may give a turn

/** Where the round over the sources goes on. */
let nextPull: u32 = 0;

/**
 * Processes `received` frames of devices, then what the sources have, and publishes what goes out. `time` is in
 * ms. Returns how long the worker may sleep, ms; 0: there is more to do.
 */
export function turn(received: u32, time: f64): f64 {
  tick(time);
  collect();
  pass(received, false);
  const pulled = pull();
  pass(pulled, true);
  const routing = serve();
  const busy = settle();
  const ageing = self == 0 && ageTable();
  wakeReader();
  return busy || ageing || routing || pulled ? 0 : min(IDLE_MS, soonest);
}

/** Takes a batch through the stages, a stretch at a time. `sourced`: it came from the sources, not from devices. */
function pass(received: u32, sourced: bool): void {
  if (received == 0) return;
  const count = min(received, freeSlots());
  spare();
  refuse(count, received - count);
  for (let first: u32 = 0; first < count; first += STRETCH_MAX) {
    process(first, min(STRETCH_MAX, count - first), sourced);
  }
  arm(count);
}

/** Leaves to queues what the next batch is not received into. */
function spare(): void {
  const free = freeSlots();
  setThreshold(free > BATCH_MAX ? free - BATCH_MAX : 1);
}

/** The stages, in order. */
function process(first: u32, count: u32, sourced: bool): void {
  const taken = parse(first, count);
  if (load<u32>(HEADER_MIRRORS)) mirrorIn(taken);
  learn(taken);
  forward(taken);
  if (load<u32>(ROUTER_COUNT)) {
    passOverBarred();
    if (workers > 1) share(taken);
    route(taken);
  }
  if (sourced) follow(taken);
  coalesce(taken);
  emit(taken);
}

/** The stages for frames that reach routers otherwise than by the batch that came. */
function direct(count: u32): void {
  if (count == 0) return;
  spare();
  if (workers > 1) share(count);
  route(count);
  coalesce(count);
  emit(count);
}

/** What routers have to do beside the batch that came: frames that reach them otherwise, questions, ageing. */
function serve(): bool {
  const idle = load<u32>(ROUTER_COUNT) == 0 && used(PENDING_SLAB) == 0; // of a router that went, frames may be left
  if (idle) return false;
  spare();
  for (let round: u32 = 0; round < ROUNDS_MAX; round++) {
    const gathered = gather();
    if (gathered == 0) break;
    direct(gathered);
  }
  emit(announce(ageNeighbors(0)));
  return ageFlows() || firstOf(shard + READY) != 0;
}

// ---- in ----

/** Takes back what was transmitted here or by other workers, and then, as there is room, takes in what they send. */
function collect(): void {
  for (let other: u32 = 0; other < workers; other++) if (other != self) takeBack(laneOf(self, other));
  const open = load<u32>(base, WORKER_OPEN);
  let still: u32 = 0;
  for (let i: u32 = 0; i < open; i++) {
    const ring = load<u32>(base + WORKER_OPEN_LIST + i * 4);
    if (!isLane(ring)) reclaim(ring, tailOf(ring));
    if (lengthOf(ring) == 0) {
      close(ring);
    } else {
      store<u32>(base + WORKER_OPEN_LIST + still * 4, ring);
      still++;
    }
  }
  store<u32>(base, still, WORKER_OPEN);
  let handed: u32 = 0;
  for (let other: u32 = 0; other < workers; other++) if (other != self) handed = takeIn(other, handed);
  direct(handed);
}

/** Counts and frees what the transmitter of a queue is done with. */
function reclaim(queue: u32, tail: u32): void {
  let cursor = load<u32>(queue, RING_CLEAN);
  if (cursor == tail) return;
  const port = portOf(queue);
  cursor = reclaimMost(queue, port, cursor, tail);
  while (cursor != tail) {
    reclaimUnlike(port, slotAt(queue, cursor));
    cursor = reclaimMost(queue, port, cursor + 1, tail);
  }
  store<u32>(queue, cursor, RING_CLEAN);
}

/** The same for frames that left whole, whose slots nobody else holds; returns the cursor of the first other one. */
function reclaimMost(queue: u32, port: u32, from: u32, tail: u32): u32 {
  const first = topOfStack();
  let stack = first;
  let bytes: u64 = 0;
  let cursor = from;
  for (; cursor != tail; cursor++) {
    const desc = queue + (cursor & (RING_SIZE - 1)) * DESC_SIZE;
    const placed = load<u64>(desc, RING_SLOTS);
    if (<u32>(placed >> (32 + CUT_SHIFT)) | (<u32>load<u8>(desc, RING_SLOTS + DESC_POP) & DESC_FAILED)) break;
    store<u32>(stack, <u32>placed);
    stack += 4;
    bytes += placed >> 32;
  }
  setTopOfStack(stack);
  countTx(port, (stack - first) / 4, bytes);
  return cursor;
}

/** The same for a copy, a slot that others may hold, and what the transmitter could not send. */
function reclaimUnlike(port: u32, desc: u32): void {
  const pop = <u32>load<u8>(desc, DESC_POP);
  const word = load<u32>(desc, DESC_LENGTH);
  const length = min(word & ((1 << CUT_SHIFT) - 1), load<u32>(CUTS + (word >> CUT_SHIFT) * 4));
  if (pop >= DESC_FAILED) dropOut(port, pop - DESC_FAILED);
  else countTx(port, 1, length);
  release(load<u32>(desc));
}

/** Frees the slots that another worker has sent home. */
function takeBack(lane: u32): void {
  const ring = lane + LANE_RETURN;
  const head = headOf(ring);
  const tail = tailOf(ring);
  if (head == tail) return;
  for (let cursor = tail; cursor != head; cursor++) {
    const slot = load<u32>(ring + RING_SLOTS + (cursor & (RING_SIZE - 1)) * 4);
    if (slot != NO_SLOT) release(slot); // else it is at home already
  }
  consume(ring, head);
  store<u32>(lane, load<u32>(lane, RING_CLEAN) + (head - tail), RING_CLEAN);
}

/**
 * Puts what another worker sends into the queues of this worker's ports, and what it hands over to be routed at places
 * of the batch from `first` on; returns the end of these.
 */
function takeIn(from: u32, first: u32): u32 {
  const lane = laneOf(from, self);
  const head = headOf(lane);
  const tail = tailOf(lane);
  if (head == tail) return first;
  let place = first;
  setThreshold(RING_SIZE); // whoever sent them has seen to it that they are not too many
  for (let cursor = tail; cursor != head; cursor++) {
    const desc = slotAt(lane, cursor);
    const tag = load<u32>(desc, DESC_TAG);
    const shape = load<u32>(desc, DESC_SHAPE);
    const word = load<u32>(desc, DESC_LENGTH);
    const home = isHome(load<u32>(desc));
    if (home) comeHome(from);
    if ((tag & TAG_KIND) != LANE_ROUTED) {
      const length = home || word >> CUT_SHIFT ? word : word | (CUT_SHARED << CUT_SHIFT); // the slot has to go home
      enqueue(shape & SHAPE_PORT, load<u32>(desc), length, tag, shape);
      continue;
    }
    if (place == BATCH_MAX) {
      direct(place);
      place = 0;
      setThreshold(RING_SIZE);
    }
    if (admit(desc, place)) place++;
  }
  consume(lane, head);
  return place;
}

/** Receives from the sources, in turn, until they have no more or the batch is full. */
function pull(): u32 {
  const sources = load<u32>(base, WORKER_PULLS);
  let count: u32 = 0;
  clearSoonest();
  for (let i: u32 = 0; i < sources && count < BATCH_MAX; i++) {
    nextPull = nextPull + 1 < sources ? nextPull + 1 : 0;
    const port = <u32>load<u16>(base + WORKER_PULL_LIST + nextPull * 2);
    const made = load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_GENERATOR;
    const given = made ? generate(port, count, PULL_MAX) : decode(port, count, PULL_MAX);
    originate(port, count, given);
    count += given;
  }
  return count;
}

// ---- out ----

/** Publishes the rings that were written to, fills pipes, lists ports for the transmitter. Says whether any was new. */
function settle(): bool {
  const open = load<u32>(base, WORKER_OPEN);
  let busy = false;
  store<u32>(base, 0, WORKER_DIRTY); // where no transmitter reads the list, nobody else empties it
  for (let i: u32 = 0; i < open; i++) {
    const ring = load<u32>(base + WORKER_OPEN_LIST + i * 4);
    const fresh = publish(ring);
    busy = busy || (fresh && !isLane(ring));
    if (isLane(ring)) {
      if (fresh) wake(receiverOf(ring));
    } else {
      transmit(portOf(ring));
    }
  }
  for (let other: u32 = 0; other < workers; other++) {
    if (other != self) publish(laneOf(other, self) + LANE_RETURN);
  }
  return busy;
}

function wake(worker: u32): void {
  store<u32>(base, load<u32>(base, WORKER_WAKE) | (1 << worker), WORKER_WAKE);
}

function transmit(port: u32): void {
  const record = PORTS + port * PORT_SIZE;
  const flags = load<u32>(record, PORT_FLAGS);
  if ((flags & FLAG_ACTIVE) == 0) return abandon(port);
  if (flags & FLAG_ROUTER) return; // what is queued here is routed, not transmitted
  if (load<u8>(record, PORT_CODEC_OUT)) encode(port);
  const count = load<u32>(base, WORKER_DIRTY);
  store<u16>(base + WORKER_DIRTY_LIST + count * 2, <u16>port);
  store<u32>(base, count + 1, WORKER_DIRTY);
}

/** Drops what this worker has queued for a port that has gone. */
export function abandon(port: u32): void {
  const queue = queueOf(port);
  const next = load<u32>(queue, RING_NEXT);
  reclaim(queue, tailOf(queue));
  for (let cursor = load<u32>(queue, RING_CLEAN); cursor != next; cursor++) {
    dropOut(port, Reason.queueFull);
    release(load<u32>(slotAt(queue, cursor)));
  }
  store<u32>(queue, next, RING_CLEAN);
  atomic.store<u32>(queue, next, RING_HEAD);
  consume(queue, next);
}

/** Empties the table of cuts: no copy is cut. */
export function clearCuts(): void {
  for (let i: u32 = 0; i < 256; i++) store<u32>(CUTS + i * 4, CUT_NONE);
}
