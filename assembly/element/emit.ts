// Emit: acts on the verdicts. A known destination gets the frame unless the VLAN, isolation or the way back
// forbid it; the others are flooded (IEEE 802.1Q 8.6.3, 8.8.1). Each item's slot is let go of here.

import {
  DESC_TAG, FLAG_ACCESS, FLAG_ISOLATED, FLAG_UP, FRAME_MAX, ITEM_DESTINATION, ITEM_DOMAIN, ITEM_INNER, ITEM_LENGTH,
  ITEM_PORT, ITEM_POP, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, ITEM_TAG, LEAVES_NOT, MEMBERS, MEMBERS_SIZE, POP_SHIFT, PORTS,
  PORTS_ISOLATED, PORTS_MAX, PORT_FLAGS, PORT_MIRRORS_OUT, PORT_MTU, PORT_SIZE, SHAPE_PORT, SHAPE_START, SHAPE_UNLIKE,
  WORKER_ITEMS, WORKER_VERDICTS,
} from "../layout";
import { countCopies, dropIn } from "../counters";
import { leavesBy, send, share } from "../egress";
import { hold, release } from "../pool";
import { Reason } from "../reason";
import { isStopped, push, routeTo } from "../ring";
import { base } from "../state";
import { DONE, VERDICT_SIZE } from "../verdict";
import { isReserved, MAC_MASK, TAG_SIZE } from "../wire/ethernet";

const WORD_BITS: u32 = 64;

export function emit(count: u32): void {
  let item = base + WORKER_ITEMS;
  const end = item + count * ITEM_SIZE;
  let verdict = base + WORKER_VERDICTS;
  for (; item < end; item += ITEM_SIZE) {
    actOnMost(item, verdict);
    verdict += VERDICT_SIZE;
  }
}

const CAME: u32 = POP_SHIFT + 2; // the bit of a shape that says that the frame came with a tag

/**
 * Acts on what nearly every verdict is: a member of the VLAN, to which the frame goes as it is, with its tag put in or
 * taken out. Until that is sure nothing is done; then nothing is called, so that all stays in registers.
 */
@inline
function actOnMost(item: u32, verdict: u32): void {
  const port = load<u32>(verdict);
  if (port >= PORTS_MAX) return act(item, verdict);
  const shape = load<u32>(item, ITEM_SHAPE);
  const record = PORTS + port * PORT_SIZE;
  if ((shape & SHAPE_UNLIKE) | load<u32>(record, PORT_MIRRORS_OUT)) return act(item, verdict);
  if ((shape & SHAPE_PORT) == port) return act(item, verdict);
  const leaves = leavesBy(port, load<u16>(item, ITEM_DOMAIN));
  if (leaves == LEAVES_NOT) return act(item, verdict);
  const ring = routeTo(port);
  if (isStopped(ring)) return act(item, verdict);
  const came = (shape >> CAME) & 1;
  const goes = leaves >> 1;
  const payload = load<u32>(item, ITEM_LENGTH) - came * TAG_SIZE;
  if (payload > load<u32>(record, PORT_MTU)) return act(item, verdict);
  const length = payload + goes * TAG_SIZE;
  if (length > FRAME_MAX) return act(item, verdict); // with its tag it may be longer than any peer takes
  const insert = load<u32>(item, ITEM_TAG) & <u32>(<i32>(came - goes) >> 31);
  const pop = (came & ~goes) << CAME;
  const at = push(ring);
  store<u64>(at, (<u64>length << 32) | load<u32>(item, ITEM_SLOT));
  store<u64>(at, (<u64>((shape & SHAPE_START) | pop | port) << 32) | insert, DESC_TAG);
}

/** Acts on any verdict. */
function act(item: u32, verdict: u32): void {
  const port = load<u32>(verdict);
  const index = (verdict - base - WORKER_VERDICTS) / VERDICT_SIZE;
  if (port == DONE) return;
  if (port >= PORTS_MAX) flood(item, index);
  else if (mayPass(item, port)) send(item, index, port);
  else refuse(item, port);
}

@inline
function flagsOf(port: u32): u32 {
  return load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS);
}

/** Customers' tags do not reach access ports: whoever sits there could not tell them from the network's. */
@inline
function hidesInner(item: u32, flags: u32): u32 {
  return (<u32>load<u8>(item, ITEM_POP) & ITEM_INNER) * (flags & FLAG_ACCESS);
}

function mayPass(item: u32, port: u32): bool {
  const source = <u32>load<u16>(item, ITEM_PORT);
  const flags = flagsOf(port);
  return port != source && leavesBy(port, load<u16>(item, ITEM_DOMAIN)) != LEAVES_NOT
    && (flags & flagsOf(source) & FLAG_ISOLATED) == 0 && hidesInner(item, flags) == 0;
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
  share(item);
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
