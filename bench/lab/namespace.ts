// Network namespaces for benchmarks and tests that work on real devices: made under names of their own, and gone
// afterwards with whatever still runs inside. Those of a process that was killed go when the next process makes its
// first. ip-netns(8).

import { type ChildProcess, execFileSync, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const PREFIX = "taploom-";

/** Removes the namespaces of processes that were killed, and ends what still runs inside. */
function sweep(): void {
  const names = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout.match(/^\S+/gm) ?? [];
  for (const name of names) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-\\d+-`).exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout.match(/\d+/g) ?? [];
    for (const pid of pids) spawnSync("kill", ["-KILL", pid]);
    spawnSync("ip", ["netns", "delete", name]); // another process may have been quicker
  }
}

export class Namespace {
  static #made = 0;
  static readonly #there = new Set<Namespace>();
  readonly name: string;
  readonly #children: ChildProcess[] = [];

  /** `label` makes the name readable in `ip netns`; it need not be unique. */
  constructor(label: string) {
    this.name = `${PREFIX}${process.pid}-${Namespace.#made++}-${label}`;
    if (Namespace.#made === 1) {
      sweep();
      process.once("exit", () => Namespace.#removeAll()); // where a test ends without its own
    }
    execFileSync("ip", ["netns", "add", this.name]);
    Namespace.#there.add(this);
    this.ip("link set lo up");
  }

  /** Runs a command inside to its end and returns what it printed; throws with that where it fails. */
  run(command: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("ip", this.#inside(command, args), { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: status ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs commands of ip(8) inside, a line each, by one process; throws where one fails. */
  ip(...lines: string[]): void {
    const input = lines.join("\n");
    const { status, stderr } = spawnSync("ip", ["-n", this.name, "-batch", "-"], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`ip: status ${status}\n${input}\n${stderr}`);
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
