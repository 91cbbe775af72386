// The host's side of the routers' tables beyond what it writes itself: forwards, what has to be forgotten when the
// configuration changes, and sessions that come back from a state file. Called from the host's own instance while the
// workers are parked: it works on the tables of one after the other. Addresses and ports are as on the wire.

import {
  ANNOUNCE, FLOW_HAIRPIN, FLOW_INBOUND, FLOW_SLAB, FRAGMENT_QUEUE, FRAGMENT_SLAB, HALF_ACK, HALF_ADDRESSES,
  HALF_EXPIRES, HALF_FLAGS, HALF_KEY, HALF_MAPPING, HALF_NEIGHBOR, HALF_PORTS, HALF_SIZE, HALF_STATE, INTERFACES,
  INTERFACE_NEWS, INTERFACE_SIZE, MAPPING_ENDED, MAPPING_FLAGS, MAPPING_FLOWS, MAPPING_OUTSIDE_INDEX, NEIGHBOR_PORT,
  NEIGHBOR_SLAB, OUTSIDE_ADDRESS, RESTORED, ROUTERS, ROUTERS_TIME,
  ROUTER_SIZE, STATE_ESTABLISHED, STATE_FINS,
  STATE_MIDDLE, STATE_RESET,
} from "./layout-router";
import { adopt, self, tick, ticks, workers } from "./state";
import { timeoutOf } from "./router/timeout";
import { isEstablished } from "./router/tcp";
import {
  findHalf, hasInside, insideOf, limitExpiry, makeFlow, permit, protocolOf, removeFlow, routerOf, setNeighbor,
  setTimeout,
} from "./table/flow";
import { hostOf, leaveHost, pair } from "./table/host";
import {
  endpointKey, extend, findInside, findOutside, makeMapping, removeMapping, removeUnused,
} from "./table/mapping";
import { confirm, isNeighbor, neighborOf, removeNeighbor } from "./table/neighbor";
import { filtersAddress, mapsPerEndpoint, outsideAt, outsideIndexOf, takePort } from "./table/outside";
import { cede, claim, fallsTo, ownerOfHost, ownerOfPort } from "./table/owner";
import { ready } from "./table/queue";
import { highest, recordAt } from "./table/slab";
import { PROTOCOL_ICMP, PROTOCOL_TCP } from "./wire/ipv4";

/** This instance takes no turns: its clock is what worker 0's last one was. */
function setClock(): void {
  tick(load<f64>(ROUTERS_TIME));
}

@inline
function routerAt(index: u32): u32 {
  return ROUTERS + index * ROUTER_SIZE;
}

/** Publishes an inside endpoint at a port of outside address `index` that nobody has. False: no room. */
export function addForward(router: u32, protocol: u32, index: u32, port: u32, inside: u32, insidePort: u32): bool {
  adopt(placeOf(inside));
  if (!takePort(index, protocol, bswap<u16>(<u16>port))) return false;
  claim(inside);
  if (makeMapping(endpointKey(routerAt(router), protocol, inside, insidePort), 0, index, port, 0)) return true;
  cede(inside);
  return false;
}

/** The worker whose an inside host is, or, where it is nobody's, is to be. */
function placeOf(inside: u32): u32 {
  const owner = ownerOfHost(inside);
  return owner < 0 ? fallsTo(inside) : owner;
}

/** Whether a worker may have an inside host, since it has it, or nobody does. */
function isFor(inside: u32, worker: u32): bool {
  const owner = ownerOfHost(inside);
  return owner < 0 || owner == worker;
}

/** Takes a forward back whose sessions have ended. */
export function removeForward(router: u32, protocol: u32, index: u32, port: u32): void {
  const mapping = holderOf(router, protocol, index, port);
  if (mapping) removeMapping(mapping);
}

/** Marks the sessions of whoever has a port of an outside address: `endMarked` ends them. */
export function markPort(router: u32, protocol: u32, index: u32, port: u32): void {
  const mapping = holderOf(router, protocol, index, port);
  if (mapping == 0) return;
  store<u32>(mapping, load<u32>(mapping, MAPPING_FLAGS) | MAPPING_ENDED, MAPPING_FLAGS);
  marked += load<u32>(mapping, MAPPING_FLOWS);
}

/** Sessions of which the mapping is marked. */
let marked: u32 = 0;

/** The mapping that has a port of an outside address, 0: none; its worker's tables are at hand then. */
function holderOf(router: u32, protocol: u32, index: u32, port: u32): u32 {
  const owner = ownerOfPort(index, protocol, bswap<u16>(<u16>port));
  if (owner < 0) return 0;
  adopt(owner);
  return findOutside(endpointKey(routerAt(router), protocol, load<u32>(outsideAt(index), OUTSIDE_ADDRESS), port));
}

/** Ends sessions whose mapping is marked, all in one walk, and none where there are none. */
export function endMarked(): void {
  if (marked) endWhere(BY_MARK, 0);
  marked = 0;
}

/** Ends all sessions of a router. */
export function endSessions(router: u32): void {
  endWhere(BY_ROUTER, routerAt(router));
}

/** Ends the sessions that have a port of an outside address. */
export function endSessionsOf(index: u32): void {
  endWhere(BY_OUTSIDE, index);
}

/** Ends the sessions that go by an interface. */
export function endSessionsAt(port: u32): void {
  endWhere(BY_INTERFACE, port);
}

// What chooses sessions.
const BY_MARK: u32 = 0;
const BY_ROUTER: u32 = 1;
const BY_OUTSIDE: u32 = 2;
const BY_INTERFACE: u32 = 3;

/** Ends the sessions that something chooses: a walk over all that there ever were at a time. */
function endWhere(by: u32, what: u32): void {
  setClock();
  for (let worker: u32 = 0; worker < workers; worker++) {
    adopt(worker);
    endOwn(by, what);
  }
}

/** The same of one worker's. */
function endOwn(by: u32, what: u32): void {
  const end = highest(FLOW_SLAB);
  for (let number: u32 = 1; number < end; number++) {
    const half = recordAt(FLOW_SLAB, number);
    if (load<u64>(half, HALF_KEY + 8) == 0) continue; // free
    if (by == BY_ROUTER ? routerOf(half) == what : concerns(half, by, what) || concerns(half + HALF_SIZE, by, what)) {
      removeFlow(half);
    }
  }
}

/** Whether one half of a flow is what is chosen. */
function concerns(half: u32, by: u32, what: u32): bool {
  const neighbor = load<u32>(half, HALF_NEIGHBOR);
  if (by == BY_INTERFACE) return neighbor != 0 && load<u32>(neighbor, NEIGHBOR_PORT) == what;
  const mapping = load<u32>(half, HALF_MAPPING);
  if (mapping == 0) return false;
  if (by == BY_OUTSIDE) return load<u32>(mapping, MAPPING_OUTSIDE_INDEX) == what;
  return (load<u32>(mapping, MAPPING_FLAGS) & MAPPING_ENDED) != 0;
}

/**
 * A router's routes are others now: its sessions look for their next hops again, and those end that have an inside end
 * where no route to the inside leads any more.
 */
export function reroute(router: u32): void {
  setClock();
  for (let worker: u32 = 0; worker < workers; worker++) {
    adopt(worker);
    const end = highest(FLOW_SLAB);
    for (let number: u32 = 1; number < end; number++) {
      const half = recordAt(FLOW_SLAB, number);
      if (load<u64>(half, HALF_KEY + 8) == 0 || routerOf(half) != routerAt(router)) continue;
      if (hasInside(half)) forgetHops(half);
      else removeFlow(half);
    }
  }
}

function forgetHops(half: u32): void {
  if (load<u32>(half, HALF_NEIGHBOR)) setNeighbor(half, 0);
  if (load<u32>(half + HALF_SIZE, HALF_NEIGHBOR)) setNeighbor(half + HALF_SIZE, 0);
}

/** Forgets the neighbors of an interface, to which no session points any more; frames that wait are dropped. */
export function forgetNeighbors(port: u32): void {
  for (let worker: u32 = 0; worker < workers; worker++) {
    adopt(worker);
    const end = highest(NEIGHBOR_SLAB);
    for (let number: u32 = 1; number < end; number++) {
      const neighbor = recordAt(NEIGHBOR_SLAB, number);
      if (isNeighbor(neighbor) && load<u32>(neighbor, NEIGHBOR_PORT) == port) removeNeighbor(neighbor);
    }
    wakeFragments();
  }
}

/** Lets frames that wait for the first fragment be looked at again: their interface may have gone. */
function wakeFragments(): void {
  const end = highest(FRAGMENT_SLAB);
  for (let number: u32 = 1; number < end; number++) ready(recordAt(FRAGMENT_SLAB, number) + FRAGMENT_QUEUE);
}

/** Lets an interface announce its addresses. */
export function announce(port: u32): void {
  store<u32>(INTERFACES + port * INTERFACE_SIZE, 1, INTERFACE_NEWS);
  store<u32>(ANNOUNCE, 1);
}

/** Tells all workers where a neighbor is; MAC as four and two bytes. False: no room. */
export function addNeighbor(port: u32, address: u32, low: u32, high: u32): bool {
  setClock();
  let known = true;
  for (let worker: u32 = 0; worker < workers; worker++) {
    adopt(worker);
    const neighbor = neighborOf(port, address);
    if (neighbor) confirm(neighbor, (<u64>high << 32) | low);
    known = known && neighbor != 0;
  }
  return known;
}

/**
 * Brings a session back: its record stands at RESTORED, with its router's number of now and `left` ticks to live.
 * False: there is no room, or it does not fit the configuration.
 */
export function restoreSession(left: u32): bool {
  setClock();
  const key = load<u64>(RESTORED);
  const ports = load<u32>(RESTORED, HALF_KEY + 8);
  const after = load<u64>(RESTORED, HALF_ADDRESSES);
  const afterPorts = load<u32>(RESTORED, HALF_PORTS);
  const flags = <u32>load<u8>(RESTORED + HALF_SIZE, HALF_FLAGS) & (FLOW_INBOUND | FLOW_HAIRPIN);
  if (!hasInside(RESTORED)) return false;
  const inside = insideOf(RESTORED);
  const peerHost = flags & FLOW_HAIRPIN && ownerOfHost(inside) < 0 ? <u32>(after >> 32) : inside;
  adopt(placeOf(peerHost)); // a hairpin's hosts have to be one worker's
  if (flags & FLOW_HAIRPIN && !isFor(<u32>(after >> 32), self)) return false;
  if (findHalf(key, load<u64>(RESTORED, HALF_KEY + 8))) return false;
  const remote = (<u64>1 << 63) | (<u64>(ports >> 16) << 32) | (key >> 32);
  const far = flags & (FLOW_INBOUND | FLOW_HAIRPIN)
    ? bringBack(<u32>(after >> 32), afterPorts >> 16, <u32>(key >> 32), ports >> 16, 0) : 0;
  const near = flags & FLOW_INBOUND
    ? far : bringBack(<u32>key, ports & 0xffff, <u32>after, afterPorts & 0xffff, remote);
  const peer = flags & FLOW_HAIRPIN ? far : 0;
  if (near == 0 || (flags & FLOW_HAIRPIN && peer == 0)) return abandon(near, far);
  const host = hostOf(routerOf(RESTORED), inside);
  const scope = <u32>load<u16>(RESTORED + HALF_SIZE, HALF_KEY + 13);
  const half = host
    ? makeFlow(key, load<u64>(RESTORED, HALF_KEY + 8), after, afterPorts, scope, near, peer, host, flags) : 0;
  if (half == 0) {
    if (host) leaveHost(host);
    return abandon(near, far);
  }
  revive(half, near, left);
  return true;
}

/** Gives a session the life that its record had. */
function revive(half: u32, mapping: u32, left: u32): void {
  memory.copy(half + HALF_ACK, RESTORED + HALF_ACK, 8); // with window and scale
  memory.copy(half + HALF_SIZE + HALF_ACK, RESTORED + HALF_SIZE + HALF_ACK, 8);
  store<u8>(half + HALF_SIZE, stateOf(load<u8>(RESTORED + HALF_SIZE, HALF_STATE)), HALF_STATE);
  const opening = protocolOf(half) == PROTOCOL_TCP && !isEstablished(half);
  setTimeout(half, timeoutOf(half, opening), opening || protocolOf(half) == PROTOCOL_ICMP);
  limitExpiry(half, ticks + left);
  extend(mapping, load<u32>(half, HALF_EXPIRES));
  if (filtersAddress(routerOf(half))) permit(half);
}

/** A connection may have opened after it was saved: what its sides send from now on says so. */
function stateOf(saved: u8): u8 {
  const settled = (saved & <u8>(STATE_ESTABLISHED | STATE_RESET | STATE_FINS)) != 0;
  return settled ? saved : saved | <u8>STATE_MIDDLE;
}

function abandon(near: u32, far: u32): bool {
  if (near) removeUnused(near);
  if (far && far != near) removeUnused(far);
  return false;
}

/** The mapping between two endpoints, made where there is none; 0: the outside one is not to be had. */
function bringBack(inside: u32, insidePort: u32, outside: u32, outsidePort: u32, remote: u64): u32 {
  const router = routerOf(RESTORED);
  const protocol = protocolOf(RESTORED);
  const perEndpoint = mapsPerEndpoint(router, inside);
  const key = endpointKey(router, protocol, inside, insidePort);
  const known = findOutside(endpointKey(router, protocol, outside, outsidePort));
  if (known) return load<u64>(known) == key ? known : 0;
  const index = outsideIndexOf(router, outside);
  if (index < 0 || (findInside(key, 0) && !perEndpoint)) return 0;
  const host = hostOf(router, inside);
  if (host == 0) return 0;
  if (!takePort(index, protocol, bswap<u16>(<u16>outsidePort))) {
    leaveHost(host);
    return 0;
  }
  pair(host, index);
  const mapping = makeMapping(key, perEndpoint ? remote : 0, index, outsidePort, host);
  if (mapping == 0) leaveHost(host);
  return mapping;
}
