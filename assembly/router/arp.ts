// ARP of a router: answers for its addresses, questions of its own, and what it learns from both. Only those that the
// router asked, or that ask the router, get into its table; others may only correct what stands there. Read RFC 826,
// RFC 5227 1.1 (probes, announcements).

import {
  INTERFACE_ADDRESS, INTERFACE_FLAGS, INTERFACE_MASK, INTERFACE_SOURCE, INTERFACE_UPLINK, NEIGHBOR_DESTINATION,
  NEIGHBOR_KEY, NEIGHBOR_PORT, NEIGHBOR_QUEUE, READY,
} from "../layout-router";
import {
  FDB_FLAGS, FDB_PORT, FDB_STATIC, ITEM_HANDED, ITEM_LENGTH, ITEM_PORT, ITEM_SHAPE, ITEM_SLOT, ITEM_WAITED, POP_SHIFT,
} from "../layout";
import { countCopies } from "../counters";
import { hand } from "../egress";
import { hold } from "../pool";
import { Reason } from "../reason";
import { self, shard, workers } from "../state";
import { find } from "../table/fdb";
import { asks, asksAll, confirm, dispute, findNeighbor, neighborOf } from "../table/neighbor";
import { outsideIndexOf } from "../table/outside";
import { firstOf } from "../table/queue";
import {
  ARP_OPERATION, ARP_REPLY, ARP_REQUEST, ARP_SENDER, ARP_SENDER_MAC, ARP_SIZE, ARP_TARGET, TYPE_ARP, isArp, putArp,
} from "../wire/arp";
import { HEADER_SIZE, MAC_MASK, TYPE, isGroup } from "../wire/ethernet";
import { isUnicast } from "../wire/ipv4";
import { goBack } from "./icmp";
import { leave } from "./leave";
import {
  absorb, accept, drop, entry, frame, index, item, keep, own as makeOwn, packet, pend, port, renew, resize, router,
  size, take, wasHanded,
} from "./packet";

const FRAME_SIZE: u32 = HEADER_SIZE + ARP_SIZE;
const SHAPE_WAITED: u32 = ITEM_WAITED << POP_SHIFT;

/** What the ARP packet at hand says or asks. */
export function receiveArp(): void {
  if (size < ARP_SIZE) return drop(Reason.malformed);
  if (!isArp(packet)) return absorb();
  const mac = load<u64>(packet, ARP_SENDER_MAC) & MAC_MASK;
  const own = load<u64>(entry, INTERFACE_SOURCE) & MAC_MASK;
  const sender = load<u32>(packet, ARP_SENDER);
  const target = load<u32>(packet, ARP_TARGET);
  if (isGroup(mac) || mac == 0 || mac == own || isOwn(sender) || isElsewhere(mac)) return drop(Reason.spoofed);
  const asked = load<u16>(packet, ARP_OPERATION) == ARP_REQUEST && isOwn(target);
  if (!takeWaited()) {
    if (workers > 1 && !wasHanded() && !tellOthers()) return;
    if (isAwaited(sender) && waitBehind()) return;
  }
  const disputed = learn(sender, mac, asked);
  if (!asked || wasHanded()) {
    absorb();
    if (disputed && asks(disputed)) ask(disputed);
    return;
  }
  if (!makeOwn()) return;
  accept();
  putArp(packet, ARP_REPLY, own, target, mac, sender);
  resize(ARP_SIZE);
  goBack();
}

/** Whether frames wait for what the packet at hand says of its sender. */
function isAwaited(sender: u32): bool {
  const neighbor = findNeighbor(port, sender);
  return neighbor != 0 && firstOf(neighbor + NEIGHBOR_QUEUE) != 0;
}

/**
 * Has the packet at hand come again once the batch is through: what stands behind it there and is for its sender has to
 * wait, too, or it would overtake what waits already. False: there is no room for it to wait.
 */
function waitBehind(): bool {
  store<u32>(item, load<u32>(item, ITEM_SHAPE) | SHAPE_WAITED, ITEM_SHAPE);
  if (pend(shard + READY)) return true;
  takeWaited();
  return false;
}

/** Whether it has come again so; from now on it is like any other. */
function takeWaited(): bool {
  const shape = load<u32>(item, ITEM_SHAPE);
  store<u32>(item, shape & ~SHAPE_WAITED, ITEM_SHAPE);
  return (shape & SHAPE_WAITED) != 0;
}

/** Lets the other workers learn, too: each has neighbors of its own. False: no slot, and the packet was dropped. */
function tellOthers(): bool {
  if (!keep()) return false;
  const slot = load<u32>(item, ITEM_SLOT);
  const shape = load<u32>(item, ITEM_SHAPE) | (ITEM_HANDED << POP_SHIFT);
  countCopies(port, workers - 1);
  for (let other: u32 = 0; other < workers; other++) {
    if (other == self) continue;
    hold(slot);
    hand(other, port, slot, load<u32>(item, ITEM_LENGTH), shape);
  }
  return true;
}

/** Whether the configuration says of a MAC that it is at another port than the one by which the packet at hand came. */
function isElsewhere(mac: u64): bool {
  const came = <u32>load<u16>(item, ITEM_PORT);
  const value = find(mac | (load<u64>(entry, INTERFACE_SOURCE) & ~MAC_MASK));
  const isFixed = value != 0 && (load<u8>(value, FDB_FLAGS) & FDB_STATIC) != 0;
  return isFixed && came != port && <u32>load<u16>(value, FDB_PORT) != came; // `port`: another router's, who knows
}

/** Whether an address is the interface's, or one of the outside addresses that it stands for. */
export function isOwn(address: u32): bool {
  if (address == 0) return false;
  if (address == load<u32>(entry, INTERFACE_ADDRESS)) return true;
  return (load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK) != 0 && outsideIndexOf(router, address) >= 0;
}

/**
 * Learns where the sender is, unless another host has its address and has not been asked yet whether it is still
 * there: that neighbor is returned; else 0.
 */
function learn(sender: u32, mac: u64, asked: bool): u32 {
  if (!isUnicast(sender)) return 0; // also a probe, whose sender has no address yet
  const strange = (sender ^ load<u32>(entry, INTERFACE_ADDRESS)) & load<u32>(entry, INTERFACE_MASK);
  const neighbor = asked && !strange ? neighborOf(port, sender, true) : findNeighbor(port, sender);
  if (neighbor == 0) return 0;
  if (dispute(neighbor, mac)) return neighbor;
  confirm(neighbor, mac);
  return 0;
}

/** The packet at hand has been seen to; a question about a neighbor takes its place in the batch. */
export function ask(neighbor: u32): void {
  askAt(index, neighbor);
}

/** Puts a question about a neighbor at a place of the batch where nothing is. False: no slot. */
export function askAt(place: u32, neighbor: u32): bool {
  take(place, load<u32>(neighbor, NEIGHBOR_PORT));
  if (!renew(FRAME_SIZE)) return false;
  const destination = asksAll(neighbor) ? broadcast() : load<u64>(neighbor, NEIGHBOR_DESTINATION);
  request(<u32>load<u64>(neighbor, NEIGHBOR_KEY), destination);
  return true;
}

/** Puts an announcement of an interface's address at a place of the batch (RFC 5227 2.3). False: no slot. */
export function announceAt(place: u32, to: u32, address: u32): bool {
  take(place, to);
  if (!renew(FRAME_SIZE)) return false;
  requestFrom(address, address, broadcast());
  return true;
}

function request(target: u32, destination: u64): void {
  requestFrom(load<u32>(entry, INTERFACE_ADDRESS), target, destination);
}

function requestFrom(sender: u32, target: u32, destination: u64): void {
  store<u16>(frame, TYPE_ARP, TYPE);
  putArp(packet, ARP_REQUEST, load<u64>(entry, INTERFACE_SOURCE), sender, 0, target);
  leave(item, index, frame, port, destination);
}

function broadcast(): u64 {
  return load<u64>(entry, INTERFACE_SOURCE) | MAC_MASK;
}
