// The state file as engines use it: a start that fails leaves it alone, and two engines do not share one.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { EngineError } from "../../src/api.js";
import type { Config } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import { Engine } from "../../src/engine.js";
import { sourcesOf, busyRig, bytesOf, statePath } from "../state/rigs.js";
import { WORKERS } from "../workers.js";

function keeping(state: string, more: object = {}): Config {
  const ports = { a: { memory: true }, ...more };
  return parseConfig(JSON.stringify({ state, switches: { lab: { ports } } }), "test");
}

async function start(config: Config): Promise<{ engine: Engine; lines: string[] }> {
  const lines: string[] = [];
  const engine = await Engine.start(config, { workers: WORKERS, warn: (line) => lines.push(line) });
  onTestFinished(async () => { await engine.stop(); });
  return { engine, lines };
}

describe("a start that fails", () => {
  it("leaves the state file as it was", async () => {
    const path = statePath();
    writeFileSync(path, bytesOf(sourcesOf(busyRig())));
    const before = readFileSync(path);
    const pcap = join(dirname(path), "none", "b.pcap");
    await expect(Engine.start(keeping(path, { b: { pcap: { write: pcap } } }))).rejects.toThrow(pcap);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

it("a state file that cannot be read is left alone, and told with what to do", async () => {
  const folder = statePath();
  writeFileSync(folder, "");
  const { engine, lines } = await start(keeping(join(folder, "state")));
  await engine.stop();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/: cannot be read: ENOTDIR.*nothing is saved; give this user the file, or move it away/);
  expect(readFileSync(folder, "utf8")).toBe("");
});

describe("a state file that is no regular file", () => {
  it.each([
    ["a directory", (path: string) => { mkdirSync(path); }],
    ["a FIFO", (path: string) => { spawnSync("mkfifo", [path]); }],
  ])("is refused: %s", async (kind, make) => {
    const path = statePath();
    make(path);
    await expect(Engine.start(keeping(path))).rejects.toThrow(`state file ${path}: it is ${kind}, not a regular file`);
  });
});

describe("two engines with one state file", () => {
  it("under another name of it do not start either", async () => {
    const path = statePath();
    const link = `${path}.link`;
    symlinkSync(path, link);
    await start(keeping(path));
    await expect(Engine.start(keeping(link))).rejects.toThrow(`process ${process.pid} keeps its state there`);
  });

  it("keep a link to it a link", async () => {
    const path = statePath();
    const link = `${path}.link`;
    symlinkSync(path, link);
    await (await start(keeping(link))).engine.stop();
    expect([lstatSync(link).isSymbolicLink(), lstatSync(path).isFile()]).toEqual([true, true]);
  });

  it("the second one does not start, and says who has it", async () => {
    const path = statePath();
    await start(keeping(path));
    const second = Engine.start(keeping(path));
    await expect(second).rejects.toThrow(EngineError);
    await expect(second).rejects.toThrow(`state file ${path}: process ${process.pid} keeps its state there; stop it`);
    expect(existsSync(`${path}.lock`)).toBe(true);
  });

  it("one after the other is fine", async () => {
    const path = statePath();
    await (await start(keeping(path))).engine.stop();
    expect(existsSync(`${path}.lock`)).toBe(false);
    const { lines } = await start(keeping(path));
    expect(lines).toEqual([]);
  });

  it.each<[string, () => string]>([
    ["is gone", () => `${spawnSync("true").pid} 1\n`],
    ["had this one's number once", () => `${process.pid} 1\n`],
    ["died while it wrote", () => ""],
    ["wrote nonsense", () => "me"],
  ])("a lock of a process that %s is taken over", async (_, lock) => {
    const path = statePath();
    writeFileSync(`${path}.lock`, lock());
    const { engine, lines } = await start(keeping(path));
    expect(lines).toEqual([]);
    expect(readFileSync(`${path}.lock`, "utf8")).toMatch(new RegExp(`^${process.pid} \\d+\n$`));
    await engine.stop();
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  it("a lock of a process that was killed and nobody has waited for is taken over", async () => {
    const path = statePath();
    // The shell becomes a sleep, which does not wait for a child that ends: a shell may.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => { parent.kill("SIGKILL"); });
    const [text] = await once(parent.stdout, "data") as [Buffer];
    const child = Number(text.toString());
    const stat = (pid: number): string => readFileSync(`/proc/${pid}/stat`, "latin1");
    await expect.poll(() => stat(parent.pid!)).toContain("(sleep)");
    process.kill(child, "SIGKILL");
    await expect.poll(() => stat(child)).toContain(") Z ");
    writeFileSync(`${path}.lock`, `${child} ${stat(child).split(") ")[1]!.split(" ")[19]}\n`);
    const { lines } = await start(keeping(path));
    expect(lines).toEqual([]);
  });
});
