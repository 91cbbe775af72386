// The laboratory of one trial on devices: two guests, each a namespace with one device, and between them, in a
// namespace of its own, what is measured. Owns what was started and made; all of it goes when the trial ends.
//
//   guest a ── device ──┐ between ┌── device ── guest b
//
// Datagrams to port 9 are dropped where they enter a guest, after its device has counted them: what a guest's stack
// would do with them is nobody's business here. nft(8), ip-netns(8).

import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packageFile } from "../../src/files.js";
import { Namespace } from "./namespace.js";

const READY_MS_MAX = 10_000;
const LOOK_MS = 50;
const QUIET = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];

/** The command, as `npm run build` leaves it. */
export const TAPLOOM = [process.execPath, packageFile("dist/src/cli/main.js")] as const;

/** A device in a namespace. */
export interface End {
  readonly namespace: Namespace;
  readonly device: string;
}

export class BenchLab {
  readonly folder = mkdtempSync(join(tmpdir(), "taploom-bench-"));
  readonly #log = openSync(this.file("log"), "a");
  /** Each with a process that is there for nothing but to be asked for what it sees. */
  readonly #namespaces = new Map<Namespace, number>();
  readonly a = this.namespace("a");
  readonly between = this.namespace("between");
  readonly b = this.namespace("b");

  namespace(label: string): Namespace {
    const namespace = new Namespace(label);
    this.#namespaces.set(namespace, namespace.start("sleep", ["infinity"]).pid!);
    namespace.run("sysctl", "-qw", ...QUIET, "net.ipv4.ip_local_port_range=1024 65000");
    return namespace;
  }

  /** Starts what is measured; it ends with the laboratory. Its stdin stays open: some end at an end of file. */
  start(...command: string[]): number {
    return this.startAt(this.between, ...command).pid!;
  }

  startAt(at: Namespace, ...[command, ...args]: string[]): ChildProcess {
    return at.start(command!, args, { stdio: ["pipe", "ignore", this.#log] });
  }

  /** The last that any of them said. */
  get lastWords(): string {
    return readFileSync(this.file("log"), "utf8").trim().split("\n").at(-1)!;
  }

  /** Moves a device that what is measured has made to a guest, as soon as it is there, and gives it an address. */
  async plug(device: string, guest: Namespace, address: string): Promise<End> {
    await until(`device ${device}`, () => hasDevice(this.between, device));
    this.between.run("ip", "link", "set", device, "netns", guest.name);
    return this.configure({ namespace: guest, device }, address);
  }

  /** A pair of devices: one for a guest, and one, `device`, for what is measured. */
  async connect(device: string, guest: Namespace, address: string): Promise<End> {
    const peer = ["peer", "name", "eth0", "netns", guest.name];
    this.between.run("ip", "link", "add", device, "type", "veth", ...peer);
    this.between.run("ip", "link", "set", device, "up");
    return this.configure({ namespace: guest, device: "eth0" }, address);
  }

  configure(end: End, address: string): End {
    const { namespace, device } = end;
    namespace.run("ip", "address", "add", address, "dev", device);
    namespace.run("ip", "link", "set", device, "up");
    discard(end);
    return end;
  }

  /** What the kernel has counted at a device: frames that came in, and those that it was given to send. proc(5). */
  counts({ namespace, device }: End): { received: number; offered: number } {
    const text = readFileSync(`/proc/${this.#namespaces.get(namespace)}/net/dev`, "utf8");
    const line = text.split("\n").find((one) => one.trim().startsWith(`${device}:`))!;
    const [, received, , , , , , , , sent, , refused] = line.split(":")[1]!.trim().split(/\s+/).map(Number);
    return { received: received!, offered: sent! + refused! };
  }

  /** Path of a file of the trial. */
  file(name: string): string {
    return join(this.folder, name);
  }

  close(): void {
    closeSync(this.#log);
    for (const namespace of this.#namespaces.keys()) namespace.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Drops datagrams for port 9, discard, that enter there. */
export function discard({ namespace, device }: End): void {
  const chain = `type filter hook ingress device "${device}" priority 0;`;
  namespace.run("nft", `table netdev bench { chain discard { ${chain} udp dport 9 drop; }; }`);
}

export function hasDevice(at: Namespace, device: string): boolean {
  try {
    at.run("ip", "link", "show", device);
    return true;
  } catch {
    return false;
  }
}

/** MAC of a device. */
export function macOf({ namespace, device }: End): string {
  return namespace.run("cat", `/sys/class/net/${device}/address`).trim();
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + READY_MS_MAX;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${READY_MS_MAX / 1000} s for ${what} in vain`);
    await sleep(LOOK_MS);
  }
}

/** What keeps this process from measuring on devices; undefined: nothing. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root, for namespaces and devices";
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun: load the module tun";
  const missing = missingOf(["ip", "nft", "iperf3", "ping", "taskset"]);
  return missing.length > 0 ? `${missing.join(", ")} cannot be found: install it` : undefined;
}

/** Which of these commands are not installed. */
export function missingOf(commands: readonly string[]): string[] {
  const path = (process.env["PATH"] ?? "").split(":");
  return commands.filter((command) => !path.some((folder) => existsSync(join(folder, command))));
}
