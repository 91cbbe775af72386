// The benchmarks between devices, tiny: each measure of Taploom, and of a router that is everywhere, gives a figure, a
// line each.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Result } from "../../bench/result.js";
import { packageFile } from "../../src/files.js";
import { privileged } from "./namespace.js";

const folder = mkdtempSync(join(tmpdir(), "taploom-test-"));
const out = join(folder, "out.jsonl");

afterAll(() => { rmSync(folder, { recursive: true }); });

/** What has a figure above 0. */
function measured(program: string, ...args: string[]): string[] {
  const file = packageFile(`dist/bench/${program}.js`);
  const options = ["--rounds", "1", "--seconds", "0.1", "--json", "--out", out];
  const { stdout } = spawnSync(process.execPath, [file, ...args, ...options], { encoding: "utf8" });
  expect(readFileSync(out, "utf8")).toBe(stdout);
  const results = stdout.trim().split("\n").map((line) => JSON.parse(line) as Result);
  return results.filter(({ median }) => median > 0).map(nameOf);
}

function nameOf({ subject, bench, at, measure }: Result): string {
  return [subject, bench, at, measure].join(" ");
}

describe.skipIf(!privileged("benchmarks", "nft", "iperf3", "ping", "taskset"))("between devices", () => {
  it("measures Taploom", () => {
    expect(measured("main", "taps")).toEqual(expect.arrayContaining([
      "taploom udp one way delivered", "taploom udp one way offered", "taploom udp one way process",
      "taploom udp both ways delivered", "taploom tcp 1 throughput", "taploom tcp 4 throughput",
    ]));
  });

  it("measures a router that translates", () => {
    expect(measured("peers", "--only", "nftables")).toEqual(expect.arrayContaining([
      "nftables nat-tcp 1 throughput", "nftables nat-udp 10000 delivered", "nftables nat-udp 10000 machine",
    ]));
  });
});
