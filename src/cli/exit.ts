// Exit statuses, and which failure is which. Owns the table: 0 done, 1 failed while running, 2 the command line or
// the configuration is wrong.

import { CommanderError } from "commander";
import { EngineError } from "../api.js";
import { ConfigError, formatMore, formatProblem, type Problem } from "../config/error.js";
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

/** What went wrong: a line for people, and for programs a message with what belongs to it. */
export interface Complaint {
  line: string;
  message: string;
  fields?: object;
}

export interface Exit {
  status: number;
  complaints: Complaint[];
}

/** The status that a failed command exits with, and what to say on stderr. */
export function exitOf(error: unknown): Exit {
  if (error instanceof CommanderError) return usageExit(error);
  if (error instanceof ConfigError) return { status: WRONG, complaints: faults(error) };
  if (error instanceof UsageError) return { status: WRONG, complaints: [plain(error.message)] };
  if (error instanceof ControlError) return { status: isWrong(error) ? WRONG : FAILED, complaints: refusals(error) };
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof EngineError)) return { status: FAILED, complaints: [plain(text)] };
  const { code } = error;
  return { status: WRONG_CODES.includes(code) ? WRONG : FAILED, complaints: [plain(text, { code })] };
}

/** Commander has told people already, with its help; for programs there is the message. */
function usageExit({ exitCode, code, message }: CommanderError): Exit {
  if (exitCode === 0) return { status: DONE, complaints: [] };
  const text = code === "commander.help" ? "a command is missing; --help lists the commands" : message;
  return { status: WRONG, complaints: [{ line: "", message: text.replace(/^error: /, "").replaceAll("\n", " ") }] };
}

function plain(message: string, fields?: object): Complaint {
  return { line: `error: ${message}`, message, ...(fields && { fields }) };
}

function faults({ problems, more }: ConfigError): Complaint[] {
  const file = problems[0]?.file ?? "";
  return [...problems.map(ofProblem), ...besides(more, file && `${file}: `)];
}

/** What follows the problems that are listed, if there are more. */
function besides(more: number, prefix: string): Complaint[] {
  return more > 0 ? [{ line: prefix + formatMore(more), message: formatMore(more), fields: { more } }] : [];
}

function ofProblem(problem: Problem): Complaint {
  const { file, line, column, path, message } = problem;
  const place = file === "" ? {} : { file, line, column };
  return { line: formatProblem(problem), message, fields: { ...place, path } };
}

/** 400 and 422: what was asked can never be; anything else depends on the engine as it is. */
function isWrong({ problem }: ControlError): boolean {
  return problem?.status === 400 || problem?.status === 422;
}

function refusals({ message, problem }: ControlError): Complaint[] {
  if (!problem?.problems) return [plain(message, problem?.code === undefined ? undefined : { code: problem.code })];
  const complaints = problem.problems.map(({ path, message: what }) => (
    { line: `error: ${path || "configuration"}: ${what}`, message: what, fields: { path } }
  ));
  return [...complaints, ...besides(problem.more ?? 0, "error: ")];
}
