// Builds garbage.cc with the native part, but for the file that knows Node, under sanitizers, and runs it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"];
const STRICT = ["-std=c++17", "-fno-exceptions", "-Wall", "-Wextra", "-Werror"];
const TURNS = "40000";

const native = fileURLToPath(new URL("../../native/", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "taploom-garbage-"));
const program = join(directory, "garbage");

function compilerMissing(): boolean {
  const missing = process.platform !== "linux" || spawnSync("g++", ["--version"]).status !== 0;
  if (missing && process.env["CI"]) throw new Error("the garbage test needs Linux and g++");
  if (missing) process.stderr.write("skipped: the garbage test needs Linux and g++\n");
  return missing;
}

/** Runs the program in an empty directory, for it leaves a socket there. */
function run(...args: string[]) {
  const { status, stderr } = spawnSync(program, [mkdtempSync(join(directory, "run-")), ...args], { encoding: "utf8" });
  return { status, stderr };
}

afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(compilerMissing())("the poller under garbage", () => {
  beforeAll(() => {
    const sources = readdirSync(native).filter((file) => file.endsWith(".cc") && file !== "addon.cc");
    const files = [fileURLToPath(new URL("garbage.cc", import.meta.url)), ...sources.map((file) => join(native, file))];
    const options = [...STRICT, ...SANITIZE, "-o", program];
    const { status, stderr } = spawnSync("g++", [...options, ...files], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }, 120_000);

  it.each(["1", "2", "3735928559"])("stays inside the region, and works once it is clean (seed %s)", (seed) => {
    expect(run(seed, TURNS)).toEqual({ status: 0, stderr: "" });
  }, 60_000);

  it("would be caught outside: a region that is four bytes too short", () => {
    const { status, stderr } = run("1", TURNS, "4");
    expect(status).not.toBe(0);
    expect(stderr).toContain("heap-buffer-overflow");
  }, 60_000);
});
