// What passes between an engine's thread and the one that checks documents for it. Owns types only.

import type { Problem } from "../config/error.js";
import type { Config, PortConfig } from "../config/model.js";

/** A document to check: JSON as it came, or the path of a file. */
export type Document =
  | { kind: "config"; json: Uint8Array }
  | { kind: "port"; name: string; json: Uint8Array }
  | { kind: "file"; path: string };

export type Verdict =
  | { config: Config }
  | { port: PortConfig }
  | { problems: readonly Problem[]; more: number }
  /** Not JSON; or a failure that nobody foresaw. */
  | { fault: string; isSyntax: boolean };
