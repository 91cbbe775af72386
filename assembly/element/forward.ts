// Forward: the verdict on each frame (IEEE 802.1Q 8.6.3). The port where its destination was learned, or all
// members of its VLAN. Only looks; emit acts.

import { ITEM_DESTINATION, ITEM_SIZE, WORKER_ITEMS, WORKER_VERDICTS } from "../layout";
import { base } from "../state";
import { portOf } from "../table/fdb";
import { VERDICT_SIZE } from "../verdict";

export function forward(count: u32): void {
  let verdict = base + WORKER_VERDICTS;
  const end = base + WORKER_ITEMS + count * ITEM_SIZE;
  for (let item = base + WORKER_ITEMS; item < end; item += ITEM_SIZE) {
    store<u32>(verdict, portOf(load<u64>(item, ITEM_DESTINATION)));
    verdict += VERDICT_SIZE;
  }
}
