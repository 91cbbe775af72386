// Two workers of one memory, turned one after the other by the test: frames lent over a lane and slots that come home.
// (Two real threads at it: test/engine/workers.test.ts.) Read first: `takeIn` and `takeBack` in assembly/engine.ts.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { testFrame, testMac } from "../model/frames.js";
import { access, Rig, type PortSpec } from "./rig.js";

const at = (number: number): PortSpec => ({ macs: [testMac(number)] });
const to = (number: number): Uint8Array => testFrame({ destination: testMac(number), source: testMac(0) });
const numbered = Array.from({ length: 1500 }, (_, i) => testFrame({ payload: Uint8Array.of(i >> 8, i & 255) }));

const hex = (frames: Uint8Array[]): string[] => frames.map((frame) => Buffer.from(frame).toString("hex"));
const wanted = hex(numbered);

/** What ports have sent, as text: thousands of frames compare faster so. */
function seen(rig: Rig): Record<string, string[]> {
  return Object.fromEntries(Object.entries(rig.outputs()).map(([name, frames]) => [name, hex(frames)]));
}

/** Ports in turn with worker 0 (a, c, e) and worker 1 (b, d, f). */
function makeLab(specs: Record<string, PortSpec> = { a: {}, b: {}, c: {}, d: {} }): Rig {
  const rig = new Rig(specs, { workers: 2 });
  rig.names.forEach((name, index) => { expect(rig.end(name).port.worker).toBe(index % 2); });
  return rig;
}

describe("a lane", () => {
  it("carries floods in order to the ports of both workers, both ways", () => {
    const rig = makeLab();
    rig.inject("a", ...numbered);
    rig.settle();
    expect(seen(rig)).toEqual({ b: wanted, c: wanted, d: wanted });
    rig.inject("b", ...numbered);
    rig.settle();
    expect(seen(rig)).toEqual({ a: wanted, c: wanted, d: wanted });
  });

  it("carries on where cursors begin anew", () => {
    const rig = makeLab();
    const start = 2 ** 32 - 500;
    const { RING_HEAD, RING_TAIL, RING_NEXT, RING_CLEAN, RING_STOP } = layout;
    for (const [from, into] of [[0, 1], [1, 0]] as const) {
      const lane = layout.LANES + (from * layout.WORKERS_MAX + into) * layout.LANE_SIZE;
      for (const ring of [lane, lane + layout.LANE_RETURN]) {
        for (const cursor of [RING_HEAD, RING_TAIL, RING_NEXT, RING_CLEAN, RING_STOP]) {
          rig.shared.setWord(ring + cursor, start);
        }
      }
    }
    rig.inject("a", ...numbered);
    rig.settle();
    expect(seen(rig)).toEqual({ b: wanted, c: wanted, d: wanted });
  });

  it("shares what each worker learns", () => {
    const rig = makeLab();
    rig.pass("b", testFrame({ source: testMac(7) }));
    expect(Object.keys(rig.pass("a", to(7)))).toEqual(["b"]);
  });

  it("is not blocked by a port at its end that takes nothing", () => {
    const rig = makeLab({ a: {}, slow: at(1), c: {}, b: at(2) });
    rig.end("slow").stalled = true;
    for (let i = 0; i < 3000; i++) rig.inject("a", to(1), to(2));
    rig.settle();
    expect(rig.outputs().b).toHaveLength(3000);
    expect([rig.drops("a"), rig.drops("b")]).toEqual([{}, {}]);
    const { dropsOut, queued } = rig.count("slow");
    expect(dropsOut["queue-full"]! + queued).toBe(3000);
  });

  it("is not blocked by ten of them", () => {
    const slow = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i + 2}`, at(i + 2)]));
    const rig = makeLab({ a: {}, b: at(1), ...slow });
    const stalled = rig.names.filter((name) => name !== "b" && rig.end(name).port.worker === 1);
    for (const name of stalled) rig.end(name).stalled = true;
    for (let i = 0; i < 1000; i++) {
      for (const name of stalled) rig.inject("a", to(Number(name.slice(1))));
      rig.inject("a", to(1));
    }
    rig.settle();
    expect(rig.outputs().b).toHaveLength(1000);
    expect([rig.drops("a"), rig.drops("b")]).toEqual([{}, {}]);
  });

  it("still delivers to a worker whose own pool was all but empty once, and that has received nothing since", () => {
    const slow = Array.from({ length: 500 }, (_, i) => i + 10);
    const rig = makeLab({ a: {}, b: {}, c: at(1), d: at(2) });
    for (const i of slow) {
      rig.addPort(`even${i}`, { vlan: access(2) });
      rig.addPort(`odd${i}`, at(i));
      rig.end(`odd${i}`).stalled = true;
    }
    for (let round = 0; round < 8; round++) rig.inject("b", ...slow.map(to));
    rig.settle();
    expect(rig.freeSlots(1)).toBeLessThanOrEqual(layout.BATCH_MAX);
    for (const i of slow) rig.end(`odd${i}`).stalled = false;
    rig.settle();
    rig.outputs();
    expect(rig.pass("a", to(2))).toEqual({ d: [to(2)] });
  });

  it("ends at a port that went while frames were on their way", () => {
    const rig = makeLab();
    rig.end("b").stalled = true;
    rig.inject("a", ...numbered.slice(0, 100));
    rig.turn();
    rig.removePort("b");
    rig.settle();
    expect(rig.outputs()).toEqual({ c: numbered.slice(0, 100), d: numbered.slice(0, 100) });
  });
});
