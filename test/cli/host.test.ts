// `up` from `ready` to the end, over a fake engine: what it says, its signals, its control socket.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { ConfigError } from "../../src/config/error.js";
import { configFromValue } from "../../src/config/parse.js";
import { host, usableControl, type Hosted, type HostOptions } from "../../src/cli/host.js";
import { createLogger } from "../../src/cli/log.js";
import { Orders } from "../../src/cli/orders.js";
import { FakeEngine } from "../control/fake.js";
import { serveFake, temporaryDirectory } from "../control/serve.js";
import { Terminal } from "./terminal.js";

interface Up {
  engine: FakeEngine;
  terminal: Terminal;
  path: string;
  done: Promise<void>;
}

function up(options: Partial<HostOptions> = {}, more: Partial<Hosted> = {}): Up {
  const engine = new FakeEngine();
  const terminal = new Terminal();
  const path = join(temporaryDirectory(), "control.sock");
  const hosted: Hosted = {
    engine,
    stop: async () => ({ stats: await engine.stop(), summary: "the end" }),
    ...more,
  };
  const all: HostOptions = { control: { path, asked: true }, json: false, ...options };
  const orders = new Orders(terminal);
  const done = host(hosted, all, orders, terminal, createLogger(terminal.err, all.json))
    .finally(() => { orders.release(); });
  done.catch(() => undefined);
  onTestFinished(() => {
    terminal.signals.emit("SIGTERM");
    return done.catch(() => undefined);
  });
  return { engine, terminal, path, done };
}

const ready = ({ terminal }: Up): Promise<void> => expect.poll(() => terminal.out.text).toMatch(/ready/);

test("ready, then a signal, then the summary; the socket goes and the signals are given back", async () => {
  const running = up();
  await ready(running);
  expect(running.terminal.out.text).toBe("ready\n");
  expect(existsSync(running.path)).toBe(true);
  running.terminal.signals.emit("SIGTERM");
  await running.done;
  expect(running.terminal.out.text).toBe("ready\nthe end\n");
  expect(existsSync(running.path)).toBe(false);
  expect(running.engine.stops).toBe(1);
  expect(running.terminal.signals.eventNames()).toEqual([]);
});

const PLACE = { switch: "lab", port: "web", vlan: 1, mac: "02:00:00:00:00:01" };
const LEARNED = { event: "mac", what: "learned", ...PLACE } as const;

test("--json: ready, port events and the final statistics; MAC events are left to GET /events", async () => {
  const running = up({ json: true });
  await ready(running);
  running.engine.emit("event", LEARNED);
  running.engine.emit("event", { event: "port", switch: "lab", port: "web", link: "down", why: "gone" });
  await expect.poll(() => running.terminal.out.text).toMatch(/down/);
  running.terminal.signals.emit("SIGINT");
  await running.done;
  const lines = running.terminal.out.text.trimEnd().split("\n").map((line) => JSON.parse(line) as object);
  expect(lines).toEqual([
    { event: "ready", pid: process.pid, version: "0.0.0", workers: 1, control: running.path, ports: 2 },
    { event: "port", switch: "lab", port: "web", link: "down", why: "gone" },
    { event: "stopped", stats: running.engine.stats() },
  ]);
  expect(running.engine.listenerCount("event")).toBe(0);
});

test("port events are told on stderr to people", async () => {
  const running = up();
  await ready(running);
  running.engine.emit("event", { event: "port", switch: "lab", port: "web", link: "down", why: "the device is gone" });
  expect(running.terminal.err.text).toContain("taploom: warning: port lab/web is down: the device is gone\n");
});

test("--for ends it", async () => {
  const { done, terminal } = up({ forMs: 50 });
  await done;
  expect(terminal.out.text).toBe("ready\nthe end\n");
});

test("taploom stop ends it, prints the statistics, and leaves the socket free", async () => {
  const running = up();
  await ready(running);
  const other = new Terminal();
  expect(await other.run("stop", "--json", "--control", running.path)).toBe(0);
  expect(JSON.parse(other.out.text)).toEqual(running.engine.stats());
  expect(existsSync(running.path)).toBe(false);
  await running.done;
  expect(running.engine.stops).toBe(1);
  expect(running.terminal.out.text).toContain("the end");
});

test("SIGHUP reloads", async () => {
  const running = up({}, { reload: () => configFromValue({ switches: { lab: { ports: { db: { memory: true } } } } }) });
  await ready(running);
  running.terminal.signals.emit("SIGHUP");
  await expect.poll(() => running.terminal.err.text)
    .toContain("taploom: reloaded: added lab/db; removed lab/web, lab/ids; 0 unchanged\n");
  expect(running.terminal.err.text)
    .toContain("taploom: 2026-01-01T00:00:00.000Z changed by SIGHUP: apply: added lab/db; removed lab/web, lab/ids\n");
});

test("SIGHUP with a bad file: its errors on stderr, and nothing changes", async () => {
  const problem = { file: "net.yaml", line: 4, column: 3, path: "switches", message: "are wrong" };
  const running = up({}, {
    reload: () => {
      throw new ConfigError([problem]);
    },
  });
  await ready(running);
  const before = running.engine.config();
  running.terminal.signals.emit("SIGHUP");
  await expect.poll(() => running.terminal.err.text)
    .toContain("net.yaml:4:3: switches: are wrong\ntaploom: warning: not reloaded, nothing changed\n");
  expect(running.engine.config()).toBe(before);
});

test("SIGHUP ends what has no file", async () => {
  const running = up();
  await ready(running);
  running.terminal.signals.emit("SIGHUP");
  await running.done;
});

test("a live view is shown to people", async () => {
  const running = up({}, { lines: () => ["a view"] });
  await expect.poll(() => running.terminal.out.text).toBe("ready\na view\n\n");
});

test("a socket that cannot be had stops the engine again", async () => {
  const { path } = await serveFake();
  const { done, engine } = up({ control: { path, asked: true } });
  await expect(done).rejects.toMatchObject({ code: "CONTROL_IN_USE" });
  expect(engine.stops).toBe(1);
});

test("an engine that stops slowly is still waited for", async () => {
  const running = up({ forMs: 1 }, {
    async stop() {
      await sleep(100);
      return { stats: new FakeEngine().stats(), summary: "late" };
    },
  });
  await running.done;
  expect(running.terminal.out.text).toContain("late");
});

test("a second signal ends the process at once", async () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  onTestFinished(() => exit.mockRestore());
  let goOn = (): void => undefined;
  const running = up({}, {
    async stop() {
      await new Promise<void>((resolve) => { goOn = resolve; });
      return { stats: new FakeEngine().stats(), summary: "late" };
    },
  });
  await ready(running);
  running.terminal.signals.emit("SIGINT");
  await sleep(10);
  expect(exit).not.toHaveBeenCalled();
  running.terminal.signals.emit("SIGINT");
  expect(exit).toHaveBeenCalledWith(1);
  expect(running.terminal.err.text).toContain("second signal");
  goOn();
  await running.done;
});

test("a default socket that cannot be made is done without, in one line; one asked for is not", async () => {
  const terminal = new Terminal();
  const log = createLogger(terminal.err, false);
  const path = "/nowhere/taploom.sock";
  expect(await usableControl({ path, asked: false }, log)).toBeUndefined();
  expect(terminal.err.text)
    .toMatch(/^taploom: warning: control socket \/nowhere\/taploom\.sock: cannot be made .*; running without one\n$/);
  await expect(usableControl({ path, asked: true }, log)).rejects.toMatchObject({ code: "CONTROL_UNWRITABLE" });
  const without = up({ control: undefined, forMs: 20 });
  await without.done;
  expect(without.terminal.out.text).toBe("ready\nthe end\n");
});

test("a live engine is refused before another starts", async () => {
  const { path } = await serveFake();
  const log = createLogger(new Terminal().err, false);
  await expect(usableControl({ path, asked: false }, log)).rejects.toMatchObject({ code: "CONTROL_IN_USE" });
});
