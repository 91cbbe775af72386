// Filters from end to end: a live engine, its control API and the command line.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ControlClient } from "../../src/control/client.js";
import { serveControl } from "../../src/control/server.js";
import { configFromValue } from "../../src/config/parse.js";
import { Engine } from "../../src/engine.js";
import { Terminal } from "../cli/terminal.js";
import { blockTypes } from "../control/pcapng.js";
import { temporaryDirectory } from "../control/serve.js";
import { testFrame } from "../model/frames.js";
import { WORKERS } from "../workers.js";

const PACKET = 6; // the block that holds a frame
const ARP = testFrame({ type: 0x0806 });
const OTHER = testFrame({});

async function start(): Promise<Engine> {
  const ports = { web: { memory: true, access: 10 }, db: { memory: true, access: 10 } };
  const engine = await Engine.start(configFromValue({ switches: { lab: { ports } } }), { workers: WORKERS });
  onTestFinished(async () => {
    const { totals } = await engine.stop();
    expect(totals.unaccounted).toBe(0);
  });
  return engine;
}

async function serve(engine: Engine): Promise<string> {
  const path = join(temporaryDirectory(), "control.sock");
  const stop = (): ReturnType<Engine["stop"]> => engine.stop();
  const server = await serveControl(engine, { path, stop, warn: () => undefined });
  onTestFinished(() => server.close());
  return path;
}

test("only what matches is captured, and only that is a copy", async () => {
  const engine = await start();
  const ending = new AbortController();
  const bytes: Uint8Array[] = [];
  const capture = (async () => {
    for await (const piece of engine.capture("lab", "web", { filter: "arp" }, ending.signal)) bytes.push(piece);
  })();
  await expect.poll(() => bytes.length).toBe(1);
  const web = engine.memory("lab", "web");
  for (let i = 0; i < 10; i++) expect(web.sendBatch([ARP, OTHER, OTHER])).toBe(3);
  const packets = (): number => blockTypes(Buffer.concat(bytes)).filter((type) => type === PACKET).length;
  await expect.poll(() => engine.ports().find(({ name }) => name === "db")!.tx.frames).toBe(30);
  await expect.poll(packets).toBe(10);
  expect(engine.stats().totals).toMatchObject({ copies: 10, drops: {}, unaccounted: 0 });
  ending.abort();
  await capture;
});

test("a wrong filter is a problem of status 400, before anything is captured", async () => {
  const engine = await start();
  const client = new ControlClient(await serve(engine));
  const frames = client.capture("lab", "web", { filter: "port nonsense" }, new AbortController().signal);
  const refused = await frames.next().catch((error: unknown) => error);
  expect(refused).toMatchObject({ problem: { status: 400, code: "FILTER" } });
  expect((refused as Error).message).toMatch(/^filter, column 6: "nonsense" is no port/);
  expect(engine.ports()).toHaveLength(2);
});

test("taploom capture --filter: a wrong one is status 2, one line and no file; a right one captures", async () => {
  const engine = await start();
  const control = ["--control", await serve(engine)];
  const file = join(temporaryDirectory(), "x.pcapng");
  const wrong = new Terminal();
  expect(await wrong.run("capture", "lab/web", "--filter", "tcp prot 80", "--write", file, ...control)).toBe(2);
  expect(wrong.err.text).toMatch(/^error: filter, column 5: "prot" [^\n]+\n$/);
  expect(existsSync(file)).toBe(false);

  const right = new Terminal();
  const done = right.run("capture", "lab/web", "--filter", "not arp", "--write", "-", "--count", "5", ...control);
  await expect.poll(() => right.out.bytes.length).toBeGreaterThan(0);
  engine.memory("lab", "web").sendBatch([ARP, OTHER, ARP, OTHER, OTHER, OTHER, OTHER]);
  expect(await done).toBe(0);
  expect(blockTypes(right.out.bytes).filter((type) => type === PACKET)).toHaveLength(5);
});
