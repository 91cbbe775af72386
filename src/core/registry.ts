// Names to numbers: which switch, port, domain and mirror of the configuration has which index in the memory map.
// Pure bookkeeping; tables.ts writes what it decides. Indexes of ports are given out in turn, so that one that
// has gone is not soon another's: frames on their way to it between workers find nobody, rather than a stranger.

import { EngineError } from "../api.js";
import * as layout from "./layout.js";
import type { PortConfig } from "../config/model.js";

/** A port that exists, with its place in the tables. */
export interface RegisteredPort {
  index: number;
  /** Index of its switch; -1 for captures, which belong to none. */
  switchIndex: number;
  switchName: string;
  /** For a capture: the switch of the port that it watches. */
  watched?: string;
  name: string;
  /** Who serves it; of several, the first. */
  worker: number;
  /** Those that have a queue of it: of a device all, and first those that receive from it. */
  workers: readonly number[];
  config: PortConfig;
  /** Offset of its pipe in memory, 0 where it has none. */
  pipe: number;
  /** Part of a router: an interface on a switch, or the port by which its services speak. */
  role?: "router" | "services";
}

/** Hands out the numbers below a limit, in turn. */
export class Numbers {
  readonly #used = new Set<number>();
  #next: number;

  constructor(readonly what: string, readonly first: number, readonly limit: number) {
    this.#next = first;
  }

  get highest(): number {
    return Math.max(this.first - 1, ...this.#used);
  }

  take(): number {
    for (let tries = this.first; tries < this.limit; tries++) {
      const number = this.#next;
      this.#next = number + 1 < this.limit ? number + 1 : this.first;
      if (this.#used.has(number)) continue;
      this.#used.add(number);
      return number;
    }
    throw new EngineError("FULL", `there is no room for more ${this.what}: ${this.limit - this.first} are in use`);
  }

  free(number: number): void {
    this.#used.delete(number);
  }
}

export class Registry {
  readonly ports = new Map<string, RegisteredPort>();
  readonly byIndex = new Map<number, RegisteredPort>();
  readonly switches = new Map<string, number>();
  readonly mirrors = new Map<string, number>();
  readonly #portNumbers = new Numbers("ports", 0, layout.PORTS_MAX);
  readonly #switchNumbers = new Numbers("switches", 0, layout.SWITCHES_MAX);
  readonly #mirrorNumbers = new Numbers("mirrors and captures", 0, layout.MIRRORS_MAX);
  readonly #domains = new Map<number, { switchIndex: number; vid: number }>();
  readonly #domainOf = new Map<number, number>();
  readonly #load: number[];

  constructor(workers: number) {
    this.#load = Array.from({ length: workers }, () => 0);
  }

  static key(switchName: string, portName: string): string {
    return `${switchName}/${portName}`;
  }

  port(switchName: string, portName: string): RegisteredPort {
    const port = this.ports.get(Registry.key(switchName, portName));
    if (port) return port;
    const known = [...this.ports.keys()].filter((key) => !key.startsWith("/")).join(", ") || "none";
    throw new EngineError("NO_PORT", `there is no port ${switchName}/${portName}; there are ${known}`);
  }

  /** Throws EngineError QUEUES where a port asks for more workers than there are. */
  requireWorkers(switchName: string, name: string, config: PortConfig): void {
    const [queues, workers] = [queuesOf(config), this.#load.length];
    if (queues <= workers) return;
    const remedy = `start with --workers ${queues}, or write queues: ${workers}`;
    const why = `${queues} queues, and ${workers === 1 ? "one worker" : `${workers} workers`} to serve them: ${remedy}`;
    throw new EngineError("QUEUES", `port ${Registry.key(switchName, name)}: ${why}`);
  }

  /** Registers a port with the workers that have fewest; parts of routers with the first. */
  addPort(
    switchName: string, name: string, config: PortConfig,
    { watched, role }: Pick<RegisteredPort, "watched" | "role"> = {},
  ): RegisteredPort {
    const workers = role ? [0] : this.#workersFor(config);
    const switchIndex = this.switches.get(switchName) ?? -1;
    const port: RegisteredPort = {
      index: this.#portNumbers.take(), switchIndex, switchName, name, worker: workers[0]!, workers, config, pipe: 0,
      ...(watched === undefined ? {} : { watched }), ...(role === undefined ? {} : { role }),
    };
    for (const worker of receiversOf(port)) this.#load[worker]! += 1;
    this.ports.set(Registry.key(switchName, name), port);
    this.byIndex.set(port.index, port);
    return port;
  }

  /** Takes a port's name away; its index is given back by `freePort` once its worker has let go of it. */
  removePort(port: RegisteredPort): void {
    this.ports.delete(Registry.key(port.switchName, port.name));
    this.byIndex.delete(port.index);
    for (const worker of receiversOf(port)) this.#load[worker]! -= 1;
  }

  freePort(port: RegisteredPort): void {
    this.#portNumbers.free(port.index);
  }

  /** Those that receive from a port, which are those who have least to receive from, and then those that send to it. */
  #workersFor(config: PortConfig): number[] {
    const byLoad = [...this.#load.keys()].sort((a, b) => this.#load[a]! - this.#load[b]!);
    return isDevice(config) ? byLoad : byLoad.slice(0, 1);
  }

  addSwitch(name: string): number {
    const index = this.#switchNumbers.take();
    this.switches.set(name, index);
    return index;
  }

  removeSwitch(name: string): void {
    const index = this.switches.get(name);
    if (index === undefined) return;
    this.switches.delete(name);
    this.#switchNumbers.free(index);
    for (const [domain, { switchIndex, vid }] of this.#domains) {
      if (switchIndex !== index) continue;
      this.#domains.delete(domain);
      this.#domainOf.delete(switchIndex * 4096 + vid);
    }
  }

  addMirror(key: string): number {
    const index = this.#mirrorNumbers.take();
    this.mirrors.set(key, index);
    return index;
  }

  removeMirror(key: string): number {
    const index = this.mirrors.get(key)!;
    this.mirrors.delete(key);
    this.#mirrorNumbers.free(index);
    return index;
  }

  /** The domain of a VLAN of a switch; `made` says that it is new and wants to be written to the tables. */
  domain(switchIndex: number, vid: number): { domain: number; made: boolean } {
    const key = switchIndex * 4096 + vid;
    const known = this.#domainOf.get(key);
    if (known !== undefined) return { domain: known, made: false };
    const domain = this.#freeDomain();
    this.#domainOf.set(key, domain);
    this.#domains.set(domain, { switchIndex, vid });
    return { domain, made: true };
  }

  /** The domain of a VLAN if any port ever asked for it. */
  knownDomain(switchIndex: number, vid: number): number | undefined {
    return this.#domainOf.get(switchIndex * 4096 + vid);
  }

  /** The switch and VLAN that a domain is. */
  domainAt(domain: number): { switchIndex: number; vid: number } | undefined {
    return this.#domains.get(domain);
  }

  domains(): IterableIterator<[number, { switchIndex: number; vid: number }]> {
    return this.#domains.entries();
  }

  switchName(index: number): string {
    for (const [name, candidate] of this.switches) if (candidate === index) return name;
    return "";
  }

  #highestDomain = 0;

  #freeDomain(): number {
    if (this.#highestDomain < layout.DOMAINS_MAX - 1) return ++this.#highestDomain;
    for (let domain = 1; domain < layout.DOMAINS_MAX; domain++) if (!this.#domains.has(domain)) return domain;
    const most = layout.DOMAINS_MAX - 1;
    throw new EngineError("FULL", `there is no room for more VLANs: ${most} are in use over all switches`);
  }
}

/** Queues of a port that are received from, each a worker's own. */
function queuesOf({ attachment }: PortConfig): number {
  return attachment.kind === "tap" ? attachment.queues ?? 1 : 1;
}

function receiversOf({ workers, config }: RegisteredPort): readonly number[] {
  return workers.slice(0, queuesOf(config));
}

/** Whether what a port is attached to takes frames from several threads at once. */
function isDevice({ attachment }: PortConfig): boolean {
  return attachment.kind === "tap" || attachment.kind === "interface";
}
