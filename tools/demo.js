// `npm run demo`: three machines on two VLANs, made of network namespaces and TAP devices, with a taploom between
// them; pings within and across, a TCP transfer, and what the switch has to say about it. It works as a user would,
// through the command line. Owns all that it makes, and takes it away again: at the end, when a step fails, and when
// it is interrupted at any moment. Read ip-netns(8).

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TAPLOOM = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
const CAPABILITIES = [12, 13, 21]; // CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN; see capabilities(7)
const LIFE_MAX = "2m"; // of the engine, should this process be killed and not come to cleaning up
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;
const TRANSFER_S = 2;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }; // and the exit status after each

const [web, db, cam] = [["web", 10, 1], ["db", 10, 2], ["cam", 20, 3]].map(([name, vlan, number]) => ({
  name,
  vlan,
  address: `10.0.0.${number}`, // one subnet: nothing but the VLAN keeps them apart
  device: `tl-${name}-${process.pid}`, // no other device has this name, and it is the namespace's, too
}));
const MACHINES = [web, db, cam];

const CONFIG = [
  "switches:",
  "  lab:",
  "    ports:",
  ...MACHINES.map(({ name, device, vlan }) => `      ${`${name}:`.padEnd(5)}{ tap: ${device}, access: ${vlan} }`),
].join("\n");

// ---- words ----

const isColored = process.stdout.isTTY && !process.env.NO_COLOR;

function say(text = "") {
  process.stdout.write(`${text}\n`);
}

function heading(text) {
  say(isColored ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}`);
}

function indented(text) {
  say(text.trimEnd().split("\n").map((line) => `    ${line}`.trimEnd()).join("\n"));
}

// ---- what can go wrong before anything is made ----

/** What is missing, and how to get it; undefined: nothing is. */
function obstacle() {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  const effective = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]}`);
  if (!CAPABILITIES.every((bit) => effective >> BigInt(bit) & 1n)) {
    return "it makes network namespaces and TAP devices, which needs root: sudo env \"PATH=$PATH\" npm run demo";
  }
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun: load the module (modprobe tun)";
  for (const [command, source] of [["ip", "iproute2"], ["ping", "iputils-ping"]]) {
    if (!isInstalled(command)) return `the command ${command} is missing: install ${source}`;
  }
  return existsSync(TAPLOOM) ? undefined : "taploom is not built: npm ci";
}

function isInstalled(command) {
  return spawnSync(command, ["-V"], { stdio: "ignore" }).error === undefined;
}

// ---- processes ----

const interruption = new AbortController();
const folder = { path: "" };
const children = new Set();

/** Starts a command in a session of its own: Ctrl-C is for this process, which then ends the others in their turn. */
function start(command, ...args) {
  const child = spawn(command, args, { cwd: folder.path, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const running = { child, stdout: "", stderr: "", status: undefined };
  child.stdout.setEncoding("utf8").on("data", (text) => { running.stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { running.stderr += text; });
  running.ended = new Promise((resolve) => {
    child.once("error", (error) => { resolve({ status: -1, stderr: error.message, stdout: "" }); });
    child.once("close", (status) => { resolve(Object.assign(running, { status: status ?? -1 })); });
  });
  children.add(running);
  void running.ended.then(() => children.delete(running));
  return running;
}

/** Waits for something, or throws as soon as somebody interrupts. */
async function waitFor(promise) {
  const { signal } = interruption;
  signal.throwIfAborted();
  let give;
  const interrupted = new Promise((_, reject) => {
    give = () => { reject(signal.reason); };
    signal.addEventListener("abort", give, { once: true });
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    signal.removeEventListener("abort", give);
  }
}

/** Runs a command to its end; throws where it fails. */
async function run(command, ...args) {
  const { status, stdout, stderr } = await waitFor(start(command, ...args).ended);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${(stderr || stdout).trim()}`);
  return stdout;
}

/** Waits until a process has printed something; throws where it ends before, or takes too long. */
async function untilPrinted(running, pattern, what) {
  const printed = new Promise((resolve) => {
    const look = () => { if (pattern.test(running.stdout)) resolve(true); };
    running.child.stdout.on("data", look);
    look();
  });
  const late = new Promise((resolve) => { setTimeout(resolve, READY_MS_MAX, false).unref(); });
  if (await waitFor(Promise.race([printed, running.ended.then(() => false), late]))) return;
  throw new Error(`${what} did not start: ${(running.stderr || running.stdout).trim()}`);
}

const inside = ({ device }, ...command) => ["ip", "netns", "exec", device, ...command];
const taploom = (...args) => run(process.execPath, TAPLOOM, ...args, "--control", join(folder.path, "control.sock"));

// ---- the steps ----

async function makeMachines() {
  heading("Three machines, each in a network namespace of its own");
  for (const { name, vlan, address, device } of MACHINES) {
    await run("ip", "netns", "add", device);
    indented(`${name.padEnd(5)}VLAN ${vlan}   ${address}   namespace ${device}`);
  }
}

async function startEngine() {
  heading("A switch between them, from this configuration");
  indented(CONFIG);
  const file = join(folder.path, "demo.yaml");
  writeFileSync(file, `${CONFIG}\n`);
  const options = ["--control", join(folder.path, "control.sock"), "--for", LIFE_MAX];
  const engine = start(process.execPath, TAPLOOM, "up", file, ...options);
  await untilPrinted(engine, /^ready$/m, "taploom up");
  for (const machine of MACHINES) await plugIn(machine);
  say("\n    It runs, and each machine has its device, which stays connected while it is moved there.");
}

async function plugIn(machine) {
  const { device, address } = machine;
  await run("ip", "link", "set", "dev", device, "netns", device);
  await run(...inside(machine, "ip", "link", "set", "dev", "lo", "up"));
  await run(...inside(machine, "ip", "address", "add", `${address}/24`, "dev", device));
  await run(...inside(machine, "ip", "link", "set", "dev", device, "up"));
}

/** Pings, and tells; returns whether there was an answer. */
async function ping(from, to, count, patience) {
  const options = ["-c", String(count), "-i", "0.2", "-W", String(patience), to.address];
  const { stdout } = await waitFor(start(...inside(from, "ping", ...options)).ended);
  const received = Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  const times = /= [\d.]+\/([\d.]+)\//.exec(stdout);
  const outcome = received > 0 ? `${received} of ${count} answered, ${times?.[1] ?? "?"} ms on average` : "no answer";
  indented(`${from.name.padEnd(4)}-> ${to.name.padEnd(4)} VLAN ${from.vlan} to VLAN ${to.vlan}   ${outcome}`);
  return received > 0;
}

async function pingAll() {
  heading("Ping: within a VLAN, and across");
  if (!await ping(web, db, 3, 5)) throw new Error("web and db are in one VLAN and do not reach each other");
  if (await ping(web, cam, 3, 1)) throw new Error("web and cam are in different VLANs and reach each other");
  say("\n    All three are in one subnet, so web asks for cam's MAC; the switch tells db of it, and never cam.");
}

/** What a machine without iperf3 runs instead: a server that counts what one client sends it. */
const NODE_SERVER = `require("net").createServer((socket) => {
  let bytes = 0;
  socket.on("data", (data) => { bytes += data.length; });
  socket.on("close", () => { console.log(bytes); process.exit(); });
}).listen(5201, () => console.log("listening"))`;
const NODE_CLIENT = `const socket = require("net").connect(5201, ${JSON.stringify(db.address)});
const data = Buffer.alloc(65536);
const end = Date.now() + ${TRANSFER_S * 1000};
const send = () => { while (Date.now() < end) if (!socket.write(data)) return; socket.end(); };
socket.on("connect", send).on("drain", send)`;

/** Bytes that a TCP transfer from web to db brought over. */
async function transferWithIperf() {
  const server = start(...inside(db, "iperf3", "--server", "--one-off", "--forceflush"));
  await untilPrinted(server, /listening/, "iperf3");
  const client = inside(web, "iperf3", "--client", db.address, "--time", String(TRANSFER_S), "--json");
  return JSON.parse(await run(...client)).end.sum_received.bytes;
}

async function transferWithNode() {
  const server = start(...inside(db, process.execPath, "-e", NODE_SERVER));
  await untilPrinted(server, /listening/, "the transfer's server");
  await run(...inside(web, process.execPath, "-e", NODE_CLIENT));
  return Number((await waitFor(server.ended)).stdout.split("\n")[1]);
}

async function transfer() {
  const tool = isInstalled("iperf3") ? "iperf3" : "a few lines of Node, since there is no iperf3";
  heading(`TCP: from web to db for ${TRANSFER_S} seconds, with ${tool}`);
  const bytes = await (tool === "iperf3" ? transferWithIperf() : transferWithNode());
  if (!(bytes > 0)) throw new Error("no byte arrived");
  indented(`${(bytes / 1e6).toFixed(0)} MB, ${(bytes * 8 / TRANSFER_S / 1e9).toFixed(2)} Gbit/s`);
}

async function show() {
  heading("What the switch saw: taploom show ports");
  indented(await taploom("show", "ports"));
  heading("Where it learned its machines to be: taploom show fdb");
  indented(await taploom("show", "fdb"));
  heading("The account of every frame: taploom show stats");
  indented(await taploom("show", "stats"));
  const { totals } = JSON.parse(await taploom("show", "stats", "--json"));
  const lonely = totals.drops["same-port"] > 0;
  if (lonely) say("\n    same-port: frames that nobody else in their VLAN could get, such as cam's broadcasts.");
  if (totals.unaccounted !== 0) throw new Error(`${totals.unaccounted} frames are not accounted for`);
}

// ---- the end ----

/** Takes away all that was made, as far as it was. Returns what could not be, with the commands that do it. */
async function cleanUp() {
  for (const { child } of children) child.kill("SIGTERM"); // the engine's devices go with it
  const stubborn = setTimeout(() => { for (const { child } of children) child.kill("SIGKILL"); }, STOP_MS_MAX);
  await Promise.all([...children].map(({ ended }) => ended));
  clearTimeout(stubborn);
  const { stdout } = await start("ip", "netns", "list").ended;
  const made = stdout.split("\n").map((line) => line.split(" ")[0]);
  const left = [];
  for (const { device } of MACHINES.filter((machine) => made.includes(machine.device))) {
    const { status } = await start("ip", "netns", "delete", device).ended;
    if (status !== 0) left.push(`ip netns delete ${device}`);
  }
  rmSync(folder.path, { recursive: true, force: true });
  return left;
}

/** Runs the steps, then cleans up whatever happened; returns the exit status. */
async function demo() {
  let status = 0;
  folder.path = mkdtempSync(join(tmpdir(), `taploom-demo-${process.pid}-`));
  try {
    for (const step of [makeMachines, startEngine, pingAll, transfer, show]) await step();
  } catch (error) {
    status = SIGNALS[interruption.signal.reason] ?? 1;
    heading(interruption.signal.aborted ? `Interrupted by ${error}` : `That went wrong: ${error.message}`);
  }
  const left = await cleanUp();
  heading(left.length === 0 ? "Cleaned up: all is as it was before." : `Left over, to be removed: ${left.join("; ")}`);
  return left.length === 0 ? status : 1;
}

const reason = obstacle();
if (reason !== undefined) {
  console.error(`The demo cannot run here: ${reason}`);
  process.exitCode = 1;
} else {
  // Once is enough, and cleaning up is not given up for a second one: it takes a moment, and no longer.
  for (const name of Object.keys(SIGNALS)) process.on(name, () => { interruption.abort(name); });
  process.stdout.on("error", () => { interruption.abort("SIGHUP"); }); // nobody reads on (`| head`)
  process.exitCode = await demo();
}
