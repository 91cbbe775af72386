// Emit: acts on the verdicts. A known destination gets the frame unless the VLAN, isolation or the way back
// forbid it; the others are flooded (IEEE 802.1Q 8.6.3, 8.8.1). Each item's slot is let go of here.

import {
  FLAG_ACCESS, FLAG_ISOLATED, FLAG_UP, ITEM_DESTINATION, ITEM_DOMAIN, ITEM_INNER, ITEM_PORT, ITEM_POP, ITEM_SIZE,
  ITEM_SLOT, MEMBERS, MEMBERS_SIZE, PORTS, PORTS_ISOLATED, PORTS_MAX, PORT_FLAGS, PORT_SIZE, WORKER_ITEMS,
} from "../layout";
import { countCopies, dropIn } from "../counters";
import { send } from "../egress";
import { hold, release } from "../pool";
import { Reason } from "../reason";
import { base } from "../state";
import { DONE, verdictOf } from "../verdict";
import { isReserved, MAC_MASK } from "../wire/ethernet";

const WORD_BITS: u32 = 64;

export function emit(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const item = base + WORKER_ITEMS + i * ITEM_SIZE;
    const port = verdictOf(i);
    if (port == DONE) continue;
    if (port >= PORTS_MAX) flood(item, i);
    else if (mayPass(item, port)) send(item, i, port);
    else refuse(item, port);
  }
}

@inline
function flagsOf(port: u32): u32 {
  return load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS);
}

@inline
function isMember(port: u32, domain: u32): u32 {
  return (<u32>load<u8>(MEMBERS + domain * MEMBERS_SIZE + (port >> 3)) >> (port & 7)) & 1;
}

/** Customers' tags do not reach access ports: whoever sits there could not tell them from the network's. */
@inline
function hidesInner(item: u32, flags: u32): u32 {
  return (<u32>load<u8>(item, ITEM_POP) & ITEM_INNER) * (flags & FLAG_ACCESS);
}

@inline
function mayPass(item: u32, port: u32): bool {
  const source = <u32>load<u16>(item, ITEM_PORT);
  const flags = flagsOf(port);
  const refused = u32(port == source) | (isMember(port, load<u16>(item, ITEM_DOMAIN)) ^ 1)
    | (flags & flagsOf(source) & FLAG_ISOLATED) | hidesInner(item, flags);
  return refused == 0;
}

/** Drops a frame whose destination is known but may not have it, and says why. */
function refuse(item: u32, port: u32): void {
  const source = <u32>load<u16>(item, ITEM_PORT);
  const isolated = flagsOf(port) & flagsOf(source) & FLAG_ISOLATED;
  dropIn(source, port == source ? Reason.samePort : isolated ? Reason.isolated : Reason.vlan);
  release(load<u32>(item, ITEM_SLOT));
}

function flood(item: u32, index: u32): void {
  const source = <u32>load<u16>(item, ITEM_PORT);
  const slot = load<u32>(item, ITEM_SLOT);
  const reserved = isReserved(load<u64>(item, ITEM_DESTINATION) & MAC_MASK);
  const copies = reserved ? 0 : floodCopies(item, index, source, slot);
  if (copies) countCopies(source, copies - 1);
  else dropIn(source, reserved ? Reason.reservedMac : isCutOff(item, source) ? Reason.isolated : Reason.samePort);
  release(slot);
}

/** Sends a copy to every other member that is up; returns how many. */
function floodCopies(item: u32, index: u32, source: u32, slot: u32): u32 {
  let copies: u32 = 0;
  for (let word: u32 = 0; word < PORTS_MAX / WORD_BITS; word++) {
    for (let set = audience(item, source, word, 0); set != 0; set &= set - 1) {
      const port = word * WORD_BITS + <u32>ctz(set);
      if (!listens(item, port)) continue;
      hold(slot);
      send(item, index, port);
      copies++;
    }
  }
  return copies;
}

/** The members of a frame's VLAN that may have it, 64 ports a word; `isolated` all ones keeps isolated ones in. */
@inline
function audience(item: u32, source: u32, word: u32, isolated: u64): u64 {
  let set = load<u64>(MEMBERS + <u32>load<u16>(item, ITEM_DOMAIN) * MEMBERS_SIZE + word * 8);
  if (flagsOf(source) & FLAG_ISOLATED) set &= ~load<u64>(PORTS_ISOLATED + word * 8) | isolated;
  if (source / WORD_BITS == word) set &= ~(<u64>1 << (source % WORD_BITS));
  return set;
}

/** Whether a member takes a flooded frame: its link is up, and it may see what is inside. */
@inline
function listens(item: u32, port: u32): bool {
  const flags = flagsOf(port);
  return (flags & FLAG_UP) != 0 && hidesInner(item, flags) == 0;
}

/** Whether only isolation kept a frame, which reached nobody, from a member that would have taken it. */
function isCutOff(item: u32, source: u32): bool {
  for (let word: u32 = 0; word < PORTS_MAX / WORD_BITS; word++) {
    for (let set = audience(item, source, word, ~0); set != 0; set &= set - 1) {
      if (listens(item, word * WORD_BITS + <u32>ctz(set))) return true;
    }
  }
  return false;
}
