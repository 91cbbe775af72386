// Parse and VLAN in: RX descriptors become items. Which VLAN a frame is in (IEEE 802.1Q 6.9), whether its port
// takes that VLAN, and the keys to look up; what is not taken is dropped here. One load of ADMIT answers both
// questions: it maps (port, VID) to a domain, and VID 0 stands for frames without one.

import {
  ADMIT, ADMIT_SIZE, BATCH_MAX, DESC_LENGTH, DESC_PORT, DESC_SHAPE, DESC_SIZE, FLAG_ISOLATED, FLAG_MONITOR,
  FLAG_TUNNEL, FRAME_MAX, HEADER_MIRRORS, ITEM_INNER, ITEM_ODD, ITEM_SAME, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT,
  ITEM_SOURCE, ITEM_TAG, POP_SHIFT, PORTS, PORTS_MAX, PORT_FLAGS, PORT_MIRRORS_IN, PORT_PUSH, PORT_PVID, PORT_SIZE,
  SHAPE_HEADER, SHAPE_PLACE, SHAPE_PORT, SLOT_SIZE, START_SHIFT, WORKER_ITEMS, WORKER_MIRRORED, WORKER_RX,
} from "../layout";
import { countDomain, countRx, dropIn } from "../counters";
import { copy } from "../egress";
import { lies } from "../offload";
import { release } from "../pool";
import { Reason } from "../reason";
import { base, counters, frames } from "../state";
import {
  HEADER_SIZE, TAGGED_HEADER_SIZE, TAG_SIZE, TPID_CUSTOMER, TPID_SERVICE, TYPE, isTag, namesVlan, vidOf,
} from "../wire/ethernet";
import { clearHeader } from "../wire/virtio";

/** What is believed of a received frame's shape: a port that can be, a start, and no pop. */
const RX_SHAPE: u32 = SHAPE_PLACE & ~SHAPE_PORT | (PORTS_MAX - 1);
const RX_UNLIKE: u32 = ~RX_SHAPE | SHAPE_HEADER;
const ODD_PORT: u32 = FLAG_TUNNEL | FLAG_ISOLATED;
const ITEMS_A_DESC: u32 = ITEM_SIZE / DESC_SIZE; // bytes of items for each byte of descriptors

/** Makes items of `count` RX descriptors, from `first` on; returns how many frames were taken. */
export function parse(first: u32, count: u32): u32 {
  const items = base + WORKER_ITEMS;
  const start = base + WORKER_RX + first * DESC_SIZE;
  const end = start + count * DESC_SIZE;
  let desc = parseMost(start, end, items);
  let item = items + (desc - start) * ITEMS_A_DESC;
  while (desc < end) {
    item = take(desc, item);
    const from = desc + DESC_SIZE;
    desc = parseMost(from, end, item);
    item += (desc - from) * ITEMS_A_DESC;
  }
  return (item - items) / ITEM_SIZE;
}

/**
 * Makes items of what nearly every frame is: untagged, or with a customer's tag of a VLAN of its port. Returns the
 * first descriptor of one that is unlike, for which nothing is done, or `end`.
 */
function parseMost(from: u32, end: u32, items: u32): u32 {
  const pool = frames;
  const counts = counters;
  let item = items;
  let desc = from;
  for (; desc < end; desc += DESC_SIZE) {
    const placed = load<u64>(desc);
    const place = load<u32>(desc, DESC_SHAPE);
    if (place & RX_UNLIKE) break;
    const port = place & SHAPE_PORT;
    if (load<u32>(port * PORT_SIZE, PORTS + PORT_FLAGS) & ODD_PORT) break;
    const at = pool + <u32>placed * SLOT_SIZE + (place >> START_SHIFT);
    const types = load<u64>(at, TYPE);
    const outer = <u32>types;
    if ((outer & 0xffff) == TPID_SERVICE) break;
    const tagged = u32((outer & 0xffff) == TPID_CUSTOMER);
    const vid = vidOf(outer) & (0 - tagged);
    if (vid < tagged) break; // a priority tag
    if ((types & TWO_TAGS_MASK) == TWO_TAGS) break; // perhaps a second tag
    const length = <u32>(placed >> 32);
    if (length - TAGGED_HEADER_SIZE > FRAME_MAX - TAGGED_HEADER_SIZE) break;
    const domain = admitted(port, vid);
    if (domain == 0) break;
    const tag = select(outer, load<u32>(port * PORT_SIZE, PORTS + PORT_PUSH), tagged);
    fill(item, at, domain, tag, place | (tagged * PLAIN_TAG), placed);
    countRx(counts, port, length);
    countDomain(counts, domain, length);
    item += ITEM_SIZE;
  }
  return desc;
}

/**
 * In the eight bytes from a frame's type on: a customer's tag, and a type behind it whose first byte is like those of
 * both TPIDs (0x81.., 0x88.., and few others).
 */
const TWO_TAGS_MASK: u64 = 0x0000_00f6_0000_ffff;
const TWO_TAGS: u64 = 0x0000_0080_0000_0081;

/** In an item's shape: a tag that it keeps where it leaves tagged. */
const PLAIN_TAG: u32 = (TAG_SIZE | ITEM_SAME) << POP_SHIFT;

@inline
function admitted(port: u32, vid: u32): u32 {
  return <u32>load<u16>(port * ADMIT_SIZE + vid * 2, ADMIT);
}

@inline
function fill(item: u32, at: u32, domain: u32, tag: u32, shape: u32, placed: u64): void {
  // Both MACs, eight bytes each: in an item the source comes first.
  const macs = i8x16.swizzle(v128.load(at), i8x16(6, 7, 8, 9, 10, 11, -1, -1, 0, 1, 2, 3, 4, 5, -1, -1));
  v128.store(item, v128.or(macs, i64x2.splat(<u64>domain << 48)), ITEM_SOURCE);
  store<u32>(item, tag, ITEM_TAG);
  store<u32>(item, shape, ITEM_SHAPE);
  store<u64>(item, placed, ITEM_SLOT);
}

/** Makes an item of any frame, or drops it. Returns where the next item goes. */
function take(desc: u32, item: u32): u32 {
  const place = load<u32>(desc, DESC_SHAPE) & RX_SHAPE;
  const port = place & SHAPE_PORT;
  const at = frames + load<u32>(desc) * SLOT_SIZE + (place >> START_SHIFT);
  countRx(counters, port, load<u32>(desc, DESC_LENGTH));
  const record = PORTS + port * PORT_SIZE;
  const length = load<u32>(desc, DESC_LENGTH);
  const flags = load<u32>(record, PORT_FLAGS);
  const outer = load<u32>(at, TYPE);
  const tunnel = (flags & FLAG_TUNNEL) != 0; // takes tags for payload
  const tagged = tunnel ? 0 : isTag(outer & 0xffff);
  const vid = tagged ? vidOf(outer) : 0;
  const domain = admitted(port, vid);
  const shortest = HEADER_SIZE + tagged * TAG_SIZE;
  const malformed = length - shortest > FRAME_MAX - shortest || ((place & SHAPE_HEADER) != 0 && lies(at, length));
  if (malformed || domain == 0) {
    reject(desc, item, malformed);
    return item;
  }
  const inner = namesVlan(at, TYPE + tagged * TAG_SIZE, length) ? ITEM_INNER : 0;
  const same = vid ? ITEM_SAME : 0;
  const tag = vid ? outer : tagged ? outer | load<u32>(record, PORT_PVID) : load<u32>(record, PORT_PUSH);
  const pop = tagged * TAG_SIZE | same | inner | (flags & ODD_PORT || (tagged && vid == 0) ? ITEM_ODD : 0);
  fill(item, at, domain, tag, place | (pop << POP_SHIFT), load<u64>(desc));
  countDomain(counters, domain, length);
  return item + ITEM_SIZE;
}

/** Drops a frame for which its port has no use. A mirror of the port sees it all the same: it did arrive. */
function reject(desc: u32, item: u32, malformed: bool): void {
  const slot = load<u32>(desc);
  const length = load<u32>(desc, DESC_LENGTH);
  const place = load<u32>(desc, DESC_SHAPE) & RX_SHAPE;
  const port = place & SHAPE_PORT;
  const wanted = load<u32>(HEADER_MIRRORS) ? load<u32>(PORTS + port * PORT_SIZE, PORT_MIRRORS_IN) : 0;
  if (wanted && length >= HEADER_SIZE && length <= FRAME_MAX) {
    if (malformed && place & SHAPE_HEADER) clearHeader(frames + slot * SLOT_SIZE + (place >> START_SHIFT));
    store<u32>(item, place, ITEM_SHAPE);
    store<u32>(item, slot, ITEM_SLOT);
    const index = (item - base - WORKER_ITEMS) / ITEM_SIZE;
    store<u32>(base + WORKER_MIRRORED + index * 4, 0);
    copy(wanted, item, index, length, 0, place);
  }
  const monitor = load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_MONITOR;
  dropIn(port, malformed ? Reason.malformed : monitor ? Reason.monitor : Reason.vlan);
  release(slot);
}

/** Drops `count` RX descriptors from `first` on for which there is no slot to take their place. */
export function refuse(first: u32, count: u32): void {
  for (let i = first; i < min<u32>(first + count, BATCH_MAX); i++) {
    const desc = base + WORKER_RX + i * DESC_SIZE;
    const port = <u32>load<u16>(desc, DESC_PORT) & (PORTS_MAX - 1);
    countRx(counters, port, load<u32>(desc, DESC_LENGTH));
    dropIn(port, Reason.noBuffer);
  }
}
