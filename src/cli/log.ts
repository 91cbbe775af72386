// What goes to stderr: the log of an engine in the foreground, and why a command failed; lines for people, or NDJSON
// for programs. Owns how a line reads.

import pino, { type Logger } from "pino";
import { FAILED, type Complaint } from "./exit.js";
import { sayLine, type Output } from "./io.js";

const WARN = 40; // pino's number for it

/** A logger whose lines people read, or NDJSON where `json`. */
export function createLogger(err: Output, json: boolean): Logger {
  const write = json ? (line: string) => err.write(line) : (line: string) => err.write(`${readable(line)}\n`);
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

/** Says what went wrong: whole lines for people, or NDJSON like the log's. */
export function complain(complaints: readonly Complaint[], json: boolean, err: Output): void {
  const log = json ? createLogger(err, true) : undefined;
  for (const { line, message, fields } of complaints) {
    if (log) log.error(fields ?? {}, message);
    else if (line !== "") sayLine(err, line);
  }
}

/** Has what Node says by itself of a process told as NDJSON, too: its warnings, and exceptions that nobody caught. */
export function tellFaults(from: NodeJS.Process, err: Output): void {
  const log = createLogger(err, true);
  from.removeAllListeners("warning").on("warning", ({ name, message }) => { log.warn({ name }, message); });
  from.on("uncaughtException", ({ message, stack }) => {
    log.fatal({ stack }, message);
    from.exit(FAILED);
  });
}

function readable(line: string): string {
  const { level, msg, err } = JSON.parse(line) as { level: number; msg?: string; err?: { message: string } };
  const what = [msg, err?.message].filter((part) => part !== undefined).join(": ");
  return `taploom: ${level === WARN ? "warning: " : ""}${what}`;
}
