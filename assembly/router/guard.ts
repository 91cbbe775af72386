// Guard: ARP from one host to others must not claim an address of a router of their network (RFC 826 has no way to tell
// who lies): it would draw to its sender what is for the router. Such a frame is dropped where it entered, and reaches
// neither a neighbor nor the router. ARP is rare: whoever calls has seen that the frame holds it.

import {
  ITEM_DOMAIN, ITEM_LENGTH, ITEM_PORT, ITEM_SIZE, ITEM_SLOT, MEMBERS, MEMBERS_SIZE, PORTS_MAX, WORKER_ITEMS,
} from "../layout";
import { dropIn } from "../counters";
import { release } from "../pool";
import { Reason } from "../reason";
import { base } from "../state";
import { DONE, setVerdict } from "../verdict";
import { ARP_SENDER, ARP_SIZE } from "../wire/arp";
import { isOwn } from "./arp";
import { isInterface } from "./gather";
import { frame, packet, take } from "./packet";

const WORD_BITS: u32 = 64;

/** Drops a frame with ARP, which is switched, if its sender says that it has an address of a router. */
export function guard(item: u32): void {
  const place = (item - base - WORKER_ITEMS) / ITEM_SIZE;
  const members = MEMBERS + <u32>load<u16>(item, ITEM_DOMAIN) * MEMBERS_SIZE;
  for (let word: u32 = 0; word < PORTS_MAX / WORD_BITS; word++) {
    for (let set = load<u64>(members + word * 8); set != 0; set &= set - 1) {
      const port = word * WORD_BITS + <u32>ctz(set);
      if (isInterface(port) && claims(item, place, port)) return refuse(item, place);
    }
  }
}

/** Whether the sender says that it has an address of the router's interface at `port`. */
function claims(item: u32, place: u32, port: u32): bool {
  take(place, port);
  if (load<u32>(item, ITEM_LENGTH) < packet - frame + ARP_SIZE) return false;
  return isOwn(load<u32>(packet, ARP_SENDER));
}

function refuse(item: u32, place: u32): void {
  dropIn(load<u16>(item, ITEM_PORT), Reason.spoofed);
  release(load<u32>(item, ITEM_SLOT));
  setVerdict(place, DONE);
}
