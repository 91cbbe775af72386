// Refusals as RFC 9457 problem details: one place that knows which error is which status.
// Owns that table. Read: RFC 9457, section 3.1.

import { STATUS_CODES } from "node:http";
import { EngineError } from "../api.js";
import { ConfigError } from "../config/error.js";

export const PROBLEM_TYPE = "application/problem+json";

/** Problem details; `type` is absent, which means about:blank, so that `title` is the status's own phrase. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  /** For programs: an EngineError's code. */
  code?: string;
  /** One for each fault of a configuration. */
  problems?: { path: string; message: string }[];
  /** How many faults there are besides those. */
  more?: number;
}

/** EngineError codes that are not 409 Conflict. */
const STATUS_OF_CODE: Record<string, number> = {
  NO_SWITCH: 404,
  NO_PORT: 404,
  NO_ROUTER: 404,
  NO_FORWARD: 404,
  NO_NAME: 404,
  FILTER: 400,
  FORWARD: 400,
  MEMORY_PORT: 400,
  JSON: 400,
  TOO_LONG: 422,
  BUSY: 503,
};

export function makeProblem(status: number, detail: string): Problem {
  return { title: STATUS_CODES[status] ?? "Error", status, detail };
}

/** What to answer to a request that failed with `error`: a refusal with its remedy, or 500 for what nobody foresaw. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ path, message }) => ({ path, message }));
    return { ...makeProblem(422, error.message), problems, ...(error.more > 0 && { more: error.more }) };
  }
  if (error instanceof EngineError) {
    return { ...makeProblem(STATUS_OF_CODE[error.code] ?? 409, error.message), code: error.code };
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  return makeProblem(statusCode ?? 500, message ?? String(error));
}
