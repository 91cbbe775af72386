// One trial in memory, the whole life of a process: `node trial.js '{"work":"switch","entries":64,"seconds":1}'` sets
// up its tables, warms up, measures, and prints one line of JSON. Benchmark.js repeats the batches for as long as
// figures are to be had from; the time is the core's alone, making the frames left out.

import Benchmark from "benchmark";
import { CoreNapt } from "../src/bench/core-napt.js";
import { CoreSwitch } from "../src/bench/core-switch.js";
import type { MemoryCore } from "../src/bench/memory-core.js";
import * as layout from "../src/core/layout.js";
import { GrowthForwards, GrowthSwitch, type SwitchShape } from "./growth-core.js";
import { medianOf, type Taken } from "./result.js";

const WARM_BATCHES = 4000;
const DIGEST_FRAMES = 200_000;

/** What is measured, for about so many seconds. */
export type Work = { seconds: number } & (
  | { work: "switch" | "napt"; entries: number; digest?: boolean }
  | { work: "forwards"; forwards: number }
  | { work: "growth"; shape: SwitchShape }
);

export function runTrial(work: Work): Taken {
  const core = coreOf(work);
  const digest = "digest" in work && work.digest ? { digest: core.digest(DIGEST_FRAMES) } : {};
  const batches = Math.ceil(WARM_BATCHES * Math.min(1, work.seconds));
  core.run(batches, layout.BATCH_MAX);
  return { measures: { time: nsPerFrame(core, work.seconds) }, ...digest };
}

function coreOf(work: Work): MemoryCore {
  switch (work.work) {
    case "switch": return new CoreSwitch(work.entries, "60");
    case "napt": return new CoreNapt(work.entries, "60");
    case "forwards": return new GrowthForwards(work.forwards);
    case "growth": return new GrowthSwitch(work.shape);
  }
}

/** The median of some twenty stretches of batches. */
function nsPerFrame(core: MemoryCore, seconds: number): number {
  const samples: number[] = [];
  let [spent, batches] = [0, 0];
  const step = (): void => {
    spent += core.step(layout.BATCH_MAX);
    batches++;
  };
  const onCycle = (): void => {
    samples.push(spent / batches / layout.BATCH_MAX);
    [spent, batches] = [0, 0];
  };
  const benchmark = new Benchmark(step, { minTime: seconds / 20, maxTime: seconds, minSamples: 5, onCycle });
  benchmark.run({ async: false });
  if (benchmark.error) throw benchmark.error;
  return medianOf(samples);
}

const [argument] = process.argv.slice(2);
if (argument?.startsWith("{")) console.log(JSON.stringify(runTrial(JSON.parse(argument) as Work)));
