// npm's "prepare" script: builds dist/ in a checkout, with `npm run build`, unless it is what the sources make.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isCurrent, ROOT, writeStamp } from "./stamp.js";

const STAMP = "build/dist.stamp";
const INPUTS = [
  "assembly", "src", "bench", "asconfig.json", "tsconfig.json", "tsconfig.build.json", "package.json",
  "package-lock.json",
];
const OUTPUTS = ["dist"];

const isBuilt = existsSync(join(ROOT, "dist/core.wasm")) && existsSync(join(ROOT, "dist/src/cli/main.js"));
const canBuild = ["asc", "tsc"].every((command) => existsSync(join(ROOT, "node_modules/.bin", command)));

/** Builds; returns the exit status. */
function build() {
  if (!canBuild) {
    const why = "building dist/ needs the development dependencies";
    if (!isBuilt) console.error(`taploom: ${why}: npm ci; then npm prune --omit=dev takes them away again`);
    else console.error(`taploom: dist/ is left as it is, which may be older than the sources: ${why}`);
    return isBuilt ? 0 : 1;
  }
  const { status } = spawnSync("npm", ["run", "build"], { cwd: ROOT, stdio: "inherit" });
  if (status === 0) writeStamp(STAMP, INPUTS, OUTPUTS);
  return status ?? 1;
}

// npx in a checkout runs what has been built: whoever asks for the command has not asked for a build.
const isAskedFor = process.env.npm_command !== "exec";
if (!isBuilt || (isAskedFor && !isCurrent(STAMP, INPUTS, OUTPUTS))) process.exitCode = build();
