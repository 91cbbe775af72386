// Slots and queues through the real core: what happens when there are none left, and to whom. After every test the
// rig checks that each slot is at home, once. Read first: assembly/pool.ts, assembly/ring.ts, assembly/egress.ts.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { testFrame, testMac } from "../model/frames.js";
import { give, lengthRecord } from "./codec.js";
import { access, Rig, type PortSpec } from "./rig.js";

/** Where each port's MAC leads, from the start. */
const at = (number: number): PortSpec => ({ macs: [testMac(number)] });
const to = (number: number): Uint8Array => testFrame({ destination: testMac(number), source: testMac(0) });
const times = (count: number, frame: Uint8Array): Uint8Array[] => Array.from({ length: count }, () => frame);

describe("a port that takes nothing", () => {
  it("loses its own frames, and others lose none", () => {
    const rig = new Rig({ a: {}, slow: at(1), b: at(2) });
    rig.end("slow").stalled = true;
    for (let i = 0; i < 3000; i++) rig.inject("a", to(1), to(2));
    rig.settle();
    expect(rig.outputs()).toEqual({ b: times(3000, to(2)) });
    const { dropsOut, queued } = rig.count("slow");
    expect(dropsOut["queue-full"]! + queued).toBe(3000);
    expect([rig.drops("a"), rig.drops("b")]).toEqual([{}, {}]);
  });

  it("is no worse for the others where there are twelve of them", () => {
    const rig = new Rig({ a: {}, b: at(99) });
    for (let i = 0; i < 12; i++) {
      rig.addPort(`slow${i}`, at(i + 1));
      rig.end(`slow${i}`).stalled = true;
    }
    for (let i = 0; i < 1000; i++) {
      for (let port = 0; port < 12; port++) rig.inject("a", to(port + 1));
      rig.inject("a", to(99));
    }
    rig.settle();
    expect(rig.outputs().b).toHaveLength(1000);
    expect([rig.drops("a"), rig.drops("b")]).toEqual([{}, {}]);
  });

  it("gets what waited for it when it takes something again, in order", () => {
    const rig = new Rig({ a: {}, slow: {} });
    rig.end("slow").stalled = true;
    const frames = Array.from({ length: 500 }, (_, i) => testFrame({ payload: Uint8Array.of(i >> 8, i & 255) }));
    rig.inject("a", ...frames);
    rig.settle();
    expect(rig.count("slow").queued).toBe(500);
    rig.end("slow").stalled = false;
    rig.settle();
    expect(rig.outputs()).toEqual({ slow: frames });
  });

  it("counts what waited for it as queue-full when it goes", () => {
    const rig = new Rig({ a: {}, slow: {}, b: {} });
    rig.end("slow").stalled = true;
    rig.inject("a", ...times(300, testFrame()));
    rig.settle();
    const { index } = rig.end("slow").port;
    rig.removePort("slow");
    expect(rig.counters.port(index)).toMatchObject({ queued: 0, dropsOut: { "queue-full": 300 } });
  });

  it("stands on the list of ports to transmit once, however long nobody reads that", () => {
    const rig = new Rig({ a: {}, slow: {}, gone: {} });
    rig.end("slow").stalled = true;
    rig.inject("a", testFrame());
    for (let turn = 0; turn < 3000; turn++) rig.turn();
    expect(rig.shared.word(layout.WORKERS + layout.WORKER_DIRTY)).toBeLessThanOrEqual(rig.names.length);
  });
});

describe("a pool without free slots", () => {
  it("drops as no-buffer at the port where a frame came in", () => {
    const rig = new Rig({ a: {}, b: {} });
    const free = rig.freeSlots();
    rig.shared.setWord(layout.WORKERS + layout.WORKER_FREE, 0); // as if somebody held them all
    rig.inject("a", ...times(15, testFrame()));
    rig.turn();
    rig.shared.setWord(layout.WORKERS + layout.WORKER_FREE, free);
    expect(rig.drops("a")).toEqual({ "no-buffer": 15 });
    expect(rig.pass("a", testFrame())).toEqual({ b: [testFrame()] });
  });

  it("is what 800 stalled ports never make of it: the others still get through", () => {
    const rig = new Rig({ a: {}, b: { vlan: access(2) }, c: { vlan: access(2) } });
    const slow = Array.from({ length: 800 }, (_, i) => i + 1);
    for (const i of slow) {
      rig.addPort(`slow${i}`, at(i));
      rig.end(`slow${i}`).stalled = true;
    }
    for (let round = 0; round < 4; round++) rig.inject("a", ...slow.map(to));
    rig.settle();
    expect(rig.drops("a")).toEqual({});
    expect(rig.pass("b", testFrame())).toEqual({ c: [testFrame()] });
  });

  it("drops what sources make, too", () => {
    const generator = { kind: "generator" as const, size: 60, flows: 1 };
    const rig = new Rig({ maker: { attachment: generator } });
    for (let i = 0; i < 4; i++) {
      rig.addPort(`slow${i}`);
      rig.end(`slow${i}`).stalled = true;
    }
    for (let turn = 0; turn < 100; turn++) rig.turn();
    rig.expectAccount();
    expect(rig.count("maker").rx.frames).toBeGreaterThan(5000);
  });
});

describe("pipes and devices together", () => {
  it("share a turn without losing a frame", () => {
    const rig = new Rig({ piped: { codecs: { in: "length", out: "length" } }, device: {}, b: {} });
    const frame = testFrame({ payload: new Uint8Array(400) });
    for (let i = 0; i < 500; i++) {
      give(rig.end("piped").pipe!, lengthRecord(frame));
      rig.inject("device", frame);
    }
    rig.settle();
    expect(rig.outputs().b).toHaveLength(1000);
  });
});
