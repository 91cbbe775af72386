// The benchmark runs of `taploom bench`: what there is, and how a figure is made: at least five runs after a warm-up,
// the median told, with the range.

import { EngineError } from "../api.js";
import { CoreSwitch, type FrameMix } from "./core-switch.js";

const RUNS = 7;
const RUN_FRAMES = 2_000_000;
const WARM_FRAMES = 1_000_000;

export interface BenchOptions {
  /** MACs, a multiple of 32; absent: 64, 1,024 and 65,536. */
  entries?: number;
  frame: FrameMix;
  /** Frames a call into the core, 1 to 256. */
  batch: number;
}

/** One result; times in ns for each frame. */
export interface BenchResult {
  name: string;
  entries: number;
  frame: FrameMix;
  batch: number;
  nsPerFrame: number;
  framesPerSecond: number;
  runs: number;
  min: number;
  max: number;
  digest: string;
}

export const BENCHES: Record<string, (options: BenchOptions) => BenchResult[]> = {
  "core-switch": (options) => (options.entries === undefined ? [64, 1024, 65536] : [options.entries])
    .map((entries) => benchSwitch({ ...options, entries })),
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

function benchSwitch({ entries, frame, batch }: BenchOptions & { entries: number }): BenchResult {
  const bench = new CoreSwitch(entries, frame);
  const digest = bench.digest();
  bench.run(Math.ceil(WARM_FRAMES / batch), batch);
  const batches = Math.ceil(RUN_FRAMES / batch);
  const times = Array.from({ length: RUNS }, () => bench.run(batches, batch) / (batches * batch)).sort((a, b) => a - b);
  const nsPerFrame = times[Math.floor(RUNS / 2)]!;
  return {
    name: "core-switch", entries, frame, batch,
    nsPerFrame: round(nsPerFrame), framesPerSecond: Math.round(1e9 / nsPerFrame),
    runs: RUNS, min: round(times[0]!), max: round(times[RUNS - 1]!), digest,
  };
}

function round(ns: number): number {
  return Math.round(ns * 100) / 100;
}
