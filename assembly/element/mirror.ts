// Mirror in: copies of what enters mirrored ports and VLANs, as it came. (What leaves is copied in egress.ts,
// where its shape is known.) Runs only while there are mirrors.

import {
  DOMAINS, DOMAIN_MIRRORS, DOMAIN_SIZE, ITEM_DOMAIN, ITEM_LENGTH, ITEM_PORT, ITEM_SHAPE, ITEM_SIZE, PORTS,
  PORT_MIRRORS_IN, PORT_SIZE, SHAPE_PLACE, WORKER_ITEMS, WORKER_MIRRORED,
} from "../layout";
import { copy } from "../egress";
import { base } from "../state";

export function mirrorIn(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const item = base + WORKER_ITEMS + i * ITEM_SIZE;
    store<u32>(base + WORKER_MIRRORED + i * 4, 0);
    const wanted = load<u32>(PORTS + <u32>load<u16>(item, ITEM_PORT) * PORT_SIZE, PORT_MIRRORS_IN)
      | load<u32>(DOMAINS + <u32>load<u16>(item, ITEM_DOMAIN) * DOMAIN_SIZE, DOMAIN_MIRRORS);
    if (wanted) copy(wanted, item, i, load<u32>(item, ITEM_LENGTH), 0, load<u32>(item, ITEM_SHAPE) & SHAPE_PLACE);
  }
}
