// The cache's bounds: entries, bytes, and who goes first.

import { expect, it } from "vitest";
import { type Answer } from "../../../src/service/dns/answer.js";
import { AnswerCache, BYTES_MAX, ENTRIES_MAX } from "../../../src/service/dns/cache.js";

function answer(size: number, ttl = 60): Answer {
  return { message: new Uint8Array(size), rcode: 0, ttl, truncated: false, edns: true, sameCase: true };
}

it("holds so many entries, the one used longest ago goes", () => {
  const cache = new AnswerCache();
  for (let n = 0; n < ENTRIES_MAX; n++) cache.put(`${n}`, answer(50), 0);
  cache.find("0", 1);
  cache.put("more", answer(50), 1);
  expect(cache.size).toBe(ENTRIES_MAX);
  expect(["0", "1", "2", "more"].map((key) => cache.find(key, 1) !== undefined)).toEqual([true, false, true, true]);
});

it("holds so many bytes", () => {
  const cache = new AnswerCache();
  for (let n = 0; n < 100; n++) cache.put(`${n}`, answer(65_000), 0);
  expect(cache.bytes).toBeLessThanOrEqual(BYTES_MAX);
  expect(cache.size).toBe(Math.floor(BYTES_MAX / 65_300));
});

it("gives the room of what is over or replaced back", () => {
  const cache = new AnswerCache();
  cache.put("a", answer(1_000), 0);
  cache.put("a", answer(50, 1), 0);
  expect([cache.size, cache.bytes < 1_000]).toEqual([1, true]);
  expect(cache.find("a", 1_000)).toBeUndefined();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});

it("does not hold what may not be kept", () => {
  const cache = new AnswerCache();
  cache.put("a", answer(50, 0), 0);
  expect(cache.size).toBe(0);
});
