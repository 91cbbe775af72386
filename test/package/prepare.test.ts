// A checkout: when npm builds dist/, and that its commands are there at once and end when they are told to.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { packageFile, packageVersion } from "../../src/files.js";
import { temporaryDirectory } from "../control/serve.js";
import { Installed } from "./installed.js";

const SCRIPT = "tools/prepare.js";
const SOURCES = [
  "assembly", "src", "bench", "asconfig.json", "tsconfig.json", "tsconfig.build.json", "package-lock.json",
];

function checkout(): Installed {
  const made = new Installed(SCRIPT);
  for (const path of SOURCES) made.write(path.includes(".") ? path : `${path}/one`, "one");
  made.program("npm", `echo "$*" >> calls; mkdir -p dist/src/cli
cat src/one | tee dist/core.wasm > dist/src/cli/main.js`);
  return made;
}

const builds = (made: Installed): number => made.read("calls")?.split("run build\n").slice(1).length ?? 0;

test("prepare builds once, and again where the sources or what was built have changed", () => {
  const made = checkout();
  made.run(SCRIPT);
  made.run(SCRIPT);
  expect(builds(made)).toBe(1);
  made.write("src/one", "two");
  made.run(SCRIPT);
  expect(builds(made)).toBe(2);
  made.write("dist/core.wasm", "somebody else's");
  made.run(SCRIPT);
  expect(builds(made)).toBe(3);
});

test("prepare builds for npx only where nothing is built", () => {
  const made = checkout();
  made.run(SCRIPT, { command: "exec" });
  made.write("src/one", "two");
  made.run(SCRIPT, { command: "exec" });
  expect(builds(made)).toBe(1);
});

test("prepare says what it lacks without development dependencies, and keeps what is built", () => {
  const made = checkout();
  rmSync(made.path("node_modules"));
  expect(made.run(SCRIPT)).toMatchObject({ status: 1, stderr: expect.stringContaining("npm ci") });
  for (const path of ["dist/core.wasm", "dist/src/cli/main.js"]) made.write(path, "built");
  expect(made.run(SCRIPT)).toMatchObject({ status: 0, stderr: expect.stringContaining("left as it is") });
  expect(builds(made)).toBe(0);
});

test("npx runs what is built, for a user who may write nothing of it", () => {
  const cache = temporaryDirectory();
  const built = ["dist/core.wasm", "dist/src/cli/main.js", "build/Release/taploom.node"].map(packageFile);
  const before = built.map((file) => statSync(file).mtimeMs);
  const npm = { npm_config_cache: cache, npm_config_offline: "true", npm_config_update_notifier: "false" };
  const env = { ...process.env, ...npm };
  const options = { cwd: packageFile("."), env, encoding: "utf8" } as const;
  const { status, stdout } = spawnSync("npx", ["taploom", "--version"], options);
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${packageVersion()}\n` });
  expect(built.map((file) => statSync(file).mtimeMs)).toEqual(before);
});

test("npm start hands SIGTERM on, and ends when the engine has", async () => {
  const env = { ...process.env, TAPLOOM_CONTROL: join(temporaryDirectory(), "control.sock") };
  const npm = spawn("npm", ["start", "--", "--for", "120s"], { cwd: packageFile("."), env, detached: true });
  onTestFinished(() => {
    if (npm.exitCode === null) process.kill(-npm.pid!, "SIGKILL");
  });
  const whole = text(npm.stdout);
  npm.stdout.on("data", (bytes: Buffer) => { if (bytes.toString().includes("ready\n")) npm.kill("SIGTERM"); });
  expect(await once(npm, "exit")).toEqual([0, null]);
  expect(await whole).toContain("Across VLANs");
});
