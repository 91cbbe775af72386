// Devices, which every worker sends to by a queue of its own, however many receive from them: frames leave by the queue
// of the worker that received them, so that a flow goes one way and keeps its order, and nothing crosses between
// workers. Turned worker by worker by the test. Read first: `#writeRoutes` in src/core/tables.ts.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { testFrame, testMac } from "../model/frames.js";
import { Rig, type PortSpec } from "./rig.js";

const TO_B = 2;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const tap = (name: string, queues: number, mac: number): PortSpec =>
  ({ attachment: { kind: "tap", name, ...(queues > 1 && { queues }) }, macs: [testMac(mac)] });

/** Frame `number` of a flow: both stand at its end. */
const frameOf = (flow: number, number: number): Uint8Array => testFrame({
  source: testMac(1), destination: testMac(TO_B), payload: Uint8Array.of(flow, number >> 8, number & 255),
});

/** The numbers of a flow's frames, as they came. */
function numbersOf(frames: Uint8Array[], flow: number): number[] {
  const tails = frames.map((frame) => frame.subarray(14));
  return tails.filter(([first]) => first === flow).map(([, high, low]) => (high! << 8) + low!);
}

/** Frames that ever went by the lane from a worker to another. */
function crossed(rig: Rig, from: number, to: number): number {
  return rig.shared.word(layout.LANES + (from * layout.WORKERS_MAX + to) * layout.LANE_SIZE + layout.RING_HEAD);
}

/** All that went by lanes, as `from-to: count`. */
function crossings(rig: Rig): Record<string, number> {
  const workers = range(rig.workers.length);
  const all = workers.flatMap((from) => workers.map((to) => [`${from}-${to}`, crossed(rig, from, to)] as const));
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

/** Two ports, and a flow that each worker receives from the first of them for the second. */
function playFlows(workers: number, queuesOfB: number, frames: number, b = tap("b", queuesOfB, TO_B)): Rig {
  const rig = new Rig({ a: tap("a", workers, 1), b }, { workers });
  for (const worker of range(workers)) {
    rig.injectAt("a", worker, ...range(frames).map((number) => frameOf(worker, number)));
  }
  return rig;
}

describe.each([2, 4])("with %i workers", (workers) => {
  const FRAMES = 1500;

  it.each([1, workers])("every worker sends by its own queue, and nothing crosses (%i received from)", (queues) => {
    const rig = playFlows(workers, queues, FRAMES);
    rig.settle();
    const { b } = rig.outputs() as { b: Uint8Array[] };
    for (const flow of range(workers)) expect(numbersOf(b, flow)).toEqual(range(FRAMES));
    expect(crossings(rig)).toEqual({});
    expect(rig.count("a").rx.frames).toBe(workers * FRAMES);
    expect(rig.count("b").tx.frames).toBe(workers * FRAMES);
  });

  it("a pipe gets every flow in order, from all workers, by the lanes to the one that has it", () => {
    const rig = playFlows(workers, 1, FRAMES, { macs: [testMac(TO_B)] });
    rig.settle();
    const { b } = rig.outputs() as { b: Uint8Array[] };
    for (const flow of range(workers)) expect(numbersOf(b, flow)).toEqual(range(FRAMES));
    const home = rig.end("b").port.worker;
    expect(crossings(rig)).toEqual(Object.fromEntries(
      range(workers).filter((worker) => worker !== home).map((worker) => [`${worker}-${home}`, FRAMES]),
    ));
  });

  it("floods by own queues, too", () => {
    const rig = new Rig({ a: tap("a", workers, 1), b: tap("b", workers, 2), c: tap("c", workers, 3) }, { workers });
    for (const worker of range(workers)) rig.injectAt("a", worker, testFrame({ payload: Uint8Array.of(worker, 0, 0) }));
    rig.settle();
    const { b, c } = rig.outputs() as Record<"b" | "c", Uint8Array[]>;
    for (const flow of range(workers)) expect([numbersOf(b, flow), numbersOf(c, flow)]).toEqual([[0], [0]]);
    expect(crossings(rig)).toEqual({});
  });

  it("what waits in all queues of a port is counted, and dropped with it", () => {
    const rig = playFlows(workers, workers, 10);
    rig.end("b").stalled = true;
    rig.settle();
    expect(rig.count("b")).toMatchObject({ queued: workers * 10, tx: { frames: 0 } });
    const { index } = rig.end("b").port;
    rig.removePort("b");
    rig.settle();
    expect(rig.counters.port(index)).toMatchObject({ queued: 0, dropsOut: { "queue-full": workers * 10 } });
  });
});

describe("four workers and ports with two queues", () => {
  it("are received from by the workers with least to do, and sent to by all", () => {
    const rig = new Rig({ a: tap("a", 2, 1), b: tap("b", 2, 2), c: tap("c", 1, 3), d: tap("d", 4, 4) }, { workers: 4 });
    rig.addPort("e", tap("e", 3, 5));
    const workers = (name: string, queues: number): number[] => [...rig.end(name).port.workers].slice(0, queues).sort();
    expect([workers("a", 2), workers("b", 2), workers("c", 1)]).toEqual([[0, 1], [2, 3], [0]]);
    expect([workers("d", 4), workers("e", 3)]).toEqual([[0, 1, 2, 3], [1, 2, 3]]);
    for (const name of ["a", "b", "c", "d", "e"]) expect(workers(name, 4)).toEqual([0, 1, 2, 3]);
  });

  it("are not blocked where one takes nothing", () => {
    const slow = { ...tap("slow", 2, 9) };
    const rig = new Rig({ a: tap("a", 4, 1), b: tap("b", 2, TO_B), slow }, { workers: 4 });
    rig.end("slow").stalled = true;
    for (const worker of range(4)) {
      for (const number of range(2000)) {
        rig.injectAt("a", worker, testFrame({ destination: testMac(9) }), frameOf(worker, number));
      }
    }
    rig.settle();
    const { b } = rig.outputs() as { b: Uint8Array[] };
    for (const flow of range(4)) expect(numbersOf(b, flow)).toEqual(range(2000));
    const { dropsOut, queued } = rig.count("slow");
    expect(dropsOut["queue-full"]! + queued).toBe(8000);
  });
});
