// The core in the hands of a test: real WASM over real tables, with the test in the place of devices, of the clock and
// of whoever reads pipes. Owns the ports' far ends. After every test each rig is brought to rest, and then its account
// must come out even and every slot must be at home.
// Read first: assembly/layout.ts (descriptors, rings), src/engine/fabric.ts (the order in which ports are made).

import { afterEach, expect } from "vitest";
import { Reason } from "../../assembly/reason.js";
import type { Drops } from "../../src/api.js";
import type { MirrorConfig, PortConfig, SwitchConfig, Vlan } from "../../src/config/model.js";
import type { CoreExports } from "../../src/core/abi.js";
import { CODEC_NUMBERS, type Codec } from "../../src/core/codec.js";
import { addDrops, Counters, type PortCounters } from "../../src/core/counters.js";
import { readFdb } from "../../src/core/fdb.js";
import * as layout from "../../src/core/layout.js";
import { compileCore, instantiateCore, SharedMemory } from "../../src/core/memory.js";
import { Pipe } from "../../src/core/pipe.js";
import { Registry, type RegisteredPort } from "../../src/core/registry.js";
import { Tables } from "../../src/core/tables.js";
import { attachmentOf } from "../../src/port/attach.js";
import { WORKERS } from "../workers.js";
import { headerBytes, putArrival, wireBytes, type Arrival } from "./device.js";

const module = compileCore();
const rigs = new Set<Rig>();
const PATIENCE = 30; // seconds: nothing waits longer in a router

afterEach(() => {
  for (const rig of rigs) rig.finish();
});

/**
 * A port's configuration with what its test is about; the rest is an ordinary access port. Without an attachment it is
 * one whose frames come and go by descriptors, as a device's do, and that one worker serves, as it does a pipe.
 */
export type PortSpec = Partial<PortConfig> & {
  /** Framing of its pipe, where it is not its attachment's own. */
  codecs?: { in: Codec; out: Codec };
  /** Its device takes and gives frames behind headers (IFF_VNET_HDR). */
  offload?: boolean;
  /** Name of its switch; "lab" where nothing is said. */
  on?: string;
};

export interface RigOptions {
  /** Those that the whole run is about, where nothing is said. */
  workers?: number;
  fdbCapacity?: number;
  natCapacity?: number;
  learning?: boolean;
  agingSeconds?: number;
}

/** The far end of a port: what came out of it, and whether it takes anything. */
interface FarEnd {
  port: RegisteredPort;
  /** Undefined for devices. */
  pipe: Pipe | undefined;
  sent: Uint8Array[];
  stalled: boolean;
  up: boolean;
}

export const access = (vid: number): Vlan => ({ mode: "access", vid });
export const trunk = (vids: "all" | number[], native?: number): Vlan =>
  ({ mode: "trunk", vids, ...(native === undefined ? {} : { native }) });
export const tunnel = (vid: number): Vlan => ({ mode: "tunnel", vid });

export class Rig {
  readonly shared: SharedMemory;
  readonly host: CoreExports;
  readonly workers: CoreExports[];
  readonly registry: Registry;
  readonly tables: Tables;
  readonly counters: Counters;
  /** Milliseconds of the workers' clock; the test turns it. */
  now = 1000;
  readonly #ends = new Map<string, FarEnd>();
  readonly #used = new Set<number>();
  readonly #coming: Arrival[][];
  readonly #headers = new WeakMap<Uint8Array, Uint8Array>();
  #pipes = 0;

  constructor(ports: Record<string, PortSpec> = {}, options: RigOptions = {}) {
    const { workers = WORKERS, fdbCapacity = 1024, natCapacity = 1024 } = options;
    this.shared = SharedMemory.create({ workers, pipes: 32, fdbCapacity, natCapacity });
    this.host = instantiateCore(module, this.shared);
    this.host.attach();
    this.host.clearCuts();
    this.workers = Array.from({ length: workers }, (_, index) => {
      const core = instantiateCore(module, this.shared);
      core.bind(index, true);
      return core;
    });
    this.#coming = this.workers.map(() => []);
    this.registry = new Registry(workers);
    this.tables = new Tables(this.shared, this.host, this.registry);
    this.counters = new Counters(this.shared);
    this.addSwitch("lab", options);
    for (const [name, spec] of Object.entries(ports)) this.addPort(name, spec);
    rigs.add(this);
  }

  // ---- the tables ----

  addSwitch(name: string, { learning = true, agingSeconds = 300 }: Partial<SwitchConfig> = {}): void {
    this.tables.writeSwitch(this.registry.addSwitch(name), { learning, agingSeconds });
  }

  changeSwitch(name: string, config: Pick<SwitchConfig, "learning" | "agingSeconds">): void {
    this.tables.writeSwitch(this.registry.switches.get(name)!, config);
  }

  addPort(name: string, { codecs, offload = false, on = "lab", ...spec }: PortSpec = {}): void {
    const config: PortConfig = {
      attachment: { kind: "memory" }, vlan: access(1), isolated: false, monitor: false, macs: [], ...spec,
    };
    const framing = codecs ?? (spec.attachment ? attachmentOf(config).codecs : { in: "none", out: "none" });
    const port = this.registry.addPort(on, name, config);
    const piped = ![framing.in, framing.out].every((codec) => codec === "none" || codec === "sink");
    if (piped) port.pipe = this.shared.pipe(this.#pipes++);
    this.tables.writePort(port, { in: CODEC_NUMBERS[framing.in], out: CODEC_NUMBERS[framing.out] });
    this.tables.writeStatics(port, true);
    if (config.attachment.kind === "generator") this.tables.writeGenerator(port, config.attachment);
    else this.tables.writePace(port, config.attachment.kind === "pcap" ? config.attachment.rate : undefined);
    const pipe = piped ? new Pipe(this.shared, port.pipe) : undefined;
    this.#ends.set(name, { port, pipe, sent: [], stalled: false, up: false });
    this.#used.add(port.index);
    this.workers[port.worker]!.setOffload(port.index, offload);
    if (framing.in !== "none" || config.attachment.kind === "generator") this.#addSource(port);
    this.link(name, true);
  }

  /** Makes a part of a router: an interface's port, or the one by which its services speak. */
  addInner(on: string, name: string, config: PortConfig, role: "router" | "services"): RegisteredPort {
    const port = this.registry.addPort(on, name, config, { role });
    const codec = CODEC_NUMBERS[role === "services" ? "service" : "none"];
    if (role === "services") port.pipe = this.shared.pipe(this.#pipes++);
    this.tables.writePort(port, { in: codec, out: codec });
    const pipe = role === "services" ? new Pipe(this.shared, port.pipe) : undefined;
    this.#ends.set(`${on}/${name}`, { port, pipe, sent: [], stalled: role === "router", up: false });
    this.#used.add(port.index);
    if (role === "services") this.#addSource(port);
    this.link(`${on}/${name}`, true);
    return port;
  }

  changePort(name: string, spec: Partial<PortConfig>): void {
    const { port } = this.end(name);
    this.tables.writeStatics(port, false);
    port.config = { ...port.config, ...spec };
    this.tables.writeVlans(port);
    this.tables.writeStatics(port, true);
  }

  removePort(name: string): void {
    const { port } = this.end(name);
    this.tables.clearPort(port);
    this.registry.removePort(port);
    for (const worker of port.workers) this.workers[worker]!.abandon(port.index);
    this.registry.freePort(port);
    this.#ends.delete(name);
  }

  addMirror(name: string, mirror: Partial<MirrorConfig> & { to: string }): void {
    const { on, to, ...config } = { on: "lab", from: [], vlans: [], direction: "both" as const, ...mirror };
    this.tables.writeMirror(this.registry.addMirror(name), on, { ...config, to }, this.end(to).port.index);
  }

  removeMirror(name: string): void {
    this.tables.clearMirror(this.registry.removeMirror(name));
  }

  link(name: string, up: boolean): void {
    const end = this.end(name);
    end.up = up;
    this.workers[end.port.worker]!.setLink(end.port.index, up);
  }

  end(name: string): FarEnd {
    const end = this.#ends.get(name);
    if (!end) throw new RangeError(`the rig has no port "${name}"`);
    return end;
  }

  get names(): string[] {
    return [...this.#ends.keys()];
  }

  // ---- frames ----

  /** Lays frames down at a port's device for the next turns. */
  inject(name: string, ...frames: Uint8Array[]): void {
    this.injectAt(name, this.end(name).port.worker, ...frames);
  }

  /** The same in the queue that a worker has of a port with several. */
  injectAt(name: string, worker: number, ...frames: Uint8Array[]): void {
    const { port } = this.end(name);
    this.#coming[worker]!.push(...frames.map((frame) => ({ port: port.index, frame })));
  }

  /** The same for a frame that stands behind a header. */
  injectBehind(name: string, header: Uint8Array, frame: Uint8Array): void {
    const { port } = this.end(name);
    this.#coming[port.worker]!.push({ port: port.index, frame, header });
  }

  /** The header with which a frame left a port; undefined: it had none. */
  headerOf(frame: Uint8Array): Uint8Array | undefined {
    return this.#headers.get(frame);
  }

  /** One turn of every worker, each with its devices' part. Returns for how long all of them may sleep, ms. */
  turn(ms = 0): number {
    this.now += ms;
    return Math.min(...this.workers.map((_, worker) => this.turnOf(worker)));
  }

  /** A turn of one worker alone; as `turn`. */
  turnOf(worker: number): number {
    const sleep = this.workers[worker]!.turn(this.#receive(worker), this.now);
    for (const end of this.#ends.values()) {
      if (end.port.workers.includes(worker) && !end.pipe && !end.stalled) this.#transmit(end, worker);
    }
    return sleep;
  }

  /** Turns until nothing moves any more. */
  settle(): void {
    for (let turns = 0; turns < 100_000; turns++) {
      const waiting = this.#coming.some((frames) => frames.length > 0);
      if (this.turn() > 0 && !waiting && this.#isQuiet()) return this.#bringHome();
    }
    throw new Error("the rig does not come to rest");
  }

  /** Lets whole seconds pass, with a look at the table after them. */
  advance(seconds: number): void {
    this.turn(seconds * 1000);
    this.turn(1); // what is left of the round over the table
  }

  /** Whole seconds of the clock. */
  get seconds(): number {
    return Math.floor(this.now / 1000);
  }

  /** What ports have sent since the last call, by name; ports that sent nothing are absent. */
  outputs(): Record<string, Uint8Array[]> {
    const outputs: Record<string, Uint8Array[]> = {};
    for (const [name, end] of this.#ends) {
      if (this.#isRead(end)) end.sent.push(...end.pipe!.receive());
      if (end.sent.length > 0) outputs[name] = end.sent.splice(0);
    }
    return outputs;
  }

  /** Sends one frame through, and says what came out where. */
  pass(name: string, frame: Uint8Array): Record<string, Uint8Array[]> {
    this.inject(name, frame);
    this.settle();
    return this.outputs();
  }

  // ---- the account ----

  count(name: string): PortCounters {
    return this.counters.port(this.end(name).port.index);
  }

  /** Drops of a port, both ways. */
  drops(name: string): Drops {
    const { dropsIn, dropsOut } = this.count(name);
    return addDrops(dropsIn, dropsOut);
  }

  /** The forwarding database as `vid mac port`, statics with a star, in order. */
  fdb(): string[] {
    const domains = new Map(this.registry.domains());
    return [...readFdb(this.shared)].map((entry) => {
      const port = this.registry.byIndex.get(entry.port);
      return `${domains.get(entry.domain)?.vid} ${entry.mac} ${port?.name}${entry.static ? " *" : ""}`;
    }).sort();
  }

  /** Σ rx + Σ copies = Σ tx + Σ drops + Σ merged + queued, over all ports that ever were. */
  expectAccount(): void {
    let [came, went] = [0, this.counters.lent() + this.counters.waiting()];
    for (const port of this.#used) {
      const { rx, tx, copies, merged, dropsIn, dropsOut, queued } = this.counters.port(port);
      came += rx.frames + copies;
      went += tx.frames + sum(dropsIn) + sum(dropsOut) + merged + queued;
    }
    expect({ went }, "Σ tx + Σ drops + Σ merged + queued").toEqual({ went: came });
  }

  /** Brings the rig to rest and checks that nothing is missing: no frame and no slot. Its last act. */
  finish(): void {
    rigs.delete(this);
    for (const [name, end] of this.#ends) {
      end.stalled = false;
      if (end.port.config.attachment.kind === "generator") this.stopGenerator(name);
    }
    this.settle();
    for (let second = 0; second < PATIENCE && this.counters.waiting() > 0; second++) {
      this.advance(1);
      this.settle();
    }
    this.expectAccount();
    this.workers.forEach((_, worker) => { this.#expectHome(worker); });
  }

  stopGenerator(name: string): void {
    this.shared.setDouble(layout.SOURCES + this.end(name).port.index * layout.SOURCE_SIZE + layout.SOURCE_LEFT, 0);
  }

  /** Slots that a worker has free, besides those that are armed. */
  freeSlots(worker = 0): number {
    return this.shared.word(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_FREE);
  }

  // ---- the parts of devices ----

  #receive(worker: number): number {
    const block = layout.WORKERS + worker * layout.WORKER_SIZE;
    const batch = this.#coming[worker]!.splice(0, layout.BATCH_MAX);
    for (const [index, arrival] of batch.entries()) {
      putArrival(this.shared, block + layout.WORKER_RX + index * layout.DESC_SIZE, arrival);
    }
    return batch.length;
  }

  /** Plays the transmitter of a device: what is queued leaves, or fails where the link is down. */
  #transmit(end: FarEnd, worker: number): void {
    const queue = this.shared.queue(worker, end.port.index);
    const head = this.shared.word(queue + layout.RING_HEAD);
    let tail = this.shared.word(queue + layout.RING_TAIL);
    for (; tail !== head; tail = (tail + 1) >>> 0) {
      const desc = queue + layout.RING_SLOTS + (tail % layout.RING_SIZE) * layout.DESC_SIZE;
      if (end.up) end.sent.push(this.#departed(desc));
      else this.shared.bytes[desc + layout.DESC_POP] = layout.DESC_FAILED + Reason.queueFull;
    }
    this.shared.setWord(queue + layout.RING_TAIL, tail);
  }

  #departed(desc: number): Uint8Array {
    const frame = wireBytes(this.shared, desc);
    const header = headerBytes(this.shared, desc);
    if (header) this.#headers.set(frame, header);
    return frame;
  }

  #addSource(port: RegisteredPort): void {
    const block = layout.WORKERS + port.worker * layout.WORKER_SIZE;
    const count = this.shared.word(block + layout.WORKER_PULLS);
    this.shared.halves[((block + layout.WORKER_PULL_LIST) >>> 1) + count] = port.index;
    this.shared.setWord(block + layout.WORKER_PULLS, count + 1);
  }

  /** Whether the rig plays the other side of its pipe, too, which has QEMU's framing. */
  #isRead({ pipe, port: { role, config } }: FarEnd): boolean {
    return pipe !== undefined && role === undefined && ["memory", "stream"].includes(config.attachment.kind);
  }

  #isQuiet(): boolean {
    const queued = [...this.#ends.values()]
      .filter((end) => !end.stalled)
      .some(({ port }) => this.counters.port(port.index).queued > 0);
    return !queued && (this.workers.length === 1 || this.counters.lent() === 0);
  }

  /** Slots that were lent to another worker come back with the turns after. */
  #bringHome(): void {
    for (let turns = 0; turns < 2 && this.workers.length > 1; turns++) this.turn();
  }

  #expectHome(worker: number): void {
    const block = layout.WORKERS + worker * layout.WORKER_SIZE;
    const stack = (block + layout.WORKER_STACK) >>> 2;
    const free = [...this.shared.words.subarray(stack, stack + this.freeSlots(worker))];
    const armed = Array.from({ length: layout.BATCH_MAX }, (_, index) =>
      this.shared.word(block + layout.WORKER_RX + index * layout.DESC_SIZE));
    const slots = [...free, ...armed].sort((a, b) => a - b);
    const own = Array.from({ length: layout.SLOTS_PER_WORKER }, (_, i) => worker * layout.SLOTS_PER_WORKER + i);
    expect(slots, `slots of worker ${worker} at home`).toEqual(own);
  }
}

function sum(drops: Drops): number {
  return Object.values(drops).reduce((total, count) => total + count, 0);
}
