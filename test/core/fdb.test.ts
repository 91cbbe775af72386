// The forwarding database through the real core: what it holds, whom it evicts, what it forgets and when; random
// insertions and removals against a Map. Read first: assembly/table/fdb.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFdb } from "../../src/core/fdb.js";
import * as layout from "../../src/core/layout.js";
import { macWords } from "../../src/core/mac.js";
import { cTag, testFrame, testMac } from "../model/frames.js";
import { access, Rig, trunk } from "./rig.js";

/** The core's multiplier for hashes. */

/** Sends frames from many MACs, all to a group that nobody is in: they are learned and dropped. */
function learn(rig: Rig, port: string, macs: Iterable<number>): void {
  for (const mac of macs) rig.inject(port, testFrame({ source: testMac(mac), destination: "01:80:c2:00:00:00" }));
  rig.settle();
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** How many MACs each port has. */
function holdings(rig: Rig): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { port } of readFdb(rig.shared)) {
    const name = rig.registry.byIndex.get(port)!.name;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe("its capacity", () => {
  it.each([64, 65, 100, 1000, 65536])("of %i is all usable, and every MAC is found", (fdbCapacity) => {
    const rig = new Rig({ a: {}, b: {} }, { fdbCapacity });
    learn(rig, "a", range(1, fdbCapacity));
    expect(holdings(rig)).toEqual({ a: fdbCapacity });
    const count = Math.min(fdbCapacity, 2000);
    const step = Math.floor(fdbCapacity / count);
    rig.inject("b", ...range(0, count).map((i) =>
      testFrame({ source: "01:00:00:00:00:00", destination: testMac(1 + i * step) })));
    rig.settle();
    expect(rig.outputs().a).toHaveLength(count);
    expect(rig.count("b").copies).toBe(0);
  });

  it("of 1,048,576 is all usable", () => {
    const rig = new Rig({ a: {} }, { fdbCapacity: layout.FDB_ENTRIES_MAX });
    const domain = rig.registry.knownDomain(0, 1)!;
    const { index } = rig.end("a").port;
    for (let mac = 1; mac <= layout.FDB_ENTRIES_MAX; mac++) {
      if (!rig.host.addStatic(domain, mac * 0x10000 + 2, mac >>> 16, index)) throw new Error(`no room for ${mac}`);
    }
    expect(rig.shared.word(layout.FDB_COUNT)).toBe(layout.FDB_ENTRIES_MAX);
    expect(rig.host.addStatic(domain, 2, 0xffff, index)).toBeFalsy();
    rig.host.removeStatic(domain, 0x10002, 0);
    expect(rig.host.addStatic(domain, 2, 0xffff, index)).toBeTruthy();
  });
});

describe("a flood of MACs", () => {
  it("on one port leaves the others theirs", () => {
    const rig = new Rig({ a: {}, b: {}, c: {} }, { fdbCapacity: 1000 });
    learn(rig, "a", range(1, 200));
    learn(rig, "b", range(1001, 300));
    learn(rig, "c", range(100_000, 10_000));
    expect(holdings(rig)).toEqual({ a: 200, b: 300, c: 500 });
  });

  it("gives way down to its share when others come", () => {
    const rig = new Rig({ a: {}, b: {}, c: {}, d: {} }, { fdbCapacity: 1000 });
    learn(rig, "d", range(100_000, 10_000));
    expect(holdings(rig)).toEqual({ d: 1000 });
    for (const [i, name] of ["a", "b", "c"].entries()) learn(rig, name, range(1000 * (i + 1), 240));
    expect(holdings(rig)).toEqual({ a: 240, b: 240, c: 240, d: 280 });
  });

  it("keeps what is in use: the silent go first among the oldest", () => {
    const rig = new Rig({ a: {} }, { fdbCapacity: 64 });
    learn(rig, "a", range(1, 64));
    rig.turn(2000);
    learn(rig, "a", [1, 2, 3]); // the oldest, but not silent
    learn(rig, "a", [1000]);
    expect(rig.fdb()).toContain(`1 ${testMac(1)} a`);
    expect(rig.fdb()).not.toContain(`1 ${testMac(4)} a`);
  });

  it("never pushes out a static MAC", () => {
    const macs = range(1, 63).map(testMac);
    const rig = new Rig({ a: { macs }, b: {} }, { fdbCapacity: 64 });
    learn(rig, "b", range(1000, 500));
    expect(holdings(rig)).toEqual({ a: 63, b: 1 });
    rig.changePort("a", { macs: [...macs, testMac(64)] }); // one more than there is room for beside b's
    learn(rig, "b", range(5000, 10));
    expect(holdings(rig).a).toBe(64);
  });

  it("of MACs chosen for one bucket neither stops the core nor hides what others have", () => {
    const rig = new Rig({ a: {}, b: {} }, { fdbCapacity: 1024, agingSeconds: 2 });
    learn(rig, "b", [1]);
    for (let round = 0; round < 6; round++) {
      learn(rig, "a", collisions(rig, round / 6, 1000));
      learn(rig, "b", [1]);
      expect(holdings(rig).b).toBe(1);
      const [known, unknown] = [testMac(1), testMac(0xdead)];
      expect(Object.keys(rig.pass("a", testFrame({ source: testMac(0), destination: known })))).toEqual(["b"]);
      expect(Object.keys(rig.pass("b", testFrame({ source: known, destination: unknown })))).toEqual(["a"]);
      rig.advance(1);
      rig.advance(1);
      rig.advance(1);
    }
  });
});

/** MACs in VLAN 1 whose search begins at one bucket, some way into the table (0 to 1). */
function collisions(rig: Rig, where: number, count: number): number[] {
  const buckets = rig.shared.word(layout.HEADER_FDB_BUCKETS);
  const bucket = BigInt(Math.floor(where * buckets));
  const shift = 64n - BigInt(Math.log2(buckets));
  const high = BigInt(rig.registry.knownDomain(0, 1)!) << 48n;
  const seed = rig.shared.longs[layout.HEADER_FDB_SEED >>> 3]!;
  const found: number[] = [];
  for (let mac = 0x10000; found.length < count; mac++) {
    const key = high | (BigInt(swapped(mac)) << 16n) | 2n; // testMac is 02:00 and the number
    if (BigInt.asUintN(64, key * seed) >> shift === bucket) found.push(mac);
  }
  return found;
}

function swapped(number: number): number {
  return Buffer.from([number >>> 24, number >>> 16, number >>> 8, number]).readUInt32LE();
}

describe("ageing", () => {
  it("forgets at the aging time, counted from the last frame", () => {
    const rig = new Rig({ a: {} }, { agingSeconds: 10 });
    learn(rig, "a", [1, 2]);
    rig.advance(6);
    learn(rig, "a", [2]);
    rig.advance(3);
    expect(holdings(rig)).toEqual({ a: 2 });
    rig.advance(1);
    expect(rig.fdb()).toEqual([`1 ${testMac(2)} a`]);
    rig.advance(6);
    expect(rig.fdb()).toEqual([]);
  });

  it("goes by each switch's own time", () => {
    const rig = new Rig({ a: {} }, { agingSeconds: 10 });
    rig.addSwitch("slow", { agingSeconds: 1_000_000 });
    rig.addPort("b", { on: "slow" });
    learn(rig, "a", [1]);
    learn(rig, "b", [1]);
    rig.advance(20);
    expect(rig.fdb()).toEqual([`1 ${testMac(1)} b`]);
    rig.advance(999_979);
    expect(rig.fdb()).toHaveLength(1);
    rig.advance(1);
    expect(rig.fdb()).toEqual([]);
  });

  it("goes once round the table a second, a slice a turn, and sleeps between", () => {
    const rig = new Rig({ a: {} }, { fdbCapacity: 262_144, agingSeconds: 100 });
    learn(rig, "a", [1]);
    rig.settle();
    const start = rig.shared.word(layout.FDB_SWEPT);
    const buckets = rig.shared.word(layout.HEADER_FDB_BUCKETS);
    let swept = 0;
    for (let ms = 0, last = start; ms < 1000; ms += 10) {
      do rig.turn(ms === 0 ? 0 : 10); while (rig.turn() === 0);
      const now = rig.shared.word(layout.FDB_SWEPT);
      swept += (now - last + buckets) % buckets;
      last = now;
    }
    expect(swept).toBeGreaterThan(0.98 * buckets);
    expect(swept).toBeLessThanOrEqual(buckets);
  });

  it("needs one round after a long sleep, not one for each second", () => {
    const rig = new Rig({ a: {} }, { fdbCapacity: 65_536, agingSeconds: 100_000 });
    learn(rig, "a", [1]);
    rig.turn(50_000_000);
    let turns = 1;
    while (rig.turn() === 0) turns++;
    expect(turns).toBeLessThan(3 * 32_768 / 4096);
  });
});

describe("a flush", () => {
  function makeLab(): Rig {
    const rig = new Rig({
      a: { vlan: trunk("all", 1), macs: [testMac(0x99)] }, b: { vlan: access(2) }, c: { vlan: access(1) },
    });
    rig.addSwitch("other");
    rig.addPort("x", { on: "other" });
    for (const port of ["a", "b", "c", "x"]) rig.pass(port, testFrame({ source: testMac(port.charCodeAt(0)) }));
    rig.pass("a", testFrame({ source: testMac(1), tags: [cTag(2)] }));
    rig.outputs();
    return rig;
  }
  const ports = (rig: Rig): string[] => rig.fdb().map((line) => line.replace(/ \S+ /, " "));

  it("of a port forgets it in all its VLANs", () => {
    const rig = makeLab();
    expect(rig.host.flushPort(rig.end("a").port.index, 9)).toBe(0);
    expect(rig.host.flushPort(rig.end("a").port.index, 0)).toBe(2);
    expect(ports(rig)).toEqual(["1 c", "1 x", "1 a *", "2 b"]);
  });

  it("of a VLAN forgets it on all ports of the switch", () => {
    const rig = makeLab();
    expect(rig.host.flushSwitch(0, 2)).toBe(2);
    expect(ports(rig).sort()).toEqual(["1 a", "1 a *", "1 c", "1 x"]);
  });

  it("of a switch forgets all but what is static", () => {
    const rig = makeLab();
    expect(rig.host.flushSwitch(0, 0)).toBe(4);
    expect(ports(rig).sort()).toEqual(["1 a *", "1 x"]);
    expect(rig.host.flushSwitch(0, 0)).toBe(0);
  });
});

it("finds what a Map would, whatever comes and goes", () => {
  const macs = range(0, 96);
  const step = fc.record({
    mac: fc.constantFrom(...macs), port: fc.constantFrom("a", "b"),
    what: fc.constantFrom("learn" as const, "learn" as const, "static" as const, "remove" as const),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
    const rig = new Rig({ a: {}, b: {} }, { fdbCapacity: 128 });
    const domain = rig.registry.knownDomain(0, 1)!;
    const numbers = collisions(rig, 0.98, macs.length); // strays on their way round the end of the table
    const known = new Map<number, string>();
    for (const { mac, port, what } of steps) {
      const number = numbers[mac]!;
      const words = macWords(testMac(number));
      if (what === "learn") {
        learn(rig, port, [number]);
        if (!known.get(number)?.endsWith("*")) known.set(number, port);
      } else if (what === "static") {
        rig.host.addStatic(domain, ...words, rig.end(port).port.index);
        known.set(number, `${port} *`);
      } else if (known.get(number)?.endsWith("*")) {
        rig.host.removeStatic(domain, ...words);
        known.delete(number);
      }
    }
    expect(rig.fdb()).toEqual([...known].map(([number, port]) => `1 ${testMac(number)} ${port}`).sort());
    for (const number of known.keys()) { // found, not only there
      rig.inject("a", testFrame({ source: "01:00:00:00:00:00", destination: testMac(number) }));
    }
    rig.settle();
    expect(rig.count("a").copies).toBe(0);
    const at = (port: string): number => [...known.values()].filter((where) => where.startsWith(port)).length;
    expect(rig.outputs().b?.length ?? 0).toBe(at("b"));
    rig.finish();
  }), { numRuns: 60 });
});
