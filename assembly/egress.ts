// The way out: one copy of a frame to one port. How it must stand on the wire there (IEEE 802.1Q 8.8.2: tagged
// or not), whether it fits, what is left to be done where the port takes finished frames only, and its descriptor
// in the ring that leads there. Every function here consumes the hold on the slot that its caller had: the frame is
// queued, or dropped, counted and released.

import {
  CUTS, CUT_SHARED, CUT_SHIFT, DESC_TAG, DOMAINS, DOMAIN_MIRRORS, DOMAIN_SIZE, FLAG_OFFLOAD, FLAG_ROUTER, FLAG_UP,
  FRAME_MAX, HEADROOM, ITEM_DOMAIN, ITEM_LENGTH, ITEM_POP, ITEM_POP_MASK, ITEM_PORT, ITEM_SAME, ITEM_SHAPE, ITEM_SHARED,
  ITEM_SLOT, ITEM_TAG, LANE_ROUTED, LEAVES, LEAVES_SIZE, LEAVES_TAGGED, MIRRORS, MIRROR_PACE, MIRROR_SIZE, MIRROR_TO,
  POP_SHIFT, PORTS, PORT_FLAGS, PORT_MIRRORS_IN, PORT_MIRRORS_OUT, PORT_MTU, PORT_SIZE, RING_SIZE, SHAPE_HEADER,
  SHAPE_PLACE, SHAPE_PORT, SLOT_SIZE, START_SHIFT, TAG_CAME, TAG_CAME_SHIFT, WORKER_MIRRORED, WORKER_OPEN,
  WORKER_OPEN_LIST,
} from "./layout";
import { countCopies, dropOut } from "./counters";
import { wants } from "./filter";
import { complete, finishedCopy, makeSegment, segmentLength, segmentsOf } from "./finish";
import { find, isMerged, isUnfinished, longestSegment } from "./offload";
import { mayGo } from "./pace";
import { NO_SLOT, hold, isOwn, release } from "./pool";
import { Reason } from "./reason";
import {
  allot, headOf, isLane, isStopped, laneOf, lengthOf, open, push, queueBehind, routeTo, tailOf, unreadIn,
} from "./ring";
import { base, frames, self } from "./state";
import { TAG_SIZE } from "./wire/ethernet";

const LANE_EASY: u32 = RING_SIZE / 2; // frames in a lane up to which nobody asks whose they are

/** How many frames a ring may hold in this batch: a dynamic threshold, so that stalled ports cannot take all slots. */
let limit: u32 = RING_SIZE;

/** Sets the threshold to what is left of the room for all: k stalled ports leave 1/(k+1) of it to the others. */
export function setThreshold(left: u32): void {
  limit = min<u32>(RING_SIZE, left);
  const open = load<u32>(base, WORKER_OPEN);
  for (let i: u32 = 0; i < open; i++) {
    const ring = load<u32>(base + WORKER_OPEN_LIST + i * 4);
    allot(ring, isLane(ring) ? min(limit, LANE_EASY) : limit);
  }
}

/** Looks for room for one more frame of a port in a ring that was stopped; false: there is none. */
function makeRoom(ring: u32, port: u32): bool {
  const held = lengthOf(ring);
  const far = isLane(ring);
  if (far ? isCrowded(ring, held, port) : held >= limit) return false;
  open(ring);
  allot(ring, far ? max(held + 1, min(limit, LANE_EASY)) : limit);
  return true;
}

/**
 * Whether a port of another worker has as many frames waiting as it leaves to others, of the slots or of the lane, or
 * that worker has taken nothing for so long. What waits in the lane's other ports' queues is none of this one's doing.
 */
function isCrowded(lane: u32, held: u32, port: u32): bool {
  if (held < min(limit, LANE_EASY)) return false; // spares a look at what the other worker writes to
  const queue = queueBehind(lane, port);
  const taken = tailOf(queue); // first: the head is never behind what it says
  const waiting = headOf(queue) - taken;
  return waiting >= min(limit, RING_SIZE - held) || unreadIn(lane) >= limit;
}

/** Queues a frame for a port as described; see descriptors in layout.ts. The port in `shape` does not count. */
export function enqueue(port: u32, slot: u32, length: u32, tag: u32, shape: u32): void {
  const ring = routeTo(port);
  if (isStopped(ring) && !makeRoom(ring, port)) {
    dropOut(port, Reason.queueFull);
    return release(slot);
  }
  const at = push(ring);
  store<u64>(at, (<u64>length << 32) | slot);
  store<u64>(at, (<u64>((shape & ~SHAPE_PORT) | port) << 32) | tag, DESC_TAG);
}

/** Hands a frame for the interface of a port, with the shape of its item, to the worker that is to route it. */
export function hand(worker: u32, port: u32, slot: u32, length: u32, shape: u32): void {
  const lane = laneOf(self, worker);
  if (isStopped(lane) && !makeRoom(lane, port)) {
    dropOut(port, Reason.queueFull);
    return release(slot);
  }
  const at = push(lane);
  const tag = LANE_ROUTED | ((shape & SHAPE_PORT) << TAG_CAME_SHIFT);
  store<u64>(at, (<u64>length << 32) | slot);
  store<u64>(at, (<u64>((shape & ~SHAPE_PORT) | port) << 32) | tag, DESC_TAG);
}

/** How frames of a domain leave a port: LEAVES_NOT, _UNTAGGED or _TAGGED. */
@inline
export function leavesBy(port: u32, domain: u32): u32 {
  return <u32>load<u8>(port * LEAVES_SIZE + domain, LEAVES);
}

/** Sends the frame of an item to a port, tagged as the port wants it. `index`: the item's place in the batch. */
export function send(item: u32, index: u32, port: u32): void {
  const record = PORTS + port * PORT_SIZE;
  const tag = load<u32>(item, ITEM_TAG);
  const arrived = load<u32>(item, ITEM_SHAPE);
  const there = (arrived >> POP_SHIFT) & ITEM_POP_MASK; // bytes of tag that it came with
  const payload = load<u32>(item, ITEM_LENGTH) - there;
  const tagged = u32(leavesBy(port, load<u16>(item, ITEM_DOMAIN)) == LEAVES_TAGGED);
  const same = (arrived >> POP_SHIFT) & ITEM_SAME & tagged; // it leaves as it came
  const insert = tag & (same - tagged); // all ones where a tag is put in
  const length = payload + tagged * TAG_SIZE;
  const shape = (arrived & SHAPE_PLACE) | ((there & (same - 1)) << POP_SHIFT);
  // With its tag a frame may be longer than any peer takes.
  const long = u32(payload > load<u32>(record, PORT_MTU)) | u32(length > FRAME_MAX);
  if (long | (arrived & SHAPE_HEADER)) return sendUnlike(item, index, port, length, insert, shape);
  const watched = load<u32>(record, PORT_MIRRORS_OUT);
  if (watched) copy(watched, item, index, length, insert, shape);
  enqueue(port, load<u32>(item, ITEM_SLOT), length | cutOf(item), tagFor(record, insert, shape), shape);
}

/** The tag in a descriptor of a port: what is put in, or for a router's interface which port the frame entered by. */
@inline
function tagFor(record: u32, insert: u32, shape: u32): u32 {
  return load<u32>(record, PORT_FLAGS) & FLAG_ROUTER ? TAG_CAME | (shape & SHAPE_PORT) : insert;
}

/** Notes that others hold the slot of an item, so that whoever is done with a frame of it asks. */
@inline
export function share(item: u32): void {
  store<u8>(item, load<u8>(item, ITEM_POP) | <u8>ITEM_SHARED, ITEM_POP);
}

/** In a descriptor's length: whether others may hold the slot of an item. */
@inline
export function cutOf(item: u32): u32 {
  return load<u8>(item, ITEM_POP) & <u8>ITEM_SHARED ? CUT_SHARED << CUT_SHIFT : 0;
}

/** Sends what is not a frame like most: one that may be too long, or whose sender left something undone. */
function sendUnlike(item: u32, index: u32, port: u32, length: u32, insert: u32, shape: u32): void {
  const record = PORTS + port * PORT_SIZE;
  const slot = load<u32>(item, ITEM_SLOT);
  const frame = frames + slot * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
  const there = load<u32>(item, ITEM_LENGTH); // bytes as they lie in the slot
  const merged = isMerged(shape, frame) && find(frame, there);
  const tag = (load<u32>(item, ITEM_SHAPE) >> POP_SHIFT) & ITEM_POP_MASK;
  // Of a merged frame what counts is its longest segment.
  const payload = (merged ? longestSegment(frame) : there) - tag;
  const contradicts = !merged && isMerged(shape, frame);
  if (contradicts || payload > load<u32>(record, PORT_MTU) || length > FRAME_MAX) {
    dropOut(port, contradicts ? Reason.malformed : Reason.mtu);
    release(slot);
    return;
  }
  const watched = load<u32>(record, PORT_MIRRORS_OUT);
  if (watched) copy(watched, item, index, length, insert, shape);
  const asItIs = (load<u32>(record, PORT_FLAGS) & FLAG_OFFLOAD) != 0 || !isUnfinished(shape, frame);
  if (asItIs) enqueue(port, slot, length | cutOf(item), tagFor(record, insert, shape), shape);
  else if (merged) sendSegments(item, port, frame, length - there, insert, shape);
  else sendCompleted(item, port, frame, length, insert, shape);
}

/** Sends the segments of the merged frame that was found; each gains or loses as many bytes as the whole would. */
function sendSegments(item: u32, port: u32, frame: u32, gain: u32, insert: u32, shape: u32): void {
  const there = load<u32>(item, ITEM_LENGTH);
  const count = segmentsOf(frame, there);
  for (let i: u32 = 0; i < count; i++) {
    const made = makeSegment(frame, there, i);
    if (made == NO_SLOT) dropOut(port, Reason.noBuffer);
    else enqueue(port, made, segmentLength(frame, there, i) + gain, insert, withoutHeader(shape));
  }
  countCopies(load<u16>(item, ITEM_PORT), count - 1);
  release(load<u32>(item, ITEM_SLOT));
}

/** Sends a frame with its checksum completed: in its place where nobody else holds it, else in a copy. */
function sendCompleted(item: u32, port: u32, frame: u32, length: u32, insert: u32, shape: u32): void {
  const slot = load<u32>(item, ITEM_SLOT);
  const there = load<u32>(item, ITEM_LENGTH);
  if (isOwn(slot)) {
    complete(frame, there);
    return enqueue(port, slot, length, insert, shape);
  }
  const made = finishedCopy(frame, there);
  if (made == NO_SLOT) dropOut(port, Reason.noBuffer);
  else enqueue(port, made, length, insert, withoutHeader(shape));
  release(slot);
}

/** The shape of what was made of a frame, at HEADROOM of a slot of its own. */
@inline
function withoutHeader(shape: u32): u32 {
  return (shape & ~(0xff << START_SHIFT)) | (HEADROOM << START_SHIFT);
}

/** Copies a frame that enters to the mirrors of its port and VLAN, with the length and shape in which it came. */
export function watch(item: u32, index: u32, length: u32, shape: u32): void {
  store<u32>(base + WORKER_MIRRORED + index * 4, 0);
  const wanted = load<u32>(PORTS + <u32>load<u16>(item, ITEM_PORT) * PORT_SIZE, PORT_MIRRORS_IN)
    | load<u32>(DOMAINS + <u32>load<u16>(item, ITEM_DOMAIN) * DOMAIN_SIZE, DOMAIN_MIRRORS);
  if (wanted) copy(wanted, item, index, length, 0, shape);
}

/**
 * Copies a frame to monitor ports: one copy a mirror, in the shape in which it passed, cut to the mirror's
 * length and within its rate. `mask`: the mirrors that it passes; what a mirror's filter refuses was never copied.
 */
export function copy(mask: u32, item: u32, index: u32, length: u32, tag: u32, shape: u32): void {
  const seen = base + WORKER_MIRRORED + index * 4;
  const slot = load<u32>(item, ITEM_SLOT);
  for (let open = mask & ~load<u32>(seen); open != 0; open &= open - 1) {
    const mirror = <u32>ctz(open);
    if (!wants(mirror, slot, length, tag, shape)) continue;
    store<u32>(seen, load<u32>(seen) | (1 << mirror));
    const record = MIRRORS + mirror * MIRROR_SIZE;
    const to = load<u32>(record, MIRROR_TO);
    if ((load<u32>(PORTS + to * PORT_SIZE, PORT_FLAGS) & FLAG_UP) == 0) continue;
    countCopies(load<u16>(item, ITEM_PORT), 1);
    if (!mayGo(record + MIRROR_PACE, min(length, load<u32>(CUTS + (mirror + 1) * 4)))) {
      dropOut(to, Reason.rate);
      continue;
    }
    hold(slot);
    share(item);
    enqueue(to, slot, length | ((mirror + 1) << CUT_SHIFT), tag, shape);
  }
}
