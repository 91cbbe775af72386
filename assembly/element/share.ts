// Share: frames for routers go to the worker that has the session of their packet, where that is another one. There
// they are routed as if it had received them, one after the other as they came; router/whose.ts says who that is.

import {
  FLAG_ROUTER, ITEM_HANDED, ITEM_INNER, ITEM_LENGTH, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, POP_SHIFT, PORTS, PORTS_MAX,
  PORT_FLAGS, PORT_SIZE, SHAPE_SOLE, WORKER_ITEMS,
} from "../layout";
import { hand } from "../egress";
import { isOwn } from "../pool";
import { detach, lend } from "../router/packet";
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
    if (owner != self) give(item, port, owner);
  }
}

/** Gives the item at hand, which is for the interface of a port, to another worker. */
function give(item: u32, port: u32, worker: u32): void {
  if (!lend(worker)) return;
  const sole = isOwn(load<u32>(item, ITEM_SLOT)) ? SHAPE_SOLE : 0;
  const shape = load<u32>(item, ITEM_SHAPE) | (settled ? ITEM_HANDED << POP_SHIFT : 0) | sole;
  hand(worker, port, load<u32>(item, ITEM_SLOT), load<u32>(item, ITEM_LENGTH), shape);
  detach();
}
