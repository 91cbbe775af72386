// Plain tables: a head, aligned columns, no boxes, so that they read well and cut well (awk, grep).
// Owns the look; views.ts says what is in them.

import Table from "cli-table3";

export type Cell = string | number;

const NO_LINES = Object.fromEntries([
  "top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right",
  "left", "left-mid", "mid", "mid-mid", "right", "right-mid",
].map((line) => [line, ""]));

/** Lines of a table; a column whose first cell is a number is aligned right. */
export function tableLines(head: string[], rows: Cell[][]): string[] {
  const table = new Table({
    head: head.map((title) => title.toUpperCase()),
    chars: { ...NO_LINES, middle: "  " },
    colAligns: head.map((_, column) => (typeof rows[0]?.[column] === "number" ? "right" : "left")),
    style: { "head": [], "border": [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell)) || "-"));
  return table.toString().split("\n").map((line) => line.trimEnd());
}

/** Names of files may hold anything; a terminal's control characters are not shown to it. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "?");
}
