// Counters of this worker, u64 each, summed over the workers by the host. Every drop goes through dropIn or
// dropOut: in for a frame that went nowhere, out for a copy that a port did not get. The account that must
// come out even at rest: Σ rx + Σ copies = Σ tx + Σ drops + Σ merged.

import {
  COUNTER_COPIES, COUNTER_DOMAINS, COUNTER_DOMAIN_SIZE, COUNTER_DROPS_IN, COUNTER_DROPS_OUT, COUNTER_MERGED,
  COUNTER_PORT_SIZE, COUNTER_RX, COUNTER_TX,
} from "./layout";
import { counters } from "./state";

@inline
function bump(at: u32, by: u64): void {
  store<u64>(at, load<u64>(at) + by);
}

/** Adds frames and their bytes to the pair of counters at an offset. */
@inline
function bumpPair(at: u32, frames: u32, bytes: u64): void {
  v128.store(at, i64x2.add(v128.load(at), i64x2.replace_lane(i64x2.splat(frames), 1, bytes)));
}

// What loops count frame by frame takes the offset of this worker's counters, which they keep in a register.

/** A frame entered at a port. */
@inline
export function countRx(counts: u32, port: u32, bytes: u32): void {
  const at = counts + port * COUNTER_PORT_SIZE;
  store<u64>(at, load<u64>(at, COUNTER_RX) + 1, COUNTER_RX);
  store<u64>(at, load<u64>(at, COUNTER_RX + 8) + bytes, COUNTER_RX + 8);
}

/** Frames left through a port. */
@inline
export function countTx(port: u32, frames: u32, bytes: u64): void {
  bumpPair(counters + port * COUNTER_PORT_SIZE + COUNTER_TX, frames, bytes);
}

/** A frame left through a port. */
@inline
export function countTxOne(counts: u32, port: u32, bytes: u32): void {
  const at = counts + port * COUNTER_PORT_SIZE;
  store<u64>(at, load<u64>(at, COUNTER_TX) + 1, COUNTER_TX);
  store<u64>(at, load<u64>(at, COUNTER_TX + 8) + bytes, COUNTER_TX + 8);
}

/** A frame was taken into a VLAN. */
@inline
export function countDomain(counts: u32, domain: u32, bytes: u32): void {
  const at = counts + domain * COUNTER_DOMAIN_SIZE;
  store<u64>(at, load<u64>(at, COUNTER_DOMAINS) + 1, COUNTER_DOMAINS);
  store<u64>(at, load<u64>(at, COUNTER_DOMAINS + 8) + bytes, COUNTER_DOMAINS + 8);
}

/** Copies beyond the first that a frame of `port` was made into. */
export function countCopies(port: u32, copies: u32): void {
  bump(counters + port * COUNTER_PORT_SIZE + COUNTER_COPIES, copies);
}

/** A frame of `port` goes on inside another. */
export function countMerged(port: u32): void {
  bump(counters + port * COUNTER_PORT_SIZE + COUNTER_MERGED, 1);
}

/** A frame of `port` went nowhere. */
export function dropIn(port: u32, reason: u32): void {
  bump(counters + port * COUNTER_PORT_SIZE + COUNTER_DROPS_IN + reason * 8, 1);
}

/** A copy for `port` did not leave. */
export function dropOut(port: u32, reason: u32): void {
  bump(counters + port * COUNTER_PORT_SIZE + COUNTER_DROPS_OUT + reason * 8, 1);
}
