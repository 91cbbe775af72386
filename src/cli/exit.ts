// Exit statuses, and which failure is which. Owns the table: 0 done, 1 failed while running, 2 the command line or
// the configuration is wrong.

import { CommanderError } from "commander";
import { EngineError } from "../api.js";
import { ConfigError } from "../config/error.js";
import { ControlError } from "../control/client.js";
import { CONTROL_PATH } from "../control/path.js";

export const DONE = 0;
export const FAILED = 1;
export const WRONG = 2;

/** Codes of EngineErrors that only the command line can be at fault for. */
const WRONG_CODES: readonly string[] = [CONTROL_PATH, "USAGE"];

/** The command line says something that cannot be: exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** The status that a failed command exits with, and the lines for stderr (none where they are written already). */
export function exitOf(error: unknown): { status: number; lines: string[] } {
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? DONE : WRONG, lines: [] };
  if (error instanceof ConfigError) return { status: WRONG, lines: error.message.split("\n") };
  if (error instanceof UsageError) return { status: WRONG, lines: [`error: ${error.message}`] };
  if (error instanceof ControlError) return { status: isWrong(error) ? WRONG : FAILED, lines: linesOf(error) };
  const isUsage = error instanceof EngineError && WRONG_CODES.includes(error.code);
  const text = error instanceof Error ? error.message : String(error);
  return { status: isUsage ? WRONG : FAILED, lines: [`error: ${text}`] };
}

/** 400 and 422: what was asked can never be; anything else depends on the engine as it is. */
function isWrong({ problem }: ControlError): boolean {
  return problem?.status === 400 || problem?.status === 422;
}

function linesOf({ message, problem }: ControlError): string[] {
  if (!problem?.problems) return [`error: ${message}`];
  return problem.problems.map(({ path, message: what }) => `error: ${path || "configuration"}: ${what}`);
}
