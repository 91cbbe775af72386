// The benchmark runs of `taploom bench`: what there is, and how a figure is made: at least five runs after a warm-up,
// the median told, with the range.

import { EngineError } from "../api.js";
import { CoreNapt } from "./core-napt.js";
import { CoreNaptNew } from "./core-napt-new.js";
import { CoreSwitch } from "./core-switch.js";
import type { FrameMix, MemoryCore } from "./memory-core.js";

const RUNS = 7;
const RUN_FRAMES = 2_000_000;
const ROUNDS = 5; // of what takes long
const WARM_FRAMES = 1_000_000;

export interface BenchOptions {
  /** MACs or sessions, a multiple of 32; absent: a few sizes, one after the other. */
  entries?: number;
  frame: FrameMix;
  /** Frames a call into the core, 1 to 256. */
  batch: number;
}

/** One result; times in ns. */
export interface BenchResult {
  name: string;
  /** What they are for: each frame, each new mapping, or the longest turn while a table ages. */
  unit: "frame" | "mapping" | "turn";
  entries: number;
  frame: FrameMix;
  batch: number;
  nsPerFrame: number;
  framesPerSecond: number;
  runs: number;
  min: number;
  max: number;
  /** Of what became of the frames; empty where there is none. */
  digest: string;
}

/** A bench for one number of entries. */
type Bench = (options: Required<BenchOptions>) => BenchResult;

const sized = (sizes: number[], bench: Bench) => (options: BenchOptions): BenchResult[] =>
  (options.entries === undefined ? sizes : [options.entries]).map((entries) => bench({ ...options, entries }));

export const BENCHES: Record<string, (options: BenchOptions) => BenchResult[]> = {
  "core-switch": sized([64, 1024, 65536],
    (options) => benchFrames("core-switch", new CoreSwitch(options.entries, options.frame), options)),
  "core-napt": sized([992, 99_968, 1_000_000],
    (options) => benchFrames("core-napt", new CoreNapt(options.entries, options.frame), options)),
  "core-napt-new": sized([100_000, 1_000_000], benchNew),
  "core-napt-age": sized([1_000_000], benchAge),
};

/** Runs benches by name, all of them where none is named. Throws EngineError for an unknown name. */
export function runBenches(names: readonly string[], options: BenchOptions): BenchResult[] {
  const chosen = names.length > 0 ? names : Object.keys(BENCHES);
  const unknown = chosen.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    throw new EngineError("USAGE", `there is no bench "${unknown}"; there are ${Object.keys(BENCHES).join(", ")}`);
  }
  return chosen.flatMap((name) => BENCHES[name]!(options));
}

function benchFrames(name: string, bench: MemoryCore, { entries, frame, batch }: Required<BenchOptions>): BenchResult {
  const digest = bench.digest();
  bench.run(Math.ceil(WARM_FRAMES / batch), batch);
  const batches = Math.ceil(RUN_FRAMES / batch);
  const times = Array.from({ length: RUNS }, () => bench.run(batches, batch) / (batches * batch));
  return { name, unit: "frame", entries, frame, batch, ...figures(times), digest };
}

/** New mappings: a table is filled with sessions. */
function benchNew({ entries, batch }: Required<BenchOptions>): BenchResult {
  const bench = new CoreNaptNew(entries);
  bench.fill(batch); // pages of the table that nobody has touched yet
  const times = Array.from({ length: ROUNDS }, () => bench.fill(batch) / entries);
  return { name: "core-napt-new", unit: "mapping", entries, frame: "60", batch, ...figures(times), digest: "" };
}

/** A table full of sessions that are all over at once. */
function benchAge({ entries, batch }: Required<BenchOptions>): BenchResult {
  const bench = new CoreNaptNew(entries);
  const times = Array.from({ length: ROUNDS + 1 }, () => {
    bench.fill(batch);
    return bench.age();
  }).slice(1);
  return { name: "core-napt-age", unit: "turn", entries, frame: "60", batch, ...figures(times), digest: "" };
}

/** The median of several runs, with the range. */
function figures(runs: number[]): Pick<BenchResult, "nsPerFrame" | "framesPerSecond" | "runs" | "min" | "max"> {
  const times = [...runs].sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)]!;
  return {
    nsPerFrame: round(median), framesPerSecond: Math.round(1e9 / median),
    runs: times.length, min: round(times[0]!), max: round(times[times.length - 1]!),
  };
}

function round(ns: number): number {
  return Math.round(ns * 100) / 100;
}
