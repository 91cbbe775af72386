// The slow path of a router: what becomes of a packet for which there is no flow yet, or which is more than a plain
// one of its flow. A sequence of questions, in the order of RFC 1812 5.2.1: is it right, is it for the router, may it
// pass, where does it go.

import {
  FRAGMENT_FLOW, FRAGMENT_QUEUE, HALF_ADDRESSES, HALF_KEY, HALF_NEIGHBOR, INTERFACES, INTERFACE_ADDRESS,
  INTERFACE_FLAGS, INTERFACE_MASK, INTERFACE_MTU, INTERFACE_SIZE, INTERFACE_UPLINK, NEIGHBOR_DESTINATION, NEIGHBOR_PORT,
  NEIGHBOR_USED, PENDING_SLAB, QUEUE_COUNT, ROUTER_FLAGS, ROUTER_NAT, ROUTER_UPLINK, ROUTE_BROADCAST, ROUTE_KIND,
  ROUTE_LINK, ROUTE_LOCAL, ROUTE_VIA,
} from "../layout-router";
import { Reason } from "../reason";
import { self, ticks } from "../state";
import { findHalf, goesInside, permit, setNeighbor } from "../table/flow";
import { cover, fragmentOf } from "../table/fragment";
import { removeUnused } from "../table/mapping";
import { filtersAddress, outsideIndexOf } from "../table/outside";
import { ready } from "../table/queue";
import { leadsInside, portOf } from "../table/route";
import { room } from "../table/slab";
import { TYPE_ARP } from "../wire/arp";
import { SOURCE, isGroup } from "../wire/ethernet";
import {
  ADDRESS_BROADCAST, DONT_FRAGMENT, FRAGMENT_MASK, IP_DESTINATION, IP_FRAGMENT, IP_ID, IP_SOURCE, IP_TTL,
  MORE_FRAGMENTS, OFFSET_MASK, PROTOCOL_TCP, TYPE_IPV4, isMulticast, isUnicast, offsetOf,
} from "../wire/ipv4";
import { CODE_FRAGMENTATION, CODE_NET, TIME_EXCEEDED, UNREACHABLE } from "../wire/l4";
import { receiveArp } from "./arp";
import { halfOfError, isErrorMessage, rewriteError } from "./embedded";
import { refuse } from "./icmp";
import { leave } from "./leave";
import { deliver, deliverBroadcast } from "./local";
import {
  absorb, accept, drop, entry, frame, handOver, index, item, open, own, packet, payload, pend, port, protocol, rest,
  router, take, total, typeOf, wasGroup,
} from "./packet";
import { resolve, routeTo } from "./resolve";
import { cameRound, goRound, goesRound } from "./round";
import { clampMss, decrement, rewriteHeader, rewritePayload } from "./rewrite";
import { beginInbound, beginOutbound, knownHalf, mappingOf } from "./session";
import { split } from "./split";
import { follow } from "./tcp";
import { settle } from "./timeout";
import { addressesOf, checkPayload, portsAt, scope } from "./tuple";
import { finish, longest, note } from "./undone";
import { ownerOfOutside } from "./whose";

const AROUND: u32 = 1; // in the place of a neighbor
const DATAGRAM_MAX: u32 = 65535;
const PENDINGS_KEPT: u32 = 640; // of those, for neighbors, and for packets that are split
const WAITING_MAX: u32 = 64; // fragments of one datagram that wait for its first: 64 KiB at an MTU of 1,500 has 45

/** Sees to the item at `place` of the batch, which came to the interface of port `to`. */
export function receive(place: u32, to: u32): void {
  take(place, to);
  const type = typeOf();
  if (isGroup(load<u64>(frame, SOURCE))) return drop(Reason.malformed); // IEEE 802.3 3.2.3: it cannot be answered
  if (type == TYPE_ARP) return receiveArp();
  if (type != TYPE_IPV4) return absorb();
  if (!wasGroup() && !own()) return;
  const fault = open();
  if (fault >= 0) return drop(fault);
  const destination = load<u32>(packet, IP_DESTINATION);
  if (isForAll(destination)) return deliverBroadcast();
  if (wasGroup()) return absorb(); // RFC 1812 5.3.4: never forwarded
  if (load<u32>(entry, INTERFACE_ADDRESS) == 0) return deliverBroadcast(); // DHCP may answer to what is not ours yet
  note();
  if (!cameRound() && isMartian(load<u32>(packet, IP_SOURCE))) return drop(Reason.spoofed);
  if (!isUnicast(destination)) return drop(Reason.noRoute);
  if (load<u32>(router, ROUTER_FLAGS) & ROUTER_NAT) translated(destination);
  else routed(destination);
}

/** Whether an address is that of all on the link at which the packet came, or of a group. */
function isForAll(destination: u32): bool {
  const mask = load<u32>(entry, INTERFACE_MASK);
  const shared = bswap(~mask) > 1; // links of one or two have no address for all (RFC 3021)
  return destination == ADDRESS_BROADCAST || isMulticast(destination)
    || (shared && destination == (load<u32>(entry, INTERFACE_ADDRESS) | ~mask));
}

/**
 * Whether nobody at the interface can have an address: it is no host's, one of the router's own or of all on a link, of
 * a network that is on another interface's link (RFC 1812 5.3.7, 5.3.8), or, inside of a router that translates, of one
 * that is not inside: the answers would leave by the uplink, to whomever the sender named (RFC 2827).
 */
function isMartian(source: u32): bool {
  if (!isUnicast(source)) return true;
  const route = routeTo(source);
  const inside = !isFromUplink() && (load<u32>(router, ROUTER_FLAGS) & ROUTER_NAT) != 0;
  if (inside && !leadsInside(router, route)) return true;
  if (route == 0) return false;
  if (load<u16>(route, ROUTE_KIND) != ROUTE_LINK) return true;
  return load<u32>(route, ROUTE_VIA) == 0 && portOf(route) != port;
}

function isFromUplink(): bool {
  return (load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK) != 0;
}

// ---- without translation ----

function routed(destination: u32): void {
  const route = routeTo(destination);
  if (route == 0) return refuse(Reason.noRoute, UNREACHABLE, CODE_NET);
  const kind = <u32>load<u16>(route, ROUTE_KIND);
  if (kind == ROUTE_LOCAL) return deliver();
  if (kind == ROUTE_BROADCAST) return drop(Reason.noRoute); // directed broadcasts (RFC 2644)
  if (load<u8>(packet, IP_TTL) <= 1) return refuse(Reason.ttl, TIME_EXCEEDED, 0);
  const neighbor = resolve(route, destination);
  if (neighbor == 0 || !fits(portOf(route))) return;
  if (!isLater() && checkPayload(true) < 0) clampMss(portOf(route));
  decrement();
  depart(neighbor);
}

/** Whether the packet at hand is short enough for an interface. Where it is not, it has been seen to. */
function fits(out: u32): bool {
  const mtu = load<u32>(INTERFACES + out * INTERFACE_SIZE, INTERFACE_MTU);
  if (longest() <= mtu) return true;
  if (load<u16>(packet, IP_FRAGMENT) & DONT_FRAGMENT) refuse(Reason.mtu, UNREACHABLE, CODE_FRAGMENTATION, mtu);
  else if (finish()) split(mtu);
  return false;
}

function depart(neighbor: u32): void {
  accept();
  if (neighbor == AROUND) goRound();
  else leave(item, index, frame, load<u32>(neighbor, NEIGHBOR_PORT), load<u64>(neighbor, NEIGHBOR_DESTINATION));
}

// ---- with translation ----

function translated(destination: u32): void {
  if (protocol == 0) return drop(Reason.malformed); // none of IPv4's; a key of nothing but zeros is a free record's
  const outside = outsideIndexOf(router, destination);
  if (outside >= 0) return toOutside(<u32>outside);
  if (isFromUplink()) return drop(Reason.natFiltered);
  const route = routeTo(destination);
  if (route == 0 || portOf(route) != load<u32>(router, ROUTER_UPLINK)) return routed(destination);
  if (load<u16>(route, ROUTE_KIND) == ROUTE_BROADCAST) return drop(Reason.noRoute);
  if (load<u8>(packet, IP_TTL) <= 1) return refuse(Reason.ttl, TIME_EXCEEDED, 0);
  if (isLater()) return passLater();
  if (isErrorMessage()) return passError(true);
  if (isFragment() ? !isFirst() : !isWhole()) return;
  if (isFragment()) passFirst(outboundHalf());
  else pass(outboundHalf());
}

/** To an outside address, from outside or, by hairpin, from inside. */
function toOutside(outside: u32): void {
  if (isLater()) return passLater();
  if (isErrorMessage()) return passError(!isFromUplink());
  if (isFragment() ? !isFirst() : !isWhole()) return;
  const ports = portsAt(payload, protocol);
  const half = knownHalf(ports);
  const owner = half ? self : ownerOfOutside(outside, protocol, ports >> 16);
  if (owner != self && isFromUplink()) return handOver(owner, false); // it has become another's on its way here
  const around = owner != self;
  const mapping = half || around ? 0 : mappingOf(load<u32>(packet, IP_DESTINATION), outside);
  if (half == 0 && mapping == 0 && !around) return deliver();
  if (load<u8>(packet, IP_TTL) <= 1) {
    if (mapping) removeUnused(mapping);
    return refuse(Reason.ttl, TIME_EXCEEDED, 0);
  }
  const found = half ? half : around ? beginOutbound() : beginInbound(mapping);
  if (isFragment()) passFirst(found);
  else pass(found);
}

function outboundHalf(): u32 {
  const known = knownHalf(portsAt(payload, protocol));
  return known ? known : beginOutbound();
}

function isFragment(): bool {
  return (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) != 0;
}

/** Whether what stands in the packet at hand is right; where it is not, it has been dropped. */
function isWhole(): bool {
  const fault = checkPayload(false);
  if (fault < 0) return true;
  drop(fault);
  return false;
}

/** Passes the packet at hand by a half; 0: it has been seen to. */
function pass(half: u32): void {
  const way = half ? wayOf(half) : 0;
  if (way == 0) return;
  if (protocol != PROTOCOL_TCP || follow(half, payload)) settle(half);
  if (filtersAddress(router)) permit(half);
  rewriteHeader(half);
  rewritePayload(half);
  if (way != AROUND) clampMss(load<u32>(way, NEIGHBOR_PORT));
  depart(way);
}

/** Where the packet at hand, which fits there, goes by a half: a neighbor, or AROUND; 0: it has been seen to. */
function wayOf(half: u32): u32 {
  if (goesRound(half)) return AROUND;
  const neighbor = hopOf(half);
  return neighbor && fits(load<u32>(neighbor, NEIGHBOR_PORT)) ? neighbor : 0;
}

/** The neighbor to which packets of a half go; 0: not known yet, or there is none: the packet has been seen to. */
function hopOf(half: u32): u32 {
  const known = load<u32>(half, HALF_NEIGHBOR);
  if (known && load<u64>(known, NEIGHBOR_DESTINATION)) {
    store<u32>(known, ticks, NEIGHBOR_USED);
    return known;
  }
  const destination = load<u32>(half, HALF_ADDRESSES + 4);
  const route = routeTo(destination);
  if (!mayGoBy(route, half)) {
    refuse(Reason.noRoute, UNREACHABLE, CODE_NET);
    return 0;
  }
  const neighbor = resolve(route, destination);
  if (neighbor) setNeighbor(half, neighbor);
  return neighbor;
}

/** Whether what a half makes of its packets may go by a route (0: none): what is for the inside leaves by no uplink. */
function mayGoBy(route: u32, half: u32): bool {
  if (goesInside(half)) return leadsInside(router, route);
  return route != 0 && load<u16>(route, ROUTE_KIND) == ROUTE_LINK;
}

/** An ICMP error follows the flow that it is about. */
function passError(fromInside: bool): void {
  if (isFragment()) return drop(Reason.fragment);
  const half = halfOfError();
  if (half == 0) return;
  if (load<u8>(packet, IP_TTL) <= 1) return drop(Reason.ttl);
  const way = wayOf(half);
  if (way == 0) return;
  decrement();
  rewriteError(half, fromInside);
  depart(way);
}

// ---- fragments (RFC 4787 REQ-14) ----

function isLater(): bool {
  return (load<u16>(packet, IP_FRAGMENT) & OFFSET_MASK) != 0;
}

function hasMore(): bool {
  return (load<u16>(packet, IP_FRAGMENT) & MORE_FRAGMENTS) != 0;
}

/** The record of the datagram of the fragment at hand; 0: the fragment is none, and was dropped. */
function datagramOf(): u32 {
  const offset = offsetOf(packet);
  const overlapsHeader = protocol == PROTOCOL_TCP && offset == 8; // RFC 1858 3.2.2
  if (rest == 0 || (hasMore() && rest & 7) || offset + total > DATAGRAM_MAX || overlapsHeader) {
    drop(Reason.fragment);
    return 0;
  }
  const identity = (<u64>scope() << 40) | (<u64>protocol << 32) | load<u16>(packet, IP_ID);
  const record = fragmentOf(addressesOf(packet), identity);
  if (record == 0) drop(Reason.fragment);
  return record;
}

/** Whether the fragment at hand overlaps none that passed; where it does, it has been dropped. */
function isClear(record: u32): bool {
  if (cover(record, offsetOf(packet), rest, hasMore())) return true;
  drop(Reason.fragment);
  return false;
}

/** Whether the first fragment at hand holds what it has to; where it does not, it has been dropped. */
function isFirst(): bool {
  const fault = checkPayload(true);
  if (fault < 0) return true;
  drop(fault);
  return false;
}

/** Passes a first fragment by a half; those that waited for it follow. 0: it has been seen to. */
function passFirst(half: u32): void {
  if (half == 0 || wayOf(half) == 0) return;
  const record = datagramOf();
  if (record == 0) return;
  const flow = load<u64>(record, FRAGMENT_FLOW);
  if (flow != 0 && flow != load<u64>(half, HALF_KEY + 8)) return drop(Reason.fragment); // another's ports: RFC 3128
  if (!isClear(record)) return;
  store<u64>(record, load<u64>(half, HALF_KEY + 8), FRAGMENT_FLOW);
  pass(half);
  ready(record + FRAGMENT_QUEUE);
}

/** Passes a fragment behind the first; it waits where that has not come yet. */
function passLater(): void {
  const record = datagramOf();
  if (record == 0) return;
  const flow = load<u64>(record, FRAGMENT_FLOW);
  if (flow == 0) {
    const queue = record + FRAGMENT_QUEUE;
    const full = load<u32>(queue, QUEUE_COUNT) >= WAITING_MAX || room(PENDING_SLAB) <= PENDINGS_KEPT;
    if (full || !pend(queue)) drop(Reason.fragment);
    return;
  }
  if (load<u8>(packet, IP_TTL) <= 1) return drop(Reason.ttl);
  const half = findHalf(addressesOf(packet), flow);
  if (half == 0) return drop(Reason.fragment);
  const way = wayOf(half);
  if (way == 0 || !isClear(record)) return;
  rewriteHeader(half);
  depart(way);
}
