// Programs of tests over the native part, but for the file that knows Node, built under AddressSanitizer and
// UndefinedBehaviorSanitizer, so that one byte outside ends them. Owns the directory that they are built in.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";

const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g1", "-O1"];
const STRICT = ["-std=c++17", "-fno-exceptions", "-Wall", "-Wextra", "-Werror"];

export const native = fileURLToPath(new URL("../../native/", import.meta.url));

/** Whether there is nothing to build with: prints that `what` is skipped, or throws in CI. */
export function compilerMissing(what: string): boolean {
  const missing = process.platform !== "linux" || spawnSync("g++", ["--version"]).status !== 0;
  if (missing && process.env["CI"]) throw new Error(`${what} needs Linux and g++`);
  if (missing) process.stderr.write(`skipped: ${what} needs Linux and g++\n`);
  return missing;
}

/** An empty directory, gone after the file's tests. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "taploom-native-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Builds a program of this folder and the files of native/ that it needs into a directory, for `beforeAll`; returns
 *  where it is. */
export function buildSanitized(source: string, needed: string[], directory: string): string {
  const program = join(directory, basename(source, ".cc"));
  const files = [fileURLToPath(new URL(source, import.meta.url)), ...needed.map((file) => join(native, file))];
  const { status, stderr } = spawnSync("g++", [...STRICT, ...SANITIZE, "-o", program, ...files], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return program;
}
