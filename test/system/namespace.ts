// Network namespaces for tests that work on real devices: made under names of their own, and gone afterwards with
// whatever still runs inside. Owns them, and the question whether this process may make them. ip-netns(8).

import { type ChildProcess, execFileSync, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "vitest";

const INSIDE = "TAPLOOM_TEST_INSIDE";
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n };

export class Namespace {
  static #made = 0;
  static readonly #there = new Set<Namespace>();
  readonly name: string;
  readonly #children: ChildProcess[] = [];

  /** `label` makes the name readable in `ip netns`; it need not be unique. */
  constructor(label: string) {
    this.name = `taploom-${process.pid}-${Namespace.#made++}-${label}`;
    execFileSync("ip", ["netns", "add", this.name]);
    if (Namespace.#made === 1) process.once("exit", () => Namespace.#removeAll()); // where a test ends without its own
    Namespace.#there.add(this);
    this.run("ip", "link", "set", "lo", "up");
  }

  /** Runs a command inside to its end and returns what it printed; throws with that where it fails. */
  run(command: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("ip", this.#inside(command, args), { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: status ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a command inside; it ends with the namespace at the latest. */
  start(command: string, args: string[] = [], options: SpawnOptions = {}): ChildProcess {
    const child = spawn("ip", this.#inside(command, args), options); // ip becomes the command: its pid is the child's
    this.#children.push(child);
    return child;
  }

  /** Ends what was started and removes the namespace, with the devices that are in it. */
  remove(): void {
    if (!Namespace.#there.delete(this)) return;
    for (const child of this.#children) child.kill("SIGKILL");
    spawnSync("ip", ["netns", "delete", this.name]);
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  static #removeAll(): void {
    for (const namespace of Namespace.#there) namespace.remove();
  }

  #inside(command: string, args: string[]): string[] {
    return ["netns", "exec", this.name, command, ...args];
  }
}

/** What keeps this process from making namespaces and devices and from using `tools`; undefined: nothing does. */
function obstacle(tools: string[]): string | undefined {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  const effective = BigInt("0x" + /^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  const missing = Object.entries(CAPABILITIES).filter(([, bit]) => !(effective >> bit & 1n));
  if (missing.length > 0) return `it needs ${missing.map(([name]) => name).join(", ")}: run it as root`;
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun: load the module tun";
  if (spawnSync("ip", ["-V"]).status !== 0) return "the command ip is missing: install iproute2";
  const path = (process.env["PATH"] ?? "").split(":");
  const absent = tools.filter((tool) => !path.some((folder) => existsSync(`${folder}/${tool}`)));
  return absent.length > 0 ? `${absent.join(", ")} cannot be found: install it` : undefined;
}

/** Whether tests on real devices, which start `tools`, can run here, for `describe.skipIf(!privileged("…"))`.
 *  Prints why not; in CI it throws instead, where nothing may be skipped. */
export function privileged(what: string, ...tools: string[]): boolean {
  const reason = obstacle(tools);
  if (reason === undefined) return true;
  if (process.env["CI"]) throw new Error(`${what} cannot be tested: ${reason}`);
  process.stderr.write(`skipped: ${what}: ${reason}\n`);
  return false;
}

/** Runs a file's tests in a vitest whose whole process is in a namespace, so that they can open devices under any
 *  name. To this one they are a single test. `url` is the file's `import.meta.url`. */
export function inNamespace(url: string, tests: () => void): void {
  if (process.env[INSIDE]) return tests();
  const file = fileURLToPath(url);
  it.skipIf(!privileged(basename(file)))("in a network namespace of its own", () => {
    const namespace = new Namespace("tests");
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "system", "--reporter", "verbose", file];
    try {
      process.stdout.write(namespace.run("env", `${INSIDE}=1`, process.execPath, ...vitest));
    } finally {
      namespace.remove();
    }
  });
}
