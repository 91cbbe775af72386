// The same engine with one, two and four workers; then two workers that send each other all they can.
// (The lanes between them, turn by turn: test/core/lane.test.ts.)

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import type { Engine } from "../../src/engine.js";
import type { Fabric } from "../../src/engine/fabric.js";
import { testFrame, testMac } from "../model/frames.js";
import { collect, feed, feedInStep, network, numbered, numberOf, port, startEngine, until } from "./lab.js";

const memory = { memory: true };
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Whether each slot of a worker is armed or free, once. Looks where no user of the library can. */
function slotsAtHome(engine: Engine, worker: number): boolean {
  const { shared } = (engine as unknown as { fabric: Fabric }).fabric;
  const block = layout.WORKERS + worker * layout.WORKER_SIZE;
  const stack = (block + layout.WORKER_STACK) >>> 2;
  const free = shared.words.subarray(stack, stack + shared.word(block + layout.WORKER_FREE));
  const armed = range(layout.BATCH_MAX).map((i) => shared.word(block + layout.WORKER_RX + i * layout.DESC_SIZE));
  return free.length + armed.length === layout.SLOTS_PER_WORKER
    && new Set([...free, ...armed]).size === layout.SLOTS_PER_WORKER;
}

describe.each([1, 2, 4])("with %i workers", (workers) => {
  it("floods and forwards in order", async () => {
    const engine = await startEngine(network({ a: memory, b: memory, c: memory, d: memory }), workers);
    expect(engine.stats().workers).toBe(workers);
    const got = { b: collect(engine, "b"), c: collect(engine, "c"), d: collect(engine, "d") };
    await feedInStep(engine, "a", numbered(2000, 1), got.d);
    await until(() => got.b.length === 2000 && got.c.length === 2000);
    for (const frames of Object.values(got)) expect(frames.map(numberOf)).toEqual(range(2000));
    await feed(engine, "d", [testFrame({ source: testMac(2), destination: testMac(1) })]);
    await until(() => port(engine, "a").tx.frames === 1);
    expect(engine.fdb().map(({ mac, port: name }) => `${mac} ${name}`)).toEqual([`${testMac(1)} a`, `${testMac(2)} d`]);
    const totals = { rx: { frames: 2001 }, tx: { frames: 6001 }, drops: {}, unaccounted: 0 };
    expect(engine.stats().totals).toMatchObject(totals);
  });

  it("keeps VLANs apart", async () => {
    const ports = { a: memory, b: { ...memory, access: 2 }, c: memory, t: { ...memory, trunk: "all" } };
    const engine = await startEngine(network(ports), workers);
    const [c, t] = [collect(engine, "c"), collect(engine, "t")];
    await feedInStep(engine, "a", numbered(100), c);
    await until(() => t.length === 100);
    expect(port(engine, "b").tx.frames).toBe(0);
    expect(t[0]!.length).toBe(c[0]!.length + 4);
  });

  it("copies to a mirror wherever its monitor port is", async () => {
    const mirrors = { watch: { from: ["a", "b"], to: "ids" } };
    const ports = { a: memory, b: memory, c: memory, d: memory, ids: { ...memory, monitor: true } };
    const engine = await startEngine(network(ports, { mirrors }), workers);
    const got = collect(engine, "ids");
    await feedInStep(engine, "a", numbered(500), got);
    expect(got.map(numberOf)).toEqual(range(500));
  });

  it("changes its ports under load, and every frame is accounted for", async () => {
    const load = { generator: { size: 200, flows: 100 } };
    const engine = await startEngine(network({ load, a: memory, b: memory }), workers);
    for (let round = 0; round < 10; round++) {
      await engine.apply(network({ load, a: memory, ...(round % 2 ? { b: memory } : { [`c${round}`]: memory }) }));
    }
    const { totals } = await engine.stop();
    expect(totals.rx.frames).toBeGreaterThan(1000);
    expect(totals).toMatchObject({ unaccounted: 0, queued: 0 });
  });
});

describe.each(["busy", "blocking"] as const)("workers whose waiting is %s", (poll) => {
  it("forward in order, change their ports and stop", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }), 2, poll);
    const got = collect(engine, "b");
    await feedInStep(engine, "a", numbered(1000, 1), got);
    expect(got.map(numberOf)).toEqual(range(1000));
    await engine.apply(network({ a: memory, b: memory, c: memory }));
    await feed(engine, "c", numbered(10));
    await until(() => got.length === 1010);
  });
});

describe("two workers", () => {
  const FRAMES = 200_000;
  const generator = { frames: FRAMES, flows: 7 };

  it("hammer their lanes both ways: nothing is lost but what is counted", async () => {
    // Generators are sinks, too: each gets what the other makes, over a lane.
    const engine = await startEngine(network({ a: { generator }, b: { generator } }), 2);
    await until(() => port(engine, "a").rx.frames === FRAMES && port(engine, "b").rx.frames === FRAMES, "all are made");
    await until(() => slotsAtHome(engine, 0) && slotsAtHome(engine, 1), "all slots come home");
    const { totals } = await engine.stop();
    const lost = totals.drops["queue-full"] ?? 0;
    expect(totals).toMatchObject({ rx: { frames: 2 * FRAMES }, copies: 0, queued: 0, unaccounted: 0 });
    expect(totals.tx.frames).toBe(2 * FRAMES - lost);
    expect(Object.keys(totals.drops).filter((reason) => reason !== "queue-full")).toEqual([]);
  });

  it("neither double nor reorder what they lend each other", async () => {
    const ports = { a: { generator: { ...generator, rate: "100kpps", frames: 50_000 } }, b: memory };
    const engine = await startEngine(network(ports), 2);
    const got = collect(engine, "b");
    await until(() => port(engine, "a").rx.frames === 50_000);
    await until(() => got.length === port(engine, "b").tx.frames && port(engine, "a").queued === 0);
    const numbers = got.map((frame) => Number(Buffer.from(frame.buffer, frame.byteOffset).readBigUInt64BE(42)));
    for (let i = 1; i < numbers.length; i++) {
      if (numbers[i]! <= numbers[i - 1]!) throw new Error(`frame ${numbers[i]} came after ${numbers[i - 1]}`);
    }
    await until(() => got.length + (port(engine, "b").drops["queue-full"] ?? 0) === 50_000);
  });
});
