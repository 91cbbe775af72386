// Builds garbage.cc under sanitizers, and runs it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildSanitized, compilerMissing, native, scratchDirectory } from "./sanitized.js";

const TURNS = "40000";

describe.skipIf(compilerMissing("the garbage test"))("the poller under garbage", () => {
  const directory = scratchDirectory();
  let program: string;

  beforeAll(() => {
    const all = readdirSync(native).filter((file) => file.endsWith(".cc") && !file.startsWith("addon"));
    program = buildSanitized("garbage.cc", all, directory);
  }, 120_000);

  /** Runs the program in an empty directory, for it leaves a socket there. */
  function run(way: string, ...args: string[]) {
    const own = mkdtempSync(join(directory, "run-"));
    const { status, stderr } = spawnSync(program, [way, own, ...args], { encoding: "utf8" });
    return { status, stderr };
  }

  it.each([
    ["batched", "1"], ["batched", "2"], ["batched", "3735928559"], ["plain", "1"], ["plain", "3735928559"],
  ])("stays inside the region, and works once it is clean (%s, seed %s)", (way, seed) => {
    expect(run(way, seed, TURNS)).toEqual({ status: 0, stderr: "" });
  }, 60_000);

  it("would be caught outside: a region that is four bytes too short", () => {
    const { status, stderr } = run("plain", "1", TURNS, "4");
    expect(status).not.toBe(0);
    expect(stderr).toContain("heap-buffer-overflow");
  }, 60_000);
});
