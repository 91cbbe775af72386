// When a worker stays on its processor, on a clock that the test turns.

import { expect, it } from "vitest";
import { Stay } from "../../src/worker/stay.js";

/** Whether it stays after each of `turns` turns, a millisecond apart, that brought bulk data or did not. */
function stays(stay: Stay, bulk: boolean, turns: number, from: number): boolean[] {
  return Array.from({ length: turns }, (_, turn) => stay.after(bulk, from + turn));
}

it("does not stay while there is no bulk data", () => {
  expect(stays(new Stay(), false, 50, 1000)).not.toContain(true);
});

it("stays with the first of it, and between its frames", () => {
  const stay = new Stay();
  expect(stay.after(true, 1000)).toBe(true);
  expect(stays(stay, false, 9, 1001)).not.toContain(false);
});

it("goes 10 ms after the last of it", () => {
  const stay = new Stay();
  stay.after(true, 1000);
  expect(stay.after(false, 1010)).toBe(false);
});

it("may be moved for 10 ms of every 260, whatever passes", () => {
  const turns = stays(new Stay(), true, 520, 1000);
  const once = [...Array<boolean>(250).fill(true), ...Array<boolean>(10).fill(false)];
  expect(turns).toEqual([...once, ...once]);
});
