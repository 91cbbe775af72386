// How much a service takes on from whom, on a clock that the test turns. Read first: src/service/rate.ts.

import { expect, it } from "vitest";
import { GUESTS_MAX, Rate } from "../../src/service/rate.js";

const LIMITS = { all: { perSecond: 1_000_000, burst: 1_000_000 }, guest: { perSecond: 20, burst: 40 } };

function drain(rate: Rate, guest: string, nowMs: number): number {
  let taken = 0;
  while (rate.admit(guest, nowMs)) taken++;
  return taken;
}

it("forgets the guest that was silent longest, where there are too many", () => {
  const rate = new Rate(LIMITS, 0);
  expect([drain(rate, "first", 0), drain(rate, "second", 0)]).toEqual([40, 40]);
  for (let n = 2; n < GUESTS_MAX; n++) rate.admit(`guest ${n}`, 0);
  expect(rate.admit("first", 0)).toBe(false);
  rate.admit("one more", 0);
  expect([drain(rate, "first", 1000), drain(rate, "second", 1000)]).toEqual([20, 40]);
});

it("is the same for all where one is at an end", () => {
  const rate = new Rate({ ...LIMITS, all: { perSecond: 10, burst: 50 } }, 0);
  expect([drain(rate, "a", 0), drain(rate, "b", 0), drain(rate, "c", 0)]).toEqual([40, 10, 0]);
  expect([drain(rate, "c", 500), drain(rate, "a", 500)]).toEqual([5, 0]);
});

it("gains nothing where the clock goes back", () => {
  const rate = new Rate(LIMITS, 1000);
  drain(rate, "a", 1000);
  expect(rate.admit("a", 100)).toBe(false);
});
