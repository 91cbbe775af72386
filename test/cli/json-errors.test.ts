// With --json, whatever comes on stderr is NDJSON: usage errors, wrong configurations, engines that are not there.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../control/serve.js";
import { Terminal } from "./terminal.js";

const LEVEL_ERROR = 50;

async function complaints(...args: string[]): Promise<{ status: number; lines: Record<string, unknown>[] }> {
  const terminal = new Terminal();
  const status = await terminal.run(...args);
  const lines = terminal.err.text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) {
    expect(line).toMatchObject({ level: LEVEL_ERROR, time: expect.stringMatching(/^\d{4}-.*Z$/) });
  }
  return { status, lines };
}

describe("with --json, stderr is lines of JSON", () => {
  test.each([
    [["nonsense", "--json"], /unknown command 'nonsense'/],
    [["show", "prots", "--json"], /It must be one of ports,/],
    [["show", "--json"], /missing required argument 'what'/],
    [["--json", "up", "--nonsense"], /unknown option '--json'/],
    [["up", "--json", "--workers", "x"], /whole number from 1 to 16/],
    [["stop", "--json", "--control", ""], /not a path of a file/],
    [["bench", "nope", "--json"], /nope/],
    [["port", "--json"], /unknown option '--json'/],
  ])("of a wrong command line: %j", async (args, message) => {
    const { status, lines } = await complaints(...args);
    expect({ status, count: lines.length }).toEqual({ status: 2, count: 1 });
    expect(lines[0]!["msg"]).toMatch(message);
    expect(lines[0]!["msg"]).not.toMatch(/^error:/);
  });

  test("of a wrong configuration: one for each fault, with its place", async () => {
    const file = join(temporaryDirectory(), "net.yaml");
    writeFileSync(file, "switches:\n  lab:\n    ports:\n      web: { memory: true, access: 5000 }\n      db: {}\n");
    for (const command of ["up", "check", "apply"]) {
      const { status, lines } = await complaints(command, file, "--json");
      expect({ status, count: lines.length }).toEqual({ status: 2, count: 2 });
      expect(lines[0]).toMatchObject({ file, line: 4, column: 36, path: "switches.lab.ports.web.access" });
      expect(lines[0]!["msg"]).toMatch(/^VLAN 5000 /);
    }
  });

  test("of an engine that is not there", async () => {
    const control = join(temporaryDirectory(), "none.sock");
    const { status, lines } = await complaints("show", "ports", "--json", "--control", control);
    expect(status).toBe(1);
    expect(lines[0]!["msg"]).toMatch(/^control socket .*no engine is running there/);
  });
});

test("--json after -- is an argument like any other", async () => {
  const terminal = new Terminal();
  expect(await terminal.run("show", "--", "--json")).toBe(2);
  expect(terminal.err.text).toMatch(/^error: /);
});
