// Multipliers for hashes of the form `(key * seed) >> shift`, as the forwarding database's is: odd, secret, and such
// that MACs given out one after the other spread evenly. Their products step round the circle of 2^64, and bunch up
// where the step is nearly a fraction of it with a small denominator: of multipliers taken blindly one in some hundreds
// sends one of 65,536 such MACs past a hundred full buckets. How near a fraction comes is told by the quotients of the
// step's continued fraction. Read first: V. T. Sós, "On the distribution mod 1 of the sequence nα", 1958 (three gaps).

import { randomBytes } from "node:crypto";
import * as layout from "./layout.js";

const CIRCLE = 1n << 64n;
const QUOTIENT_MAX = 64n; // bunches of more than some entries begin at about 1,000; one in seven multipliers has less
const KEY_BYTES = 7; // where counting may go on: the MAC's six, and the domain's lower one

/** A u64 from the system's randomness. */
export function randomWord(): bigint {
  return randomBytes(8).readBigUInt64LE();
}

/** A multiplier that spreads keys counted in any of their bytes. `random`: u64s, the first that will do is taken. */
export function spreadingSeed(random: () => bigint = randomWord): bigint {
  for (;;) {
    const seed = random() | 1n;
    if (Array.from({ length: KEY_BYTES }, (_, byte) => seed << BigInt(8 * byte)).every(isEven)) return seed;
  }
}

/** Whether the multiples of a step stay apart, for as many as there may be entries. */
function isEven(step: bigint): boolean {
  let [rest, whole] = [step % CIRCLE, CIRCLE];
  let [before, denominator] = [0n, 1n];
  while (rest > 0n && denominator < layout.FDB_ENTRIES_MAX) {
    const quotient = whole / rest;
    if (quotient > QUOTIENT_MAX) return false;
    [rest, whole] = [whole % rest, rest];
    [before, denominator] = [denominator, quotient * denominator + before];
  }
  return true;
}
