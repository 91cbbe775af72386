// Whose a packet is: where there are several workers, each has the sessions of its own inside hosts (table/owner.ts),
// and a packet that is translated is routed by the worker that has its session. From the inside its source says which,
// from the outside the port that it is for, and of an ICMP error the packet that it quotes. A fragment behind the first
// has no ports: one worker for each datagram, whoever gets its fragments, notes where the first one went, and keeps
// those that come before it. What is not translated is anybody's. Only looks: receive.ts decides, and checks it all.

import {
  FRAGMENT_OWNER, FRAGMENT_QUEUE, INTERFACE_ADDRESS, INTERFACE_FLAGS, INTERFACE_UPLINK, OUTSIDE_INSIDE, ROUTER_FLAGS,
  ROUTER_NAT, ROUTER_UPLINK,
} from "../layout-router";
import { self } from "../state";
import { fragmentOf, knownFragment } from "../table/fragment";
import { outsideAt, outsideIndexOf } from "../table/outside";
import { beginnerOf, fallsTo, ownerOfHost, ownerOfPort } from "../table/owner";
import { ready } from "../table/queue";
import { portOf } from "../table/route";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_DESTINATION, IP_FRAGMENT, IP_ID, IP_PROTOCOL, IP_SOURCE, OFFSET_MASK, TYPE_IPV4,
} from "../wire/ipv4";
import { ICMP_SIZE } from "../wire/l4";
import { isErrorMessage } from "./embedded";
import { entry, measure, packet, payload, protocol, rest, router, take, typeOf, wasGroup } from "./packet";
import { routeTo } from "./resolve";
import { addressesOf, portsAt, scope } from "./tuple";

const QUOTED_MIN: u32 = ICMP_SIZE + IPV4_SIZE;

/** Whether the worker that was found routes the packet itself, and does not ask whose it is once more. */
export let settled: bool = true;

/** The worker that is to route the item at `place`, which came to the interface of a port. */
export function ownerOf(place: u32, port: u32): u32 {
  settled = true;
  take(place, port);
  const translates = (load<u32>(router, ROUTER_FLAGS) & ROUTER_NAT) != 0 && load<u32>(entry, INTERFACE_ADDRESS) != 0;
  if (!translates || typeOf() != TYPE_IPV4 || wasGroup() || !measure()) return self;
  return load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK ? fromOutside() : fromInside();
}

/** The worker that has a port (as on the wire) of an outside address; nobody's is this one's. */
export function ownerOfOutside(index: u32, kind: u32, port: u32): u32 {
  const owner = ownerOfPort(index, kind, bswap<u16>(<u16>port));
  if (owner >= 0) return owner;
  const inside = load<u32>(outsideAt(index), OUTSIDE_INSIDE);
  const known = inside ? ownerOfHost(inside) : -1;
  return known < 0 ? self : known;
}

function fromInside(): u32 {
  const host = isErrorHere() ? load<u32>(payload + ICMP_SIZE, IP_DESTINATION) : load<u32>(packet, IP_SOURCE);
  const owner = ownerOfHost(host);
  if (owner == self || !leavesInside(load<u32>(packet, IP_DESTINATION))) return self;
  return owner < 0 ? beginnerOf() : owner;
}

/** Whether a packet for an address is translated: by the uplink, or to an outside address. */
function leavesInside(destination: u32): bool {
  if (outsideIndexOf(router, destination) >= 0) return true;
  const route = routeTo(destination);
  return route != 0 && portOf(route) == load<u32>(router, ROUTER_UPLINK);
}

function fromOutside(): u32 {
  const index = outsideIndexOf(router, load<u32>(packet, IP_DESTINATION));
  if (index < 0) return self;
  if (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) return ownerOfFragment(<u32>index);
  return isErrorHere() ? ownerOfQuoted() : ownerOfPacket(<u32>index);
}

function ownerOfPacket(index: u32): u32 {
  return ownerOfOutside(index, protocol, portsAt(payload, protocol) >> 16);
}

/** Whether the packet at hand is an ICMP error that quotes the header of another. */
function isErrorHere(): bool {
  return (load<u16>(packet, IP_FRAGMENT) & OFFSET_MASK) == 0 && isErrorMessage() && rest >= QUOTED_MIN;
}

/** The worker of what the error at hand quotes: a packet that left by the outside address that is its source. */
function ownerOfQuoted(): u32 {
  const quoted = payload + ICMP_SIZE;
  const index = outsideIndexOf(router, load<u32>(quoted, IP_SOURCE));
  if (index < 0) return self;
  const kind = <u32>load<u8>(quoted, IP_PROTOCOL);
  return ownerOfOutside(<u32>index, kind, portsAt(quoted + (<u32>load<u8>(quoted) & 15) * 4, kind) & 0xffff);
}

/** The worker of a fragment from outside: whoever keeps its datagram in mind, or, known to that one, its session's. */
function ownerOfFragment(index: u32): u32 {
  const addresses = addressesOf(packet);
  const identity = (<u64>scope() << 40) | (<u64>protocol << 32) | load<u16>(packet, IP_ID);
  const keeper = fallsTo(<u32>addresses ^ <u32>(addresses >> 32) ^ (<u32>identity << 8));
  if (keeper != self) {
    settled = false;
    return keeper;
  }
  const known = knownFragment(addresses, identity);
  const owner = known ? load<u32>(known, FRAGMENT_OWNER) : 0;
  if (owner) return owner - 1;
  if (load<u16>(packet, IP_FRAGMENT) & OFFSET_MASK) return self;
  const found = ownerOfPacket(index);
  const record = found == self ? 0 : fragmentOf(addresses, identity);
  if (record == 0) return self;
  store<u32>(record, found + 1, FRAGMENT_OWNER);
  ready(record + FRAGMENT_QUEUE);
  return found;
}
