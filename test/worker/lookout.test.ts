// How many workers look on at a time. Read first: src/worker/lookout.ts.

import { expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { SharedMemory } from "../../src/core/memory.js";
import { Lookout } from "../../src/worker/lookout.js";

it("as many as may look on at a time do, and the next when one stops", () => {
  const shared = SharedMemory.create({ workers: 1, pipes: 1, fdbCapacity: 64, natCapacity: 64 });
  const [a, b, c] = Array.from({ length: 3 }, () => new Lookout(shared, 2)) as [Lookout, Lookout, Lookout];
  expect([a.may(true), b.may(true), c.may(true), a.may(true), c.may(true)]).toEqual([true, true, false, true, false]);
  expect([a.may(false), c.may(true), a.may(true), b.may(true)]).toEqual([false, true, false, true]);
  expect([a.may(false), b.may(false), c.may(false), b.may(false)]).toEqual([false, false, false, false]);
  expect(shared.word(layout.HEADER_LOOKING)).toBe(0);
});

it("at least one may, on any machine", () => {
  const shared = SharedMemory.create({ workers: 1, pipes: 1, fdbCapacity: 64, natCapacity: 64 });
  expect(new Lookout(shared).may(true)).toBe(true);
});
