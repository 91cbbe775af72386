// `npm run bench:profile`: where the core's time goes, function by function, sampled by perf(1) while a trial runs. The
// core is compiled once more, with the names of its functions, into a copy of the package: its code is the same, byte
// for byte. Functions that the compiler has drawn into others count as those. `--seconds N`, `--json`, `--out FILE`.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageFile } from "../src/files.js";
import { missingOf } from "./lab/bench-lab.js";
import { report, REPORT_OPTIONS } from "./report.js";
import type { Case, Trial } from "./result.js";
import type { Work } from "./trial.js";

const CODE_SECTION = 10;
const HERTZ = "2000";
const SHARE_MIN = 1; // percent; what is less is left out
const WORKS = [["switch", 64], ["switch", 65_536], ["napt", 992], ["napt", 1_000_000]] as const;

const { values } = parseArgs({ options: { ...REPORT_OPTIONS, rounds: { type: "string", default: "1" } } });
const missing = missingOf(["perf"]);
if (missing.length > 0) {
  console.error("profile: skipped: perf cannot be found: install it (on Debian: linux-perf)");
} else {
  const folder = mkdtempSync(join(tmpdir(), "taploom-profile-"));
  try {
    copyPackage(folder);
    const seconds = Number(values.seconds);
    await report(WORKS.map(([work, entries]) => caseOf(folder, { work, entries, seconds })), values);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The package with names in its core; the generators have none, and so do not count. */
function copyPackage(folder: string): void {
  for (const part of ["dist", "package.json"]) cpSync(packageFile(part), join(folder, part), { recursive: true });
  symlinkSync(packageFile("node_modules"), join(folder, "node_modules"));
  const asc = packageFile("node_modules/.bin/asc");
  const options = ["--target", "release", "--debug", "--outFile", join(folder, "dist/core.wasm")];
  run(packageFile("."), asc, "assembly/index.ts", ...options);
  const [named, plain] = [join(folder, "dist/core.wasm"), packageFile("dist/core.wasm")].map(codeOf);
  if (!named!.equals(plain!)) throw new Error("the core with names is another one: run \"npm run build\"");
}

/** The code section of a module (WebAssembly Core Specification 5.5). */
function codeOf(file: string): Buffer {
  const bytes = readFileSync(file);
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++]!;
    let length = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
    }
    if (id === CODE_SECTION) return bytes.subarray(at, at + length);
    at += length;
  }
  throw new Error(`${file} has no code`);
}

function caseOf(folder: string, work: Work & { entries: number }): Case {
  return { name: `profile ${work.work} ${work.entries}`, run: async () => sample(folder, work) };
}

/** A trial for each function: its share of the time that is the core's, at the end, when the tables are filled. */
function sample(folder: string, work: Work & { entries: number }): Trial[] {
  const [data, program] = [join(folder, "perf.data"), join(folder, "dist/bench/trial.js")];
  const node = [process.execPath, "--perf-basic-prof", program, JSON.stringify(work)];
  run(folder, "perf", "record", "--quiet", "-e", "cpu-clock", "-F", HERTZ, "-o", data, "--", ...node);
  const lines = run(folder, "perf", "script", "-i", data, "-F", "pid,time,ip,sym").trim().split("\n");
  const samples = lines.map((line) => line.trim().split(/[\s:]+/, 2)).map(([pid, time], i) => ({
    pid: pid!, time: Number(time), name: /JS:assembly\/(\S+?)-\d+-/.exec(lines[i]!)?.[1],
  }));
  const end = Math.max(...samples.map(({ time }) => time));
  const counts = new Map<string, number>();
  for (const { name, time } of samples) {
    if (name !== undefined && time > end - work.seconds) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const pid of new Set(samples.map((one) => one.pid))) rmSync(`/tmp/perf-${pid}.map`, { force: true });
  const all = [...counts.values()].reduce((a, b) => a + b, 0);
  return [...counts].map(([name, count]) => ({
    bench: `profile-${work.work}`, subject: name, at: work.entries, measures: { share: count / all * 100 },
  })).filter(({ measures }) => measures.share >= SHARE_MIN).sort((a, b) => b.measures.share - a.measures.share);
}

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}
