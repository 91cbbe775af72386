// The file of `taploom capture`: what is there already is recorded over only if it is a capture, or if that is said.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blockTypes } from "../control/pcapng.js";
import { serveFake, temporaryDirectory } from "../control/serve.js";
import { Terminal } from "./terminal.js";

const BLOCKS = [0x0a0d0d0a, 1, 6, 6];

async function capture(file: string, ...more: string[]): Promise<{ status: number; err: string }> {
  const { path } = await serveFake();
  const terminal = new Terminal();
  const args = ["lab/web", "--write", file, "--count", "2", "--control", path, ...more];
  const status = await terminal.run("capture", ...args);
  return { status, err: terminal.err.text };
}

test("a file that holds something else is kept, unless --force is said", async () => {
  const file = join(temporaryDirectory(), "notes");
  writeFileSync(file, "precious");
  const err = `error: ${file}: it holds something other than a capture; name another file, or say --force\n`;
  expect(await capture(file)).toEqual({ status: 1, err });
  expect(readFileSync(file, "utf8")).toBe("precious");
  expect(await capture(file, "--force")).toEqual({ status: 0, err: "" });
  expect(blockTypes(readFileSync(file))).toEqual(BLOCKS);
});

test("an older capture is recorded over", async () => {
  const file = join(temporaryDirectory(), "old.pcapng");
  for (let round = 0; round < 2; round++) expect(await capture(file)).toEqual({ status: 0, err: "" });
  expect(blockTypes(readFileSync(file))).toEqual(BLOCKS);
});

test("a FIFO is refused, and not waited for", async () => {
  const file = join(temporaryDirectory(), "pipe");
  spawnSync("mkfifo", [file]);
  const err = `error: ${file}: it is a FIFO, not a regular file; name a regular file\n`;
  expect(await capture(file)).toEqual({ status: 1, err });
});
