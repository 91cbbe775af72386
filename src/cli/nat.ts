// `taploom show nat`: sessions, of which there may be millions, so that they are printed as they come and never held.
// Owns its columns, which are therefore of fixed width.

import type { NatEntry } from "../api.js";
import type { ControlClient } from "../control/client.js";
import { writeSlowly, type Output } from "./io.js";
import { counted } from "./views.js";
import { printable } from "./table.js";

/** Lines of a view that is drawn over itself. */
const WATCHED_MAX = 50;
/** Characters that are gathered before they are written. */
const PIECE = 16_384;

const COLUMNS: readonly [title: string, width: number][] = [
  ["router", 12], ["protocol", 8], ["inside", 21], ["outside", 21], ["remote", 21], ["state", 11], ["expires", 7],
];

/** Prints all sessions: a table for people, one JSON array for programs. Ends where nobody reads any more. */
export async function natText(client: ControlClient, json: boolean, out: Output): Promise<void> {
  let text = json ? "[" : `${HEAD}\n`;
  let count = 0;
  for await (const entry of client.nat()) {
    text += json ? (count > 0 ? "," : "") + JSON.stringify(entry) : `${lineOf(entry)}\n`;
    count += 1;
    if (text.length < PIECE) continue;
    if (!await writeSlowly(out, Buffer.from(text))) return;
    text = "";
  }
  await writeSlowly(out, Buffer.from(json ? `${text}]\n` : text));
}

/** The first of the sessions, and how many there are. */
export async function natView(client: ControlClient): Promise<{ value: NatEntry[]; lines: string[] }> {
  const value: NatEntry[] = [];
  let count = 0;
  for await (const entry of client.nat()) if (count++ < WATCHED_MAX) value.push(entry);
  const lines = [HEAD, ...value.map(lineOf)];
  return { value, lines: count > WATCHED_MAX ? [...lines, `${counted(count, "session")} in all`] : lines };
}

function lineOf({ router, protocol, inside, outside, remote, state, expires }: NatEntry): string {
  return row([router, protocol, inside, outside, remote, state, `${Math.round(expires)}s`]);
}

function row(cells: string[]): string {
  return cells.map((cell, i) => printable(cell).padEnd(COLUMNS[i]![1])).join("  ").trimEnd();
}

const HEAD = row(COLUMNS.map(([title]) => title.toUpperCase()));
