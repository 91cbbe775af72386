// The end of a capture, whoever brings it about: its port and its mirror go, also where nobody ever began to read.

import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { ControlClient } from "../../src/control/client.js";
import { STREAMS_MAX } from "../../src/control/routes.js";
import { serveControl } from "../../src/control/server.js";
import type { Engine } from "../../src/engine.js";
import { temporaryDirectory } from "../control/serve.js";
import { network, startEngine, until } from "./lab.js";

const memory = { memory: true };

const captures = (engine: Engine): number => engine.ports().filter(({ kind }) => kind === "capture").length;

it("ends with its signal, also if its reader does not come back", async () => {
  const engine = await startEngine(network({ a: memory }));
  const ending = new AbortController();
  const capture = engine.capture("lab", "a", {}, ending.signal)[Symbol.asyncIterator]();
  await capture.next();
  expect(captures(engine)).toBe(1);
  ending.abort();
  await until(() => captures(engine) === 0);
  expect(await capture.next()).toEqual({ done: true, value: undefined });
});

it("ends if its signal aborts while it begins", async () => {
  const engine = await startEngine(network({ a: memory }));
  const ending = new AbortController();
  const first = engine.capture("lab", "a", {}, ending.signal)[Symbol.asyncIterator]().next();
  ending.abort();
  await first;
  await until(() => captures(engine) === 0);
});

it("takes no port before it is read, nor after its signal has aborted", async () => {
  const engine = await startEngine(network({ a: memory }));
  Readable.from(engine.capture("lab", "a", {}, new AbortController().signal)).destroy();
  const late = engine.capture("lab", "a", {}, AbortSignal.abort())[Symbol.asyncIterator]();
  expect(await late.next()).toEqual({ done: true, value: undefined });
  expect(captures(engine)).toBe(0);
});

const STREAMS = ["/switches/lab/ports/a/capture", "/events"];

it.each(STREAMS)("clients that ask for %s and hang up leave nothing", async (url) => {
  const engine = await startEngine(network({ a: memory, load: { generator: { rate: "20kpps" } } }));
  const path = `${temporaryDirectory()}/control.sock`;
  const server = await serveControl(engine, { path, stop: () => engine.stop(), warn: () => undefined });
  onTestFinished(() => server.close());
  for (let number = 0; number < 96; number++) {
    const socket = connect({ path }).on("error", () => undefined);
    await once(socket, "connect");
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await sleep(number % 4);
    socket.destroy();
  }
  await until(() => captures(engine) === 0 && engine.listenerCount("event") === 0);
  // Every place for a stream is free again.
  const client = new ControlClient(path);
  const endings = Array.from({ length: STREAMS_MAX }, () => new AbortController());
  await Promise.all(endings.map(({ signal }) => client.capture("lab", "a", {}, signal).next()));
  expect(captures(engine)).toBe(STREAMS_MAX);
  for (const ending of endings) ending.abort();
  await until(() => captures(engine) === 0);
});
