// How well the forwarding database's multipliers spread MACs that are counted up, against a table of buckets that is
// filled one by one.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { randomWord, spreadingSeed } from "../../src/core/seed.js";

const COUNT = 16_384;
const BUCKETS_BITS = 13; // half full
const MASK = (1n << 64n) - 1n;
const FAR = 100; // buckets, further than the table goes

/** Over how many full buckets the unluckiest of the keys `step`, 2 × `step`, … has to go; FAR at most. */
function longestWalk(seed: bigint, step: bigint): number {
  const held = new Uint8Array(2 ** BUCKETS_BITS);
  let [longest, at] = [0, 0n];
  for (let i = 0; i < COUNT; i++) {
    at = (at + step * seed) & MASK;
    let bucket = Number(at >> BigInt(64 - BUCKETS_BITS));
    let walked = 0;
    for (; held[bucket] === layout.FDB_WAYS && walked < FAR; walked++) bucket = (bucket + 1) % held.length;
    held[bucket]! += 1;
    longest = Math.max(longest, walked);
    if (longest === FAR) return FAR;
  }
  return longest;
}

describe("the forwarding database's multiplier", () => {
  it.each([0, 1, 2, 3, 4, 5])("spreads MACs that are counted from byte %i on", (byte) => {
    for (let i = 0; i < 10; i++) expect(longestWalk(spreadingSeed(), 1n << BigInt(8 * byte))).toBeLessThan(16);
  });

  it.each([
    ["1", 1n],
    ["nearly a third of the circle", MASK / 3n],
    ["nearly 1/1,000 of it, counted in the third byte", ((MASK / 1000n) >> 16n) | (5n << 60n)],
  ])("is not %s", (_, bad) => {
    const words = [bad, randomWord()];
    const taken = spreadingSeed(() => words.shift() ?? randomWord());
    expect(taken).not.toBe(bad | 1n);
    const walks = Array.from({ length: 6 }, (_, byte) => longestWalk(bad | 1n, 1n << BigInt(8 * byte)));
    expect(walks).toContain(FAR);
  });

  it("is the first odd number that will do", () => {
    const good = spreadingSeed();
    expect(spreadingSeed(() => good - 1n)).toBe(good);
  });
});
