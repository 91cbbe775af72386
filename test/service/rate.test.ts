// How much a service takes on from whom, on a clock that the test turns. Read first: src/service/rate.ts.

import { expect, it } from "vitest";
import { GUESTS_MAX, Rate } from "../../src/service/rate.js";

const LIMITS = { all: { perSecond: 1_000_000, burst: 1_000_000 }, guest: { perSecond: 20, burst: 40 } };
const ENDLESS = { perSecond: 1_000_000, burst: 1_000_000 };

function drain(rate: Rate, client: string, nowMs: number, port = "a"): number {
  let taken = 0;
  while (rate.admit({ port, client }, nowMs)) taken++;
  return taken;
}

it("forgets the guest that was silent longest, where there are too many", () => {
  const rate = new Rate(LIMITS, 0);
  expect([drain(rate, "first", 0), drain(rate, "second", 0)]).toEqual([40, 40]);
  for (let n = 2; n < GUESTS_MAX; n++) rate.admit({ port: "a", client: `guest ${n}` }, 0);
  expect(rate.admit({ port: "a", client: "first" }, 0)).toBe(false);
  rate.admit({ port: "a", client: "one more" }, 0);
  expect([drain(rate, "first", 1000), drain(rate, "second", 1000)]).toEqual([20, 40]);
});

it("is the same for all of a port where that is at an end", () => {
  const rate = new Rate({ ...LIMITS, all: { perSecond: 10, burst: 54 } }, 0);
  expect([drain(rate, "a", 0), drain(rate, "b", 0), drain(rate, "c", 0)]).toEqual([40, 8, 0]);
  expect([drain(rate, "c", 900), drain(rate, "a", 900)]).toEqual([9, 0]);
});

it("gives ports that ask without end as much each, and all of it to those who ask little", () => {
  const rate = new Rate({ all: { perSecond: 900, burst: 900 }, guest: ENDLESS }, 0);
  const got = { hostile: 0, greedy: 0, modest: 0 };
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
    got.hostile += drain(rate, `made up ${nowMs}`, nowMs, "hostile");
    got.greedy += drain(rate, "greedy", nowMs, "greedy");
    got.modest += Number(rate.admit({ port: "modest", client: "modest" }, nowMs)); // 100 a second
  }
  expect(got.modest).toBe(1000);
  expect(Math.abs(got.hostile - got.greedy)).toBeLessThan(900); // what it got before the other came
  expect(got.hostile + got.greedy + got.modest).toBeGreaterThan(9000);
});

it("gains nothing where the clock goes back", () => {
  const rate = new Rate(LIMITS, 1000);
  drain(rate, "a", 1000);
  expect(rate.admit({ port: "a", client: "a" }, 100)).toBe(false);
});
