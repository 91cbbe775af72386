// A packet that is too long for where it goes, and may be fragmented: its fragments come as if it had been fragmented
// before it came here, so that whatever is done to fragments is done in one place. Read RFC 791 3.2, RFC 1812 5.2.6.

import { HEADROOM, ITEM_HANDED, ITEM_ROUND, ITEM_SHAPE, ITEM_SLOT, POP_SHIFT, SLOT_SIZE, START_SHIFT } from "../layout";
import { READY } from "../layout-router";
import { countCopies } from "../counters";
import { NO_SLOT, release, takeSlot } from "../pool";
import { Reason } from "../reason";
import { frames, shard } from "../state";
import { append } from "../table/queue";
import { HEADER_SIZE, MACS_SIZE, TYPE } from "../wire/ethernet";
import { IPV4_SIZE, IP_FRAGMENT, IP_TOTAL, TYPE_IPV4, load16, putChecksum, store16 } from "../wire/ipv4";
import { detach, drop, frame, header, item, packet, port, rest } from "./packet";

const OPTION_END: u8 = 0;
const OPTION_NOP: u8 = 1;
const OPTION_COPIED: u8 = 0x80;
const SHAPE_MADE: u32 = (ITEM_HANDED << POP_SHIFT) | (HEADROOM << START_SHIFT); // whose they are is known
const SHAPE_ROUND: u32 = ITEM_ROUND << POP_SHIFT;
const MORE: u32 = 0x2000; // the flag "more fragments" in its field, as a number

/** Splits the packet at hand into fragments of at most `mtu` bytes, which take its place. */
export function split(mtu: u32): void {
  const most = ((mtu - header) / 8) * 8;
  let made: u32 = 0;
  for (let offset: u32 = 0; offset < rest; offset += most) {
    if (putFragment(offset, min(most, rest - offset))) made++;
  }
  if (made == 0) return drop(Reason.noBuffer);
  countCopies(port, made - 1);
  release(load<u32>(item, ITEM_SLOT));
  detach();
}

/** Replaces those options of the header at `at` that only a first fragment has (RFC 791 3.1: the copied flag). */
function dropOptions(at: u32): void {
  const end = at + header;
  for (let option = at + IPV4_SIZE; option < end;) {
    const kind = load<u8>(option);
    if (kind == OPTION_END) return;
    const length = kind == OPTION_NOP || option + 1 == end ? 1 : max<u32>(load<u8>(option, 1), 1);
    if ((kind & OPTION_COPIED) == 0) memory.fill(option, OPTION_NOP, min(length, end - option));
    option += length;
  }
}

/** Makes a fragment of so many bytes from `offset` on. False: there is no room for it, and it is lost. */
function putFragment(offset: u32, bytes: u32): bool {
  const slot = takeSlot();
  if (slot == NO_SLOT) return false;
  const to = frames + slot * SLOT_SIZE + HEADROOM;
  const at = to + HEADER_SIZE;
  memory.copy(to, frame, MACS_SIZE);
  store<u16>(to, TYPE_IPV4, TYPE);
  memory.copy(at, packet, header);
  if (offset) dropOptions(at);
  memory.copy(at + header, packet + header + offset, bytes);
  const field = load16(packet + IP_FRAGMENT);
  store16(at + IP_TOTAL, header + bytes);
  store16(at + IP_FRAGMENT, (field + offset / 8) | (offset + bytes < rest ? MORE : 0));
  putChecksum(at, header);
  const shape = SHAPE_MADE | (load<u32>(item, ITEM_SHAPE) & SHAPE_ROUND);
  if (append(shard + READY, slot, HEADER_SIZE + header + bytes, shape, port)) return true;
  release(slot);
  return false;
}
