// Network namespaces for benchmarks and tests that work on real devices: made under names of their own, and gone
// afterwards with whatever still runs inside. ip-netns(8).

import { type ChildProcess, execFileSync, spawn, type SpawnOptions, spawnSync } from "node:child_process";

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
