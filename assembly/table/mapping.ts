// Mappings (RFC 4787 4.1): the outside address and port that an inside endpoint has, for all remote endpoints or for
// one. A mapping is there while sessions hold it; one that a forward made is there for good. It is found by its inside
// and by its outside.

import {
  INSIDE_INDEX, MAPPING_EXPIRES, MAPPING_FLAGS, MAPPING_FLOWS, MAPPING_HOST, MAPPING_INSIDE, MAPPING_OUTSIDE,
  MAPPING_OUTSIDE_INDEX, MAPPING_SLAB, MAPPING_STATIC, OUTSIDE_ADDRESS, OUTSIDE_INDEX, ROUTERS, ROUTER_SIZE,
} from "../layout-router";
import { countMappings, leaveHost } from "./host";
import { find, insert, remove } from "./hash";
import { givePort, outsideAt } from "./outside";
import { cede } from "./owner";
import { give, take } from "./slab";

/** Key of an endpoint of a router; the port is as on the wire. */
@inline
export function endpointKey(router: u32, protocol: u32, address: u32, port: u32): u64 {
  const number = <u64>((router - ROUTERS) / ROUTER_SIZE);
  return (number << 56) | (<u64>protocol << 48) | (<u64>port << 32) | address;
}

/** The mapping of an inside endpoint towards `remote` (a key, or 0 for all), 0: none. */
export function findInside(inside: u64, remote: u64): u32 {
  return find(INSIDE_INDEX, inside, remote);
}

/** The mapping that has an outside endpoint, 0: none. */
export function findOutside(outside: u64): u32 {
  return find(OUTSIDE_INDEX, outside, 0);
}

@inline
export function addressOf(endpoint: u64): u32 {
  return <u32>endpoint;
}

/** The port of an endpoint, as on the wire. */
@inline
export function portIn(endpoint: u64): u32 {
  return <u32>(endpoint >> 32) & 0xffff;
}

@inline
function protocolIn(endpoint: u64): u32 {
  return <u32>(endpoint >> 48) & 0xff;
}

/**
 * Makes a mapping of an inside endpoint to a port (as on the wire) of outside address `index` that was taken for it; 0:
 * no room, and the port is given back. `host`: who it counts for, 0: a forward, whose inside has been claimed.
 */
export function makeMapping(inside: u64, remote: u64, index: u32, port: u32, host: u32): u32 {
  const mapping = take(MAPPING_SLAB);
  if (mapping == 0) {
    givePort(index, protocolIn(inside), bswap<u16>(<u16>port));
    return 0;
  }
  const outside = (inside & 0xffff_0000_0000_0000) | (<u64>port << 32) | load<u32>(outsideAt(index), OUTSIDE_ADDRESS);
  store<u64>(mapping, inside, MAPPING_INSIDE);
  store<u64>(mapping, remote, MAPPING_INSIDE + 8);
  store<u64>(mapping, outside, MAPPING_OUTSIDE);
  store<u32>(mapping, index, MAPPING_OUTSIDE_INDEX);
  store<u32>(mapping, host, MAPPING_HOST);
  store<u32>(mapping, host ? 0 : MAPPING_STATIC, MAPPING_FLAGS);
  if (!enter(mapping)) {
    give(MAPPING_SLAB, mapping);
    givePort(index, protocolIn(inside), bswap<u16>(<u16>port));
    return 0;
  }
  if (host) countMappings(host, 1);
  return mapping;
}

function enter(mapping: u32): bool {
  if (!insert(OUTSIDE_INDEX, mapping)) return false;
  if (insert(INSIDE_INDEX, mapping)) return true;
  remove(OUTSIDE_INDEX, mapping);
  return false;
}

/** One session more holds a mapping. */
export function holdMapping(mapping: u32): void {
  store<u32>(mapping, load<u32>(mapping, MAPPING_FLOWS) + 1, MAPPING_FLOWS);
}

/** Takes a hold back; the mapping stays, even without any. */
export function letGo(mapping: u32): void {
  store<u32>(mapping, load<u32>(mapping, MAPPING_FLOWS) - 1, MAPPING_FLOWS);
}

/** One session less holds a mapping; without any it goes, unless a forward made it. 0 is none. */
export function dropMapping(mapping: u32): void {
  if (mapping == 0) return;
  const flows = load<u32>(mapping, MAPPING_FLOWS) - 1;
  store<u32>(mapping, flows, MAPPING_FLOWS);
  if (flows == 0 && !isStatic(mapping)) removeMapping(mapping);
}

/** Takes a mapping away that was made for a session which could not begin. */
export function removeUnused(mapping: u32): void {
  if (load<u32>(mapping, MAPPING_FLOWS) == 0 && !isStatic(mapping)) removeMapping(mapping);
}

/** Takes a mapping that no session holds out of the table. */
export function removeMapping(mapping: u32): void {
  const outside = load<u64>(mapping, MAPPING_OUTSIDE);
  const inside = addressOf(load<u64>(mapping, MAPPING_INSIDE));
  const port = <u32>bswap<u16>(<u16>portIn(outside));
  remove(INSIDE_INDEX, mapping);
  remove(OUTSIDE_INDEX, mapping);
  const host = load<u32>(mapping, MAPPING_HOST);
  givePort(load<u32>(mapping, MAPPING_OUTSIDE_INDEX), protocolIn(outside), port);
  give(MAPPING_SLAB, mapping);
  if (host == 0) return cede(inside);
  countMappings(host, -1);
  leaveHost(host);
}

@inline
export function isStatic(mapping: u32): bool {
  return (load<u32>(mapping, MAPPING_FLAGS) & MAPPING_STATIC) != 0;
}

/** Outbound traffic lets a mapping live until `expires` at least. */
export function extend(mapping: u32, expires: u32): void {
  if (<i32 > (expires - load<u32>(mapping, MAPPING_EXPIRES)) > 0) store<u32>(mapping, expires, MAPPING_EXPIRES);
}
