// The benchmark runs of `taploom bench`: what there is, and how a figure is made: at least five runs after a warm-up,
// the median told, with the range.

import { EngineError } from "../api.js";
import { CoreNapt } from "./core-napt.js";
import { CoreSwitch } from "./core-switch.js";
import type { FrameMix, MemoryCore } from "./memory-core.js";

const RUNS = 7;
const RUN_FRAMES = 2_000_000;
const WARM_FRAMES = 1_000_000;

export interface BenchOptions {
  /** MACs or sessions, a multiple of 32; absent: a few sizes, one after the other. */
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

/** A bench for one number of entries. */
type Bench = (options: Required<BenchOptions>) => BenchResult;

const sized = (sizes: number[], bench: Bench) => (options: BenchOptions): BenchResult[] =>
  (options.entries === undefined ? sizes : [options.entries]).map((entries) => bench({ ...options, entries }));

export const BENCHES: Record<string, (options: BenchOptions) => BenchResult[]> = {
  "core-switch": sized([64, 1024, 65536],
    (options) => benchFrames("core-switch", new CoreSwitch(options.entries, options.frame), options)),
  "core-napt": sized([992, 99_968, 1_000_000],
    (options) => benchFrames("core-napt", new CoreNapt(options.entries, options.frame), options)),
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
  const times = Array.from({ length: RUNS }, () => bench.run(batches, batch) / (batches * batch)).sort((a, b) => a - b);
  const nsPerFrame = times[Math.floor(RUNS / 2)]!;
  return {
    name, entries, frame, batch,
    nsPerFrame: round(nsPerFrame), framesPerSecond: Math.round(1e9 / nsPerFrame),
    runs: RUNS, min: round(times[0]!), max: round(times[RUNS - 1]!), digest,
  };
}

function round(ns: number): number {
  return Math.round(ns * 100) / 100;
}
