// Paces: token buckets for sources and mirrors. Tokens are frames or bits; time is the core's clock.

import { PACE_BITS, PACE_BURST, PACE_RATE, PACE_TIME, PACE_TOKENS } from "./layout";
import { now } from "./state";

const CLOCK_STEP_MS: f64 = 0.05;

/** Milliseconds until the first of the frames may go that their paces hold back; Infinity: none is. */
export let soonest: f64 = Infinity;

function refill(pace: u32, rate: f64): f64 {
  const earned = load<f64>(pace, PACE_TOKENS) + (now - load<f64>(pace, PACE_TIME)) * rate;
  const tokens = min(earned, load<f64>(pace, PACE_BURST));
  store<f64>(pace, tokens, PACE_TOKENS);
  store<f64>(pace, now, PACE_TIME);
  return tokens;
}

/** Whether a frame of so many bytes may go now; where it may, it has been paid for. */
export function mayGo(pace: u32, bytes: u32): bool {
  const rate = load<f64>(pace, PACE_RATE);
  if (rate == 0) return true;
  const tokens = refill(pace, rate);
  if (tokens < enough(pace, bytes)) return false;
  store<f64>(pace, tokens - price(pace, bytes), PACE_TOKENS);
  return true;
}

/** The same for a source's frame, which waits where it may not go: `soonest` says how long. */
export function mayStart(pace: u32, bytes: u32): bool {
  if (mayGo(pace, bytes)) return true;
  const missing = enough(pace, bytes) - load<f64>(pace, PACE_TOKENS);
  soonest = min(soonest, max(missing / load<f64>(pace, PACE_RATE), CLOCK_STEP_MS));
  return false;
}

/** Before the sources are asked: none has a frame that waits. */
export function clearSoonest(): void {
  soonest = Infinity;
}

/** A source's frame waits that is to be looked at again in so many ms. */
export function lookAgainIn(ms: f64): void {
  soonest = min(soonest, ms);
}

function price(pace: u32, bytes: u32): f64 {
  return load<u32>(pace, PACE_BITS) ? <f64>(bytes * 8) : 1;
}

/** Tokens that let a frame go. A bucket smaller than the frame could never pay for it: full is enough. */
function enough(pace: u32, bytes: u32): f64 {
  return min(price(pace, bytes), load<f64>(pace, PACE_BURST));
}
