// More queues than there are workers to serve them: refused before anything is touched, with what would be right.
// (Devices with several queues: test/system/queues.test.ts.)

import { expect, it } from "vitest";
import { configFromValue } from "../../src/config/parse.js";
import { Engine } from "../../src/engine.js";
import { network, startEngine } from "./lab.js";

const memory = { memory: true };
const wide = (queues: number): object => ({ tap: "tl-wide", queues });

it.each([
  [1, 2, "port lab/a: 2 queues, and one worker to serve them: start with --workers 2, or write queues: 1"],
  [2, 16, "port lab/a: 16 queues, and 2 workers to serve them: start with --workers 16, or write queues: 2"],
])("%i workers do not start with a port of %i queues", async (workers, queues, message) => {
  const starting = Engine.start(network({ a: wide(queues) }), { workers });
  await expect(starting).rejects.toMatchObject({ code: "QUEUES", message });
});

it("a change that asks for too many changes nothing", async () => {
  const engine = await startEngine(network({ a: memory, b: memory }), 2);
  await expect(engine.apply(network({ a: memory, c: wide(3) }))).rejects.toThrow(/3 queues, and 2/);
  expect(engine.ports().map(({ name }) => name)).toEqual(["a", "b"]);
});

it("an uplink is no exception", async () => {
  const engine = await startEngine(network({ a: memory }), 1);
  const switches = { lab: { ports: { a: memory } } };
  const uplink = { ...wide(2), address: "203.0.113.2/24" };
  const routers = { edge: { interfaces: [{ switch: "lab", address: "10.0.0.1/24" }], uplink } };
  await expect(engine.apply(configFromValue({ switches, routers })))
    .rejects.toThrow(/^port edge\/uplink: 2 queues, and one worker/);
});
