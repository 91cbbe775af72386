// The core's learn-and-forward path in memory, with benchmark.js: a batch of frames is made and processed, and made
// and left; the difference is what the core took.

import Benchmark from "benchmark";
import { CoreSwitch } from "../src/bench/core-switch.js";
import type { Figure } from "./figure.js";

const BATCH = 256;
const SIZES = [64, 1024, 65536];
const SAMPLES_MIN = 20;

export function* benchMemory(): Generator<Figure> {
  for (const entries of SIZES) {
    const bench = new CoreSwitch(entries, "60");
    const made = time(() => { bench.idleStep(BATCH); });
    const processed = time(() => { bench.step(BATCH); });
    const nsPerFrame = processed.median - made.median;
    yield {
      name: `core-switch/${entries}`, nsPerFrame, framesPerSecond: 1e9 / nsPerFrame, runs: processed.runs,
      range: [processed.min - made.median, processed.max - made.median],
      note: `learn and forward, 60 bytes, ${entries} MACs, batches of ${BATCH}`,
    };
  }
}

/** ns for each frame of a batch. */
function time(step: () => void): { median: number; min: number; max: number; runs: number } {
  const benchmark = new Benchmark(step, { minSamples: SAMPLES_MIN });
  benchmark.run({ async: false });
  const samples = benchmark.stats.sample.map((seconds) => seconds * 1e9 / BATCH).sort((a, b) => a - b);
  return {
    median: samples[Math.floor(samples.length / 2)]!, min: samples[0]!, max: samples[samples.length - 1]!,
    runs: samples.length,
  };
}
