// The packet at hand: one frame that a router has, as the slow path goes through it. `take` points these variables at
// it, `open` checks that it is IPv4 and sets the rest; after that no field of it can be out of bounds. Also the ways
// in which it ends: dropped, taken in, made to wait, handed to another worker, or (leave.ts) sent on. Read RFC 1812
// 5.2.2 (what a router checks).

import {
  HEADROOM, ITEM_HANDED, ITEM_LENGTH, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SHARED, ITEM_SIZE, ITEM_SLOT, POP_SHIFT,
  SHAPE_SOLE, SLOT_SIZE, START_SHIFT, VNET_SIZE, WORKER_ITEMS,
} from "../layout";
import { INTERFACES, INTERFACE_ROUTER, INTERFACE_SIZE, ROUTERS, ROUTER_SIZE } from "../layout-router";
import { countTx, dropOut } from "../counters";
import { hand, share } from "../egress";
import { NO_SLOT, isHome, isOwn, mayGoTo, release, takeSlot } from "../pool";
import { Reason } from "../reason";
import { base, frames } from "../state";
import { append } from "../table/queue";
import { DONE, setVerdict } from "../verdict";
import { fold, sumOf } from "../wire/checksum";
import { HEADER_SIZE, TYPE, isGroup } from "../wire/ethernet";
import { IPV4_SIZE, IP_PROTOCOL, IP_TOTAL, load16 } from "../wire/ipv4";

const SHAPE_LENT: u32 = SHAPE_SOLE | (ITEM_SHARED << POP_SHIFT); // what is said of slots that are another worker's

/** Its place in the batch, and the item there. */
export let index: u32 = 0;
export let item: u32 = 0;
/** The port of the interface at which it came, that interface, its router. */
export let port: u32 = 0;
export let entry: u32 = 0;
export let router: u32 = 0;
/** The frame; what stands behind its Ethernet header, and how many bytes that are. */
export let frame: u32 = 0;
export let packet: u32 = 0;
export let size: u32 = 0;
/** Of IPv4: bytes of the header, of all; what the header holds, and how many bytes of it there are. */
export let header: u32 = 0;
export let total: u32 = 0;
export let payload: u32 = 0;
export let rest: u32 = 0;
export let protocol: u32 = 0;

/** Points at the item at `place` of the batch, which came to interface `to`. */
export function take(place: u32, to: u32): void {
  index = place;
  item = base + WORKER_ITEMS + place * ITEM_SIZE;
  port = to;
  entry = INTERFACES + to * INTERFACE_SIZE;
  router = ROUTERS + load<u32>(entry, INTERFACE_ROUTER) * ROUTER_SIZE;
  locate();
}

function locate(): void {
  const shape = load<u32>(item, ITEM_SHAPE);
  const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
  frame = frames + load<u32>(item, ITEM_SLOT) * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff);
  packet = frame + HEADER_SIZE + tag;
  size = load<u32>(item, ITEM_LENGTH) - HEADER_SIZE - tag;
}

/** The type of what stands behind the Ethernet header, as a little-endian load sees it. */
export function typeOf(): u16 {
  return load<u16>(packet - HEADER_SIZE, TYPE);
}

/** Whether the frame went to a group, and not to the router alone. */
export function wasGroup(): bool {
  return isGroup(load<u64>(frame));
}

/** Checks the IPv4 header and sets what follows from it; -1 where all is right, else a reason. */
export function open(): i32 {
  if (!measure()) return Reason.malformed;
  return fold(sumOf(packet, header)) == 0xffff ? -1 : Reason.checksum;
}

/** Sets what follows from an IPv4 header; false where that cannot be one. Its checksum may be wrong. */
export function measure(): bool {
  if (size < IPV4_SIZE) return false;
  header = (<u32>load<u8>(packet) & 15) * 4;
  total = load16(packet + IP_TOTAL);
  if (load<u8>(packet) >> 4 != 4 || header < IPV4_SIZE || total < header || total > size) return false;
  payload = packet + header;
  rest = total - header;
  protocol = load<u8>(packet, IP_PROTOCOL);
  return true;
}

/** Whether another worker handed the frame to this one, or it is this one's for another reason. */
export function wasHanded(): bool {
  return ((load<u32>(item, ITEM_SHAPE) >> POP_SHIFT) & ITEM_HANDED) != 0;
}

/**
 * Makes sure that the frame may be rewritten, by copying it where others hold it. False: no slot, and it is dropped.
 */
export function own(): bool {
  return isOwn(load<u32>(item, ITEM_SLOT)) || (load<u32>(item, ITEM_SHAPE) & SHAPE_SOLE) != 0 || copy();
}

/** Makes sure that the frame may go to a worker, by copying it out of a third one's slot. False: as of `own`. */
export function lend(worker: u32): bool {
  const slot = load<u32>(item, ITEM_SLOT);
  if (!mayGoTo(worker, slot)) return copy();
  if (!isHome(slot)) share(item); // it has to go home
  return true;
}

/** Makes sure that this worker's slot holds the frame. False: as of `own`. */
export function keep(): bool {
  return isHome(load<u32>(item, ITEM_SLOT)) || copy();
}

function copy(): bool {
  if (!moveHome(item)) {
    drop(Reason.noBuffer);
    return false;
  }
  locate();
  return true;
}

/** Copies the frame of an item, with its header, into a slot of this worker's. False: there is none. */
export function moveHome(to: u32): bool {
  const slot = load<u32>(to, ITEM_SLOT);
  const fresh = takeSlot();
  if (fresh == NO_SLOT) return false;
  const start = ((load<u32>(to, ITEM_SHAPE) >> START_SHIFT) & 0xff) - VNET_SIZE;
  const bytes = load<u32>(to, ITEM_LENGTH) + VNET_SIZE;
  memory.copy(frames + fresh * SLOT_SIZE + start, frames + slot * SLOT_SIZE + start, bytes);
  store<u32>(to, fresh, ITEM_SLOT);
  store<u32>(to, load<u32>(to, ITEM_SHAPE) & ~SHAPE_LENT, ITEM_SHAPE);
  release(slot);
  return true;
}

/**
 * Its place in the batch becomes that of a new frame of `length` bytes; what it was has been seen to. False: no slot.
 */
export function renew(length: u32): bool {
  const fresh = takeSlot();
  if (fresh == NO_SLOT) return false;
  store<u32>(item, fresh, ITEM_SLOT);
  store<u32>(item, length, ITEM_LENGTH);
  store<u32>(item, (HEADROOM << START_SHIFT) | port, ITEM_SHAPE);
  locate();
  return true;
}

/** Notes that what stands in the frame's place is `bytes` long behind the Ethernet header. */
export function resize(bytes: u32): void {
  size = bytes;
  store<u32>(item, bytes + (packet - frame), ITEM_LENGTH);
}

/** The router does not pass it on, and says why. */
export function drop(reason: u32): void {
  dropOut(port, reason);
  release(load<u32>(item, ITEM_SLOT));
  setVerdict(index, DONE);
}

/** It is counted as one that the router has got. */
export function accept(): void {
  countTx(port, 1, load<u32>(item, ITEM_LENGTH) - (packet - frame - HEADER_SIZE));
}

/** It ends here, well. */
export function absorb(): void {
  accept();
  release(load<u32>(item, ITEM_SLOT));
  setVerdict(index, DONE);
}

/** It goes to another worker, as it came; `settled`: that one does not ask whose it is. */
export function handOver(worker: u32, settled: bool): void {
  if (!lend(worker)) return;
  const sole = isOwn(load<u32>(item, ITEM_SLOT)) ? SHAPE_SOLE : 0;
  const handed = ITEM_HANDED << POP_SHIFT;
  const shape = (load<u32>(item, ITEM_SHAPE) & ~handed) | (settled ? handed : 0) | sole;
  hand(worker, port, load<u32>(item, ITEM_SLOT), load<u32>(item, ITEM_LENGTH), shape);
  detach();
}

/** It goes elsewhere than the batch does: whoever has its slot now has it. */
export function detach(): void {
  setVerdict(index, DONE);
}

/** Lets the packet at hand wait, as it came. False: no room, and it is still at hand. */
export function pend(queue: u32): bool {
  if (!append(queue, load<u32>(item, ITEM_SLOT), load<u32>(item, ITEM_LENGTH), load<u32>(item, ITEM_SHAPE), port)) {
    return false;
  }
  detach();
  return true;
}
