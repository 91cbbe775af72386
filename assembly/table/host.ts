// Inside hosts: what each of them has of what all share, and may have (RFC 6888 REQ-3, REQ-4), and the outside address
// that it is paired with (RFC 4787 REQ-2). A host is in the table while it has sessions.

import {
  HOST_FLOWS, HOST_INDEX, HOST_KEY, HOST_MAPPINGS, HOST_OUTSIDE, HOST_SLAB, HOST_TIME, HOST_TOKENS, OUTSIDE_HOSTS,
  OUTSIDE_INSIDE, ROUTERS, ROUTER_HOST_RATE, ROUTER_OUTSIDES, ROUTER_OUTSIDE_COUNT, ROUTER_SIZE,
} from "../layout-router";
import { now } from "../state";
import { find, insert, remove } from "./hash";
import { countHosts, outsideAt } from "./outside";
import { cede, claim } from "./owner";
import { give, take } from "./slab";

@inline
function keyOf(router: u32, address: u32): u64 {
  return (<u64>((router - ROUTERS) / ROUTER_SIZE) << 32) | address;
}

/** The record of an inside host, 0 where there is none. */
export function findHost(router: u32, address: u32): u32 {
  return find(HOST_INDEX, keyOf(router, address), 0);
}

/** The record of an inside host, made where there is none; 0: there is no room for more, or it is another worker's. */
export function hostOf(router: u32, address: u32): u32 {
  const key = keyOf(router, address);
  const known = find(HOST_INDEX, key, 0);
  if (known) return known;
  if (!claim(address)) return 0;
  const host = enter(key);
  if (host == 0) {
    cede(address);
    return 0;
  }
  const outside = choose(router, address);
  store<u32>(host, outside, HOST_OUTSIDE);
  store<f64>(host, <f64>load<u32>(router, ROUTER_HOST_RATE), HOST_TOKENS);
  store<f64>(host, now, HOST_TIME);
  countHosts(outside, 1);
  return host;
}

function enter(key: u64): u32 {
  const host = take(HOST_SLAB);
  if (host == 0) return 0;
  store<u64>(host, key, HOST_KEY);
  if (insert(HOST_INDEX, host)) return host;
  give(HOST_SLAB, host);
  return 0;
}

/** A host that comes back is paired with the outside address that it had; one that has mappings keeps what it has. */
export function pair(host: u32, outside: u32): void {
  if (load<u32>(host, HOST_MAPPINGS)) return;
  countHosts(load<u32>(host, HOST_OUTSIDE), -1);
  countHosts(outside, 1);
  store<u32>(host, outside, HOST_OUTSIDE);
}

/** The outside address of a new host: its own (1:1), else the one, open to all, that fewest share. */
function choose(router: u32, address: u32): u32 {
  const first = load<u32>(router, ROUTER_OUTSIDES);
  const end = first + load<u32>(router, ROUTER_OUTSIDE_COUNT);
  let best = first;
  for (let i = first; i < end; i++) {
    const own = load<u32>(outsideAt(i), OUTSIDE_INSIDE);
    if (own == address) return i;
    if (own == 0 && load<u32>(outsideAt(i), OUTSIDE_HOSTS) < load<u32>(outsideAt(best), OUTSIDE_HOSTS)) best = i;
  }
  return best;
}

/** Whether a host may begin one more session now; where it may, that is counted. */
export function mayBegin(router: u32, host: u32): bool {
  const rate = <f64>load<u32>(router, ROUTER_HOST_RATE);
  if (rate == 0) return true;
  const earned = load<f64>(host, HOST_TOKENS) + (now - load<f64>(host, HOST_TIME)) / 1000 * rate;
  const tokens = min(earned, rate);
  store<f64>(host, now, HOST_TIME);
  store<f64>(host, tokens >= 1 ? tokens - 1 : tokens, HOST_TOKENS);
  return tokens >= 1;
}

export function countMappings(host: u32, by: i32): void {
  store<u32>(host, load<u32>(host, HOST_MAPPINGS) + <u32>by, HOST_MAPPINGS);
}

export function countFlows(host: u32, by: i32): void {
  store<u32>(host, load<u32>(host, HOST_FLOWS) + <u32>by, HOST_FLOWS);
}

/** Takes a host that has nothing any more out of the table. */
export function leaveHost(host: u32): void {
  if (load<u32>(host, HOST_MAPPINGS) || load<u32>(host, HOST_FLOWS)) return;
  countHosts(load<u32>(host, HOST_OUTSIDE), -1);
  cede(<u32>load<u64>(host, HOST_KEY));
  remove(HOST_INDEX, host);
  give(HOST_SLAB, host);
}
