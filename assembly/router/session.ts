// Sessions: the flow that the packet at hand belongs to, and the slow way on which one begins. Decides only, rewrite.ts
// acts; what is refused is refused here, with its reason. Read RFC 4787 4 and 5, RFC 5382 4, RFC 5508 3, RFC 6888 2.
//
// No host can take what all share: it may have eight times as many ports and sessions as are left (a dynamic
// threshold, as for queues), so that one that scans leaves a ninth to the others, and two leave a seventeenth.

import {
  FLOW_HAIRPIN, FLOW_INBOUND, FLOW_SLAB, HALF_MAPPING, HALF_SIZE, HOST_FLOWS, HOST_MAPPINGS, HOST_OUTSIDE,
  INTERFACE_FLAGS, INTERFACE_UPLINK, MAPPING_EXPIRES, MAPPING_INSIDE, MAPPING_OUTSIDE, MAPPING_OUTSIDE_INDEX,
  MAPPING_SLAB, OUTSIDE_INSIDE, ROUTER_COUNT, ROUTER_EVICTS, ROUTER_FILTER_ADDRESS, ROUTER_FILTER_PORT, ROUTER_FLAGS,
  ROUTER_FLOWS, ROUTER_HOST_PORTS, ROUTER_MAPPING_ENDPOINT,
} from "../layout-router";
import { Reason } from "../reason";
import { self, shard } from "../state";
import { findHalf, firstOf, hasExpired, isOfKind, limitExpiry, makeFlow, permit, removeFlow } from "../table/flow";
import { countFlows, hostOf, leaveHost, mayBegin } from "../table/host";
import {
  addressOf, endpointKey, findInside, findOutside, holdMapping, isStatic, letGo, makeMapping, portIn, removeUnused,
} from "../table/mapping";
import { choosePort, filtersAddress, freePorts, mapsPerEndpoint, outsideAt, takePort } from "../table/outside";
import { ownerOfHost } from "../table/owner";
import { isPermitted } from "../table/permit";
import { isInside } from "../table/route";
import { room } from "../table/slab";
import { IP_DESTINATION, IP_SOURCE, PROTOCOL_ICMP, PROTOCOL_TCP } from "../wire/ipv4";
import {
  ACK, CODE_NET, CODE_PROHIBITED, CODE_PROTOCOL, FIN, ICMP_TYPE, RST, SYN, TCP_FLAGS, UNREACHABLE, isQuery, isReply,
} from "../wire/l4";
import { makeRoomFor } from "./evict";
import { refuse } from "./icmp";
import { drop, entry, handOver, packet, payload, protocol, router } from "./packet";
import { settle } from "./timeout";
import { addressesOf, insideScope, isTranslated, outsideScope, portsAt, portsKey, scope } from "./tuple";

const SHARE: u32 = 8; // times what is left that one host may have

/** The half that packets with the addresses and ports of the one at hand belong to, 0: none that lives. */
export function knownHalf(ports: u32): u32 {
  if (protocol == PROTOCOL_ICMP && !hasIdentifier()) return 0;
  const half = findHalf(addressesOf(packet), portsKey(ports, protocol, scope()));
  if (half == 0 || (protocol == PROTOCOL_ICMP && !isOfKind(half, load<u8>(payload, ICMP_TYPE)))) return 0;
  if (!hasExpired(half)) return half;
  removeFlow(firstOf(half));
  return 0;
}

function hasIdentifier(): bool {
  const type = <u32>load<u8>(payload, ICMP_TYPE);
  return isQuery(type) || isReply(type);
}

/** The half for a packet from the inside to the uplink; 0: it may not go, and has been dropped. */
export function beginOutbound(): u32 {
  if (!mayOpen()) {
    drop(Reason.natFiltered);
    return 0;
  }
  const mapping = mappingFor(portsAt(payload, protocol), load<u32>(packet, IP_DESTINATION));
  return mapping ? openOutbound(mapping) : 0;
}

/** Makes the flow by which the packet at hand leaves as a mapping's; 0: refused, and dropped. */
function openOutbound(mapping: u32): u32 {
  const outside = load<u64>(mapping, MAPPING_OUTSIDE);
  const addresses = (<u64>load<u32>(packet, IP_DESTINATION) << 32) | addressOf(outside);
  const ports = (portsAt(payload, protocol) & 0xffff0000) | portIn(outside);
  return open(mapping, 0, addresses, ports, outsideScope(scope()), 0);
}

/** Whether a packet may begin a session: no reset, and of ICMP only queries. */
function mayOpen(): bool {
  if (protocol == PROTOCOL_ICMP) return isQuery(load<u8>(payload, ICMP_TYPE));
  return protocol != PROTOCOL_TCP || (load<u8>(payload, TCP_FLAGS) & <u8>RST) == 0;
}

/** The mapping of the sender of the packet at hand towards its destination, made where there is none; 0: refused. */
function mappingFor(ports: u32, destination: u32): u32 {
  const inside = endpointKey(router, protocol, load<u32>(packet, IP_SOURCE), ports & 0xffff);
  const forward = findInside(inside, 0);
  const perEndpoint = mapsPerEndpoint(router, addressOf(inside));
  if (forward && (!perEndpoint || isStatic(forward))) return forward;
  const remote = perEndpoint ? (<u64>1 << 63) | (<u64>(ports >> 16) << 32) | destination : 0;
  const known = perEndpoint ? findInside(inside, remote) : 0;
  return known ? known : newMapping(inside, remote, bswap<u16>(<u16>ports));
}

function newMapping(inside: u64, remote: u64, port: u32): u32 {
  const host = hostOf(router, addressOf(inside));
  if (host == 0) return begunElsewhere(addressOf(inside));
  const index = load<u32>(host, HOST_OUTSIDE);
  const own = load<u32>(outsideAt(index), OUTSIDE_INSIDE) == addressOf(inside);
  if (!own && !isTranslated(protocol)) {
    leaveHost(host);
    refuse(Reason.natFiltered, UNREACHABLE, CODE_PROTOCOL);
    return 0;
  }
  if (!own && !mayMap(host, index)) return refusedFor(host, Reason.natLimit);
  const kept = own && takePort(index, protocol, port); // 1:1, where an identifier may be 0
  const chosen = kept ? port : portFor(host, index, port);
  if (chosen == 0 && !kept) return refusedFor(host, Reason.natNoPort);
  if (room(MAPPING_SLAB) == 0) endOne(host, -1);
  const mapping = makeMapping(inside, remote, index, bswap<u16>(<u16>chosen), host);
  return mapping ? mapping : refusedFor(host, Reason.natLimit);
}

/** No host can be had: there is no room, or another worker began with it a moment ago, which then gets the packet. */
function begunElsewhere(inside: u32): u32 {
  const owner = ownerOfHost(inside);
  if (owner < 0 || owner == self) return refused(Reason.natLimit);
  handOver(owner, false);
  return 0;
}

function portFor(host: u32, index: u32, port: u32): u32 {
  const chosen = choosePort(index, protocol, port);
  return chosen || !endOne(host, <i32>index) ? chosen : choosePort(index, protocol, port);
}

/** Ends an idle session, of an outside address or (-1) any; `host` stays, even where it was its last. */
function endOne(host: u32, index: i32): bool {
  countFlows(host, 1);
  const made = makeRoomFor(router, index, protocol);
  countFlows(host, -1);
  return made;
}

/** Whether a host may have one more port of an outside address (RFC 6888 REQ-4). */
function mayMap(host: u32, index: u32): bool {
  const held = load<u32>(host, HOST_MAPPINGS);
  const most = load<u32>(router, ROUTER_HOST_PORTS);
  const evicts = (load<u32>(router, ROUTER_FLAGS) & ROUTER_EVICTS) != 0;
  return (most == 0 || held < most) && (evicts || held <= SHARE * freePorts(index, protocol));
}

function refusedFor(host: u32, reason: u32): u32 {
  leaveHost(host);
  return refused(reason);
}

function refused(reason: u32): u32 {
  refuse(reason, UNREACHABLE, CODE_PROHIBITED);
  return 0;
}

/** Makes the flow of the packet at hand, which becomes `addresses` and `ports`; 0: refused, and dropped. */
function open(mapping: u32, peer: u32, addresses: u64, ports: u32, answers: u32, flags: u32): u32 {
  const inside = flags & FLOW_INBOUND ? <u32>(addresses >> 32) : load<u32>(packet, IP_SOURCE);
  const host = hostOf(router, inside);
  const half = host && mayHave(host, mapping, peer) && mayBegin(router, host)
    ? makeFlow(addressesOf(packet), portsKey(portsAt(payload, protocol), protocol, scope()), addresses, ports, answers,
        mapping, peer, host, flags)
    : 0;
  if (half == 0) {
    if (host) leaveHost(host); // first: the mapping may be the last thing that the host has, and takes it along
    forget(mapping, peer);
    return refused(Reason.natLimit);
  }
  if (filtersAddress(router)) permit(half);
  settle(half);
  if (flags & FLOW_INBOUND && !isPublished(mapping)) limitExpiry(half, load<u32>(mapping, MAPPING_EXPIRES));
  return half;
}

/** Whether a host may have one more session of those that all share. */
function mayHave(host: u32, mapping: u32, peer: u32): bool {
  const evicts = (load<u32>(router, ROUTER_FLAGS) & ROUTER_EVICTS) != 0; // then nobody is refused while there is room
  if (room(FLOW_SLAB) && (evicts || isFair(host, room(FLOW_SLAB)))) return true;
  return makeRoom(host, mapping, peer);
}

/** Several routers leave each other a ninth, and so a host more than that to others of its own router. */
function isFair(host: u32, left: u32): bool {
  const held = load<u32>(host, HOST_FLOWS);
  if (load<u32>(ROUTER_COUNT) == 1) return held <= SHARE * left;
  return held <= SHARE / 2 * left && load<u32>(shard + router, ROUTER_FLOWS) <= SHARE * left;
}

/** Ends a session of the router; what the new one is to have stays, even where that was the last to have it. */
function makeRoom(host: u32, mapping: u32, peer: u32): bool {
  holdMapping(mapping);
  if (peer) holdMapping(peer);
  const made = endOne(host, -1);
  if (peer) letGo(peer);
  letGo(mapping);
  return made;
}

/** Whether the mapping of an outside endpoint is there: then a packet for it is not for the router itself. */
export function mappingOf(destination: u32, index: u32): u32 {
  const port = portsAt(payload, protocol) >> 16;
  const mapping = findOutside(endpointKey(router, protocol, destination, port));
  if (mapping) return mapping;
  const inside = load<u32>(outsideAt(index), OUTSIDE_INSIDE);
  return inside ? makeOwn(inside, index, port) : 0;
}

/** A mapping of a 1:1 address comes to be when either side speaks first. */
function makeOwn(inside: u32, index: u32, port: u32): u32 {
  const host = hostOf(router, inside);
  if (host == 0) return 0;
  const mapping = takePort(index, protocol, bswap<u16>(<u16>port))
    ? makeMapping(endpointKey(router, protocol, inside, port), 0, index, port, host) : 0;
  if (mapping == 0) leaveHost(host);
  return mapping;
}

/** The half for a packet to the outside endpoint of a mapping, from either side; 0: it may not, and was dropped. */
export function beginInbound(mapping: u32): u32 {
  if ((load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK) == 0) return beginHairpin(mapping);
  const source = load<u32>(packet, IP_SOURCE);
  if (!mayEnter(mapping, source)) return filtered(mapping, 0);
  const from = endpointKey(router, protocol, source, portsAt(payload, protocol) & 0xffff);
  return enter(mapping, from, 0, FLOW_INBOUND);
}

/**
 * The same from the inside: the far end sees the outside endpoint of who sends, and filters by it as by an external
 * host's (RFC 4787 REQ-9). What it does not let in has been sent all the same: the sender waits for an answer, so that
 * two who send to each other's outside endpoints meet (RFC 5128 3.3).
 */
function beginHairpin(mapping: u32): u32 {
  if (!mayOpen()) return filtered(mapping, 0);
  holdMapping(mapping);
  const own = mappingFor(portsAt(payload, protocol), load<u32>(packet, IP_DESTINATION));
  letGo(mapping);
  if (own == 0) return forget(mapping, 0);
  const source = load<u64>(own, MAPPING_OUTSIDE);
  const waiting = waitsFor(mapping, source);
  if (waiting == 0 && !mayEnter(mapping, addressOf(source))) return knock(mapping, own);
  if (waiting == 0) return enter(mapping, source, own, FLOW_HAIRPIN);
  holdMapping(mapping);
  removeFlow(waiting); // the hairpin is both ends'
  letGo(mapping);
  const half = enter(mapping, source, own, FLOW_HAIRPIN);
  if (half && filtersAddress(router)) permit(half + HALF_SIZE);
  return half;
}

/** The session by which the inside end of a mapping waits for an outside endpoint of this router, 0: none. */
function waitsFor(mapping: u32, source: u64): u32 {
  const inside = load<u64>(mapping, MAPPING_INSIDE);
  const addresses = (<u64>addressOf(source) << 32) | addressOf(inside);
  const half = findHalf(addresses, portsKey((portIn(source) << 16) | portIn(inside), protocol, scope()));
  return half && half == firstOf(half) && load<u32>(half, HALF_MAPPING) == mapping ? half : 0;
}

/** Makes the session of a sender whom the far end does not let in yet; always 0, and the packet is dropped. */
function knock(mapping: u32, own: u32): u32 {
  if (isPublished(mapping)) return filtered(mapping, own);
  if (openOutbound(own)) drop(Reason.natFiltered);
  return 0;
}

/** Opens a session from an endpoint to the inside of a mapping; `own`: the sender's mapping, where that is inside. */
function enter(mapping: u32, from: u64, own: u32, flags: u32): u32 {
  const inside = load<u64>(mapping, MAPPING_INSIDE);
  if (!isInside(router, addressOf(inside))) {
    forget(mapping, own);
    refuse(Reason.noRoute, UNREACHABLE, CODE_NET);
    return 0;
  }
  const addresses = (<u64>addressOf(inside) << 32) | addressOf(from);
  const ports = (portIn(inside) << 16) | portIn(from);
  return open(own ? own : mapping, own ? mapping : 0, addresses, ports, insideScope(scope()), flags);
}

function filtered(mapping: u32, own: u32): u32 {
  forget(mapping, own);
  drop(Reason.natFiltered);
  return 0;
}

/** Takes mappings away, where they were made for the packet at hand alone; `other` may be the same, or none. */
function forget(mapping: u32, other: u32): u32 {
  if (other && other != mapping) removeUnused(other);
  removeUnused(mapping);
  return 0;
}

/** Whether a mapping is a forward's, or of a 1:1 address: open to all, whatever the inside has sent. */
function isPublished(mapping: u32): bool {
  return isStatic(mapping) || load<u32>(outsideAt(load<u32>(mapping, MAPPING_OUTSIDE_INDEX)), OUTSIDE_INSIDE) != 0;
}

/** Whether a remote endpoint may send through a mapping without having been sent to from there. */
function mayEnter(mapping: u32, source: u32): bool {
  if (protocol == PROTOCOL_TCP && (load<u8>(payload, TCP_FLAGS) & <u8>(SYN | ACK | FIN | RST)) != <u8>SYN) return false;
  if (protocol == PROTOCOL_ICMP && !isQuery(load<u8>(payload, ICMP_TYPE))) return false;
  if (isPublished(mapping)) return true;
  const flags = load<u32>(router, ROUTER_FLAGS);
  if (flags & ROUTER_FILTER_PORT) return false;
  if ((flags & ROUTER_FILTER_ADDRESS) == 0) return true;
  if (flags & ROUTER_MAPPING_ENDPOINT) return load<u32>(mapping, MAPPING_INSIDE + 8) == source;
  return isPermitted(load<u64>(mapping, MAPPING_OUTSIDE), source);
}
