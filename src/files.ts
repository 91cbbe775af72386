// Where the package's built files are, from wherever this module runs: dist/ as users have it, or src/ under test.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

const root = findRoot();

/** Path of a file of the package, given from its root: `dist/core.wasm`. */
export function packageFile(path: string): string {
  return join(root, path);
}

/** The package's version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string }).version;
}
