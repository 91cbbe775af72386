// What comes to routers by other ways than the batch that was received: frames that need not wait any longer, what
// stands in the queues of router interfaces, where floods and other routers have put it, and what other workers hand
// over.

import {
  BATCH_MAX, CUT_SHIFT, DESC_LENGTH, DESC_SHAPE, DESC_TAG, FLAG_ROUTER, ITEM_LENGTH, ITEM_POP_MASK, ITEM_SHAPE,
  ITEM_SHARED, ITEM_SIZE, ITEM_SLOT, POP_SHIFT, PORTS, PORT_FLAGS, PORT_SIZE, RING_CLEAN, RING_HEAD, RING_NEXT,
  SHAPE_PORT, SHAPE_SOLE, SHAPE_START, SLOT_SIZE, START_SHIFT, TAG_CAME_SHIFT, WORKER_ITEMS, WORKER_OPEN,
  WORKER_OPEN_LIST,
} from "../layout";
import {
  INTERFACES, INTERFACE_SIZE, INTERFACE_SOURCE, PENDING_LENGTH, PENDING_PORT, PENDING_SHAPE, PENDING_SLOT, READY,
} from "../layout-router";
import { countTx, dropOut } from "../counters";
import { isHome, release } from "../pool";
import { Reason } from "../reason";
import { consume, isLane, portOf, slotAt } from "../ring";
import { base, frames, shard } from "../state";
import { firstOf, shift } from "../table/queue";
import { setVerdict } from "../verdict";
import { MAC_MASK, isGroup } from "../wire/ethernet";

const LENGTH_MASK: u32 = 0xffffff;

/** Fills the batch with frames for router interfaces, which their verdicts name; returns how many. */
export function gather(): u32 {
  let count: u32 = 0;
  for (let record = firstOf(shard + READY); record != 0 && count < BATCH_MAX; record = firstOf(shard + READY)) {
    count += u32(resume(record, count));
    shift(shard + READY);
  }
  const open = load<u32>(base, WORKER_OPEN);
  for (let i: u32 = 0; i < open && count < BATCH_MAX; i++) {
    const ring = load<u32>(base + WORKER_OPEN_LIST + i * 4);
    if (!isLane(ring) && isInterface(portOf(ring))) count = drain(ring, count);
  }
  return count;
}

/** Puts a frame that waited at a place of the batch; false: its interface has gone meanwhile, and so does the frame. */
function resume(record: u32, place: u32): bool {
  const port = load<u32>(record, PENDING_PORT);
  return enter(place, port, load<u32>(record, PENDING_SLOT), load<u32>(record, PENDING_LENGTH),
    load<u32>(record, PENDING_SHAPE));
}

/** The same for a frame that another worker hands over, as a lane's descriptor says. */
export function admit(desc: u32, place: u32): bool {
  const slot = load<u32>(desc);
  const shape = load<u32>(desc, DESC_SHAPE);
  const lent = isHome(slot) || shape & SHAPE_SOLE ? 0 : ITEM_SHARED << POP_SHIFT;
  const came = (shape & ~SHAPE_PORT) | (load<u32>(desc, DESC_TAG) >> TAG_CAME_SHIFT);
  return enter(place, shape & SHAPE_PORT, slot, load<u32>(desc, DESC_LENGTH), came | lent);
}

function enter(place: u32, port: u32, slot: u32, length: u32, shape: u32): bool {
  const there = isInterface(port);
  if (there) {
    put(place, slot, length, shape, port);
  } else {
    dropOut(port, Reason.noRoute);
    release(slot);
  }
  return there;
}

/** Whether a port is a router's interface. */
@inline
export function isInterface(port: u32): bool {
  return (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_ROUTER) != 0;
}

/** Takes what is queued for an interface; its queue is left as if it had been transmitted and come back. */
function drain(queue: u32, first: u32): u32 {
  const next = load<u32>(queue, RING_NEXT);
  let cursor = load<u32>(queue, RING_CLEAN);
  let place = first;
  for (; cursor != next && place < BATCH_MAX; cursor++) {
    const desc = slotAt(queue, cursor);
    const shape = load<u32>(desc, DESC_SHAPE);
    const word = load<u32>(desc, DESC_LENGTH);
    const length = word & LENGTH_MASK;
    if (isFor(portOf(queue), frames + load<u32>(desc) * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff))) {
      const shared = word >> CUT_SHIFT ? ITEM_SHARED << POP_SHIFT : 0;
      const kept = shape & (SHAPE_START | (ITEM_POP_MASK << POP_SHIFT)) | shared;
      const tag = load<u32>(desc, DESC_TAG);
      const came = tag ? tag & SHAPE_PORT : portOf(queue);
      put(place++, load<u32>(desc), length + (shape >> POP_SHIFT), kept | came, portOf(queue));
    } else {
      countTx(portOf(queue), 1, length);
      release(load<u32>(desc));
    }
  }
  store<u32>(queue, cursor, RING_CLEAN);
  atomic.store<u32>(queue, cursor, RING_HEAD);
  consume(queue, cursor);
  return place;
}

/** Whether a frame is for an interface: a flood brings those for others, too. */
function isFor(port: u32, frame: u32): bool {
  const destination = load<u64>(frame);
  return isGroup(destination)
    || (destination & MAC_MASK) == (load<u64>(INTERFACES + port * INTERFACE_SIZE, INTERFACE_SOURCE) & MAC_MASK);
}

function put(place: u32, slot: u32, length: u32, shape: u32, port: u32): void {
  const item = base + WORKER_ITEMS + place * ITEM_SIZE;
  store<u32>(item, slot, ITEM_SLOT);
  store<u32>(item, length, ITEM_LENGTH);
  store<u32>(item, shape, ITEM_SHAPE);
  setVerdict(place, port);
}
