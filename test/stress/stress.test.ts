// Workers in threads of their own under load, while ports come and go, MACs move, a peer hangs up and comes back, and
// isolation and a mirror change: no frame is doubled, none overtakes another of its flow, none is unaccounted for.
// Read first: scene.ts. (The same on real devices: test/system/stress.test.ts.)

import { join } from "node:path";
import { expect, it } from "vitest";
import { canStream, port, scratch } from "../engine/lab.js";
import { Scene, STEADY } from "./scene.js";

const CHANGES = 50;

it.skipIf(!canStream()).each([1, 2])("workers keep every frame, in order, whatever changes (seed %i)", async (seed) => {
  const scene = await Scene.begin(seed, join(scratch(), "peer"));
  await scene.play(CHANGES);
  await scene.rest();
  expect(scene.arrivals.flatMap(({ faults }) => faults)).toEqual([]);
  for (const { name, account: { counted, here } } of scene.stations.values()) {
    expect([name, ...counted]).toEqual([name, ...here]);
  }
  STEADY.forEach((name, i) => {
    const { "queue-full": lost = 0, ...others } = port(scene.engine, name).drops;
    const flow = scene.at(STEADY.at(i - 1)!).flows[0]!;
    expect(others).toEqual({});
    const missing = flow.sent - scene.at(name).arrivals.of(flow);
    expect(missing, `to ${name}`).toBeGreaterThanOrEqual(0);
    expect(missing, `to ${name}`).toBeLessThanOrEqual(lost); // others' floods may have found its queue full, too
  });
});
