// Paces: token buckets for sources and mirrors. Tokens are frames or bits; time is the core's clock.

import { PACE_BITS, PACE_BURST, PACE_RATE, PACE_TIME, PACE_TOKENS } from "./layout";
import { now } from "./state";

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
  const price: f64 = load<u32>(pace, PACE_BITS) ? <f64>(bytes * 8) : 1;
  // A bucket smaller than the frame could never pay for it: full is enough.
  if (tokens < min(price, load<f64>(pace, PACE_BURST))) return false;
  store<f64>(pace, tokens - price, PACE_TOKENS);
  return true;
}

/** Milliseconds until the next frame may go, at least the clock's own step. */
export function waitFor(pace: u32): f64 {
  const rate = load<f64>(pace, PACE_RATE);
  if (rate == 0) return 0;
  return max((1 - load<f64>(pace, PACE_TOKENS)) / rate, 0.05);
}
