// The ABI: every export of the core, and nothing else. src/core/abi.ts is its twin in TypeScript. Numbers are u32
// but for times (f64, ms); a MAC goes over as two halves, since a u64 would be a BigInt.

import { layoutHash as hashOfLayout } from "./layout";
import { routerLayoutHash } from "./layout-router";
import * as control from "./control";
import * as routers from "./control-router";
import * as engine from "./engine";
import { fillPool } from "./pool";
import * as state from "./state";
import * as fdb from "./table/fdb";

/** The hash of the memory map that this core was built with; the host refuses one that is not its own. */
export function layoutHash(): f64 {
  return hashOfLayout() * 65521 + routerLayoutHash();
}

/** Attaches this instance to a memory whose header is filled in, for the host: tables only, no turns. */
export function attach(): void {
  state.bindHost();
}

/** Attaches this instance as worker `index`; `fresh`: it owns its block for the first time and fills its pool. */
export function bind(index: u32, fresh: bool): void {
  state.bind(index);
  if (fresh) fillPool();
}

/** One turn of this worker (engine.ts): `received` RX descriptors, the time in ms; returns ms that it may sleep. */
export function turn(received: u32, time: f64): f64 {
  return engine.turn(received, time);
}

/** Drops what this worker has queued for a port. */
export function abandon(port: u32): void {
  engine.abandon(port);
}

/** The link of a port goes up or down. */
export function setLink(port: u32, up: bool): void {
  control.setLink(port, up);
}

/** A port takes frames whose header leaves something undone, or does not. */
export function setOffload(port: u32, able: bool): void {
  control.setOffload(port, able);
}

export function setFlags(port: u32, flags: u32): void {
  control.setFlags(port, flags);
}

export function setDomain(domain: u32, index: u32, vid: u32): void {
  control.setDomain(domain, index, vid);
}

export function setAdmit(port: u32, vid: u32, domain: u32): void {
  control.setAdmit(port, vid, domain);
}

export function setMember(domain: u32, port: u32, leaves: u32): void {
  control.setMember(domain, port, leaves);
}

export function leaveAll(port: u32): void {
  control.leaveAll(port);
}

/** Mirrors copy whole frames until their cut is set. */
export function clearCuts(): void {
  engine.clearCuts();
}

/** Forgets what was learned on a port, in all VLANs (`vid` 0) or in one; returns how many MACs. */
export function flushPort(port: u32, vid: u32): u32 {
  return fdb.flushPort(port, vid);
}

/** Forgets what a switch learned, in all VLANs (`vid` 0) or in one; returns how many MACs. */
export function flushSwitch(index: u32, vid: u32): u32 {
  return fdb.flushSwitch(index, vid);
}

/** Adds a static entry: MAC as four and two bytes in the order of the wire, little-endian. False: table full. */
export function addStatic(domain: u32, low: u32, high: u32, port: u32): bool {
  return fdb.addStatic(key(domain, low, high), port);
}

export function removeStatic(domain: u32, low: u32, high: u32): void {
  fdb.removeStatic(key(domain, low, high));
}

/** Brings a learned entry back, seen last `ago` ticks before now, without an event. False: known, or no room. */
export function restoreFdb(domain: u32, low: u32, high: u32, port: u32, ago: u32): bool {
  return fdb.restore(key(domain, low, high), port, ago);
}

// ---- routers: numbers as the host gave them out, addresses and ports as on the wire ----

/** Publishes an inside endpoint at a port of an outside address. False: no room. */
export function addForward(router: u32, protocol: u32, outside: u32, port: u32, inside: u32, insidePort: u32): bool {
  return routers.addForward(router, protocol, outside, port, inside, insidePort);
}

export function removeForward(router: u32, protocol: u32, outside: u32, port: u32): void {
  routers.removeForward(router, protocol, outside, port);
}

/** Marks the sessions of whoever has a port of an outside address, for `endMarked`. */
export function markPort(router: u32, protocol: u32, outside: u32, port: u32): void {
  routers.markPort(router, protocol, outside, port);
}

export function endMarked(): void {
  routers.endMarked();
}

/** Ends the sessions that have a port of an outside address. */
export function endSessionsOf(outside: u32): void {
  routers.endSessionsOf(outside);
}

/** Ends the sessions that go by the interface of a port. */
export function endSessionsAt(port: u32): void {
  routers.endSessionsAt(port);
}

/** Ends all sessions of a router. */
export function endSessions(router: u32): void {
  routers.endSessions(router);
}

/** The routes of a router have changed. */
export function reroute(router: u32): void {
  routers.reroute(router);
}

/** Forgets who is at an interface; no session goes there any more. */
export function forgetNeighbors(port: u32): void {
  routers.forgetNeighbors(port);
}

/** The interface of a port tells its network where its addresses are. */
export function announce(port: u32): void {
  routers.announce(port);
}

/** Tells a router where a neighbor is. False: no room. */
export function addNeighbor(port: u32, address: u32, low: u32, high: u32): bool {
  return routers.addNeighbor(port, address, low, high);
}

/** Brings back the session whose record stands at RESTORED, with `left` ticks to live. False: it does not fit. */
export function restoreSession(left: u32): bool {
  return routers.restoreSession(left);
}

function key(domain: u32, low: u32, high: u32): u64 {
  return (<u64>domain << 48) | (<u64>high << 32) | low;
}
