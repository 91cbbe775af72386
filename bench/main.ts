// `npm run bench`: the in-memory path, measured with benchmark.js, and the path from TAP to TAP, beside a plain C relay
// where one is given (`npm run bench -- --peers DIRECTORY`, with build/relay in it). One figure each, with what it
// was measured on. `--json` prints a line for each result.

import { spawnSync } from "node:child_process";
import { cpus, release } from "node:os";
import { parseArgs } from "node:util";
import type { Figure } from "./figure.js";
import { benchMemory } from "./memory.js";
import { benchTaps } from "./taps.js";

const { values } = parseArgs({ options: { peers: { type: "string" }, json: { type: "boolean" } } });

function commit(): string {
  return spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout?.trim() || "unknown";
}

const machine = {
  cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, kernel: release(), node: process.version, commit: commit(),
};

function tell(figure: Figure): void {
  if (values.json) return console.log(JSON.stringify({ ...figure, ...machine }));
  const ns = figure.nsPerFrame.toFixed(1).padStart(9);
  const rate = figure.framesPerSecond >= 1e6
    ? `${(figure.framesPerSecond / 1e6).toFixed(1)} M` : `${(figure.framesPerSecond / 1e3).toFixed(0)} k`;
  const range = `${figure.range[0].toFixed(1)}-${figure.range[1].toFixed(1)}`.padEnd(15);
  console.log(`${figure.name.padEnd(20)} ${ns} ns/frame ${rate.padStart(8)}frames/s  ${range} ${figure.note}`);
}

if (!values.json) console.log(Object.entries(machine).map(([key, value]) => `${key} ${value}`).join(", "));
for (const figure of benchMemory()) tell(figure);
for await (const figure of benchTaps(values.peers)) tell(figure);
