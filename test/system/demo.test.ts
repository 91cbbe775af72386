// `npm run demo`: it shows what it promises, and leaves nothing behind, whenever it is interrupted.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { privileged } from "./namespace.js";
import { Running } from "./running.js";

const DEMO = fileURLToPath(new URL("../../tools/demo.js", import.meta.url));

/** Starts it, behind the command line of another program if there is one. */
function demo(wrapper: string[] = [], env = process.env): Running {
  const [command = "", ...args] = [...wrapper, process.execPath, DEMO];
  return new Running(spawn(command, args, { env }), "the demo");
}

/** An environment with no other commands than these, and iperf3 as the text of a script, if given. */
function poorly(commands: string[], iperf3?: string): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), "taploom-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const command of commands) {
    const place = process.env["PATH"]!.split(":").find((path) => existsSync(join(path, command)))!;
    symlinkSync(join(place, command), join(folder, command));
  }
  if (iperf3 !== undefined) writeFileSync(join(folder, "iperf3"), iperf3, { mode: 0o755 });
  return { ...process.env, PATH: folder };
}

/** Its processes, namespaces, devices and files that are still there. */
function leftBy(pid: number): string[] {
  const processes = readdirSync("/proc").filter((name) => folderOf(name).includes(`-demo-${pid}-`));
  const names = ["netns", "link"].flatMap((what) => execFileSync("ip", [what], { encoding: "utf8" }).split("\n"));
  const files = readdirSync(tmpdir()).filter((name) => name.includes(`-demo-${pid}-`));
  const own = new RegExp(`-${pid}(?!\\d)`);
  return [...processes, ...names.filter((line) => own.test(line)), ...files];
}

/** Where a process works: those of the demo in its folder. */
function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ""; // it has ended, or is none
  }
}

describe.skipIf(!privileged("the demo", "ping", "setpriv"))("the demo", () => {
  it("shows machines that reach each other within a VLAN only, and cleans up", async () => {
    const running = demo();
    const text = await running.result();
    expect(text).toMatch(/web +-> db +VLAN 10 to VLAN 10 +3 of 3 answered/);
    expect(text).toMatch(/web +-> cam +VLAN 10 to VLAN 20 +no answer/);
    expect(text).toMatch(/ MB, [\d.]+ Gbit\/s/);
    expect(text).toMatch(/= 0 unaccounted/);
    expect(text).toMatch(/Cleaned up: all is as it was before\.\n$/);
    expect(running.stderr).toBe("");
    expect(leftBy(running.pid)).toEqual([]);
  });

  it.each([
    ["SIGINT", 130, "a namespace is made", /VLAN 10/, 1],
    ["SIGTERM", 143, "the engine starts", /this configuration/, 2],
    ["SIGINT", 130, "it pings", /Ping/, 2],
    ["SIGINT", 130, "the transfer runs", /TCP/, 1],
  ] as const)("leaves nothing behind after %s (status %i) while %s", async (signal, status, _, when, times) => {
    const running = demo();
    await running.until(when);
    expect(leftBy(running.pid)).not.toEqual([]);
    for (let i = 0; i < times; i++) running.child.kill(signal);
    expect(await running.ended).toBe(status);
    expect(running.stdout).toMatch(new RegExp(`Interrupted by ${signal}\n\nCleaned up`));
    expect(leftBy(running.pid)).toEqual([]);
  });

  it("cleans up where a step fails, and says which", async () => {
    const running = demo([], poorly(["ip", "ping"], "#!/bin/sh\necho out of order\nexit 1\n"));
    expect(await running.ended).toBe(1);
    expect(running.stdout).toMatch(/That went wrong: iperf3 did not start: out of order\n\nCleaned up/);
    expect(leftBy(running.pid)).toEqual([]);
  });

  it("makes do without iperf3", async () => {
    const running = demo([], poorly(["ip", "ping"]));
    expect(await running.result()).toMatch(/with a few lines of Node, since there is no iperf3\n +[1-9]\d* MB, /);
    expect(leftBy(running.pid)).toEqual([]);
  });

  it("says in one line what it needs where it has no privileges", async () => {
    const running = demo(["setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
    expect(await running.ended).toBe(1);
    expect(running.stdout + running.stderr).toMatch(/^The demo cannot run here: .*needs root: .*npm run demo\n$/);
    expect(leftBy(running.pid)).toEqual([]);
  });
});
