// Learn: the source of each frame is on the port that it came from (IEEE 802.1Q 8.7). What is known, and was seen in
// this tick already, costs one comparison and no store; the rest goes the slow way. Where more MACs are known than the
// nearer caches hold, the buckets that this stage and the next look into are loaded first.

import {
  DOMAINS, DOMAIN_SIZE, DOMAIN_SWITCH, FDB_COUNT, FDB_FLAGS, FDB_PORT, FDB_STAMP, FDB_STATIC, ITEM_DESTINATION,
  ITEM_DOMAIN, ITEM_PORT, ITEM_SIZE, ITEM_SLOT, ITEM_SOURCE, SWITCHES, SWITCH_FLAGS, SWITCH_LEARNING, SWITCH_SIZE,
  WORKER_ITEMS,
} from "../layout";
import { WORKER_TOUCHED } from "../layout-router";
import { dropIn } from "../counters";
import { release } from "../pool";
import { Reason } from "../reason";
import { isInterface } from "../router/gather";
import { base, fdbSeed, fdbShift, ticks } from "../state";
import { bucketBy, find, learnKey, match, valueAt } from "../table/fdb";
import { DONE, setVerdict } from "../verdict";
import { MAC_MASK, isGroup } from "../wire/ethernet";

const FAR_MACS: u32 = 8192; // the buckets of more do not share the second-level cache with the frames
const SEEN_PORT: u64 = 32; // in a value: the port, above the stamp
const SEEN_FLAGS: u64 = 16; // bits above the port, which do not count here

/** A bit for each place of the stretch whose frame was dropped here, as its verdict does not say yet. */
let barred: u64 = 0;

export function learn(count: u32): void {
  barred = 0;
  const end = base + WORKER_ITEMS + count * ITEM_SIZE;
  if (load<u32>(FDB_COUNT) >= FAR_MACS) touch(end);
  for (let item = learnMost(base + WORKER_ITEMS, end); item < end; item = learnMost(item + ITEM_SIZE, end)) {
    refresh(item, load<u64>(item, ITEM_SOURCE));
  }
}

/** Drops a frame that a router is said to have sent, but did not: it came in by a port. */
function bar(item: u32): void {
  dropIn(load<u16>(item, ITEM_PORT), Reason.spoofed);
  release(load<u32>(item, ITEM_SLOT));
  barred |= <u64>1 << ((item - base - WORKER_ITEMS) / ITEM_SIZE);
}

/** Writes the verdicts of what was dropped, once the others have theirs. */
export function passOverBarred(): void {
  for (let places = barred; places != 0; places &= places - 1) setVerdict(<u32>ctz(places), DONE);
}

/** Loads the buckets of all keys up to an item, and does nothing else, so that the cache's misses overlap. */
function touch(end: u32): void {
  const seed = fdbSeed;
  const shift = fdbShift;
  let sum: u64 = 0;
  for (let item = base + WORKER_ITEMS; item < end; item += ITEM_SIZE) {
    sum += load<u64>(bucketBy(load<u64>(item, ITEM_SOURCE), seed, shift))
      + load<u64>(bucketBy(load<u64>(item, ITEM_DESTINATION), seed, shift));
  }
  store<u64>(base, sum, WORKER_TOUCHED); // so that the loads stay
}

/** Skips items of which nothing is to be learned; returns the first other one, or `end`. */
function learnMost(from: u32, end: u32): u32 {
  const seed = fdbSeed;
  const shift = fdbShift;
  const now = <u64>ticks;
  let item = from;
  for (; item < end; item += ITEM_SIZE) {
    const key = load<u64>(item, ITEM_SOURCE);
    const bucket = bucketBy(key, seed, shift);
    const matched = match(bucket, key);
    if (matched == 0) break;
    const seen = (<u64>load<u16>(item, ITEM_PORT) << SEEN_PORT) | now;
    if ((load<u64>(valueAt(bucket, matched)) ^ seen) << SEEN_FLAGS) break;
  }
  return item;
}

/** What is not there, or not as it should be: a MAC not seen yet in this tick, elsewhere, or not known. */
function refresh(item: u32, key: u64): void {
  const port = <u32>load<u16>(item, ITEM_PORT);
  const value = find(key);
  if (value && load<u16>(value, FDB_PORT) == port) return store<u32>(value, ticks, FDB_STAMP);
  if (value && (load<u8>(value, FDB_FLAGS) & FDB_STATIC)) { // not worth the lock
    if (isInterface(load<u16>(value, FDB_PORT))) bar(item);
    return;
  }
  if (isGroup(key) || (key & MAC_MASK) == 0) return; // IEEE 802.1Q 8.7 b
  const owner = <u32>load<u16>(DOMAINS + <u32>load<u16>(item, ITEM_DOMAIN) * DOMAIN_SIZE, DOMAIN_SWITCH);
  if (load<u32>(SWITCHES + owner * SWITCH_SIZE, SWITCH_FLAGS) & SWITCH_LEARNING) learnKey(key, port);
}
