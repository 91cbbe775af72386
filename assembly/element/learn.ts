// Learn: the source of each frame is on the port that it came from (IEEE 802.1Q 8.7). What is known, and was seen in
// this tick already, costs one comparison and no store; the rest goes the slow way.

import {
  DOMAINS, DOMAIN_SIZE, DOMAIN_SWITCH, FDB_FLAGS, FDB_PORT, FDB_STAMP, FDB_STATIC, ITEM_DOMAIN, ITEM_PORT, ITEM_SIZE,
  ITEM_SOURCE, SWITCHES, SWITCH_FLAGS, SWITCH_LEARNING, SWITCH_SIZE, WORKER_ITEMS,
} from "../layout";
import { base, ticks } from "../state";
import { bucketOf, find, learnKey, match, valueAt } from "../table/fdb";
import { MAC_MASK, isGroup } from "../wire/ethernet";

const SEEN_PORT: u64 = 32; // in a value: the port, above the stamp
const SEEN_FLAGS: u64 = 16; // bits above the port, which do not count here

export function learn(count: u32): void {
  const end = base + WORKER_ITEMS + count * ITEM_SIZE;
  for (let item = base + WORKER_ITEMS; item < end; item += ITEM_SIZE) {
    const key = load<u64>(item, ITEM_SOURCE);
    const bucket = bucketOf(key);
    const matched = match(bucket, key);
    const seen = (<u64>load<u16>(item, ITEM_PORT) << SEEN_PORT) | ticks;
    if (matched == 0) refresh(item, key);
    else if ((load<u64>(valueAt(bucket, matched)) ^ seen) << SEEN_FLAGS) refresh(item, key);
  }
}

/** What is not there, or not as it should be: a MAC not seen yet in this tick, elsewhere, or not known. */
function refresh(item: u32, key: u64): void {
  const port = <u32>load<u16>(item, ITEM_PORT);
  const value = find(key);
  if (value && load<u16>(value, FDB_PORT) == port) return store<u32>(value, ticks, FDB_STAMP);
  if (value && (load<u8>(value, FDB_FLAGS) & FDB_STATIC)) return; // spoofed: not worth the lock
  if (isGroup(key) || (key & MAC_MASK) == 0) return; // IEEE 802.1Q 8.7 b
  const owner = <u32>load<u16>(DOMAINS + <u32>load<u16>(item, ITEM_DOMAIN) * DOMAIN_SIZE, DOMAIN_SWITCH);
  if (load<u32>(SWITCHES + owner * SWITCH_SIZE, SWITCH_FLAGS) & SWITCH_LEARNING) learnKey(key, port);
}
