// The engine: a virtual network in this process, as the embedding program, the command line and the control API see
// it. Owns the order of start and stop; what it does is done by its parts in engine/, core/, worker/ and port/.

import { EventEmitter } from "node:events";
import {
  EngineError, type Applied, type CaptureOptions, type EngineApi, type EngineEvent, type FdbEntry, type LeaseEntry,
  type MirrorStatus, type NatEntry, type NeighborEntry, type PortStatus, type RouterStatus, type Stats, type VlanStatus,
} from "./api.js";
import { acceptConfig, acceptPort, checkConfig, type Wanted } from "./config/accept.js";
import { UPLINK } from "./config/expand.js";
import type { Config, PortConfig } from "./config/model.js";
import type { PortFile } from "./config/schema-port.js";
import { Counters } from "./core/counters.js";
import type { CoreExports } from "./core/abi.js";
import * as layout from "./core/layout.js";
import { compileCore, instantiateCore, SharedMemory } from "./core/memory.js";
import { Pipe } from "./core/pipe.js";
import { Captures } from "./engine/captures.js";
import { requireNames, withForward, withoutForward, withoutPort, withPort } from "./engine/edit.js";
import { Fabric } from "./engine/fabric.js";
import { failedText, type Failed } from "./engine/failed.js";
import { Keeper } from "./engine/keeper.js";
import { Links } from "./engine/links.js";
import { MacEvents } from "./engine/mac-events.js";
import { Serving, type ControlSocket } from "./engine/serving.js";
import { findAddon } from "./port/addon.js";
import { MemoryPort } from "./port/memory.js";
import * as routing from "./stats/router-status.js";
import * as status from "./stats/status.js";
import { Crew, type Staff, type WorkerEnd } from "./worker/crew.js";
import { POLL_MODES, type PollMode } from "./worker/patience.js";

export interface EngineOptions {
  /** Data-plane threads, 1 to 16; 1 where nothing is said. */
  workers?: number;
  /** How they wait: `adaptive`, where nothing is said, looks on for a bounded time after the last frame and then
   *  sleeps, `busy` never sleeps, `blocking` sleeps at once. */
  poll?: PollMode;
  /** Takes lines about what the engine lives with but somebody should see to: a state file that cannot be used or
   *  written, a log that cannot be. Absent: process.emitWarning. */
  warn?: (line: string) => void;
}

/** Who changes what the embedding program changes. */
const LIBRARY = "library";

export class Engine extends EventEmitter<{ event: [EngineEvent] }> implements EngineApi {
  readonly #memories = new Map<number, MemoryPort>();
  readonly #captures: Captures;
  readonly #macs: MacEvents;
  readonly #keeper: Keeper;
  readonly #serving: Serving;
  readonly #sources: status.Sources;
  readonly #routers: routing.RouterSources;
  readonly #warn: (line: string) => void;
  #last: Promise<unknown> = Promise.resolve();
  #stopped: Promise<Stats> | undefined;

  private constructor(
    readonly workers: number, readonly origin: number,
    private readonly core: CoreExports, private readonly fabric: Fabric, links: Links,
    state: string | undefined, warn: (line: string) => void,
  ) {
    super();
    const { shared, registry, counters } = fabric;
    this.#captures = new Captures(fabric);
    this.#macs = new MacEvents(shared, registry, (event) => { this.emit("event", event); });
    this.#sources = {
      shared, registry, counters,
      deviceOf: (port) => fabric.attachments.get(port)?.device ?? "",
      isUp: (port) => links.isUp(port),
      whyDown: (port) => links.whyDown(port),
      seconds: () => (performance.timeOrigin + performance.now() - this.origin) / 1000,
    };
    this.#routers = { shared, seconds: this.#sources.seconds, running: () => fabric.routers.running() };
    this.#warn = warn;
    this.#serving = new Serving(this, warn);
    fabric.routers.warn = warn;
    this.#keeper = new Keeper(state, fabric, core, this.#sources.seconds, warn);
    EventEmitter.prototype.on.call(this, "newListener", () => { this.#macs.start(); });
    EventEmitter.prototype.on.call(this, "removeListener", () => {
      if (this.listenerCount("event") === 0) this.#macs.stop();
    });
  }

  /**
   * Starts an engine with a configuration, as a file has it or as readConfig gives it; resolves when every port is
   * attached. Throws ConfigError if the configuration is wrong, and EngineError, with a remedy, if a device cannot be
   * had or a worker does not start; then nothing is left running.
   */
  static async start(given: Wanted, options: EngineOptions = {}): Promise<Engine> {
    const config = acceptConfig(given);
    const workers = options.workers ?? 1;
    if (!Number.isInteger(workers) || workers < 1 || workers > layout.WORKERS_MAX) {
      throw new EngineError("WORKERS", `${workers} workers: there can be 1 to ${layout.WORKERS_MAX}`);
    }
    const poll = options.poll ?? "adaptive";
    if (!POLL_MODES.includes(poll)) {
      throw new EngineError("POLL", `poll "${poll}": it must be adaptive, busy or blocking`);
    }
    // Every port may need a pipe some day; what is not used costs address space only.
    const { fdbCapacity, natCapacity } = config;
    const shared = SharedMemory.create({ workers, pipes: layout.PORTS_MAX, fdbCapacity, natCapacity });
    findAddon()?.preferLargePages(shared.scattered);
    const origin = performance.timeOrigin + performance.now();
    shared.setDouble(layout.HEADER_EPOCH, origin);
    const module = compileCore();
    const core = instantiateCore(module, shared);
    core.attach();
    core.clearCuts();
    const warn = options.warn ?? ((line) => { process.emitWarning(line); });
    const engine = await Engine.#assemble(config, shared, module, core, { workers, poll, origin }, warn);
    try {
      await engine.#keeper.recall(config);
      await engine.fabric.apply(config);
      await engine.#keeper.restore();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  /** An engine with its workers and no ports. */
  static async #assemble(
    config: Config, shared: SharedMemory, module: WebAssembly.Module, core: CoreExports, staff: Staff,
    warn: (line: string) => void,
  ): Promise<Engine> {
    const late: { engine?: Engine } = {};
    const links: Links = new Links(() => crew, (port, up, why, code) => {
      if (port.switchIndex < 0 || port.role) return; // nobody's port
      if (port.name === UPLINK) late.engine?.fabric.routers.linkChanged(port.switchName, up);
      late.engine?.emit("event", {
        event: "port", switch: port.switchName, port: port.name, link: up ? "up" : "down", why,
        ...(code !== undefined && { code }),
      });
    });
    const crew: Crew = await Crew.start(shared, module, staff,
      (report) => { links.report(report); },
      (end) => { if (late.engine) void late.engine.#fail(end); });
    const fabric = new Fabric(config, shared, core, crew, links, new Counters(shared));
    late.engine = new Engine(staff.workers, staff.origin, core, fabric, links, config.state, warn);
    return late.engine;
  }

  /** Ports with their counters; those of a configuration by name, those that were plugged in later after them. */
  ports(): PortStatus[] {
    return status.portStatuses(this.#sources);
  }

  fdb(): FdbEntry[] {
    return status.fdbEntries(this.#sources);
  }

  vlans(): VlanStatus[] {
    return status.vlanStatuses(this.#sources);
  }

  mirrors(): MirrorStatus[] {
    return status.mirrorStatuses(this.fabric.config);
  }

  nat(): Iterable<NatEntry> {
    return routing.natEntries(this.#routers);
  }

  neighbors(): NeighborEntry[] {
    return routing.neighborEntries(this.#routers);
  }

  leases(): LeaseEntry[] {
    return routing.leaseEntries(this.#routers);
  }

  routers(): RouterStatus[] {
    return routing.routerStatuses(this.#routers);
  }

  stats(): Stats {
    return status.stats(this.#sources, this.fabric.used, this.workers, this.fabric.config.fdbCapacity);
  }

  /** A copy of the configuration in force. */
  config(): Config {
    return structuredClone(this.fabric.config);
  }

  /**
   * Makes the engine match a configuration, as a file has it or as readConfig gives it: all of it or, on any error,
   * nothing. Ports that it does not change lose no frame. Calls take turns. Throws ConfigError where the configuration
   * is wrong or takes a restart, EngineError where a device cannot be had.
   */
  apply(config: Wanted | (() => Wanted | Promise<Wanted>), by = LIBRARY): Promise<Applied> {
    return this.#change("apply", by, config);
  }

  /**
   * Hot-plugs a port, as a hypervisor does when a machine starts; it is written as in a file, `{ tap: "tl-web" }`, or
   * comes from parsePort.
   */
  addPort(switchName: string, portName: string, port: PortConfig | PortFile, by = LIBRARY): Promise<Applied> {
    const what = `port add ${switchName}/${portName}`;
    const wanted = (): Config => withPort(this.config(), switchName, portName, acceptPort(portName, port));
    return this.#change(what, by, wanted);
  }

  /** Unplugs a port; frames that wait for it are dropped, as `queue-full`. */
  removePort(switchName: string, portName: string, by = LIBRARY): Promise<Applied> {
    const what = `port remove ${switchName}/${portName}`;
    return this.#change(what, by, () => withoutPort(this.config(), switchName, portName));
  }

  /** Publishes a port: a rule as in a configuration. */
  addForward(router: string, rule: string, by = LIBRARY): Promise<Applied> {
    return this.#change(`forward add ${router} ${rule}`, by, () => withForward(this.config(), router, rule));
  }

  /** Takes a published port back; its sessions end. */
  removeForward(router: string, rule: string, by = LIBRARY): Promise<Applied> {
    return this.#change(`forward remove ${router} ${rule}`, by, () => withoutForward(this.config(), router, rule));
  }

  /** Goes to another configuration when its turn has come, and tells who changed what. */
  #change(what: string, by: string, config: Wanted | (() => Wanted | Promise<Wanted>)): Promise<Applied> {
    return this.#inTurn(async () => {
      const wanted = await (typeof config === "function" ? config() : config);
      const { added, removed, changed, unchanged } = await this.fabric.apply(checkConfig(wanted));
      await this.#keeper.renew();
      for (const [index, memory] of this.#memories) {
        if (this.fabric.registry.byIndex.has(index)) continue;
        memory.close();
        this.#memories.delete(index);
      }
      this.emit("event", { event: "change", time: new Date().toISOString(), by, what, added, removed, changed });
      return { added, removed, changed, unchanged };
    });
  }

  /** Forgets MACs that were learned on a switch; returns how many. Static ones stay. Throws EngineError. */
  flush(switchName: string, only: { vlan?: number; port?: string } = {}, by = LIBRARY): number {
    requireNames(this.fabric.config, switchName, only.port);
    this.emit("event", {
      event: "change", time: new Date().toISOString(), by, what: `fdb flush ${switchName}`,
      added: [], removed: [], changed: [],
    });
    const { registry } = this.fabric;
    const vid = only.vlan ?? 0;
    if (only.port === undefined) return this.core.flushSwitch(registry.switches.get(switchName)!, vid);
    return this.core.flushPort(registry.port(switchName, only.port).index, vid);
  }

  /** The program's end of a `memory` port. Throws EngineError where the port is none. */
  memory(switchName: string, portName: string): MemoryPort {
    const port = this.fabric.registry.port(switchName, portName);
    if (port.config.attachment.kind !== "memory") {
      const { kind } = port.config.attachment;
      throw new EngineError("NOT_MEMORY", `${switchName}/${portName} is a ${kind} port, not a memory port`);
    }
    const known = this.#memories.get(port.index);
    if (known) return known;
    const pipe = new Pipe(this.fabric.shared, port.pipe);
    const memory = new MemoryPort(pipe, () => { this.fabric.crew.ring(port.worker); });
    this.#memories.set(port.index, memory);
    return memory;
  }

  capture(
    switchName: string, portName: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    return this.#captures.capture(switchName, portName, options, signal);
  }

  /**
   * Serves the control API at a Unix socket (mode 0600), as `taploom up` does, so that `taploom show --control PATH`
   * and other clients reach this engine; ends with the engine. `POST /stop` stops the engine and leaves the program
   * running. Throws EngineError CONTROL_IN_USE, CONTROL_NOT_A_SOCKET, CONTROL_PATH or CONTROL_UNWRITABLE.
   */
  async serve(path: string): Promise<ControlSocket> {
    if (this.#stopped) throw new EngineError("STOPPED", "the engine has stopped: start another one");
    return this.#serving.serve(path, async () => {
      const stats = await this.#halt();
      void this.#serving.close(); // once the answer has left
      return stats;
    });
  }

  /** Stops the workers, lets go of every device and returns the last statistics. May be called again. */
  async stop(): Promise<Stats> {
    const stats = await this.#halt();
    await this.#serving.close();
    return stats;
  }

  /** Stops all but the control sockets, by which the answer to `POST /stop` has yet to leave. */
  #halt(): Promise<Stats> {
    this.#stopped ??= this.#inTurn(async () => {
      this.#macs.stop();
      for (const memory of this.#memories.values()) memory.close();
      await this.#keeper.close();
      const { fdb } = this.stats(); // MACs go with their ports
      await this.fabric.close();
      const last = { ...this.stats(), fdb };
      await this.fabric.crew.stop();
      return last;
    });
    return this.#stopped;
  }

  /** A worker ended by itself: the engine ends, and tells once all that can be kept is kept. */
  async #fail({ worker, why }: WorkerEnd): Promise<void> {
    try {
      await this.stop();
    } catch (error) {
      this.#warn(`the engine could not be stopped in order: ${String(error)}`);
    }
    const failed: Failed = { event: "failed", worker, why, state: this.#keeper.saved ?? null };
    if (!this.emit("event", failed)) this.#warn(failedText(failed));
  }

  /** One change after the other; none once the engine has been told to stop. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    if (this.#stopped) {
      const stopped = new EngineError("STOPPED", "the engine has stopped: start another one");
      return Promise.reject(this.fabric.crew.failure ?? stopped);
    }
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
