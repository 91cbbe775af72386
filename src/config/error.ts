// What is wrong with a configuration: one Problem per fault, and the error that carries all of them.
// Owns the format of the lines that users read: FILE:LINE:COL: PATH: what is wrong, and what would be right.

/** Steps from the top of the configuration: keys, and indices of lists. */
export type Path = readonly (string | number)[];

/** A place in a file, 1-based; columns in UTF-16 units. 0 and 0 where a value came from no file. */
export interface Position {
  line: number;
  column: number;
}

export interface Problem extends Position {
  /** As the user named it; "" for a value that came from no file. */
  file: string;
  /** `switches.lab.ports.web.access`; "" for the configuration as a whole. */
  path: string;
  /** What is wrong, and what would be right. */
  message: string;
}

/** Problems that are listed; of more it is said how many. */
export const PROBLEMS_MAX = 100;
/** Characters of a sentence, and of a step of a path, that quote what a user wrote. */
const MESSAGE_MAX = 600;
const STEP_MAX = 80;

/**
 * A configuration that cannot be used; `message` has a line for each problem, in the order of the file, and a last one
 * where there are more than the PROBLEMS_MAX that are listed.
 */
export class ConfigError extends Error {
  /** `more`: how many problems there are besides `problems`. */
  constructor(readonly problems: readonly Problem[], readonly more = 0) {
    const file = problems[0]?.file ?? "";
    const last = more > 0 ? [`${file && `${file}: `}${formatMore(more)}`] : [];
    super([...problems.map(formatProblem), ...last].join("\n"));
    this.name = "ConfigError";
  }
}

/** What is said of problems that are not listed. */
export function formatMore(more: number): string {
  return `and ${more} more; correct the ones above first`;
}

/** A text with its middle left out if it is too long for a line. */
export function shorten(text: string, length = MESSAGE_MAX): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** The line that a user reads. Without a file there is no position either: `PATH: …`. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  if (file === "") return `${path || "configuration"}: ${message}`;
  return `${file}:${line}:${column}: ${path || "file"}: ${message}`;
}

/** `switches.lab.mirrors.watch.from[0]`; keys that would blur into the path are quoted: `ports["a b"]`. */
export function formatPath(path: Path): string {
  return path.map((key, at) => {
    if (typeof key === "number") return `[${key}]`;
    const step = shorten(key, STEP_MAX);
    if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
    return at === 0 ? step : `.${step}`;
  }).join("");
}
