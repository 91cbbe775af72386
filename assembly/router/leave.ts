// Leaving a router: an item becomes a frame of one of its interfaces, which enters that interface's VLAN as a host's
// would: counted, seen by mirrors, and sent where the forwarding database says. What its slot holds behind the
// Ethernet header is right already.

import {
  HEADER_MIRRORS, ITEM_DESTINATION, ITEM_LENGTH, ITEM_ODD, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SOURCE, ITEM_TAG, PORTS,
  PORT_PUSH, PORT_SIZE, POP_SHIFT,
} from "../layout";
import { INTERFACES, INTERFACE_SIZE, INTERFACE_SOURCE } from "../layout-router";
import { countDomain, countRx } from "../counters";
import { watch } from "../egress";
import { portOf } from "../table/fdb";
import { setVerdict } from "../verdict";

const SHAPE_KEPT: u32 = (ITEM_POP_MASK << POP_SHIFT) | 0xff0000; // start, and the tag that stands in the slot
const SOURCE_SHIFT: u64 = 48;

/** Sends the item at `index`, whose frame is at `frame`, out of an interface to a MAC (with its domain). */
@inline
export function leave(item: u32, index: u32, frame: u32, port: u32, destination: u64): void {
  const source = load<u64>(INTERFACES + port * INTERFACE_SIZE, INTERFACE_SOURCE);
  store<u64>(frame, (destination & 0xffff_ffff_ffff) | (source << SOURCE_SHIFT));
  store<u32>(frame, <u32>(source >> 16), 8);
  const shape = (load<u32>(item, ITEM_SHAPE) & SHAPE_KEPT) | port;
  const there = shape >> POP_SHIFT;
  const length = load<u32>(item, ITEM_LENGTH) - there;
  store<u64>(item, source, ITEM_SOURCE);
  store<u64>(item, destination, ITEM_DESTINATION);
  const odd = (there * (ITEM_ODD / ITEM_POP_MASK)) << POP_SHIFT; // the tag that is there is another network's
  store<u64>(item, (<u64>(shape | odd) << 32) | load<u32>(PORTS + port * PORT_SIZE, PORT_PUSH), ITEM_TAG);
  countRx(port, length);
  countDomain(<u32>(source >> SOURCE_SHIFT), length);
  if (load<u32>(HEADER_MIRRORS)) watch(item, index, length, shape);
  setVerdict(index, portOf(destination));
}
