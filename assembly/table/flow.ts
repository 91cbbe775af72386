// Flows: the sessions that are translated, one record each, of two halves, one for each direction. A half is found by
// what its packets carry, and says what becomes of them. Each half keeps the time of expiry, so that a packet need
// not look at both. Read RFC 2663 2.3 to 2.6 (sessions), RFC 4787 4.3 (timers).

import {
  FLOW_HAIRPIN, FLOW_INBOUND, FLOW_INDEX, FLOW_PERMIT, FLOW_PERMIT_BACK, FLOW_SLAB, HALF_ADDRESSES, HALF_BEGUN,
  HALF_DELTA_IP, HALF_DELTA_L4, HALF_EXPIRES, HALF_FLAGS, HALF_HOST, HALF_KEY, HALF_MAPPING, HALF_NEIGHBOR, HALF_PORTS,
  HALF_RENEW, HALF_SIZE, HALF_TIMEOUT, MAPPING_OUTSIDE, RENEW_ALWAYS, ROUTERS, ROUTER_FLOWS, ROUTER_SIZE,
  SESSION_CREATED, SESSION_DESTROYED, graceOf,
} from "../layout-router";
import { shard, ticks } from "../state";
import { TTL_DELTA, deltaOf, fold } from "../wire/checksum";
import { PROTOCOL_ICMP, PROTOCOL_TCP } from "../wire/ipv4";
import { isQuery } from "../wire/l4";
import { countFlows, leaveHost } from "./host";
import { find, insert, remove } from "./hash";
import { logSession } from "./log";
import { dropMapping, extend, holdMapping } from "./mapping";
import { refer } from "./neighbor";
import { addPermit, dropPermit } from "./permit";
import { isInside } from "./route";
import { give, take } from "./slab";

/** The half that packets with a key belong to, 0: none. It may have expired. */
@inline
export function findHalf(addresses: u64, ports: u64): u32 {
  return find(FLOW_INDEX, addresses, ports);
}

/** The first half of a half's flow: the direction of whoever began it. */
@inline
export function firstOf(half: u32): u32 {
  return half & ~(HALF_SIZE * 2 - 1);
}

@inline
export function otherOf(half: u32): u32 {
  return half ^ HALF_SIZE;
}

/** 0 for the direction of whoever began it, 1 for the other. */
@inline
export function directionOf(half: u32): u32 {
  return (half / HALF_SIZE) & 1;
}

/** Whether ICMP messages of a type go by a half: queries by the first, replies by the second. Identifier 0 hides it. */
export function isOfKind(half: u32, type: u32): bool {
  return isQuery(type) == (directionOf(half) == 0);
}

@inline
export function protocolOf(half: u32): u32 {
  return <u32>load<u8>(half, HALF_KEY + 12);
}

/** Whether packets in a half's direction come from the inside, and so keep the session alive (RFC 4787 REQ-6). */
@inline
export function isOutbound(half: u32): bool {
  const flags = <u32>load<u8>(firstOf(half) + HALF_SIZE, HALF_FLAGS);
  return (flags & FLOW_HAIRPIN) != 0 || directionOf(half) == (flags & FLOW_INBOUND);
}

/** Whether packets of a half go to the inside: there the answers to them come in. */
@inline
export function goesInside(half: u32): bool {
  return (load<u8>(otherOf(half), HALF_KEY + 13) & 1) == 0;
}

/** The inside end of a flow, given by its first half; of a hairpin, that of whoever began it. */
export function insideOf(half: u32): u32 {
  const inbound = (<u32>load<u8>(half + HALF_SIZE, HALF_FLAGS) & FLOW_INBOUND) != 0;
  return inbound ? load<u32>(half, HALF_ADDRESSES + 4) : load<u32>(half, HALF_KEY);
}

/** Whether all inside ends of a flow, given by its first half, are inside. */
export function hasInside(half: u32): bool {
  const router = routerOf(half);
  const isHairpin = goesInside(half) && goesInside(half + HALF_SIZE);
  return isInside(router, insideOf(half)) && (!isHairpin || isInside(router, load<u32>(half, HALF_ADDRESSES + 4)));
}

@inline
export function hasExpired(half: u32): bool {
  return <i32>(load<u32>(half, HALF_EXPIRES) - ticks) <= 0;
}

/**
 * Makes a flow: packets with the first key become `addresses` and `ports`; the answers, which carry `scope`, become
 * what these were. `mapping` is held, and `peer`, that of a hairpin's far end, or 0. Returns the first half; 0: no
 * room.
 */
export function makeFlow(
  first: u64, second: u64, addresses: u64, ports: u32, scope: u32, mapping: u32, peer: u32, host: u32, flags: u32,
): u32 {
  const half = take(FLOW_SLAB);
  if (half == 0) return 0;
  const back = half + HALF_SIZE;
  fill(half, first, second, addresses, ports);
  fill(back, rotated(addresses), (second & 0xff_0000_0000) | (<u64>scope << 40) | swapped(ports), rotated(first),
    swapped(<u32>second));
  if (!enter(half, back)) {
    give(FLOW_SLAB, half);
    return 0;
  }
  store<u32>(half, mapping, HALF_MAPPING);
  store<u32>(back, peer, HALF_MAPPING);
  store<u32>(half, host, HALF_HOST);
  store<u8>(back, <u8>flags, HALF_FLAGS);
  store<u32>(back, ticks, HALF_BEGUN);
  holdMapping(mapping);
  if (peer) holdMapping(peer);
  if (host) countFlows(host, 1);
  countSessions(half, 1);
  logSession(SESSION_CREATED, half, mapping);
  return half;
}

/**
 * The inside sends in a half's direction: the address that it sends to may answer from other ports, too (RFC 4787 5).
 * So it is for each end of a hairpin, whose remote address is the other's outside one, as if it were an external host.
 */
export function permit(half: u32): void {
  const flags = firstOf(half) + HALF_SIZE + HALF_FLAGS;
  const flag = permitFlag(half);
  if (!isOutbound(half) || load<u8>(flags) & flag) return;
  if (addPermit(outsideEnd(half), remoteOf(half))) store<u8>(flags, load<u8>(flags) | flag);
}

@inline
function permitFlag(half: u32): u8 {
  return <u8>(directionOf(half) ? FLOW_PERMIT_BACK : FLOW_PERMIT);
}

/** The outside endpoint of the inside end that sends in a half's direction. */
@inline
function outsideEnd(half: u32): u64 {
  return load<u64>(load<u32>(directionMapping(half)), MAPPING_OUTSIDE);
}

/** The address that packets of a half are for as they come. */
@inline
function remoteOf(half: u32): u32 {
  return load<u32>(half, HALF_KEY + 4);
}

function unpermit(half: u32): void {
  const flags = <u32>load<u8>(firstOf(half) + HALF_SIZE, HALF_FLAGS);
  if (flags & permitFlag(half)) dropPermit(outsideEnd(half), remoteOf(half));
}

/** The router of a half. */
@inline
export function routerOf(half: u32): u32 {
  return ROUTERS + (<u32>load<u16>(half, HALF_KEY + 13) >> 1) * ROUTER_SIZE;
}

function countSessions(half: u32, by: i32): void {
  const router = shard + routerOf(half);
  store<u32>(router, load<u32>(router, ROUTER_FLOWS) + <u32>by, ROUTER_FLOWS);
}

/** A pair of addresses the other way round. */
@inline
function rotated(addresses: u64): u64 {
  return rotl(addresses, 32);
}

@inline
function swapped(ports: u32): u32 {
  return rotl(ports, 16);
}

function fill(half: u32, first: u64, second: u64, addresses: u64, ports: u32): void {
  store<u64>(half, first, HALF_KEY);
  store<u64>(half, second, HALF_KEY + 8);
  store<u64>(half, addresses, HALF_ADDRESSES);
  store<u32>(half, ports, HALF_PORTS);
  const address = fold(deltaOf(<u32>first, <u32>addresses) + deltaOf(<u32>(first >> 32), <u32>(addresses >> 32)));
  const port = deltaOf(<u32>second, ports);
  // The checksum of ICMP does not cover addresses.
  const covered = protocolOf(half) == PROTOCOL_ICMP ? port : fold(address + port);
  store<u16>(half, <u16>fold(address + TTL_DELTA), HALF_DELTA_IP);
  store<u16>(half, <u16>covered, HALF_DELTA_L4);
}

function enter(half: u32, back: u32): bool {
  if (!insert(FLOW_INDEX, half)) return false;
  // Who speaks to its own outside endpoint answers with what it sends.
  if (load<u64>(half) == load<u64>(back) && load<u64>(half, 8) == load<u64>(back, 8)) return true;
  if (find(FLOW_INDEX, load<u64>(back), load<u64>(back, 8)) == 0 && insert(FLOW_INDEX, back)) return true;
  remove(FLOW_INDEX, half);
  return false;
}

/** Ends a flow, and what was there only for it. */
export function removeFlow(half: u32): void {
  const back = half + HALF_SIZE;
  const mapping = load<u32>(half, HALF_MAPPING);
  const peer = load<u32>(back, HALF_MAPPING);
  const host = load<u32>(half, HALF_HOST);
  logSession(SESSION_DESTROYED, half, mapping);
  unpermit(half);
  unpermit(back);
  countSessions(half, -1);
  refer(load<u32>(half, HALF_NEIGHBOR), -1);
  refer(load<u32>(back, HALF_NEIGHBOR), -1);
  remove(FLOW_INDEX, half);
  remove(FLOW_INDEX, back);
  give(FLOW_SLAB, half);
  dropMapping(mapping);
  dropMapping(peer);
  if (host == 0) return;
  countFlows(host, -1);
  leaveHost(host);
}

/** Gives a flow `timeout` ticks from now on, and says which packets the slow path sees before they are over. */
export function setTimeout(half: u32, timeout: u32, always: bool): void {
  const first = firstOf(half);
  store<u32>(first, timeout, HALF_TIMEOUT);
  setExpiry(first, ticks + timeout + graceOf(timeout));
  setRenewal(first, timeout, always);
  setRenewal(first + HALF_SIZE, timeout, always);
}

function setRenewal(half: u32, timeout: u32, always: bool): void {
  const renews = isOutbound(half) || protocolOf(half) == PROTOCOL_TCP;
  store<u32>(half, always ? RENEW_ALWAYS : renews ? timeout : 0, HALF_RENEW);
}

function setExpiry(first: u32, expires: u32): void {
  store<u32>(first, expires, HALF_EXPIRES);
  store<u32>(first + HALF_SIZE, expires, HALF_EXPIRES);
}

/** A packet in a half's direction was passed on: its flow has its full time again, where that direction gives it. */
export function renew(half: u32): void {
  const first = firstOf(half);
  const outbound = isOutbound(half);
  if (!outbound && protocolOf(half) != PROTOCOL_TCP && protocolOf(half) != PROTOCOL_ICMP) return;
  const timeout = load<u32>(first, HALF_TIMEOUT);
  const expires = ticks + timeout + graceOf(timeout);
  setExpiry(first, expires);
  if (outbound) extend(load<u32>(directionMapping(half)), expires);
}

/** Where the mapping of the inside end that sends in a half's direction stands. */
@inline
function directionMapping(half: u32): u32 {
  const second = directionOf(half) == 1 && load<u32>(half, HALF_MAPPING) != 0;
  return (second ? half : firstOf(half)) + HALF_MAPPING;
}

/** A flow that the outside began lives no longer than its mapping would without it (RFC 4787 REQ-6). */
export function limitExpiry(half: u32, expires: u32): void {
  if (<i32 > (load<u32>(half, HALF_EXPIRES) - expires) > 0) setExpiry(firstOf(half), expires);
}

/** Sets the next hop of a half. */
export function setNeighbor(half: u32, neighbor: u32): void {
  refer(neighbor, 1);
  refer(load<u32>(half, HALF_NEIGHBOR), -1);
  store<u32>(half, neighbor, HALF_NEIGHBOR);
}
