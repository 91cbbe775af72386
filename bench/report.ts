// How results are told: a table for people, a line of JSON for each to a file or, with `--json`, to stdout. Owns the
// options that all benchmark programs have.

import { writeFileSync } from "node:fs";
import { tableLines } from "../src/cli/table.js";
import { machine, takeTurns, type Case, type Result } from "./result.js";

export const REPORT_OPTIONS = {
  json: { type: "boolean" }, out: { type: "string" }, rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "1" },
} as const;

export interface ReportOptions {
  json?: boolean;
  /** A file that the lines are written to. */
  out?: string;
  /** Trials of each case. */
  rounds: string;
  /** For how long each measures. */
  seconds: string;
}

/** Takes the cases in turn and tells what they gave, also where it is interrupted: what there is by then. */
export async function report(cases: readonly Case[], { json, out, rounds }: ReportOptions): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => stop.signal.aborted ? process.exit(1) : stop.abort()); // namespaces go at exit
  }
  if (!json) console.log(Object.entries(machine).map(([key, value]) => `${key} ${value}`).join(", "));
  const say = (line: string): void => { console.error(line); };
  const results = await takeTurns(cases, Number(rounds), say, stop.signal);
  const lines = results.map((result) => `${JSON.stringify(result)}\n`).join("");
  if (out !== undefined) writeFileSync(out, lines);
  if (json) process.stdout.write(lines);
  else for (const line of tableLines(HEAD, results.map(rowOf))) console.log(line);
}

const HEAD = ["bench", "subject", "at", "median", "range", "unit", "runs", "digest"];

function rowOf({ bench, subject, at, median, min, max, unit, runs, digest, measure }: Result): (string | number)[] {
  const isRate = unit === "frames/s";
  return [bench, subject, at, median, `${min} - ${max}`, isRate ? `${measure} ${unit}` : unit, runs, digest ?? ""];
}
