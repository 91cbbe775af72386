// What is told of an engine that ended because a worker did. Owns the wording.

import type { EngineEvent } from "../api.js";

export type Failed = Extract<EngineEvent, { event: "failed" }>;

/** Which worker ended, why, and what was saved, in one line. */
export function failedText({ worker, why, state }: Failed): string {
  const saved = state === null
    ? "nothing is saved (the configuration names no state file, or it could not be written)"
    : `the state is saved in ${state}`;
  return `worker ${worker} ended by itself: ${why}; ${saved}; start the engine again`;
}
