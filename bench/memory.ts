// The benchmarks in memory: the core's switching and translating, and what each of its tables costs as it grows.
// Each trial is a process of its own (trial.ts).

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageFile } from "../src/files.js";
import type { Case, Taken } from "./result.js";
import type { Work } from "./trial.js";

const NATIVE_FRAMES = "4000000";
const SUBJECT = "taploom";
const TRIAL = packageFile("dist/bench/trial.js");
const TERMS = [0, 1, 2, 4, 8]; // ports that a filter asks for; more have no room in one

/** A work before it is known how long it is to be measured. */
type Unmeasured = Work extends infer One ? One extends Work ? Omit<One, "seconds"> : never : never;

/**
 * The core at a few sizes, with digests. `peers`: a directory with build/native_core, a C program that does the same
 * work in one of two ways; the better of the two counts.
 */
export function coreCases(seconds: number, peers?: string): Case[] {
  const sizes = { switch: [64, 1024, 65_536], napt: [992, 99_968, 1_000_000] } as const;
  return (["switch", "napt"] as const).flatMap((work) => sizes[work].flatMap((entries) => [
    caseOf(`core-${work}`, entries, { work, entries, digest: true }, seconds),
    ...peers === undefined ? [] : [nativeCase(join(peers, "build/native_core"), work, entries)],
  ]));
}

function nativeCase(program: string, work: string, entries: number): Case {
  const [bench, subject] = [`core-${work}`, "native C"];
  const runs = ["0", "1"].map((way) => [work, `${entries}`, "60", "256", NATIVE_FRAMES, way]);
  const run = async (): Promise<Taken> => {
    const taken: Taken[] = [];
    for (const args of runs) {
      const { stdout } = await promisify(execFile)(program, args);
      const { ns_per_packet: time, digest } = JSON.parse(stdout) as { ns_per_packet: number; digest: string };
      taken.push({ measures: { time }, digest });
    }
    return taken.sort((a, b) => a.measures.time! - b.measures.time!)[0]!;
  };
  return { name: `${bench} ${entries} ${subject}`, run: async () => [{ bench, subject, at: entries, ...await run() }] };
}

/** One table larger and larger, the rest as it is. */
export function growthCases(seconds: number): Case[] {
  const each = (bench: string, values: readonly number[], work: (value: number) => Unmeasured): Case[] =>
    values.map((value) => caseOf(`growth-${bench}`, value, work(value), seconds));
  const mirrors = [0, 1, 2, 4, 8, 16, 32];
  const filter = filterOf(1);
  return [
    ...each("macs", powers(64, 4, 8), (entries) => ({ work: "switch", entries })),
    ...each("flows", [...powers(1024, 4, 5), 1_048_576], (entries) => ({ work: "napt", entries })),
    ...each("ports", [2, 8, 32, 128, 512, 960], (ports) => ({ work: "growth", shape: { ports } })),
    ...each("vlans", [1, 4, 16, 64, 256, 1024, 4094], (vlans) => ({ work: "growth", shape: { ports: 8, vlans } })),
    ...each("mirrors-apart", mirrors, (count) => ({ work: "growth", shape: { mirrors: count, watches: "one" } })),
    ...each("mirrors", mirrors, (count) => ({ work: "growth", shape: { mirrors: count } })),
    ...each("mirrors-filtered", mirrors, (count) => ({ work: "growth", shape: { mirrors: count, filter } })),
    ...each("filter", TERMS, (terms) => ({ work: "growth", shape: filtered(terms) })),
    ...each("forwards", powers(1, 8, 6), (forwards) => ({ work: "forwards", forwards })),
  ];
}

function caseOf(bench: string, at: number, work: Unmeasured, seconds: number): Case {
  const run = async (): Promise<Taken> => inProcess(TRIAL, { ...work, seconds });
  return { name: `${bench} ${at}`, run: async () => [{ bench, subject: SUBJECT, at, ...await run() }] };
}

/** One trial in a process of its own: a program that is told its work and prints what it found. */
export async function inProcess(program: string, work: object): Promise<Taken> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(work)]);
    return JSON.parse(stdout) as Taken;
  } catch (error) {
    throw new Error((error as { stderr?: string }).stderr ?? String(error), { cause: error });
  }
}

function powers(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * factor ** i);
}

/** A filter that looks for so many ports, none of which is in the frames. */
function filterOf(terms: number): string {
  return `udp and (${Array.from({ length: terms }, (_, i) => `port ${1000 + i}`).join(" or ")})`;
}

function filtered(terms: number): { mirrors: number; filter?: string } {
  return terms === 0 ? { mirrors: 0 } : { mirrors: 1, filter: filterOf(terms) };
}
