// How many ICMP errors a router sends (RFC 1812 4.3.2.8). Each guest has a budget of its own, so that no guest can take
// what a neighbor needs; a guest is a port and a hash of a source address, so that made-up addresses take no budget of
// another port. Path MTU discovery (RFC 1191) and traceroute have budgets apart from the rest. A budget of the whole
// router bounds what many guests provoke together.
//
// A budget is a token bucket kept as one time, at which it is full again (GCRA): an error moves that time on by its
// interval, and may be sent if the time is less than a burst ahead.

import { ERRORS, ERROR_CLASSES, ERROR_SENDERS, ROUTER_ERRORS } from "../layout-router";
import { hashSeed, now, shard } from "../state";
import { CODE_FRAGMENTATION, TIME_EXCEEDED, UNREACHABLE } from "../wire/l4";

const CLASS_PATH_MTU: u32 = 0;
const CLASS_TRACE: u32 = 1;
const CLASS_REST: u32 = 2;

const BUDGET_SIZE: u32 = 8;
const SENDER_SIZE: u32 = ERROR_CLASSES * BUDGET_SIZE;
const SENDERS_SHIFT: u64 = 64 - <u64>ctz<u32>(ERROR_SENDERS);
const BURST_MS: f64 = 1000; // a second's errors may be sent at once
const SENDER_INTERVAL_MS: f64 = 10; // 100 a second
const ROUTER_INTERVAL_MS: f64 = 0.1; // 10000 a second

/**
 * Whether an ICMP error may be sent now about a packet that entered by a port and has a source address; if so, it is
 * charged to the sender and to the router (offset of its record).
 */
export function mayAfford(router: u32, port: u32, source: u32, type: u32, code: u32): bool {
  const kind = classOf(type, code) * BUDGET_SIZE;
  const sender = shard + ERRORS + (port * ERROR_SENDERS + hashOf(source)) * SENDER_SIZE + kind;
  const all = shard + router + ROUTER_ERRORS + kind;
  if (!hasRoom(sender, SENDER_INTERVAL_MS) || !hasRoom(all, ROUTER_INTERVAL_MS)) return false;
  charge(sender, SENDER_INTERVAL_MS);
  charge(all, ROUTER_INTERVAL_MS);
  return true;
}

function classOf(type: u32, code: u32): u32 {
  if (type == TIME_EXCEEDED) return CLASS_TRACE;
  return type == UNREACHABLE && code == CODE_FRAGMENTATION ? CLASS_PATH_MTU : CLASS_REST;
}

/** The seed is odd and secret. */
function hashOf(source: u32): u32 {
  return <u32>(<u64>source * hashSeed >> SENDERS_SHIFT);
}

/** Half an interval of margin keeps the rounding of times from deciding. */
function hasRoom(budget: u32, interval: f64): bool {
  return load<f64>(budget) < now + BURST_MS - interval / 2;
}

function charge(budget: u32, interval: f64): void {
  store<f64>(budget, max(load<f64>(budget), now) + interval);
}
