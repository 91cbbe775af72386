// Leaving a router: an item becomes a frame of one of its interfaces, which enters that interface's VLAN as a host's
// would: counted, seen by mirrors, and sent where the forwarding database says. What its slot holds behind the
// Ethernet header is right already.

import {
  HEADER_MIRRORS, ITEM_DESTINATION, ITEM_LENGTH, ITEM_ODD, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SHARED, ITEM_SLOT,
  ITEM_SOURCE, ITEM_TAG, POP_SHIFT, PORTS, PORTS_MAX, PORT_PUSH, PORT_SIZE, SHAPE_PORT, SHAPE_SOLE,
} from "../layout";
import { INTERFACES, INTERFACE_SIZE, INTERFACE_SOURCE } from "../layout-router";
import { countDomain, countRx, dropIn } from "../counters";
import { watch } from "../egress";
import { isHome, mayGoTo, release } from "../pool";
import { Reason } from "../reason";
import { takerOf } from "../ring";
import { counters } from "../state";
import { portOf } from "../table/fdb";
import { DONE, setVerdict } from "../verdict";
import { MAC_MASK } from "../wire/ethernet";
import { moveHome } from "./packet";

const SHAPE_KEPT: u32 = (ITEM_POP_MASK << POP_SHIFT) | 0xff0000; // start, and the tag that stands in the slot
const SHAPE_LENT: u32 = SHAPE_SOLE | (ITEM_SHARED << POP_SHIFT);
const SOURCE_SHIFT: u64 = 48;

/**
 * Makes of an item, whose frame is at `frame`, one that enters an interface's VLAN towards a MAC (with its domain), and
 * counts it there.
 */
@inline
export function enter(counts: u32, item: u32, frame: u32, port: u32, destination: u64): void {
  const source = load<u64>(port * INTERFACE_SIZE, INTERFACES + INTERFACE_SOURCE);
  store<u64>(frame, (destination & MAC_MASK) | (source << SOURCE_SHIFT));
  store<u32>(frame, <u32>(source >> 16), 8);
  const shape = (load<u32>(item, ITEM_SHAPE) & SHAPE_KEPT) | port;
  const there = shape >> POP_SHIFT;
  const length = load<u32>(item, ITEM_LENGTH) - there;
  store<u64>(item, source, ITEM_SOURCE);
  store<u64>(item, destination, ITEM_DESTINATION);
  const odd = (there * (ITEM_ODD / ITEM_POP_MASK)) << POP_SHIFT; // the tag that is there is another network's
  store<u64>(item, (<u64>(shape | odd) << 32) | load<u32>(port * PORT_SIZE, PORTS + PORT_PUSH), ITEM_TAG);
  countRx(counts, port, length);
  countDomain(counts, <u32>(source >> SOURCE_SHIFT), length);
}

/** Sends the item at `index`, whose frame is at `frame`, out of an interface to a MAC (with its domain). */
export function leave(item: u32, index: u32, frame: u32, port: u32, destination: u64): void {
  const came = load<u32>(item, ITEM_SHAPE);
  enter(counters, item, frame, port, destination);
  const shape = load<u32>(item, ITEM_SHAPE);
  const out = portOf(destination);
  if (came & SHAPE_SOLE && !isSettled(item, port, out)) return setVerdict(index, DONE);
  const length = load<u32>(item, ITEM_LENGTH) - ((shape >> POP_SHIFT) & ITEM_POP_MASK);
  if (load<u32>(HEADER_MIRRORS)) watch(item, index, length, shape & (SHAPE_KEPT | SHAPE_PORT));
  setVerdict(index, out);
}

/**
 * Sees to an item in a slot that may be another worker's: where others are to hold it, too, or a third worker, the
 * frame is copied. False: there is no slot, and it is dropped.
 */
function isSettled(item: u32, port: u32, out: u32): bool {
  const slot = load<u32>(item, ITEM_SLOT);
  const single = out < PORTS_MAX && load<u32>(HEADER_MIRRORS) == 0;
  if (isHome(slot)) return true;
  if (single && mayGoTo(takerOf(out), slot)) {
    store<u32>(item, load<u32>(item, ITEM_SHAPE) | SHAPE_LENT, ITEM_SHAPE); // it has to go home
    return true;
  }
  if (moveHome(item)) return true;
  dropIn(port, Reason.noBuffer);
  release(slot);
  return false;
}
