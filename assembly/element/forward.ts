// Forward: the verdict on each frame (IEEE 802.1Q 8.6.3). The port where its destination was learned, or all
// members of its VLAN. Only looks; emit acts.

import { ITEM_DESTINATION, ITEM_SIZE, WORKER_ITEMS } from "../layout";
import { base } from "../state";
import { portOf } from "../table/fdb";
import { setVerdict } from "../verdict";

export function forward(count: u32): void {
  let item = base + WORKER_ITEMS;
  for (let i: u32 = 0; i < count; i++) {
    setVerdict(i, portOf(load<u64>(item, ITEM_DESTINATION)));
    item += ITEM_SIZE;
  }
}
