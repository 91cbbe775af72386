// Parse and VLAN in: RX descriptors become items. Which VLAN a frame is in (IEEE 802.1Q 6.9), whether its port
// takes that VLAN, and the keys to look up; what is not taken is dropped here. One load of ADMIT answers both
// questions: it maps (port, VID) to a domain, and VID 0 stands for frames without one.

import {
  ADMIT, ADMIT_SIZE, BATCH_MAX, DESC_LENGTH, DESC_SIZE, FLAG_MONITOR, FLAG_TUNNEL, FRAME_MAX, HEADER_MIRRORS, ITEM_DESTINATION,
  ITEM_INNER, ITEM_LENGTH, ITEM_PORT, ITEM_POP, ITEM_SAME, ITEM_SIZE, ITEM_SLOT, ITEM_SOURCE, ITEM_START, ITEM_TAG, PORTS,
  PORTS_MAX, PORT_FLAGS, PORT_MIRRORS_IN, PORT_PUSH, PORT_PVID, PORT_SIZE, RX_PORT, RX_START, SLOT_SIZE, WORKER_ITEMS,
  WORKER_MIRRORED, WORKER_RX,
} from "../layout";
import { countDomain, countRx, dropIn } from "../counters";
import { copy } from "../egress";
import { release } from "../pool";
import { Reason } from "../reason";
import { base, frames } from "../state";
import {
  DESTINATION, HEADER_SIZE, MAC_MASK, SOURCE, TAGGED_HEADER_SIZE, TAG_SIZE, TYPE, isTag, vidOf,
} from "../wire/ethernet";

/** Makes items of the first `count` RX descriptors; returns how many frames were taken. */
export function parse(count: u32): u32 {
  const first = base + WORKER_ITEMS;
  let item = first;
  const end = base + WORKER_RX + count * DESC_SIZE;
  for (let desc = base + WORKER_RX; desc < end; desc += DESC_SIZE) {
    const slot = load<u32>(desc);
    const length = load<u32>(desc, DESC_LENGTH);
    const port = <u32>load<u16>(desc, RX_PORT) & (PORTS_MAX - 1);
    const start = <u32>load<u8>(desc, RX_START);
    const at = frames + slot * SLOT_SIZE + start;
    const record = PORTS + port * PORT_SIZE;
    const flags = load<u32>(record, PORT_FLAGS);

    const customer = u32((flags & FLAG_TUNNEL) != 0); // a tunnel takes tags for payload
    const outer = load<u32>(at, TYPE);
    const anyTag = isTag(outer & 0xffff);
    const tagged = anyTag & ~customer;
    const vid = vidOf(outer) * tagged;
    const domain = <u32>load<u16>(ADMIT + port * ADMIT_SIZE + vid * 2);
    const own = u32(vid != 0);

    countRx(port, length);
    const shortest = select<u32>(TAGGED_HEADER_SIZE, HEADER_SIZE, tagged);
    if (length - shortest > FRAME_MAX - shortest || domain == 0) {
      reject(item, slot, length, port, start, flags, length - shortest > FRAME_MAX - shortest);
      continue;
    }
    countDomain(domain, length);
    const inner = anyTag & customer & u32(vidOf(outer) != 0);
    const high = <u64>domain << 48;
    store<u64>(item, (load<u64>(at, SOURCE) & MAC_MASK) | high, ITEM_SOURCE);
    store<u64>(item, (load<u64>(at, DESTINATION) & MAC_MASK) | high, ITEM_DESTINATION);
    const tag = select<u32>(outer | (load<u32>(record, PORT_PVID) * (own ^ 1)), load<u32>(record, PORT_PUSH), tagged);
    const shape = port | ((tagged * TAG_SIZE | own * ITEM_SAME | inner * ITEM_INNER) << 16) | (start << 24);
    store<u64>(item, (<u64>shape << 32) | tag, ITEM_TAG);
    store<u64>(item, (<u64>length << 32) | slot, ITEM_SLOT);
    item += ITEM_SIZE;
  }
  return (item - first) / ITEM_SIZE;
}

/** Drops a frame for which its port has no use. A mirror of the port sees it all the same: it did arrive. */
function reject(item: u32, slot: u32, length: u32, port: u32, start: u32, flags: u32, malformed: bool): void {
  const wanted = load<u32>(HEADER_MIRRORS) ? load<u32>(PORTS + port * PORT_SIZE, PORT_MIRRORS_IN) : 0;
  if (wanted && length >= HEADER_SIZE && length <= FRAME_MAX) {
    store<u16>(item, <u16>port, ITEM_PORT);
    store<u32>(item, slot, ITEM_SLOT);
    const index = (item - base - WORKER_ITEMS) / ITEM_SIZE;
    store<u32>(base + WORKER_MIRRORED + index * 4, 0);
    copy(wanted, item, index, length, 0, start);
  }
  dropIn(port, malformed ? Reason.malformed : flags & FLAG_MONITOR ? Reason.monitor : Reason.vlan);
  release(slot);
}

/** Drops `count` RX descriptors from `first` on for which there is no slot to take their place. */
export function refuse(first: u32, count: u32): void {
  for (let i = first; i < min<u32>(first + count, BATCH_MAX); i++) {
    const desc = base + WORKER_RX + i * DESC_SIZE;
    const port = <u32>load<u16>(desc, RX_PORT) & (PORTS_MAX - 1);
    countRx(port, load<u32>(desc, DESC_LENGTH));
    dropIn(port, Reason.noBuffer);
  }
}
