// Chance for tests that must be repeatable: numbers that follow from a seed. Owns nothing.
// Read first: Marsaglia, Xorshift RNGs (Journal of Statistical Software 8, 2003).

/** Rolls numbers from 0 to below a limit. */
export type Dice = (below: number) => number;

export function dice(seed: number): Dice {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
