// What a benchmark tells, and how: a trial gives measures, trials taken in turn give a result with its median and its
// range, and a result is a line of JSON that says what it was measured on.

import { spawnSync } from "node:child_process";
import { cpus, release } from "node:os";

/** What is measured, and its unit. Rates are of frames that arrived, not of those that were offered. */
export const MEASURES = {
  time: "ns/frame",
  delivered: "frames/s",
  offered: "frames/s",
  lost: "%",
  process: "CPU s per million frames",
  machine: "CPU s per million frames, whole machine",
  throughput: "Gbit/s",
  opened: "connections/s",
  p50: "µs",
  p99: "µs",
  idle: "CPU s in 5 s",
  share: "% of the core's time",
} as const;

export type Measure = keyof typeof MEASURES;
const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];

/** What one trial found. */
export interface Taken {
  measures: Partial<Record<Measure, number>>;
  /** Of what became of the frames: that the work was done. */
  digest?: string;
}

export interface Trial extends Taken {
  bench: string;
  /** What was measured: Taploom, or a peer. */
  subject: string;
  /** Where on the axis of a plot: a number of MACs, say; or which of a few. */
  at: number | string;
}

/** What gives trials, in processes of their own. */
export interface Case {
  name: string;
  run: () => Promise<Trial[]>;
}

/** A line of JSON. */
export interface Result {
  bench: string;
  subject: string;
  at: number | string;
  measure: Measure;
  unit: string;
  median: number;
  min: number;
  max: number;
  runs: number;
  digest?: string;
  cpu: string;
  cores: number;
  kernel: string;
  node: string;
  commit: string;
  date: string;
}

/** What it is measured on. */
export const machine = {
  cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, kernel: release(), node: process.version,
  commit: git("rev-parse", "--short", "HEAD") || "unknown", date: new Date().toISOString().slice(0, 16) + "Z",
};

/**
 * Takes the cases in turn, round after round, so that drift of the machine hits all alike. A case that cannot be had
 * is left out, with its reason. `stop` ends it after the case that is being taken.
 */
export async function takeTurns(
  cases: readonly Case[], rounds: number, say: (line: string) => void, stop?: AbortSignal,
): Promise<Result[]> {
  const left = new Set(cases);
  const trials: Trial[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const one of left) {
      if (stop?.aborted) return summarize(trials);
      say(`${round}/${rounds} ${one.name}`);
      try {
        trials.push(...await one.run());
      } catch (error) {
        say(`${one.name}: skipped: ${(error as Error).message}`);
        left.delete(one);
      }
    }
  }
  return summarize(trials);
}

/** A result for each measure of each bench, subject and place, in the order in which they came. */
export function summarize(trials: readonly Trial[]): Result[] {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials) {
    const key = JSON.stringify([trial.bench, trial.subject, trial.at]);
    groups.set(key, [...groups.get(key) ?? [], trial]);
  }
  return [...groups.values()].flatMap((group) => MEASURE_NAMES.flatMap((measure) => {
    const values = group.flatMap(({ measures }) => measures[measure] ?? []).sort((a, b) => a - b);
    return values.length === 0 ? [] : [resultOf(group[0]!, measure, values)];
  }));
}

function resultOf({ bench, subject, at, digest }: Trial, measure: Measure, values: readonly number[]): Result {
  return {
    bench, subject, at, measure, unit: MEASURES[measure], median: rounded(medianOf(values)), min: rounded(values[0]!),
    max: rounded(values.at(-1)!), runs: values.length, ...(digest === undefined ? {} : { digest }), ...machine,
  };
}

/** The middle one, or the lower one of the two. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!;
}

/** Four digits that count; no more is known. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function git(...args: string[]): string {
  return spawnSync("git", args, { encoding: "utf8" }).stdout?.trim() ?? "";
}
