// The log of an engine in the foreground: lines for people, or JSON for programs; always on stderr.
// Owns how a line reads.

import pino, { type Logger } from "pino";
import type { Output } from "./io.js";

const WARN = 40; // pino's number for it

/** A logger whose lines people read, or NDJSON where `json`. */
export function createLogger(err: Output, json: boolean): Logger {
  const write = json ? (line: string) => err.write(line) : (line: string) => err.write(`${readable(line)}\n`);
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

function readable(line: string): string {
  const { level, msg, err } = JSON.parse(line) as { level: number; msg?: string; err?: { message: string } };
  const what = [msg, err?.message].filter((part) => part !== undefined).join(": ");
  return `taploom: ${level >= WARN ? "warning: " : ""}${what}`;
}
