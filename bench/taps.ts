// TAP to TAP: a generator in one namespace sends through what is measured to another namespace, where the kernel
// counts what arrives. The generator is Taploom's own, in a process of its own; the switches under test take turns, so
// that drift of the machine hits all alike. Delivered frames count, not offered ones. Needs root.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packageFile } from "../src/files.js";
import type { Figure } from "./figure.js";

const ROUNDS = 5;
const WARM_MS = 500;
const RUN_MS = 2000;
const TAPS = ["tl-a", "tl-b"] as const;
const READY_MS_MAX = 10_000;

/** What is measured: a command that makes both TAPs in the namespace that it is started in, and joins them. */
interface Candidate {
  name: string;
  command: string[];
}

export async function* benchTaps(peers: string | undefined): AsyncGenerator<Figure> {
  if (process.getuid?.() !== 0) return console.error("TAP to TAP: skipped, it needs root for namespaces and devices");
  const directory = mkdtempSync(join(tmpdir(), "taploom-bench-"));
  try {
    const candidates = [ours(directory), ...relayOf(peers)];
    const rates = new Map(candidates.map(({ name }) => [name, [] as number[]]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const candidate of candidates) rates.get(candidate.name)!.push(await measure(candidate, directory));
    }
    for (const { name } of candidates) yield figureOf(name, rates);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function figureOf(name: string, rates: Map<string, number[]>): Figure {
  const sorted = [...rates.get(name)!].sort((a, b) => a - b);
  const median = medianOf(sorted);
  const relay = rates.get("tap-to-tap/relay");
  const isOurs = name !== "tap-to-tap/relay";
  const ratio = relay && isOurs ? `, ${(median / medianOf(relay)).toFixed(2)} x the plain C relay` : "";
  return {
    name, nsPerFrame: 1e9 / median, framesPerSecond: median, runs: sorted.length,
    range: [1e9 / sorted[sorted.length - 1]!, 1e9 / sorted[0]!], note: `delivered, 60 bytes, 64 flows${ratio}`,
  };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function ours(directory: string): Candidate {
  const file = join(directory, "switch.json");
  writeFileSync(file, JSON.stringify({ switches: { s: { ports: { a: { tap: TAPS[0] }, b: { tap: TAPS[1] } } } } }));
  const control = join(directory, "switch.sock");
  const main = packageFile("dist/src/cli/main.js");
  return { name: "tap-to-tap/taploom", command: [process.execPath, main, "up", file, "--control", control] };
}

function relayOf(peers: string | undefined): Candidate[] {
  if (peers === undefined) return [];
  const relay = resolve(peers, "build/relay");
  if (!existsSync(relay)) {
    console.error(`relay: skipped, ${relay} is not there: build it (make -C ${peers} build/relay)`);
    return [];
  }
  return [{ name: "tap-to-tap/relay", command: [relay, "poll", ...TAPS] }];
}

/** Delivered frames a second. */
async function measure({ command }: Candidate, directory: string): Promise<number> {
  const tag = `taploom-bench-${process.pid}`;
  const [from, between, to] = [`${tag}-a`, `${tag}-s`, `${tag}-b`] as const;
  const children: ChildProcess[] = [];
  try {
    for (const name of [from, between, to]) ip("netns", "add", name);
    children.push(inside(between, command));
    for (const [tap, guest] of [[TAPS[0], from], [TAPS[1], to]] as const) {
      await until(() => spawnSync("ip", ["-n", between, "link", "show", tap]).status === 0);
      ip("-n", between, "link", "set", tap, "netns", guest);
      ip("netns", "exec", guest, "sysctl", "-qw", `net.ipv6.conf.${tap}.disable_ipv6=1`);
      ip("-n", guest, "link", "set", tap, "up");
    }
    children.push(inside(from, blaster(directory, macOf(to, TAPS[1]))));
    return await countArrivals(to, TAPS[1]);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    for (const name of [from, between, to]) spawnSync("ip", ["netns", "delete", name]);
  }
}

function blaster(directory: string, target: string): string[] {
  const file = join(directory, "blaster.json");
  const ports = { gen: { generator: { size: 60, flows: 64, to: target } }, out: { interface: TAPS[0] } };
  writeFileSync(file, JSON.stringify({ switches: { s: { learning: false, ports } } }));
  const main = packageFile("dist/src/cli/main.js");
  return [process.execPath, main, "up", file, "--control", join(directory, "blaster.sock")];
}

async function countArrivals(namespace: string, device: string): Promise<number> {
  await until(() => arrivals(namespace, device) > 0);
  await sleep(WARM_MS);
  const [start, before] = [performance.now(), arrivals(namespace, device)];
  await sleep(RUN_MS);
  return (arrivals(namespace, device) - before) / ((performance.now() - start) / 1000);
}

function arrivals(namespace: string, device: string): number {
  return Number(ip("netns", "exec", namespace, "cat", `/sys/class/net/${device}/statistics/rx_packets`));
}

function macOf(namespace: string, device: string): string {
  return ip("netns", "exec", namespace, "cat", `/sys/class/net/${device}/address`).trim();
}

function inside(namespace: string, command: string[]): ChildProcess {
  return spawn("ip", ["netns", "exec", namespace, ...command], { stdio: ["ignore", "ignore", "inherit"] });
}

function ip(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + READY_MS_MAX;
  while (!condition()) {
    if (Date.now() > end) throw new Error("what is measured did not become ready: its own message is above");
    await sleep(50);
  }
}
