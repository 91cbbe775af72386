// native/layout.h repeats a part of the memory map by hand: it must say the same.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as layout from "../../assembly/layout.js";
import { Reason } from "../../assembly/reason.js";

const header = readFileSync(new URL("../../native/layout.h", import.meta.url), "utf8");
const ETHERNET = ["TAG_OFFSET", "TAG_SIZE"]; // not of the memory map

it("gives every constant its value in assembly/layout.ts", () => {
  const constants = [...header.matchAll(/constexpr uint32_t (\w+) = (\d+);/g)];
  const declared = constants.filter(([, name]) => !ETHERNET.includes(name!));
  expect(declared.length).toBeGreaterThan(15);
  const theirs = layout as unknown as Record<string, number>;
  for (const [, name, value] of declared) expect([name, Number(value)]).toEqual([name, theirs[name!]]);
});

it("gives every reason its id in assembly/reason.ts", () => {
  const reasons = /enum class Reason[^{]*{([^}]*)}/.exec(header)![1]!;
  const declared = [...reasons.matchAll(/(\w+) = (\d+)/g)];
  expect(declared.length).toBe(3);
  for (const [, name, id] of declared) expect([name, Number(id)]).toEqual([name, Reason[name as keyof typeof Reason]]);
});

it("derives the pipe's second ring as the map does", () => {
  expect(layout.PIPE_OUT).toBe(layout.PIPE_IN + layout.PIPE_SIZE);
  expect(layout.PIPE_BYTES).toBe(layout.PIPE_IN + 2 * layout.PIPE_SIZE);
});
