// The examples run as they stand, and their configurations are right. What they print is looked at in a word or two:
// enough to see that they did what they say.

import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/parse.js";
import { packageFile } from "../../src/files.js";

const run = promisify(execFile);
const FILE = join(tmpdir(), `taploom-example-test-${process.pid}.pcapng`);

const SAYS: Record<string, { args?: string[]; words: string[] }> = {
  "capture.js": { args: [FILE], words: ["captured to"] },
  "events.js": { words: ["\"what\":\"learned\"", "\"what\":\"moved\""] },
  "frames.js": { words: ["tag 8100000a: hello, VLAN 10"] },
  "hot-plug.js": {
    words: ["plugged in: web (access 10), db (access 10)", "refused: port lab/file: pcap", "unplugged: web"],
  },
  "status.js": { words: ["forgotten: 5 MACs", "unaccounted: 0"] },
};

test.each(readdirSync(packageFile("examples")).filter((name) => name.endsWith(".js")))("%s", async (name) => {
  const { args = [], words } = SAYS[name]!;
  const { stdout, stderr } = await run(process.execPath, [packageFile(`examples/${name}`), ...args]);
  expect(stderr).toBe("");
  for (const word of words) expect(stdout).toContain(word);
  if (args[0] !== undefined) {
    expect(existsSync(args[0])).toBe(true);
    rmSync(args[0]);
  }
});

test.each(readdirSync(packageFile("examples")).filter((name) => name.endsWith(".yaml")))("%s", (name) => {
  expect(Object.keys(readConfig(packageFile(`examples/${name}`)).switches).length).toBeGreaterThan(0);
});

test("mirror.yaml captures into the file that its head names, wherever it is started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "taploom-examples-"));
  mkdirSync(join(folder, "examples"));
  const file = join(folder, "examples/mirror.yaml");
  copyFileSync(packageFile("examples/mirror.yaml"), file);
  const [, named] = /^#   tshark -r (\S+)$/m.exec(readFileSync(file, "utf8"))!;
  const args = ["up", file, "--for", "300ms", "--control", join(folder, "control.sock")];
  await run(process.execPath, [packageFile("dist/src/cli/main.js"), ...args], { cwd: tmpdir() });
  expect(existsSync(join(folder, named!))).toBe(true);
  rmSync(folder, { recursive: true });
});
