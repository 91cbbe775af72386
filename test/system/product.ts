// The product as users drive it: `taploom up` as a process of its own, commands against it, and its control socket,
// which is what tests poll: a process for each look would take their time. Owns nothing of the product: what is known
// of it here is its public interface.

import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import type {
  EngineEvent, FdbEntry, LeaseEntry, MirrorStatus, NatEntry, PortStatus, Stats, VlanStatus,
} from "../../src/api.js";
import type { Namespace } from "./namespace.js";
import { WORKERS } from "../workers.js";
import { Running, until } from "./running.js";

/** The command's file, as `npm ci` builds it. */
export const TAPLOOM = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

interface Shown {
  ports: PortStatus[];
  fdb: FdbEntry[];
  vlans: VlanStatus[];
  mirrors: MirrorStatus[];
  nat: NatEntry[];
  leases: LeaseEntry[];
  stats: Stats;
}

export type Told = EngineEvent | { event: "ready" | "stopped"; stats?: Stats };
type PortEvent = Extract<EngineEvent, { event: "port" }>;
export type MacEvent = Extract<EngineEvent, { event: "mac" }>;

/** Starts one command; it belongs to no namespace. */
export function taploom(args: string[], options: SpawnOptions = {}): Running {
  return new Running(spawn(process.execPath, [TAPLOOM, ...args], options), `taploom ${args.join(" ")}`);
}

export class Product {
  private constructor(readonly running: Running, readonly control: string) {}

  /** Starts it in a namespace, by `through` where that is named; returns once it has said anything or ended. */
  static begin(
    namespace: Namespace, config: string, control: string, options: string[] = [], through: string[] = [],
  ): Product {
    const workers = options.includes("--workers") ? [] : ["--workers", String(WORKERS)];
    const args = [process.execPath, TAPLOOM, "up", config, "--control", control, "--json", ...workers, ...options];
    const [command, ...rest] = [...through, ...args];
    return new Product(new Running(namespace.start(command!, rest), "taploom up"), control);
  }

  /** Waits until every port is attached; fails where it ends instead. */
  async ready(): Promise<this> {
    await this.running.until(/"ready"/);
    return this;
  }

  get pid(): number {
    return this.running.pid;
  }

  /** What it has told so far, in its order. */
  told(): Told[] {
    const whole = this.running.stdout.split("\n").slice(0, -1);
    return whole.map((line) => JSON.parse(line) as Told);
  }

  /** Events of a port's link so far, as `up EBADFD`-like words. */
  links(port: string): PortEvent[] {
    return this.told().filter((told): told is PortEvent => told.event === "port" && told.port === port);
  }

  /** Runs a command against it, and returns what it printed. */
  run(...args: string[]): Promise<string> {
    return this.start(...args).result();
  }

  /** Starts a command against it. */
  start(...args: string[]): Running {
    return taploom([...args, "--control", this.control]);
  }

  /** What `taploom show WHAT --json` prints, without a process for it. */
  async show<What extends keyof Shown>(what: What): Promise<Shown[What]> {
    const pieces: Buffer[] = [];
    for await (const bytes of await this.#get(`/${what}`)) pieces.push(bytes as Buffer);
    return JSON.parse(Buffer.concat(pieces).toString()) as Shown[What];
  }

  async port(name: string): Promise<PortStatus> {
    const port = (await this.show("ports")).find((status) => status.name === name);
    if (!port) throw new Error(`there is no port ${name}`);
    return port;
  }

  async untilLink(name: string, link: "up" | "down"): Promise<void> {
    await until(`port ${name} to be ${link}`, async () => (await this.port(name)).link === link);
  }

  /** Where a MAC was learned, by VLAN: `10 web`. */
  async places(mac: string): Promise<string[]> {
    return (await this.show("fdb")).filter((entry) => entry.mac === mac).map(({ vlan, port }) => `${vlan} ${port}`);
  }

  /** Events from now on, of MACs too, which stdout leaves out; `close` ends it. */
  async follow(): Promise<{ events: EngineEvent[]; close: () => void }> {
    const events: EngineEvent[] = [];
    let begun = "";
    const response = await this.#get("/events");
    response.on("error", () => undefined); // it ends with the engine
    response.on("data", (bytes: Buffer) => {
      const lines = (begun + bytes.toString()).split("\n");
      begun = lines.pop()!;
      for (const line of lines) events.push(JSON.parse(line) as EngineEvent);
    });
    return { events, close: () => { response.destroy(); } };
  }

  /** Stops it as a service manager does, and returns its last word. */
  async stop(): Promise<Stats> {
    const status = await this.running.end("SIGTERM");
    const last = this.told().at(-1);
    if (status !== 0 || last?.event !== "stopped") throw new Error(`ended with ${status}: ${this.running.stderr}`);
    return last.stats!;
  }

  async #get(path: string): Promise<IncomingMessage> {
    const request = get({ socketPath: this.control, path, agent: false });
    const [response] = await once(request, "response") as [IncomingMessage];
    return response;
  }
}
