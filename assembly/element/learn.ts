// Learn: the source of each frame is on the port that it came from (IEEE 802.1Q 8.7). What is known already only
// gets a new stamp; the rest goes the slow way.

import {
  DOMAINS, DOMAIN_SIZE, DOMAIN_SWITCH, FDB_PORT, FDB_STAMP, ITEM_DOMAIN, ITEM_PORT, ITEM_SIZE, ITEM_SOURCE, SWITCHES,
  SWITCH_FLAGS, SWITCH_LEARNING, SWITCH_SIZE, WORKER_ITEMS,
} from "../layout";
import { base, ticks } from "../state";
import { bucketOf, findFar, learnKey, match, valueAt } from "../table/fdb";
import { MAC_MASK, isGroup } from "../wire/ethernet";

export function learn(count: u32): void {
  const end = base + WORKER_ITEMS + count * ITEM_SIZE;
  for (let item = base + WORKER_ITEMS; item < end; item += ITEM_SIZE) {
    const key = load<u64>(item, ITEM_SOURCE);
    const port = <u32>load<u16>(item, ITEM_PORT);
    const bucket = bucketOf(key);
    const matched = match(bucket, key);
    if (matched == 0) {
      learnFar(item, key, port);
      continue;
    }
    const value = valueAt(bucket, matched);
    if (load<u16>(value, FDB_PORT) != port) learnKey(key, port);
    else store<u32>(value, ticks, FDB_STAMP);
  }
}

/** A key that is not in its bucket: a stray, news, or one that is never learned (IEEE 802.1Q 8.7 b). */
function learnFar(item: u32, key: u64, port: u32): void {
  const value = findFar(key);
  if (value && load<u16>(value, FDB_PORT) == port) return store<u32>(value, ticks, FDB_STAMP);
  if (isGroup(key) || (key & MAC_MASK) == 0) return;
  const owner = <u32>load<u16>(DOMAINS + <u32>load<u16>(item, ITEM_DOMAIN) * DOMAIN_SIZE, DOMAIN_SWITCH);
  if (load<u32>(SWITCHES + owner * SWITCH_SIZE, SWITCH_FLAGS) & SWITCH_LEARNING) learnKey(key, port);
}
