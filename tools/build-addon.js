// npm's "install" script: builds the native addon (native/) with node-gyp, which npm puts on PATH, unless it is there
// already. Never fails the installation, since everything but tap, interface and stream ports works without the addon:
// what stands in the way is printed, and kept in build/addon.missing for the error of such a port (src/port/addon.ts).
// It is built in a folder of its own and put in place by a rename: an engine that runs has it open, and another may
// start meanwhile.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isCurrent, ROOT, writeStamp } from "./stamp.js";

const ADDON = "build/Release/taploom.node";
const REASON = "build/addon.missing";
const LOG = "build/addon.log";
const STAMP = "build/addon.stamp";
const INPUTS = ["binding.gyp", "native"];

/** What the output of a failed build says, most telling first. */
const TELLING = [
  [/(?:fatal )?error: .*\b(?:node_api|js_native_api)\.h.*/, headers],
  [/gyp ERR! .*(?:ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|nodejs\.org).*/, headers],
  [/.*Cannot find module 'node-addon-api'.*/, (line) => `${line}: npm install node-addon-api`],
  [/.*\berror: .*/, (line) => line],
  [/gyp ERR! stack (.*)/, (line) => line],
];

function headers(line) {
  return `Node's headers are missing, and could not be fetched (${line}): `
    + "name the folder that has include/node in the environment variable npm_config_nodedir";
}

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** What stands in the way of building, with its remedy; undefined: nothing does. */
function obstacle() {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  const compilers = process.env.CXX ? process.env.CXX.split(" ").slice(0, 1) : ["g++", "c++"];
  const missing = [
    compilers.some((compiler) => runs(compiler, "--version")) ? [] : ["a C++ compiler"],
    runs("make", "--version") ? [] : ["make"],
    runs("python3", "--version") ? [] : ["python3"],
  ].flat();
  if (missing.length === 0) return undefined;
  return `building it needs ${missing.join(" and ")}: install it (Debian: apt install g++ make python3)`;
}

/** Builds; returns what went wrong, undefined: nothing. */
function build() {
  const obstructed = obstacle();
  if (obstructed !== undefined) return obstructed;
  const folder = mkdtempSync(join(ROOT, "build/making-"));
  try {
    for (const path of INPUTS) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    const options = { cwd: folder, encoding: "utf8", maxBuffer: 64 << 20 };
    const { status, error, stdout, stderr } = spawnSync("node-gyp", ["rebuild", "--jobs=max"], options);
    if (error) return `node-gyp could not be started (${error.code}): it comes with npm, so let npm run this`;
    if (status !== 0) return reasonIn(stdout + stderr);
    mkdirSync(join(ROOT, "build/Release"), { recursive: true });
    renameSync(join(folder, ADDON), join(ROOT, ADDON));
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why a build failed, in a line; all that it said is kept. */
function reasonIn(output) {
  writeFileSync(join(ROOT, LOG), output);
  for (const [pattern, tell] of TELLING) {
    const [line] = pattern.exec(output) ?? [];
    if (line !== undefined) return `its build failed, see ${join(ROOT, LOG)}: ${tell(line.trim())}`;
  }
  return `its build failed, see ${join(ROOT, LOG)}`;
}

/** Whether there is an addon that this system can load. */
function loads() {
  try {
    return Boolean(createRequire(import.meta.url)(join(ROOT, ADDON)));
  } catch {
    return false;
  }
}

function make() {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  for (const file of [REASON, LOG]) rmSync(join(ROOT, file), { force: true });
  const reason = build();
  if (reason === undefined) return writeStamp(STAMP, INPUTS, [ADDON]);
  writeFileSync(join(ROOT, REASON), reason);
  console.error(`taploom: tap, interface and stream ports will not work without the native addon: ${reason}`);
}

/** npx in a checkout runs what has been built; npm rebuild is for who wants it built in any case. */
function isNeeded() {
  const { npm_command: command } = process.env;
  if (command === "exec" && existsSync(join(ROOT, ADDON))) return false;
  return command === "rebuild" || !isCurrent(STAMP, INPUTS, [ADDON]) || !loads();
}

if (isNeeded()) {
  try {
    make();
  } catch (error) {
    console.error(`taploom: the native addon cannot be built: ${error.message}`);
  }
}
