// Forward: the verdict on each frame (IEEE 802.1Q 8.6.3). The port where its destination was learned, or all
// members of its VLAN. Only looks; emit acts.

import { FDB_PORT, ITEM_DESTINATION, ITEM_SIZE, WORKER_ITEMS } from "../layout";
import { base } from "../state";
import { bucketOf, findFar, match, valueAt } from "../table/fdb";
import { FLOOD, setVerdict } from "../verdict";
import { isGroup } from "../wire/ethernet";

export function forward(count: u32): void {
  let item = base + WORKER_ITEMS;
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(item, ITEM_DESTINATION);
    const bucket = bucketOf(key);
    const matched = match(bucket, key);
    setVerdict(i, matched ? <u32>load<u16>(valueAt(bucket, matched), FDB_PORT) : forwardFar(key));
    item += ITEM_SIZE;
  }
}

function forwardFar(key: u64): u32 {
  const value = isGroup(key) ? 0 : findFar(key);
  return value ? <u32>load<u16>(value, FDB_PORT) : FLOOD;
}
