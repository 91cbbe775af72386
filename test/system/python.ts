// Where Python is, for tests whose machines run scripts.

import { execFileSync } from "node:child_process";

let interpreter: string | undefined;

/** The interpreter itself: what PATH has may be a launcher, such as pyenv's, that takes ten times as long to start. */
export function python(): string {
  interpreter ??= execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  return interpreter;
}
