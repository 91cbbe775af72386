// Results as tables of Markdown: a row for each subject or size, medians with their ranges.

import type { Data } from "./data.js";
import type { Measure, Result } from "./result.js";

/** A column of a table that compares subjects. */
export interface Column {
  title: string;
  bench: string;
  /** Absent: there is one only. */
  at?: number | string;
  measure: Measure;
  /** Figures are told in so many of their unit. */
  scale?: number;
}

/** Subjects of the first column's bench, side by side. */
export function comparison(data: Data, columns: readonly Column[]): string {
  const rows = data.subjects(columns[0]!.bench).map((subject) => [
    subject, ...columns.map(({ bench, at, measure, scale }) => figure(data.find(bench, subject, at, measure), scale)),
  ]);
  return markdown(["", ...columns.map(({ title }) => title)], rows);
}

/** The core, a row a size, beside the native program where it ran. */
export function coreTable(data: Data): string {
  const rows = ["core-switch", "core-napt"].flatMap((bench) =>
    data.of(bench, "time").filter(({ subject }) => subject === "taploom").map((result) => {
      const native = data.find(bench, "native C", result.at, "time");
      return [
        `\`${bench}\``, result.at.toLocaleString("en"), figure(result), (1000 / result.median).toPrecision(3),
        `\`${result.digest}\``, figure(native), native ? (native.median / result.median).toFixed(2) : "–",
      ];
    }));
  return markdown(["bench", "MACs or sessions", "ns/frame", "M frames/s", "digest", "native C, ns", "ratio"], rows);
}

/** What a second worker gives. */
export function workerTable(data: Data): string {
  const rows = data.subjects("workers").map((subject) => {
    const [one, two] = [1, 2].map((at) => data.find("workers", subject, at, "delivered"));
    const ratio = one && two ? (two.median / one.median).toFixed(2) : "–";
    return [subject, figure(one, 1e6), figure(two, 1e6), ratio, figure(data.find("workers", subject, 2, "lost"))];
  });
  return markdown(["", "1 worker, M frames/s", "2 workers", "ratio", "lost by 2, %"], rows);
}

/** What results were measured on. */
export function origin({ cpu, cores, kernel, node, commit, date, runs }: Result): string {
  const where = `${cpu}, ${cores} cores, kernel ${kernel}, Node ${node}`;
  return `Medians (least to most) of ${runs} runs, on ${where}, commit ${commit}, ${date.slice(0, 10)}.`;
}

function figure(result: Result | undefined, scale = 1): string {
  if (result === undefined) return "–";
  const [median, min, max] = [result.median, result.min, result.max].map((value) => digits(value / scale));
  return `${median} (${min} to ${max})`;
}

function digits(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : `${Number(value.toPrecision(3))}`;
}

function markdown(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
