// Mirror in: copies of what enters mirrored ports and VLANs, as it came. (What leaves is copied in egress.ts,
// where its shape is known.) Runs only while there are mirrors.

import { ITEM_LENGTH, ITEM_SHAPE, ITEM_SIZE, SHAPE_PLACE, WORKER_ITEMS } from "../layout";
import { watch } from "../egress";
import { base } from "../state";

export function mirrorIn(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const item = base + WORKER_ITEMS + i * ITEM_SIZE;
    watch(item, i, load<u32>(item, ITEM_LENGTH), load<u32>(item, ITEM_SHAPE) & SHAPE_PLACE);
  }
}
