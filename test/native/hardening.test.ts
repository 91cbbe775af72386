// How the addon is built: with what the compiler and the linker have against overruns. readelf(1) of binutils, which a
// compiler brings along.

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ADDON, loadAddon } from "./rig.js";

const readelf = (...what: string[]): string =>
  execFileSync("readelf", ["--wide", ...what, ADDON], { encoding: "utf8" });

describe.skipIf(!loadAddon("how the addon is built"))("the addon", () => {
  it("is relocated whole before it runs, and read-only from then on (full RELRO)", () => {
    expect(readelf("--program-headers")).toContain("GNU_RELRO");
    expect(readelf("--dynamic")).toMatch(/BIND_NOW|FLAGS_1.*\bNOW\b/);
  });

  it("has no stack that can be executed", () => {
    expect(/GNU_STACK.*/.exec(readelf("--program-headers"))![0]).not.toContain("E");
  });

  it("guards its stack", () => {
    expect(readelf("--dyn-syms")).toContain("__stack_chk_fail");
  });
});
