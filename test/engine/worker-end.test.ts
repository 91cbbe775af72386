// What becomes of an engine whose worker ends: the process that hosts it lives on, is told which worker ended and why,
// and the state is saved. The fault comes from outside the product: a module that Node loads into each of its threads
// (NODE_OPTIONS) and that fails in a worker once a file is there. Needs dist/, as test/cli/main.test.ts does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { packageFile } from "../../src/files.js";
import { temporaryDirectory } from "../control/serve.js";

const MAIN = packageFile("dist/src/cli/main.js");
const LIBRARY = pathToFileURL(packageFile("dist/src/index.js")).href;

/** How a worker ends, and what has to be said of it. */
const ENDS: [what: string, fault: string, said: RegExp][] = [
  ["traps", "new WebAssembly.Instance(new WebAssembly.Module(TRAP)).exports.f()", /RuntimeError: unreachable/],
  ["exits", "process.exit(7)", /exit status 7/],
  ["has no memory left", "const all = []; for (;;) all.push(new Array(100_000).fill(all))", /out of memory/],
];

// (module (func (export "f") unreachable))
const TRAP = "[0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,5,1,3,0,0,11]";

interface Place {
  flag: string;
  state: string;
  config: string;
  env: NodeJS.ProcessEnv;
}

/** A network of one busy port whose state is kept, and a process environment in which its worker will fail. */
function place(fault: string): Place {
  const folder = temporaryDirectory();
  const at = (name: string): string => join(folder, name);
  const [flag, state, config, preload] = [at("flag"), at("state"), at("net.json"), at("fault.cjs")];
  const ports = { gen: { generator: { rate: "1kpps" } }, end: { memory: true, monitor: true } };
  writeFileSync(config, JSON.stringify({ state, switches: { lab: { ports } } }));
  writeFileSync(preload, `
    const { isMainThread } = require("node:worker_threads");
    const { performance } = require("node:perf_hooks");
    const { existsSync } = require("node:fs");
    const TRAP = new Uint8Array(${TRAP});
    const now = performance.now.bind(performance);
    const fail = () => { ${fault}; };
    if (!isMainThread) performance.now = () => existsSync(${JSON.stringify(flag)}) ? fail() : now();
  `);
  const env = {
    ...process.env, TAPLOOM_CONTROL: at("control.sock"),
    NODE_OPTIONS: `--require=${preload} --max-old-space-size=64`,
  };
  return { flag, state, config, env };
}

/** Runs a program until it has said a first line, makes its worker fail, and returns its end. */
async function fail({ flag, env }: Place, args: string[]): Promise<{ status: number; out: string; err: string }> {
  const child = spawn(process.execPath, args, { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit") as Promise<[number]>;
  child.stdout.once("data", () => { writeFileSync(flag, ""); });
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { status, out, err };
}

describe.each(ENDS)("a worker that %s", (_, fault, said) => {
  test("ends `up` with status 1, a line that says so, and the state saved", async () => {
    const where = place(fault);
    const { status, out, err } = await fail(where, [MAIN, "up", where.config]);
    expect(err).toMatch(said);
    expect(err).toMatch(/^error: worker 0 ended by itself: .*; the state is saved in .*\/state; /m);
    expect(err).not.toMatch(/^ +at /m); // no stack trace
    expect(out).toMatch(/in {6}\d+ frames/);
    expect(status).toBe(1);
    expect(readFileSync(where.state).length).toBeGreaterThan(0);
    expect(existsSync(`${where.state}.lock`)).toBe(false);
    expect(existsSync(where.env["TAPLOOM_CONTROL"]!)).toBe(false);
  });
});

const PROGRAM = `
  const { Engine, readConfig } = await import(${JSON.stringify(LIBRARY)});
  const engine = await Engine.start(readConfig(process.argv[2]));
  const told = new Promise((resolve) => engine.on("event", (event) => event.event === "failed" && resolve(event)));
  console.log("ready");
  const event = await told;
  const refused = await engine.addPort("lab", "x", {}).catch(({ code, message }) => ({ code, message }));
  const last = await engine.stop();
  console.log(JSON.stringify({ event, refused, last }));
`;

test("the embedding program lives on: it gets an event, and an error for what it asks for after that", async () => {
  const where = place("throw new RangeError('index out of bounds')");
  const program = join(where.config, "..", "program.mjs");
  writeFileSync(program, PROGRAM);
  const { status, out, err } = await fail(where, [program, where.config]);
  expect({ status, err }).toEqual({ status: 0, err: "" });
  const { event, refused, last } = JSON.parse(out.split("\n")[1]!);
  expect(event).toMatchObject({ event: "failed", worker: 0, state: where.state });
  expect(event.why).toBe("RangeError: index out of bounds");
  expect(refused).toMatchObject({ code: "WORKER", message: expect.stringMatching(/worker 0 ended/) });
  expect(last.totals.rx.frames).toBeGreaterThan(0);
});
