// Around: what an inside host sends to an outside address whose port another worker has is translated here, and comes
// to that worker as if from the outside, and so does the answer. To the hosts it is one router (RFC 4787 REQ-9): the
// TTL is counted down once, and the far end sees the outside endpoint of who sends. A flag that no frame of a port can
// have says that it was this router that sent it.

import {
  ITEM_LENGTH, ITEM_POP_MASK, ITEM_ROUND, ITEM_SHAPE, ITEM_SHARED, ITEM_SLOT, ITEM_SOLE, POP_SHIFT, START_SHIFT,
} from "../layout";
import {
  HALF_ADDRESSES, HALF_NEIGHBOR, INTERFACE_FLAGS, INTERFACE_UPLINK, READY, ROUTER_UPLINK,
} from "../layout-router";
import { countRx, dropOut } from "../counters";
import { release } from "../pool";
import { Reason } from "../reason";
import { counters, shard } from "../state";
import { outsideIndexOf } from "../table/outside";
import { append } from "../table/queue";
import { TTL_DELTA, updated } from "../wire/checksum";
import { HEADER_SIZE } from "../wire/ethernet";
import { IP_CHECKSUM, IP_TTL } from "../wire/ipv4";
import { detach, entry, frame, item, packet, router } from "./packet";

const SHAPE_KEPT: u32 = ((ITEM_POP_MASK | ITEM_SHARED | ITEM_SOLE) << POP_SHIFT) | (0xff << START_SHIFT);
const COUNTED: u32 = ~TTL_DELTA & 0xffff; // what counting the TTL up adds to the sum of a header

/** Whether packets of a half go around. */
export function goesRound(half: u32): bool {
  if (load<u32>(half, HALF_NEIGHBOR) || load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK) return false;
  return outsideIndexOf(router, load<u32>(half, HALF_ADDRESSES + 4)) >= 0;
}

/** Whether the packet at hand has come around. */
export function cameRound(): bool {
  return ((load<u32>(item, ITEM_SHAPE) >> POP_SHIFT) & ITEM_ROUND) != 0;
}

/** Sends the packet at hand, which has been translated, around. */
export function goRound(): void {
  store<u8>(packet, load<u8>(packet, IP_TTL) + 1, IP_TTL);
  store<u16>(packet, <u16>updated(load<u16>(packet, IP_CHECKSUM), COUNTED), IP_CHECKSUM);
  sendRound();
}

/** The same for one that was made here. */
export function sendRound(): void {
  const uplink = load<u32>(router, ROUTER_UPLINK);
  const slot = load<u32>(item, ITEM_SLOT);
  const length = load<u32>(item, ITEM_LENGTH);
  const shape = (load<u32>(item, ITEM_SHAPE) & SHAPE_KEPT) | (ITEM_ROUND << POP_SHIFT) | uplink;
  countRx(counters, uplink, length - (packet - frame - HEADER_SIZE));
  if (!append(shard + READY, slot, length, shape, uplink)) {
    dropOut(uplink, Reason.noBuffer);
    release(slot);
  }
  detach();
}
