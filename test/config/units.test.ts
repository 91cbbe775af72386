// Units and lists of VLANs: what users write, what they must not, and that printing and parsing are inverse.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  printDuration, printRate, printSize, parseDuration, parseRate, parseSize,
} from "../../src/config/units.js";
import { printMembership, printVids, parseVids, vidItems } from "../../src/config/vlan.js";
import { parsePort } from "../../src/config/parse.js";
import { rate, vids } from "./arbitrary.js";

describe("durations", () => {
  it.each([["300ms", 300], ["5s", 5000], ["2m", 120_000], ["1h", 3_600_000], ["1.5h", 5_400_000], ["0s", 0],
    ["0.001s", 1]])("reads %s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
  it.each(["", "5", "s", "-1s", "1 s", "1d", "1.5ms", "1.2345s", "1e3s", "5S", "1s\n"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
  it("prints what it reads", () => {
    fc.assert(fc.property(fc.oneof(fc.nat(), fc.nat(1000).map((hours) => hours * 3_600_000)), (milliseconds) => {
      expect(parseDuration(printDuration(milliseconds))).toBe(milliseconds);
    }));
  });
});

describe("rates", () => {
  it.each([
    ["10kpps", "pps", 10_000], ["200mbit", "bps", 200_000_000], ["1pps", "pps", 1], ["2.5mpps", "pps", 2_500_000],
    ["1.1gbit", "bps", 1_100_000_000], ["0.5bit", "bps", 0.5],
  ])("reads %s", (text, unit, value) => {
    expect(parseRate(text)).toEqual({ unit, value });
  });
  it.each(["", "10", "0pps", "0.000kbit", "-1pps", "10 kpps", "1gpps", "10kbps", "1e3pps", "10KPPS", ".5pps"])(
    "refuses %j", (text) => {
      expect(parseRate(text)).toBeUndefined();
    });
  it("prints what it reads", () => {
    fc.assert(fc.property(rate, (value) => {
      expect(parseRate(printRate(value))).toEqual(value);
    }));
  });
  it("reads what is written and prints it as the same value, whatever the unit", () => {
    const text = fc.tuple(fc.stringMatching(/^[1-9]\d{0,11}(\.\d{1,3})?$/),
      fc.constantFrom("pps", "kpps", "mpps", "bit", "kbit", "mbit", "gbit")).map((parts) => parts.join(""));
    fc.assert(fc.property(text, (written) => {
      const value = parseRate(written)!;
      expect(parseRate(printRate(value))).toEqual(value);
    }));
  });
});

describe("sizes", () => {
  it.each([[64, 64], ["1500", 1500], ["64k", 65_536]])("reads %j", (size, bytes) => {
    expect(parseSize(size)).toBe(bytes);
  });
  it.each(["", "k", "1.5k", "64K", "64m", "-1", 1.5, NaN, Infinity])("refuses %j", (size) => {
    expect(parseSize(size)).toBeUndefined();
  });
  it("prints what it reads", () => {
    fc.assert(fc.property(fc.nat(1 << 20), (bytes) => {
      expect(parseSize(printSize(bytes))).toBe(bytes);
    }));
  });
});

describe("lists of VLANs", () => {
  it.each([
    [10, [10]], ["10,20, 30-32", [10, 20, 30, 31, 32]], [[20, "1-3", 10], [1, 2, 3, 10, 20]], [["7"], [7]],
    ["4094-4094", [4094]],
  ])("reads %j", (list, expected) => {
    expect(parseVids(list)).toEqual({ vids: expected, faults: [] });
  });
  it("prints runs of three and more as ranges", () => {
    expect(printVids([1, 2, 4, 5, 6, 9])).toBe("1,2,4-6,9");
    expect(vidItems([10, 100, 101, 102])).toEqual([10, "100-102"]);
  });
  it("prints what it reads, as text and as a list", () => {
    fc.assert(fc.property(vids, (expected) => {
      expect(parseVids(printVids(expected))).toEqual({ vids: expected, faults: [] });
      expect(parseVids(vidItems(expected))).toEqual({ vids: expected, faults: [] });
    }));
  });
  it("finds exactly the items that share a VLAN with one before", () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(9)), { maxLength: 8 });
    fc.assert(fc.property(ranges, (runs) => {
      const seen = new Set<number>();
      const doubles: number[] = [];
      for (const [index, [first, more]] of runs.entries()) {
        const own = Array.from({ length: more + 1 }, (_, at) => first + at);
        if (own.some((vid) => seen.has(vid))) doubles.push(index);
        else for (const vid of own) seen.add(vid);
      }
      const { faults } = parseVids(runs.map(([first, more]) => `${first}-${first + more}`));
      expect(faults.map(({ item }) => item)).toEqual(doubles);
    }));
  });
});

it.each([
  [{ access: 10 }, "access 10"], [{}, "access 1"], [{ trunk: "all" }, "trunk all"], [{ tunnel: 5 }, "tunnel 5"],
  [{ trunk: [10, 20, "100-199"], native: 1 }, "trunk 10,20,100-199 native 1"], [{ monitor: true }, "monitor"],
])("says the membership of %j", (keys, expected) => {
  expect(printMembership(parsePort("a", { memory: true, ...keys }))).toBe(expected);
});
