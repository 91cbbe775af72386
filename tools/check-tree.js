// What `npm run check` asks of the tree as a whole, beyond what the linter sees in one file: short C++ files, a
// comment at the top of every file, imports without cycles, and a lock file that any registry can serve, of packages
// that run on every Node that this one runs on.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import semver from "semver";
import ts from "typescript";

const LINES_MAX = 399;
const NODE_OF_CHECKOUTS = "20.19.0"; // what the linter and the tests need; users' Node is in package.json

const tracked = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
const sources = new Map(
  tracked.filter((path) => /\.(ts|js|cc|h)$/.test(path)).map((path) => [path, readFileSync(path, "utf8")]),
);

const faults = [...longFiles(), ...silentFiles(), ...importCycles(), ...lockedAddresses(), ...lockedEngines()];
for (const fault of faults) console.error(fault);
if (faults.length > 0) console.error(`\n${faults.length} faults in the tree`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** C++ only: the linter counts the others' lines (max-lines in eslint.config.js). */
function longFiles() {
  return [...sources]
    .filter(([path]) => /\.(cc|h)$/.test(path))
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${LINES_MAX}: split it by what its parts own`);
}

function silentFiles() {
  return [...sources]
    .filter(([, text]) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text))
    .map(([path]) => `${path}:1: opens without a comment: say what it is, what it owns and what to read first`);
}

/** One fault a cycle, found depth first; types count too, since a reader follows them like any other import. */
function importCycles() {
  const found = [];
  const done = new Set();
  const visit = (path, trail) => {
    if (trail.includes(path)) {
      found.push(`${[...trail.slice(trail.indexOf(path)), path].join(" → ")}: imports go round in a circle`);
      return;
    }
    if (done.has(path)) return;
    for (const next of importsOf(path)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** The tracked files that a file imports; asc's specifiers have no ending, those of the hosts end in .js. */
function importsOf(path) {
  if (!/\.(ts|js)$/.test(path)) return [];
  return ts.preProcessFile(sources.get(path)).importedFiles
    .filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => posix.join(posix.dirname(path), fileName))
    .map((target) => [target, `${target}.ts`, target.replace(/\.js$/, ".ts")].find((name) => sources.has(name)))
    .filter(Boolean);
}

/** An address in the lock file ties `npm ci` to the registry of whoever wrote it. */
function lockedAddresses() {
  return lockedPackages()
    .filter(([, { resolved }]) => resolved !== undefined)
    .map(([name]) => `package-lock.json: "${name}" has "resolved": `
      + "write the file with npm install --omit-lockfile-registry-resolved");
}

function lockedEngines() {
  const users = semver.minVersion(JSON.parse(readFileSync("package.json", "utf8")).engines.node).version;
  return lockedPackages()
    .map(([name, { engines, dev }]) => ({ name, wants: engines?.node ?? "*", node: dev ? NODE_OF_CHECKOUTS : users }))
    .filter(({ wants, node }) => !semver.satisfies(node, wants))
    .map(({ name, wants, node }) => `package-lock.json: "${name}" wants Node ${wants}, which ${node} is not: `
      + "pin a version that runs on it, as a dependency of our own if it is somebody else's");
}

/** Everything that the lock file installs, by where it lies. */
function lockedPackages() {
  return Object.entries(JSON.parse(readFileSync("package-lock.json", "utf8")).packages);
}
