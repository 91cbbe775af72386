// The built command line as a process: exit statuses, signals, pipes that close, and a real engine behind it.
// Needs dist/, which `npm ci` and `npm run build` make.

import { Type, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import * as schema from "../../src/control/schema.js";
import { packageFile, packageVersion } from "../../src/files.js";
import { temporaryDirectory } from "../control/serve.js";
import { WORKERS } from "../workers.js";

const MAIN = packageFile("dist/src/cli/main.js");

/** What the control API promises of a real engine's answers. */
const SHAPES: [what: string, shape: TSchema][] = [
  ["ports", Type.Array(schema.Port, { minItems: 2, maxItems: 2 })],
  ["fdb", Type.Array(schema.FdbEntry, { minItems: 1 })],
  ["vlans", Type.Array(schema.Vlan, { minItems: 1 })],
  ["mirrors", Type.Array(schema.Mirror, { minItems: 1 })],
  ["stats", schema.Stats],
];

interface Place {
  config: string;
  control: string;
}

function place(): Place {
  const directory = temporaryDirectory();
  const config = join(directory, "net.yaml");
  const ports = "{ gen: { generator: { rate: 1kpps } }, end: { memory: true, monitor: true } }";
  const mirrors = "{ watch: { from: [gen], to: end } }";
  writeFileSync(config, `switches: { lab: { ports: ${ports}, mirrors: ${mirrors} } }\n`);
  return { config, control: join(directory, "control.sock") };
}

function spawnTaploom(control: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, TAPLOOM_CONTROL: control } });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

async function taploom(control: string, ...args: string[]): Promise<Outcome> {
  const child = spawnTaploom(control, ...args);
  const exit = once(child, "exit") as Promise<[number | null]>;
  const [out, err, [status]] = await Promise.all([text(child.stdout!), text(child.stderr!), exit]);
  return { status, out, err };
}

/** An engine in the foreground that has said `ready`; what it says after that comes with its exit. */
async function up(
  { config, control }: Place, ...args: string[]
): Promise<{ child: ChildProcess; exit: Promise<unknown[]> }> {
  const child = spawnTaploom(control, "up", config, "--workers", String(WORKERS), ...args);
  const exit = once(child, "exit");
  const [first] = await once(child.stdout!.setEncoding("utf8"), "data") as [string];
  expect(first).toMatch(/^ready\n|^{"event":"ready",/);
  return { child, exit };
}

test("--version is the package's", async () => {
  expect(await taploom("", "--version")).toEqual({ status: 0, out: `${packageVersion()}\n`, err: "" });
});

test("a wrong command line and a wrong file exit 2", async () => {
  const { control, config } = place();
  expect((await taploom(control, "trace", "lab/web")).status).toBe(2);
  writeFileSync(config, "switches: { lab: { ports: { x: { memory: true, access: 0 } } } }\n");
  const { status, out, err } = await taploom(control, "up", config);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^\/.+\/net\.yaml:1:\d+: switches\.lab\.ports\.x\.access: .+\n$/);
});

test("up, show, apply, capture and stop, with a real engine", async () => {
  const it = place();
  const { control, config } = it;
  const { exit } = await up(it);
  for (const [what, shape] of SHAPES) {
    const { out } = await taploom(control, "show", what, "--json");
    expect([what, ...Value.Errors(shape, JSON.parse(out))]).toEqual([what]);
  }
  expect((await taploom(control, "apply", config)).out).toBe("2 unchanged\n");
  const captured = await taploom(control, "capture", "lab/gen", "--write", "-", "--count", "3");
  expect(captured).toMatchObject({ status: 0, err: "3 frames of lab/gen written to standard output\n" });
  expect((await taploom(control, "stop")).out).toContain("= 0 unaccounted\n");
  expect(await exit).toEqual([0, null]);
  expect(existsSync(control)).toBe(false);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s: final statistics, exit 0", async (signal) => {
  const { child, exit } = await up(place(), "--json");
  const rest = text(child.stdout!);
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
  expect(JSON.parse(await rest)).toMatchObject({ event: "stopped", stats: { totals: { unaccounted: 0 } } });
});

test("a second engine is refused; after kill -9 the next one takes over", async () => {
  const it = place();
  const { child, exit } = await up(it);
  const second = await taploom(it.control, "up", it.config);
  expect(second).toMatchObject({ status: 1, out: "" });
  expect(second.err).toContain(`control socket ${it.control}: another engine is running there`);
  child.kill("SIGKILL");
  await exit;
  expect(lstatSync(it.control).isSocket()).toBe(true);
  expect(await taploom(it.control, "up", it.config, "--for", "100ms")).toMatchObject({ status: 0 });
});

test("an engine whose output nobody reads any more lives on, and ends when told", async () => {
  const it = place();
  const { child, exit } = await up(it, "--json");
  child.stdout!.destroy();
  expect((await taploom(it.control, "show", "stats")).status).toBe(0);
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
});

test.each([
  ["a watch", ["show", "ports", "--watch", "--json"], ""],
  ["a capture", ["capture", "lab/gen", "--write", "-"], "\\d+ frames of lab/gen written to standard output\\n"],
])("%s ends quietly when the reader of its pipe goes", async (_, args, said) => {
  const it = place();
  await up(it);
  const child = spawn("sh", [
    "-c", '{ "$0" "$@"; echo "status $?" >&2; } | head -c 1', process.execPath, MAIN, ...args, "--control", it.control,
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await text(child.stderr)).toMatch(new RegExp(`^${said}status 0\n$`));
}, 15_000);
