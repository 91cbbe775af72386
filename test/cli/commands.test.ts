// The commands against a fake engine over a real socket: what they print, where, and their exit statuses.
// show.test.ts has those of `show`.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { blockTypes } from "../control/pcapng.js";
import { serveFake, temporaryDirectory } from "../control/serve.js";
import { configFile, taploom, withEngine } from "./taploom.js";
import { Terminal } from "./terminal.js";

const GOOD = "switches: { lab: { ports: { web: { memory: true, access: 10 }, db: { memory: true } } } }\n";
const BAD = "switches:\n  lab:\n    ports:\n      web: { memory: true, access: 5000 }\n      db: {}\n";

describe("the command line", () => {
  test.each([
    [["--help"], 0],
    [["--version"], 0],
    [["up", "--help"], 0],
    [["port", "add", "--help"], 0],
    [[], 2],
    [["nonsense"], 2],
    [["forward"], 2],
    [["forward", "add", "edge"], 2],
    [["show"], 2],
    [["show", "nonsense"], 2],
    [["show", "ports", "--nonsense"], 2],
    [["show", "ports", "lab", "web"], 2],
    [["show", "stats", "lab"], 2],
    [["up", "--workers", "0"], 2],
    [["up", "--workers", "17"], 2],
    [["up", "--poll", "never"], 2],
    [["up", "--for", "soon"], 2],
    [["up", "--for", "0s"], 2],
    [["port", "add", "lab", "x", "{"], 2],
    [["port", "add", "lab", "x", "[]"], 2],
    [["port"], 2],
    [["capture", "lab"], 2],
    [["capture", "lab/web", "--snaplen", "13"], 2],
    [["capture", "lab/web", "--count", "0"], 2],
    [["fdb", "flush", "lab", "--vlan", "4095"], 2],
    [["bench", "nope"], 2],
    [["bench", "core-switch", "--entries", "3"], 2],
    [["bench", "--batch", "257"], 2],
    [["stop", "--control", ""], 2],
    [["stop", "--control", `/${"x".repeat(107)}`], 2],
  ])("%j exits %i", async (args, status) => {
    const outcome = await taploom(...args);
    expect(outcome.status).toBe(status);
    if (status === 0) expect(outcome.err).toBe("");
    else expect(outcome.out).toBe("");
    expect(status === 0 ? outcome.out : outcome.err).not.toBe("");
  });

  test("without an engine: one line with what was tried, and status 1", async () => {
    const path = join(temporaryDirectory(), "none.sock");
    const terminal = new Terminal({ TAPLOOM_CONTROL: path });
    expect(await terminal.run("show", "ports")).toBe(1);
    expect(terminal.err.text).toBe(
      `error: control socket ${path}: no engine is running there (no such file); `
      + "start one with \"taploom up CONFIG\", or name the socket of one with --control PATH\n",
    );
  });
});

describe("check", () => {
  test("a good file: a summary", async () => {
    const file = configFile(GOOD);
    expect(await taploom("check", file))
      .toEqual({ status: 0, out: `${file}: ok: 2 ports on 1 switch, 0 mirrors, 0 routers\n`, err: "" });
    expect(JSON.parse((await taploom("check", file, "--json")).out))
      .toEqual({ file, ok: true, switches: 1, ports: 2, mirrors: 0, routers: 0, problems: [] });
  });

  test("a bad file: a line for each error on stderr, and nothing else there", async () => {
    const file = configFile(BAD);
    const { status, out, err } = await taploom("check", file);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    const lines = err.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(`${file}:4:36: switches.lab.ports.web.access: `);
    expect(lines[1]).toMatch(`${file}:5:`);
  });

  test("a bad file as JSON", async () => {
    const file = configFile(BAD);
    const { status, out } = await taploom("check", file, "--json");
    expect(status).toBe(2);
    const problems = [{ file, line: 4, path: "switches.lab.ports.web.access" }, { file, line: 5 }];
    expect(JSON.parse(out)).toMatchObject({ file, ok: false, problems });
  });

  test("a file that is not there", async () => {
    const { status, err } = await taploom("check", "/nowhere/net.yaml");
    expect(status).toBe(2);
    expect(err).toMatch(/^\/nowhere\/net\.yaml:1:1: file: .*\n$/);
  });
});

describe("up", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"])("heeds %s before it is ready", async (signal) => {
    const file = configFile("switches: { lab: { ports: { a: { memory: true } } } }");
    const control = join(temporaryDirectory(), "c.sock");
    const terminal = new Terminal();
    const done = terminal.run("up", file, "--control", control);
    await expect.poll(() => terminal.signals.listenerCount(signal), { interval: 1 }).toBe(1);
    terminal.signals.emit(signal);
    expect(terminal.out.text).toBe("");
    if (signal === "SIGHUP") {
      await expect.poll(() => terminal.err.text).toContain("reloaded: 1 unchanged");
      terminal.signals.emit("SIGTERM");
    }
    expect(await done).toBe(0);
    expect(terminal.out.text).toContain("= 0 unaccounted");
  });
});

describe("changes", () => {
  test("apply", async () => {
    const { status, out } = await withEngine("apply", configFile(GOOD));
    expect({ status, out }).toEqual({ status: 0, out: "added lab/db; removed lab/ids; 1 unchanged\n" });
  });

  test("apply sends paths that start at the file's folder, and show config prints them", async () => {
    const { path } = await serveFake();
    const file = configFile("switches: { lab: { ports: { a: { stream: a.sock }, b: { pcap: { write: b.pcap } } } } }");
    expect((await taploom("apply", file, "--control", path)).status).toBe(0);
    const { out } = await taploom("show", "config", "--control", path);
    expect(out).toContain(`stream: ${join(dirname(file), "a.sock")}`);
    expect(out).toContain(`write: ${join(dirname(file), "b.pcap")}`);
  });

  test("apply of a bad file names its lines, and asks no engine", async () => {
    const file = configFile(BAD);
    const { status, err } = await taploom("apply", file, "--control", "/nowhere/x.sock");
    expect(status).toBe(2);
    expect(err).toContain(`${file}:4:36: switches.lab.ports.web.access: `);
  });

  test("apply that the engine refuses: status 1", async () => {
    const { status, err } = await withEngine("apply", configFile("switches: { refused: {} }"));
    expect({ status, err }).toEqual({ status: 1, err: "error: switches.refused: the device is in use; free it\n" });
  });

  test("port add and remove", async () => {
    const { path, engine } = await serveFake();
    const port = "{\"generator\": {}}";
    const { status, out } = await taploom("port", "add", "lab", "x", port, "--json", "--control", path);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual({ added: ["lab/x"], removed: [], changed: [], unchanged: ["lab/web", "lab/ids"] });
    expect(engine.ports()).toHaveLength(3);
    expect((await taploom("port", "remove", "lab", "x", "--control", path)).out).toBe("removed lab/x; 2 unchanged\n");
  });

  test("port add of a memory port: status 2, and whose it is", async () => {
    const { status, err } = await withEngine("port", "add", "lab", "x", "{\"memory\": true}");
    expect(status).toBe(2);
    expect(err).toMatch(/^error: port lab\/x: a memory port belongs to the program that embeds the engine/);
  });

  test("port add: a relative path starts where it was typed", async () => {
    const { path } = await serveFake();
    await taploom("port", "add", "lab", "x", "{\"stream\": \"x.sock\"}", "--control", path);
    const { out } = await taploom("show", "config", "--control", path);
    expect(out).toContain(`stream: ${join(process.cwd(), "x.sock")}`);
  });

  test("port add of a wrong port: status 2, and where it is wrong", async () => {
    const { status, err } = await withEngine("port", "add", "lab", "x", "{\"memory\": true, \"access\": 0}");
    expect(status).toBe(2);
    expect(err).toMatch(/^error: x\.access: .+\n$/);
  });

  test("forward add and remove", async () => {
    const { path, engine } = await serveFake();
    const rule = "udp 53 -> 10.0.10.6:53";
    expect(await taploom("forward", "add", "edge", rule, "--control", path))
      .toEqual({ status: 0, out: `edge: added ${rule}\n`, err: "" });
    expect(engine.config().routers["edge"]!.forwards).toHaveLength(2);
    const { out } = await taploom("forward", "remove", "edge", rule, "--json", "--control", path);
    expect(JSON.parse(out)).toMatchObject({ added: [], removed: [] });
    expect(engine.config().routers["edge"]!.forwards).toHaveLength(1);
  });

  test.each([
    ["what is no rule", "add", "nonsense", 2],
    ["one that conflicts", "add", "tcp 8080 -> 10.0.10.6:80", 2],
    ["one that is there", "add", "tcp 8080 -> 10.0.10.5:80", 1],
    ["one that is not there", "remove", "tcp 8081 -> 10.0.10.5:80", 1],
  ])("forward: %s", async (_, verb, rule, status) => {
    const outcome = await withEngine("forward", verb, "edge", rule);
    expect({ status: outcome.status, out: outcome.out }).toEqual({ status, out: "" });
    expect(outcome.err).toMatch(/^error: .+\n$/);
  });

  test("fdb flush", async () => {
    const { out, engine } = await withEngine("fdb", "flush", "lab", "--vlan", "10", "--port", "web");
    expect(out).toBe("forgot 7 MACs\n");
    expect(engine.flushes).toEqual([{ switchName: "lab", vlan: 10, port: "web" }]);
  });
});

describe("capture", () => {
  test("writes a file, to the frame", async () => {
    const file = join(temporaryDirectory(), "x.pcapng");
    const { status, out, err, engine } = await withEngine(
      "capture", "lab/web", "--write", file, "--count", "2", "--snaplen", "64", "--filter", "arp",
    );
    expect({ status, out, err }).toEqual({ status: 0, out: `2 frames of lab/web written to ${file}\n`, err: "" });
    expect(engine.captures[0]?.options).toEqual({ snaplen: 64, filter: "arp" });
    expect(blockTypes(readFileSync(file))).toEqual([0x0a0d0d0a, 1, 6, 6]);
  });

  test("--write - goes to standard output, and a signal ends it whole", async () => {
    const { path, engine } = await serveFake();
    engine.framesCaptured = 50;
    const terminal = new Terminal();
    const done = terminal.run("capture", "lab/web", "--write", "-", "--control", path);
    await expect.poll(() => terminal.out.bytes.length).toBeGreaterThan(4_000);
    terminal.signals.emit("SIGINT");
    expect(await done).toBe(0);
    expect(blockTypes(terminal.out.bytes).filter((type) => type === 6)).toHaveLength(50);
    expect(terminal.err.text).toBe("50 frames of lab/web written to standard output\n");
  });

  test("--for ends it", async () => {
    const { status, err } = await withEngine("capture", "lab/web", "--write", "-", "--for", "200ms");
    expect({ status, err }).toEqual({ status: 0, err: "3 frames of lab/web written to standard output\n" });
  });

  test("a reader that goes ends it quietly", async () => {
    const { path, engine } = await serveFake();
    engine.framesCaptured = Infinity;
    const terminal = new Terminal();
    const done = terminal.run("capture", "lab/web", "--write", "-", "--control", path);
    await expect.poll(() => terminal.out.bytes.length).toBeGreaterThan(0);
    terminal.out.destroy();
    expect(await done).toBe(0);
  });

  test("a signal ends it though its reader stalls", async () => {
    const { path, engine } = await serveFake();
    engine.framesCaptured = Infinity;
    const terminal = new Terminal();
    terminal.out._write = () => undefined; // takes a piece, and is never done with it
    const done = terminal.run("capture", "lab/web", "--write", "-", "--control", path);
    await expect.poll(() => terminal.out.writableNeedDrain).toBe(true);
    terminal.signals.emit("SIGINT");
    expect(await done).toBe(0);
    await expect.poll(() => engine.captures[0]?.signal.aborted).toBe(true);
  });

  test.each([
    ["an unknown port", ["lab/nosuch"], 1],
    ["a wrong filter", ["lab/web", "--filter", "nonsense"], 2],
  ])("%s leaves no file behind", async (_, args, status) => {
    const file = join(temporaryDirectory(), "x.pcapng");
    expect((await withEngine("capture", ...args, "--write", file)).status).toBe(status);
    expect(existsSync(file)).toBe(false);
  });

  test("a file that cannot be made: status 1", async () => {
    const { status, err } = await withEngine("capture", "lab/web", "--write", "/nowhere/x.pcapng");
    expect(status).toBe(1);
    expect(err).toContain("/nowhere/x.pcapng");
  });
});
