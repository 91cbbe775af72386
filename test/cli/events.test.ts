// `taploom events`: what happens in the running engine, a line each, until a signal, its reader or the engine ends it.

import { expect, test } from "vitest";
import type { EngineEvent } from "../../src/api.js";
import { serveFake } from "../control/serve.js";
import { Terminal } from "./terminal.js";

const DOWN: EngineEvent = { event: "port", switch: "lab", port: "web", link: "down", why: "the peer hung up" };
const LEARNED: EngineEvent = {
  event: "mac", what: "moved", switch: "lab", port: "web", vlan: 10, mac: "02:00:00:00:00:01", from: "db",
};

const SOON = { timeout: 10_000 };

/** The command, once it listens. */
async function follow(...args: string[]) {
  const served = await serveFake();
  const terminal = new Terminal();
  const done = terminal.run("events", "--control", served.path, ...args);
  await expect.poll(() => served.engine.listenerCount("event"), SOON).toBe(1);
  return { ...served, terminal, done };
}

test("a line for people, with the time", async () => {
  const { engine, terminal, done } = await follow();
  for (const event of [DOWN, LEARNED, { event: "lost", count: 3 } as const]) engine.emit("event", event);
  await expect.poll(() => terminal.out.text.split("\n"), SOON).toHaveLength(4);
  terminal.signals.emit("SIGINT");
  expect(await done).toBe(0);
  const lines = terminal.out.text.trimEnd().split("\n").map((line) => {
    const [time, ...rest] = line.split(" ");
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return rest.join(" ");
  });
  expect(lines).toEqual([
    "port lab/web is down: the peer hung up",
    "mac 02:00:00:00:00:01 moved to lab/web (VLAN 10) from db",
    "3 events lost: they came faster than they were read",
  ]);
  expect(terminal.err.text).toBe("");
});

test("--json: NDJSON as the engine tells it", async () => {
  const { engine, terminal, done } = await follow("--json");
  engine.emit("event", DOWN);
  engine.emit("event", LEARNED);
  await expect.poll(() => terminal.out.text.split("\n"), SOON).toHaveLength(3);
  terminal.signals.emit("SIGTERM");
  expect(await done).toBe(0);
  expect(terminal.out.text).toBe(`${JSON.stringify(DOWN)}\n${JSON.stringify(LEARNED)}\n`);
});

test("ends quietly when its reader goes, without waiting for an event", async () => {
  const { terminal, done } = await follow();
  terminal.out.destroy();
  expect({ status: await done, err: terminal.err.text }).toEqual({ status: 0, err: "" });
});

test("ends when the engine ends", async () => {
  const { terminal, done, close } = await follow();
  await close();
  expect({ status: await done, err: terminal.err.text }).toEqual({ status: 0, err: "" });
});
