// The library as a program embeds it: configurations as a file has them, with types that catch misspelt keys, a control
// socket of its own, and workers that start whatever Node itself was started with.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ControlClient } from "../../src/control/client.js";
import { ERROR_CODES } from "../../src/error-codes.js";
import { packageFile } from "../../src/files.js";
import { Engine, type ConfigFile, type PortFile } from "../../src/index.js";
import { allOf, temporaryDirectory } from "../control/serve.js";

const CONFIG: ConfigFile = { switches: { lab: { ports: { a: { memory: true, access: 10 } } } } };

async function started(config = CONFIG): Promise<Engine> {
  const engine = await Engine.start(config);
  onTestFinished(async () => { await engine.stop(); });
  return engine;
}

const names = (engine: Engine): string[] => engine.ports().map(({ name, vlan }) => `${name} ${vlan}`);

test("start, addPort and apply take what a file takes", async () => {
  const engine = await started();
  await engine.addPort("lab", "b", { memory: true, trunk: [10, "20-29"] });
  expect(names(engine)).toEqual(["a access 10", "b trunk 10,20-29"]);
  await engine.apply({ switches: { lab: { aging: "5m", ports: { c: { memory: true } } } } });
  expect(names(engine)).toEqual(["c access 1"]);
  await engine.apply(() => ({ switches: { lab: {} } }));
  expect(names(engine)).toEqual([]);
});

test("they refuse what check refuses, in its words", async () => {
  const wrong = JSON.parse('{ "switches": { "lab": { "ports": { "a": { "memroy": true } } } } }') as ConfigFile;
  const words = 'unknown key "memroy"; did you mean "memory"?';
  await expect(Engine.start(wrong)).rejects.toThrow(`switches.lab.ports.a.memroy: ${words}`);
  const engine = await started();
  await expect(engine.apply(wrong)).rejects.toThrow(`switches.lab.ports.a.memroy: ${words}`);
  await expect(engine.addPort("lab", "b", wrong.switches["lab"]!.ports!["a"]!)).rejects.toThrow(`b.memroy: ${words}`);
  for (const nothing of [null, undefined, [], "net.yaml"]) {
    await expect(Engine.start(nothing as never)).rejects.toMatchObject({ name: "ConfigError" });
  }
});

test("a misspelt key does not compile", () => {
  const neverRun = async (engine: Engine): Promise<void> => {
    // @ts-expect-error -- memroy
    await Engine.start({ switches: { lab: { ports: { a: { memroy: true } } } } });
    // @ts-expect-error -- swiches
    await engine.apply({ swiches: {} });
    // @ts-expect-error -- acess
    await engine.addPort("lab", "b", { memory: true, acess: 10 });
    // @ts-expect-error -- adress
    await engine.apply({ switches: {}, routers: { edge: { interfaces: [{ switch: "lab", adress: "10.0.0.1/24" }] } } });
    // @ts-expect-error -- a port's VLAN is a number
    const port: PortFile = { memory: true, access: "ten" };
    await engine.addPort("lab", "c", port);
  };
  expect(neverRun).toBeTypeOf("function"); // the compiler is what looks at it (npm run check)
});

test("serve gives the engine a control socket, which ends with it", async () => {
  const engine = await started();
  const path = join(temporaryDirectory(), "control.sock");
  const socket = await engine.serve(path);
  expect(socket.path).toBe(path);
  expect(await allOf(new ControlClient(path).rows("ports"))).toMatchObject([{ switch: "lab", name: "a" }]);
  await expect(engine.serve(path)).rejects.toMatchObject({ code: "CONTROL_IN_USE" });
  await expect(engine.serve("")).rejects.toMatchObject({ code: "CONTROL_PATH" });
  await engine.stop();
  expect(existsSync(path)).toBe(false);
  await expect(engine.serve(path)).rejects.toMatchObject({ code: "STOPPED" });
});

test("a control socket may end before the engine", async () => {
  const engine = await started();
  const path = join(temporaryDirectory(), "control.sock");
  const socket = await engine.serve(path);
  await socket.close();
  await socket.close();
  expect(existsSync(path)).toBe(false);
  await (await engine.serve(path)).close();
});

test.each([
  [["--input-type=module"], ""],
  [["--input-type=module", "--import", "data:text/javascript,globalThis.once = 1"], ""],
  [["--input-type=module", "--expose-gc", "--title=program", "--conditions=other"], ""],
  [["--input-type=module"], "--import=data:text/javascript,globalThis.once=1 --max-old-space-size=512"],
])("workers start under node %j, NODE_OPTIONS=%j", (flags, nodeOptions) => {
  const program = `import { Engine } from ${JSON.stringify(pathToFileURL(packageFile("dist/src/index.js")).href)};
    const engine = await Engine.start(${JSON.stringify(CONFIG)}, { workers: 2 });
    console.log(engine.ports().length);
    await engine.stop();`;
  const env = { ...process.env, NODE_OPTIONS: nodeOptions };
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", program], { env, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "1\n", stderr: "" });
});

test("start rejects if a worker does not start", () => {
  const preload = 'import { isMainThread } from "node:worker_threads"; if (!isMainThread) throw new Error("not here");';
  const program = `import { Engine } from ${JSON.stringify(pathToFileURL(packageFile("dist/src/index.js")).href)};
    await Engine.start(${JSON.stringify(CONFIG)}).catch(({ code, message }) => console.log(code, message));`;
  const env = { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` };
  const options = { env, encoding: "utf8" } as const;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], options);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^WORKER worker 0 ended by itself: Error: not here/);
});

test("docs/library.md lists every error code with its meaning", () => {
  const text = readFileSync(packageFile("docs/library.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
});
