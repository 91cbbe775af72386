// Builds the native addon when the package is installed (npm's "install" script, where npm puts node-gyp on PATH).
// Never fails the installation: everything but tap, interface and stream ports works without
// the addon, so what is missing and how to get it is said in one line.

import { spawnSync } from "node:child_process";

const WITHOUT = "taploom: tap, interface and stream ports will not work";
const AGAIN = 'run "npm rebuild taploom" (in a checkout: "npm ci")';

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** What stands in the way of building, with its remedy; undefined: nothing does. */
function obstacle() {
  if (process.platform !== "linux") return `they need Linux, and this is ${process.platform}`;
  const compilers = process.env.CXX ? process.env.CXX.split(" ").slice(0, 1) : ["g++", "c++"];
  const missing = [
    compilers.some((compiler) => runs(compiler, "--version")) ? [] : ["a C++ compiler"],
    runs("make", "--version") ? [] : ["make"],
    runs("python3", "--version") ? [] : ["python3"],
  ].flat();
  if (missing.length === 0) return undefined;
  const names = missing.join(" and ");
  return `building their addon needs ${names}: install it (Debian: apt install g++ make python3) and ${AGAIN}`;
}

function build() {
  const result = spawnSync("node-gyp", ["rebuild"], { encoding: "utf8", maxBuffer: 64 << 20 });
  if (result.status === 0) return undefined;
  if (result.error) return `node-gyp could not be started (${result.error.code}): ${AGAIN}`;
  process.stderr.write(result.stdout + result.stderr);
  return `their addon did not build, the reason stands above: remove it and ${AGAIN}`;
}

const reason = obstacle() ?? build();
if (reason !== undefined) console.error(`${WITHOUT}; ${reason}`);
