// The options and arguments that commands share, and how their text becomes values.
// Owns their wording; a text that does not parse is refused by commander with exit status 2.

import { InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../config/units.js";
import { ControlClient } from "../control/client.js";
import { controlPath } from "../control/path.js";
import type { Io } from "./io.js";

export const controlOption = (): Option => new Option(
  "--control <path>",
  "control socket (default: $TAPLOOM_CONTROL, else $XDG_RUNTIME_DIR/taploom.sock, else /run/taploom.sock)",
);
export const jsonOption = (): Option => new Option("--json", "print JSON, for programs");
export const forOption = (what: string): Option => new Option("--for <duration>", what).argParser(duration);

/** The client of the engine that the options and the environment name. */
export function clientOf(options: { control?: string }, io: Io): ControlClient {
  return new ControlClient(controlPath(options.control, io.env).path);
}

/** A parser of whole numbers between two bounds, both included. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** `SWITCH/PORT`. */
export function portTarget(text: string): { switchName: string; portName: string } {
  const [switchName, portName, ...more] = text.split("/");
  if (switchName && portName && more.length === 0) return { switchName, portName };
  throw new InvalidArgumentError("It must be SWITCH/PORT, as in lab/web.");
}

const PORT_EXAMPLE = "write a port as in '{\"tap\": \"tl-web\", \"access\": 10}'.";

/** A JSON object on the command line. */
export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}; ${PORT_EXAMPLE}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError(`It must be a JSON object; ${PORT_EXAMPLE}`);
}

/** Milliseconds; a timer of Node cannot run for longer than 2^31 − 1 of them. */
function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms < 2 ** 31) return ms;
  throw new InvalidArgumentError("It must be a duration above 0 and below 596h, as in 300ms, 5s, 2m or 1h.");
}
