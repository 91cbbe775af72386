// The results that docs/ is made from: docs/data/*.jsonl, as `--out` wrote them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Measure, Result } from "./result.js";

export class Data {
  constructor(readonly results: readonly Result[]) {}

  static read(folder: string): Data {
    const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl")).sort();
    const lines = files.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean));
    return new Data(lines.map((line) => JSON.parse(line) as Result));
  }

  /** Those of a bench, in the order in which they were measured. */
  of(bench: string, measure: Measure): Result[] {
    return this.results.filter((result) => result.bench === bench && result.measure === measure);
  }

  find(bench: string, subject: string, at: number | string | undefined, measure: Measure): Result | undefined {
    return this.of(bench, measure).find((one) => one.subject === subject && (at === undefined || one.at === at));
  }

  /** Whom a bench was run with. */
  subjects(bench: string): string[] {
    return [...new Set(this.results.filter((result) => result.bench === bench).map(({ subject }) => subject))];
  }
}
