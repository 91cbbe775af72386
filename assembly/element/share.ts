// Share: frames for routers go to the worker that has the session of their packet, where that is another one. There
// they are routed as if it had received them, one after the other as they came; router/whose.ts says who that is.

import {
  FLAG_ROUTER, ITEM_HANDED, ITEM_INNER, ITEM_SHAPE, ITEM_SIZE, POP_SHIFT, PORTS, PORTS_MAX, PORT_FLAGS, PORT_SIZE,
  WORKER_ITEMS,
} from "../layout";
import { handOver } from "../router/packet";
import { ownerOf, settled } from "../router/whose";
import { base, self } from "../state";
import { verdictOf } from "../verdict";

export function share(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const port = verdictOf(i);
    if (port >= PORTS_MAX || (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_ROUTER) == 0) continue;
    const item = base + WORKER_ITEMS + i * ITEM_SIZE;
    if ((load<u32>(item, ITEM_SHAPE) >> POP_SHIFT) & (ITEM_INNER | ITEM_HANDED)) continue;
    const owner = ownerOf(i, port);
    if (owner != self) handOver(owner, settled);
  }
}
