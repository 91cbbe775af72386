// The install script: when it builds the addon, how it puts it in place, and what it says where it cannot.

import { cpSync, existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { packageFile } from "../../src/files.js";
import { Installed } from "./installed.js";

const SCRIPT = "tools/build-addon.js";
const ADDON = "build/Release/taploom.node";
/** Builds as node-gyp does: counts itself, and whether an addon was in place meanwhile. */
const BUILDS = `test -e ../../${ADDON} && echo there >> ../../calls || echo none >> ../../calls
mkdir -p build/Release && cp ${packageFile(ADDON)} build/Release/`;

function installed(nodeGyp = BUILDS): Installed {
  const made = new Installed(SCRIPT, "binding.gyp");
  made.write("native/addon.cc", "// one");
  made.program("node-gyp", nodeGyp);
  return made;
}

const calls = (made: Installed): string[] => made.read("calls")?.trim().split("\n") ?? [];

describe.skipIf(process.platform !== "linux")("the install script", () => {
  test("builds once, and again where the sources have changed, while the old addon stays in place", () => {
    const made = installed();
    expect(made.run(SCRIPT)).toMatchObject({ status: 0, stderr: "" });
    const first = made.inode(ADDON);
    made.run(SCRIPT);
    expect(calls(made)).toEqual(["none"]);
    made.write("native/addon.cc", "// two");
    made.run(SCRIPT);
    expect(calls(made)).toEqual(["none", "there"]);
    expect(made.inode(ADDON)).not.toBe(first); // a rename: who has the old one open keeps it
    expect(readdirSync(made.path("build")).sort()).toEqual(["Release", "addon.stamp"]);
  });

  test("builds nothing for npx where there is an addon, and always for npm rebuild", () => {
    const made = installed();
    made.run(SCRIPT, { command: "exec" }); // npx of a package that is not installed
    made.write("native/addon.cc", "// two");
    made.run(SCRIPT, { command: "exec" });
    expect(calls(made)).toEqual(["none"]);
    made.run(SCRIPT, { command: "rebuild" });
    made.run(SCRIPT, { command: "rebuild" });
    expect(calls(made)).toEqual(["none", "there", "there"]);
  });

  test("builds anew what does not load", () => {
    const made = installed();
    made.run(SCRIPT);
    made.write(ADDON, "no addon");
    made.run(SCRIPT);
    expect(calls(made)).toEqual(["none", "there"]);
  });

  test.each([
    ["headers that cannot be fetched", "gyp ERR! stack FetchError: getaddrinfo ENOTFOUND nodejs.org",
      /npm_config_nodedir/],
    ["the kernel's headers", "../native/tap.cc:3:10: fatal error: linux/if_tun.h: No such file or directory",
      /linux\/if_tun\.h: No such file/],
    ["node-addon-api", "Error: Cannot find module 'node-addon-api'", /npm install node-addon-api/],
  ])("keeps the reason where it lacks %s", (_, output, reason) => {
    const made = installed(`echo "${output}" >&2; exit 1`);
    const { status, stderr } = made.run(SCRIPT);
    expect(status).toBe(0);
    expect(stderr).toMatch(reason);
    expect(made.read("build/addon.missing")).toMatch(reason);
    expect(made.read("build/addon.log")).toContain(output);
    made.program("node-gyp", BUILDS);
    made.run(SCRIPT);
    expect(made.read("build/addon.missing")).toBeUndefined();
  });

  test("names the programs that are missing", () => {
    const made = installed();
    made.program("python3", "exit 0");
    expect(made.run(SCRIPT, { path: "" }).stderr).toContain("building it needs a C++ compiler and make");
    expect(calls(made)).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("a device without the addon", () => {
  const up = (made: Installed): string => {
    cpSync(packageFile("dist"), made.path("dist"), { recursive: true });
    made.write("net.yaml", "switches: { lab: { ports: { vm: { stream: vm.sock } } } }");
    const args = ["up", made.path("net.yaml"), "--control", made.path("control.sock")];
    const { status, stderr } = made.run("dist/src/cli/main.js", { args });
    expect(status).toBe(1);
    expect(existsSync(made.path("vm.sock"))).toBe(false);
    return stderr;
  };

  test("says why it could not be built, and how to build it again", () => {
    const made = installed("echo 'x.cc:1: error: no such thing'; exit 1");
    made.run(SCRIPT);
    expect(up(made)).toMatch(/"stream" needs the native addon: .*x\.cc:1: error: no such thing; then run "npm rebuild/);
  });

  test("says that the install script did not run", () => {
    expect(up(installed())).toMatch(/the package's install script did not run/);
  });

  test("says why it does not load", () => {
    const made = installed();
    made.write(ADDON, "no addon");
    expect(up(made)).toMatch(/does not load: .*taploom\.node: file too short/);
  });
});
