// Forward: the verdict on each frame (IEEE 802.1Q 8.6.3). The port where its destination was learned, or all
// members of its VLAN. Only looks; emit acts.

import { FDB_PORT, ITEM_DESTINATION, ITEM_SIZE, WORKER_ITEMS } from "../layout";
import { base, fdbSeed, fdbShift } from "../state";
import { bucketBy, match, portFar, valueAt } from "../table/fdb";
import { VERDICT_SIZE, verdictAt } from "../verdict";

export function forward(count: u32): void {
  const first = base + WORKER_ITEMS;
  const end = first + count * ITEM_SIZE;
  for (let item = forwardMost(first, end); item < end; item = forwardMost(item + ITEM_SIZE, end)) {
    store<u32>(verdictAt(item), portFar(load<u64>(item, ITEM_DESTINATION)));
  }
}

/** Sees to items whose destination is in the bucket where its search begins; returns the first other one, or `end`. */
function forwardMost(from: u32, end: u32): u32 {
  const seed = fdbSeed;
  const shift = fdbShift;
  let verdict = verdictAt(from);
  let item = from;
  for (; item < end; item += ITEM_SIZE) {
    const key = load<u64>(item, ITEM_DESTINATION);
    const bucket = bucketBy(key, seed, shift);
    const matched = match(bucket, key);
    if (matched == 0) break;
    store<u32>(verdict, <u32>load<u16>(valueAt(bucket, matched), FDB_PORT));
    verdict += VERDICT_SIZE;
  }
  return item;
}
