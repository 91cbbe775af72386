// Emit: acts on the verdicts. A known destination gets the frame unless the VLAN, isolation or the way back
// forbid it; the others are flooded (IEEE 802.1Q 8.6.3, 8.8.1). Each item's slot is let go of here.

import {
  DESC_SIZE, DESC_TAG, FLAG_ISOLATED, FLAG_TUNNEL, FLAG_UP, FRAME_MAX, ITEM_DESTINATION, ITEM_DOMAIN, ITEM_INNER,
  ITEM_PORT, ITEM_POP, ITEM_SAME, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, ITEM_TAG, LEAVES_NOT, LEAVES_UNTAGGED, MEMBERS,
  MEMBERS_SIZE, POP_SHIFT, PORTS, PORTS_ISOLATED, PORTS_MAX, PORT_FLAGS, PORT_MIRRORS_OUT, PORT_MTU, PORT_SIZE,
  RING_NEXT, RING_SIZE, RING_SLOTS, RING_STOP, SHAPE_PORT, SHAPE_START, SHAPE_UNLIKE, WORKER_ITEMS, WORKER_ROUTES,
} from "../layout";
import { countCopies, dropIn } from "../counters";
import { leavesBy, send, share } from "../egress";
import { hold, release } from "../pool";
import { Reason } from "../reason";
import { base } from "../state";
import { DONE, VERDICT_SIZE, verdictAt } from "../verdict";
import { MAC_MASK, TAG_SIZE, TPID_SERVICE, TYPE_MASK, isOfCustomers, isReserved } from "../wire/ethernet";

const WORD_BITS: u32 = 64;
const CAME: u32 = POP_SHIFT + 2; // the bit of a shape that says that the frame came with a tag

export function emit(count: u32): void {
  const first = base + WORKER_ITEMS;
  const end = first + count * ITEM_SIZE;
  for (let item = emitMost(first, end); item < end; item = emitMost(item + ITEM_SIZE, end)) act(item);
}

/**
 * Acts on what nearly every verdict is: a member of the VLAN, to which the frame goes as it is, with its tag put in or
 * taken out. Returns the first item that is unlike, for which nothing is done, or `end`.
 */
function emitMost(from: u32, end: u32): u32 {
  const routes = base + WORKER_ROUTES;
  let verdict = verdictAt(from);
  let item = from;
  for (; item < end; item += ITEM_SIZE) {
    const port = load<u32>(verdict);
    if (port >= PORTS_MAX) break;
    const shape = load<u32>(item, ITEM_SHAPE);
    if ((shape & SHAPE_UNLIKE) | load<u32>(port * PORT_SIZE, PORTS + PORT_MIRRORS_OUT)) break;
    if ((shape & SHAPE_PORT) == port) break;
    const leaves = leavesBy(port, load<u16>(item, ITEM_DOMAIN));
    if (leaves == LEAVES_NOT) break;
    const placed = load<u64>(item, ITEM_SLOT);
    const came = (shape >> CAME) & 1;
    const payload = <u32>(placed >> 32) - came * TAG_SIZE;
    if (payload > load<u32>(port * PORT_SIZE, PORTS + PORT_MTU)) break;
    if (payload > FRAME_MAX - TAG_SIZE) break; // with a tag it may be longer than any peer takes
    const ring = load<u32>(routes + port * 4);
    const next = load<u32>(ring, RING_NEXT);
    if (next == load<u32>(ring, RING_STOP)) break;
    const gains = <i32>(leaves >> 1) - <i32>came;
    const at = ring + (next & (RING_SIZE - 1)) * DESC_SIZE;
    const insert = load<u32>(item, ITEM_TAG) & <u32>(-gains >> 31);
    const pop = <u32>gains & (TAG_SIZE << POP_SHIFT); // -1 has all bits
    store<u32>(ring, next + 1, RING_NEXT);
    store<u64>(at, placed + (<u64><i64>gains << 34), RING_SLOTS);
    store<u64>(at, (<u64>((shape & SHAPE_START) | pop | port) << 32) | insert, RING_SLOTS + DESC_TAG);
    verdict += VERDICT_SIZE;
  }
  return item;
}

/** Acts on any verdict. */
function act(item: u32): void {
  const port = load<u32>(verdictAt(item));
  const index = (item - base - WORKER_ITEMS) / ITEM_SIZE;
  if (port == DONE) return;
  if (port >= PORTS_MAX) flood(item, index);
  else if (mayPass(item, port)) send(item, index, port);
  else refuse(item, port);
}

@inline
function flagsOf(port: u32): u32 {
  return load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS);
}

/**
 * Whether a port must not have a frame for a tag inside. A frame that names a VLAN behind its own tag leaves
 * without that tag only into a tunnel: elsewhere the next tag would be taken for its VLAN.
 */
@inline
function hidesInner(item: u32, port: u32): bool {
  return (<u32>load<u8>(item, ITEM_POP) & ITEM_INNER) != 0 && (flagsOf(port) & FLAG_TUNNEL) == 0
    && leavesBy(port, load<u16>(item, ITEM_DOMAIN)) == LEAVES_UNTAGGED;
}

function mayPass(item: u32, port: u32): bool {
  const source = <u32>load<u16>(item, ITEM_PORT);
  return port != source && leavesBy(port, load<u16>(item, ITEM_DOMAIN)) != LEAVES_NOT
    && (flagsOf(port) & flagsOf(source) & FLAG_ISOLATED) == 0 && !hidesInner(item, port);
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
  const reserved = isReserved(load<u64>(item, ITEM_DESTINATION) & MAC_MASK) && !crosses(item, source);
  const copies = reserved ? 0 : floodCopies(item, index, source, slot);
  if (copies) countCopies(source, copies - 1);
  else dropIn(source, reserved ? Reason.reservedMac : whyNobody(item, source));
  release(slot);
}

/**
 * Whether a frame for a reserved MAC crosses the switch: it is a customer's, carried in a service VLAN, and its MAC is
 * not one of a provider's bridges. It stays out of sight of all but tunnels and those who get it with its tag.
 */
function crosses(item: u32, source: u32): bool {
  const kept = <u32>load<u8>(item, ITEM_POP) & ITEM_SAME; // it came with the tag of its VLAN
  const service = kept != 0 && (load<u32>(item, ITEM_TAG) & TYPE_MASK) == TPID_SERVICE;
  if ((flagsOf(source) & FLAG_TUNNEL) == 0 && !service) return false;
  if (!isOfCustomers(load<u64>(item, ITEM_DESTINATION))) return false;
  store<u8>(item, load<u8>(item, ITEM_POP) | <u8>ITEM_INNER, ITEM_POP);
  return true;
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
  return (flagsOf(port) & FLAG_UP) != 0 && !hidesInner(item, port);
}

/** Why a flood reached no member: isolation kept it from one, a tag inside from all, or no other is there. */
function whyNobody(item: u32, source: u32): Reason {
  let reason = Reason.samePort;
  for (let word: u32 = 0; word < PORTS_MAX / WORD_BITS; word++) {
    for (let set = audience(item, source, word, ~0); set != 0; set &= set - 1) {
      const port = word * WORD_BITS + <u32>ctz(set);
      if (listens(item, port)) return Reason.isolated;
      if (flagsOf(port) & FLAG_UP) reason = Reason.vlan;
    }
  }
  return reason;
}
