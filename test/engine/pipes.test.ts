// Pipes that change hands: who gets one begins with an empty one, and nobody empties it under the core's hands.

import { expect, onTestFinished, test } from "vitest";
import { BlockCutter } from "../../src/cli/pcapng.js";
import { parseConfig } from "../../src/config/parse.js";
import type { Config } from "../../src/config/model.js";
import { Engine } from "../../src/engine.js";
import { WORKERS } from "../workers.js";

const ROUNDS = 80; // more than there are pipes, so that each was somebody else's before
const FRAME = new Uint8Array(60).fill(0xff, 0, 6);

const network = (ports: object): Config => parseConfig(JSON.stringify({ switches: { lab: { ports } } }), "test");

test("a memory port begins with nothing in it, whatever the last one left", async () => {
  const with2 = network({ a: { memory: true }, b: { memory: true } });
  const engine = await Engine.start(with2, { workers: WORKERS });
  onTestFinished(async () => { await engine.stop(); });
  for (let round = 0; round < ROUNDS; round++) {
    expect(engine.memory("lab", "b").receive()).toEqual([]);
    expect(engine.memory("lab", "a").send(FRAME)).toBe(true);
    await expect.poll(() => engine.ports().find(({ name }) => name === "b")!.tx.frames).toBe(1);
    await engine.apply(network({ a: { memory: true } }));
    await engine.apply(with2);
  }
  expect((await engine.stop()).totals).toMatchObject({ unaccounted: 0 });
});

test("a capture that begins under load is a capture from its first byte", async () => {
  const engine = await Engine.start(network({ load: { generator: { size: 1500 } } }), { workers: WORKERS });
  onTestFinished(async () => { await engine.stop(); });
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const cutter = new BlockCutter(500);
    for await (const bytes of engine.capture("lab", "load", {}, new AbortController().signal)) {
      await new Promise((resolve) => setImmediate(resolve)); // a reader that takes its time
      cutter.take(bytes);
      if (cutter.isFull) break;
    }
  }
});
