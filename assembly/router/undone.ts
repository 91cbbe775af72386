// What the sender of the packet at hand left undone: a checksum that covers the pseudo-header only, or segments to
// make. A packet that goes on carries it along, changed where its addresses are (rewrite.ts); one that ends here, or is
// to be fragmented, is finished first. Read offload.ts.

import {
  HEADROOM, ITEM_HANDED, ITEM_LENGTH, ITEM_POP_MASK, ITEM_ROUND, ITEM_SHAPE, ITEM_SLOT, POP_SHIFT, SHAPE_HEADER,
  SHAPE_PORT, START_SHIFT,
} from "../layout";
import { READY } from "../layout-router";
import { countCopies } from "../counters";
import { complete, makeSegment, segmentLength, segmentsOf } from "../finish";
import { find, isMerged, isPartialAt, isUnfinished, longestSegment } from "../offload";
import { NO_SLOT, release } from "../pool";
import { Reason } from "../reason";
import { shard } from "../state";
import { append } from "../table/queue";
import { FRAGMENT_MASK, IP_FRAGMENT } from "../wire/ipv4";
import { clearHeader } from "../wire/virtio";
import { detach, drop, frame, item, packet, payload, port, protocol, total } from "./packet";

/** Whether the checksum of the packet at hand covers its pseudo-header only, so far. */
export let isPartial: bool = false;
/** Whether it is many in one. */
let merged: bool = false;

function shape(): u32 {
  return load<u32>(item, ITEM_SHAPE);
}

/** Looks at what is left of the IPv4 packet at hand, which may be rewritten. What cannot be carried along is done. */
export function note(): void {
  const whole = (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) == 0;
  merged = isMerged(shape(), frame);
  isPartial = isUnfinished(shape(), frame) && whole && isPartialAt(frame, payload, protocol);
  if (!merged && !isPartial) completeFrame();
}

/** Completes the checksum of whatever the frame at hand holds. */
export function completeFrame(): void {
  if (isUnfinished(shape(), frame)) complete(frame, load<u32>(item, ITEM_LENGTH));
  isPartial = false;
}

/** Finishes the packet at hand. False: it was many in one, and they come to the router one by one. */
export function finish(): bool {
  if (!merged) {
    completeFrame();
    return true;
  }
  takeApart();
  return false;
}

/** Something new stands in the frame's place, of which nothing is left undone. */
export function disown(): void {
  if (shape() & SHAPE_HEADER) clearHeader(frame);
}

/** Bytes of the packet at hand as it will be on the wire; of the longest, where it is many in one. */
export function longest(): u32 {
  const many = merged && find(frame, load<u32>(item, ITEM_LENGTH));
  return many ? longestSegment(frame) - (packet - frame) : total;
}

/** The segments of the frame at hand take its place, as if they had come in it. */
function takeApart(): void {
  const length = load<u32>(item, ITEM_LENGTH);
  if (!find(frame, length)) return drop(Reason.malformed);
  const kept = (((shape() >> POP_SHIFT) & (ITEM_POP_MASK | ITEM_ROUND)) | ITEM_HANDED) << POP_SHIFT; // whose is known
  const place = kept | (HEADROOM << START_SHIFT) | (shape() & SHAPE_PORT);
  const count = segmentsOf(frame, length);
  let made: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const slot = makeSegment(frame, length, i);
    if (slot == NO_SLOT) break;
    if (append(shard + READY, slot, segmentLength(frame, length, i), place, port)) made++;
    else release(slot);
  }
  if (made == 0) return drop(Reason.noBuffer);
  countCopies(port, made - 1);
  release(load<u32>(item, ITEM_SLOT));
  detach();
}
