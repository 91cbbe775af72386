// Datagrams that come in fragments: what came of each, and which flow it belongs to, without putting it together. Two
// bits for each eight bytes say what came and where fragments began, which tells a duplicate from an overlap. Read
// RFC 791 3.2, RFC 4787 10 (REQ-13, REQ-14), RFC 1858, RFC 3128, RFC 5722 (overlaps are attacks).

import {
  FRAGMENT_BITS_SIZE, FRAGMENT_CAME, FRAGMENT_COVERED, FRAGMENT_END, FRAGMENT_EXPIRES, FRAGMENT_INDEX, FRAGMENT_KEY,
  FRAGMENT_QUEUE, FRAGMENT_REACH, FRAGMENT_SLAB, FRAGMENT_STARTS,
} from "../layout-router";
import { Reason } from "../reason";
import { ticks } from "../state";
import { find, insert, remove } from "./hash";
import { discard } from "./queue";
import { give, highest, recordAt, room, take } from "./slab";

const LIFE_TICKS: u32 = 150; // 15 s, as hosts wait for the rest of a datagram at least (RFC 791 3.2)
const COMPLETE_TICKS: u32 = 10; // 1 s, for one of which all came
const UNIT: u32 = 8;
const SAMPLE: u32 = 64;

/** Where the next sample is taken. */
let cursor: u32 = 0;

/** The record of a datagram whose time is not over, 0: none. */
export function knownFragment(addresses: u64, identity: u64): u32 {
  const known = find(FRAGMENT_INDEX, addresses, identity);
  return known && !isOver(known) ? known : 0;
}

/** The record of a datagram, made where there is none, if need be in the place of an older one; 0: there is no room. */
export function fragmentOf(addresses: u64, identity: u64): u32 {
  const known = find(FRAGMENT_INDEX, addresses, identity);
  if (known && !isOver(known)) return known;
  if (known) forget(known);
  else if (room(FRAGMENT_SLAB) == 0) forget(oldest());
  const record = take(FRAGMENT_SLAB);
  if (record == 0) return 0;
  store<u64>(record, addresses, FRAGMENT_KEY);
  store<u64>(record, identity, FRAGMENT_KEY + 8);
  store<u32>(record, ticks + LIFE_TICKS, FRAGMENT_EXPIRES);
  if (insert(FRAGMENT_INDEX, record)) return record;
  give(FRAGMENT_SLAB, record);
  return 0;
}

/** One that is complete among a sample; else the one whose turn it is, since they are given out in turn. */
function oldest(): u32 {
  const end = highest(FRAGMENT_SLAB);
  let chosen: u32 = 0;
  for (let i: u32 = 0; i < SAMPLE; i++) {
    cursor = cursor + 1 < end ? cursor + 1 : 1;
    const record = recordAt(FRAGMENT_SLAB, cursor);
    if (chosen == 0 || isComplete(record)) chosen = record;
    if (isComplete(record)) break;
  }
  return chosen;
}

function forget(record: u32): void {
  discard(record + FRAGMENT_QUEUE, Reason.fragment);
  remove(FRAGMENT_INDEX, record);
  give(FRAGMENT_SLAB, record);
}

/** Whether all fragments of a datagram came. */
export function isComplete(record: u32): bool {
  const end = load<u32>(record, FRAGMENT_END);
  return end != 0 && load<u32>(record, FRAGMENT_CAME) == (end + UNIT - 1) / UNIT;
}

@inline
function bit(record: u32, set: u32, unit: u32): bool {
  return ((load<u8>(record + set + (unit >> 3)) >> <u8>(unit & 7)) & 1) != 0;
}

@inline
function setBit(record: u32, set: u32, unit: u32): void {
  const at = record + set + (unit >> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(unit & 7)));
}

/**
 * Notes that bytes from `offset` on came, with or without `more` behind them. False: they overlap others, and are not
 * the same fragment again, or do not agree with where the datagram ends.
 */
export function cover(record: u32, offset: u32, bytes: u32, more: bool): bool {
  if (!agrees(record, offset + bytes, more)) return false;
  const first = offset / UNIT;
  const end = min(first + (bytes + UNIT - 1) / UNIT, FRAGMENT_BITS_SIZE * 8);
  let came: u32 = 0;
  for (let unit = first; unit < end; unit++) came += u32(bit(record, FRAGMENT_COVERED, unit));
  if (came) return came == end - first && isSame(record, first, end);
  setBit(record, FRAGMENT_STARTS, first);
  for (let unit = first; unit < end; unit++) setBit(record, FRAGMENT_COVERED, unit);
  store<u32>(record, load<u32>(record, FRAGMENT_CAME) + end - first, FRAGMENT_CAME);
  store<u32>(record, max(load<u32>(record, FRAGMENT_REACH), offset + bytes), FRAGMENT_REACH);
  if (!more) store<u32>(record, offset + bytes, FRAGMENT_END);
  // Its identification may come again soon; until then it tells duplicates.
  if (isComplete(record)) store<u32>(record, ticks + COMPLETE_TICKS, FRAGMENT_EXPIRES);
  return true;
}

/** Whether a fragment that ends at `reach` fits to where the datagram ends, as far as that is known. */
function agrees(record: u32, reach: u32, more: bool): bool {
  const end = load<u32>(record, FRAGMENT_END);
  if (more) return end == 0 || reach < end;
  return end ? reach == end : load<u32>(record, FRAGMENT_REACH) <= reach;
}

/** Whether one fragment came that began and ended there. */
function isSame(record: u32, first: u32, end: u32): bool {
  if (!bit(record, FRAGMENT_STARTS, first)) return false;
  for (let unit = first + 1; unit < end; unit++) if (bit(record, FRAGMENT_STARTS, unit)) return false;
  return end == FRAGMENT_BITS_SIZE * 8 || !bit(record, FRAGMENT_COVERED, end) || bit(record, FRAGMENT_STARTS, end);
}

/** Whether a datagram's time is over: then its fragments are looked at no longer. */
@inline
export function isOver(record: u32): bool {
  return <i32>(load<u32>(record, FRAGMENT_EXPIRES) - ticks) <= 0;
}

/** Forgets datagrams whose time is over; what still waits for a first fragment is dropped. */
export function ageFragments(): void {
  const end = highest(FRAGMENT_SLAB);
  for (let number: u32 = 1; number < end; number++) {
    const record = recordAt(FRAGMENT_SLAB, number);
    if (load<u64>(record, FRAGMENT_KEY + 8) == 0 || !isOver(record)) continue;
    forget(record);
  }
}
