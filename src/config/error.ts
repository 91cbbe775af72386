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

/** A configuration that cannot be used; `message` has a line for each problem, in the order of the file. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "ConfigError";
  }
}

/** The line that a user reads. Without a file there is no position either: `PATH: …`. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  if (file === "") return `${path || "configuration"}: ${message}`;
  return `${file}:${line}:${column}: ${path || "file"}: ${message}`;
}

/** `switches.lab.mirrors.watch.from[0]`; keys that would blur into the path are quoted: `ports["a b"]`. */
export function formatPath(path: Path): string {
  return path.map((step, at) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
    return at === 0 ? step : `.${step}`;
  }).join("");
}
