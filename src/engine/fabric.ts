// The fabric: switches, ports and mirrors as they are now, and the way from one configuration to the next. Each
// change is prepared first (devices opened, which may fail and then has changed nothing), then made in the tables
// while the workers stand still, then the workers take over what was opened.

import { EngineError } from "../api.js";
import { Numbers, Registry, type RegisteredPort } from "../core/registry.js";
import { Tables } from "../core/tables.js";
import { CODEC_NUMBERS } from "../core/codec.js";
import type { Counters } from "../core/counters.js";
import type { CoreExports } from "../core/abi.js";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import { Pipe } from "../core/pipe.js";
import { diffPlants, type Plan, type Step } from "../config/diff.js";
import { contract, expand, type Plant } from "../config/expand.js";
import type { Config, MirrorConfig, PortConfig } from "../config/model.js";
import { attachmentOf, isSource, needsPipe } from "../port/attach.js";
import { interfaceAttachment, servicesAttachment } from "../port/inner.js";
import type { Attachment } from "../port/port.js";
import { discard, type Wiring } from "../port/wiring.js";
import type { Crew } from "../worker/crew.js";
import type { Links } from "./links.js";
import { Routers } from "./routers.js";
import { takeStep } from "./take-step.js";

/** An attachment that is open, before a port has it. */
interface Prepared {
  attachment: Attachment;
  wiring: Wiring | undefined;
}

type Coming = Extract<Step, { do: "add-port" | "attach-port" }>;
type Going = Extract<Step, { do: "remove-port" | "detach-port" }>;

/** Steps that are taken when what goes is gone. */
const LATE_STEPS: readonly Step["do"][] = [
  "add-port", "attach-port", "change-mirror", "add-mirror", "change-router", "add-router",
];

const INNER_PORT: PortConfig = {
  attachment: { kind: "memory" }, vlan: { mode: "access", vid: 1 }, isolated: false, monitor: true, macs: [],
};

export class Fabric {
  readonly registry: Registry;
  readonly tables: Tables;
  readonly routers: Routers;
  readonly attachments = new Map<number, Attachment>();
  readonly #plant: Plant;
  readonly #pipes: Numbers;
  readonly #used = new Set<number>();

  /** `config`: of which the memory was made; what is in it comes by `apply`. */
  constructor(
    config: Config, readonly shared: SharedMemory, core: CoreExports, readonly crew: Crew, readonly links: Links,
    readonly counters: Counters,
  ) {
    this.#plant = expand({ ...config, switches: {}, routers: {} });
    this.registry = new Registry(shared.word(layout.HEADER_WORKERS));
    this.tables = new Tables(shared, core, this.registry);
    this.routers = new Routers(this);
    this.#pipes = new Numbers("streams, files, memory ports and captures", 0, shared.word(layout.HEADER_PIPE_COUNT));
  }

  /** Indexes of all ports that ever counted a frame and were not made anew since. */
  get used(): ReadonlySet<number> {
    return this.#used;
  }

  /** The configuration as it is in force, for captures and the like left out. */
  get config(): Config {
    return contract(this.#plant);
  }

  /** Goes to another configuration, or, where a device cannot be had, stays with this one. Throws EngineError. */
  async apply(next: Config): Promise<Plan> {
    const before = structuredClone(this.#plant);
    const after = expand(next);
    this.#requireWorkers(after);
    const plan = diffPlants(before, after);
    try {
      await this.#execute(plan);
    } catch (error) {
      // A device that had to be let go of before it could be had again fails this late, or a forward without room.
      await this.#goBack(plan, before);
      throw error;
    }
    return plan;
  }

  /** Returns from wherever a plan has got to. A router changes in two parts, and counts as changed after the second. */
  async #goBack(plan: Plan, before: Plant): Promise<void> {
    await this.#execute(diffPlants(this.#plant, before));
    for (const step of plan.steps) {
      if (step.do === "change-router") await this.routers.change(step.router, before.routers[step.router]!);
    }
  }

  #requireWorkers({ switches }: Plant): void {
    for (const [name, { ports }] of Object.entries(switches)) {
      for (const [port, config] of Object.entries(ports)) this.registry.requireWorkers(name, port, config);
    }
  }

  async #execute(plan: Plan): Promise<void> {
    const going = plan.steps.filter(isGoing);
    const coming = plan.steps.filter((step): step is Coming => step.do === "add-port" || step.do === "attach-port");
    const held = new Set(going.flatMap((step) => this.#devicesOf(step)).filter(Boolean));
    const prepared = await this.#prepare(coming.filter((step) => !held.has(attachmentOf(step.after).device)));
    const undoResize = await this.#resize(plan.steps).catch(async (error: unknown) => {
      await letGo(prepared.values());
      throw error;
    });
    try {
      await this.#leave(plan.steps);
      const come = await this.#arrive(coming, prepared);
      this.crew.parked(() => { this.#writeMirrors(plan.steps, coming); });
      await this.#changeRouters(plan.steps);
      for (const port of come) if (isSource(port.config)) this.crew.begin(port.worker, port.index);
    } catch (error) {
      await undoResize();
      await letGo(prepared.values());
      throw error;
    }
  }

  /** What a port that goes holds: by its name in the configuration, and by its present one. */
  #devicesOf({ switch: name, port, before }: Going): string[] {
    const held = this.attachments.get(this.registry.port(name, port).index);
    return [attachmentOf(before).device, held?.device ?? ""];
  }

  /** Gives devices the MTUs that change in place, all or none; returns what takes that back. */
  async #resize(steps: readonly Step[]): Promise<() => Promise<void>> {
    const done: (() => Promise<void>)[] = [];
    const undo = async (): Promise<void> => { for (const back of done.reverse()) await back(); };
    for (const step of steps) {
      if (step.do !== "change-port" || step.before.mtu === step.after.mtu) continue;
      const attachment = this.attachments.get(this.registry.port(step.switch, step.port).index)!;
      try {
        await attachment.resize(step.after.mtu);
      } catch (error) {
        await undo();
        throw error;
      }
      done.push(() => attachment.resize(step.before.mtu));
    }
    return undo;
  }

  /**
   * Takes ports out of the tables, changes what changes in place, then lets go of what the ports had. The workers
   * stand still for each step, not for all of a large plan.
   */
  async #leave(steps: readonly Step[]): Promise<void> {
    const gone: RegisteredPort[] = [];
    try {
      for (const step of steps) {
        if (step.do === "change-router") await this.routers.shrink(step.router, step.after);
        if (step.do === "remove-router") await this.routers.remove(step.router);
        if (LATE_STEPS.includes(step.do)) continue;
        this.crew.parked(() => {
          if (isGoing(step)) gone.push(this.#disable(step.switch, step.port));
          else this.#changeTables(step);
        });
        takeStep(this.#plant, step);
      }
    } finally {
      for (const port of gone) await this.#release(port);
    }
  }

  /** Makes ports of what is prepared, and takes it out of there; a device that had to be let go of first is opened. */
  async #arrive(coming: readonly Coming[], prepared: Map<Coming, Prepared>): Promise<RegisteredPort[]> {
    const come: RegisteredPort[] = [];
    for (const step of coming) {
      const ready = prepared.get(step) ?? await open(step);
      prepared.set(step, ready);
      come.push(await this.#enable(step.switch, step.port, step.after, ready, needsPipe(step.after)));
      prepared.delete(step);
      takeStep(this.#plant, step);
    }
    return come;
  }

  /** Makes a monitor port that belongs to no switch, for a capture on `watched`, a switch. */
  addInnerPort(watched: string, name: string, attachment: Attachment, wiring: Wiring): Promise<RegisteredPort> {
    return this.#enable("", name, INNER_PORT, { attachment, wiring }, true, { watched });
  }

  /** Makes a part of a router: the port of an interface on a VLAN, or the one by which its services speak. */
  async addRouterPort(on: string, name: string, vid: number, watched?: string): Promise<RegisteredPort> {
    const role = watched === undefined ? "router" : "services";
    const attachment = role === "router" ? interfaceAttachment() : servicesAttachment();
    const config: PortConfig = { ...INNER_PORT, vlan: { mode: "access", vid }, monitor: false };
    const prepared = { attachment, wiring: await attachment.open() };
    return this.#enable(on, name, config, prepared, role === "services", { role, ...(watched && { watched }) });
  }

  /** Lets go of a part of a router, which the tables know no longer. */
  async removeRouterPort(port: RegisteredPort): Promise<void> {
    await this.#release(this.crew.parked(() => this.#disable(port.switchName, port.name)));
  }

  async removeInnerPort(name: string): Promise<void> {
    await this.#release(this.crew.parked(() => this.#disable("", name)));
  }

  /** Adds or replaces a mirror. Its ports are there. `filter`: its program, from compileFilter; absent: all frames. */
  setMirror(key: string, switchName: string, mirror: MirrorConfig, to: number, filter?: Uint32Array): void {
    const known = this.registry.mirrors.get(key);
    if (known !== undefined) this.tables.clearMirror(known);
    this.tables.writeMirror(known ?? this.registry.addMirror(key), switchName, mirror, to, filter);
  }

  removeMirror(key: string): void {
    this.tables.clearMirror(this.registry.removeMirror(key));
  }

  /** Lets go of every port, for the end. */
  async close(): Promise<void> {
    if (this.crew.failure) return this.#abandon();
    await this.routers.close();
    const ports = [...this.registry.ports.values()];
    for (const port of ports) await this.crew.detach(port); // none drops what another still sends
    for (const port of ports) {
      if (this.registry.byIndex.get(port.index) !== port) continue; // a capture that ended meanwhile
      await this.#release(this.crew.parked(() => this.#disable(port.switchName, port.name)));
    }
  }

  /** Lets go of what outlives the process. The tables stay as the worker that ended has left them. */
  async #abandon(): Promise<void> {
    this.routers.abandon();
    await this.crew.stop(); // every fd is closed before its device gets its own MTU again
    for (const port of [...this.registry.ports.values()]) {
      this.links.end(port.index);
      this.registry.removePort(port);
      await this.attachments.get(port.index)?.close();
    }
  }

  // ---- a port comes ----

  async #prepare(coming: readonly Coming[]): Promise<Map<Coming, Prepared>> {
    const prepared = new Map<Coming, Prepared>();
    try {
      for (const step of coming) prepared.set(step, await open(step));
    } catch (error) {
      await letGo(prepared.values());
      throw error;
    }
    return prepared;
  }

  async #enable(
    switchName: string, name: string, config: PortConfig, { attachment, wiring }: Prepared, piped: boolean,
    part: Pick<RegisteredPort, "watched" | "role"> = {},
  ): Promise<RegisteredPort> {
    const port = this.registry.addPort(switchName, name, config, part);
    try {
      if (piped) port.pipe = this.#takePipe();
      this.crew.parked(() => { this.#writePort(port, attachment); });
    } catch (error) {
      this.crew.parked(() => this.#disable(switchName, name));
      this.#forget(port);
      throw error;
    }
    this.attachments.set(port.index, attachment);
    this.links.begin(port, attachment);
    if (wiring) await this.crew.attach(port, wiring);
    else this.links.lost(port.index);
    return port;
  }

  #writePort(port: RegisteredPort, { codecs }: Attachment): void {
    const { attachment } = port.config;
    if (this.#used.has(port.index)) this.counters.retire(port.index);
    this.#used.add(port.index);
    this.tables.writePort(port, { in: CODEC_NUMBERS[codecs.in], out: CODEC_NUMBERS[codecs.out] });
    this.tables.writeStatics(port, true);
    if (attachment.kind === "generator") this.tables.writeGenerator(port, attachment);
    else this.tables.writePace(port, attachment.kind === "pcap" ? attachment.rate : undefined);
  }

  /** A pipe, emptied: what its last owner left is none of the next one's business. */
  #takePipe(): number {
    const offset = this.shared.pipe(this.#pipes.take());
    new Pipe(this.shared, offset).reset();
    return offset;
  }

  // ---- a port goes ----

  #disable(switchName: string, name: string): RegisteredPort {
    const port = this.registry.port(switchName, name);
    this.tables.clearPort(port);
    this.links.end(port.index);
    this.registry.removePort(port);
    return port;
  }

  async #release(port: RegisteredPort): Promise<void> {
    await this.crew.detach(port);
    await this.attachments.get(port.index)!.close();
    this.attachments.delete(port.index);
    this.#forget(port);
  }

  /** Gives back a port's numbers. */
  #forget(port: RegisteredPort): void {
    if (port.pipe) this.#pipes.free((port.pipe - this.shared.pipe(0)) / layout.PIPE_BYTES);
    this.registry.freePort(port);
  }

  // ---- the rest of a plan ----

  #changeTables(step: Step): void {
    if (step.do === "add-switch") this.tables.writeSwitch(this.registry.addSwitch(step.switch), step.after);
    else if (step.do === "change-switch") {
      this.tables.writeSwitch(this.registry.switches.get(step.switch)!, step.after);
    } else if (step.do === "remove-switch") this.registry.removeSwitch(step.switch);
    else if (step.do === "remove-mirror") this.removeMirror(`${step.switch}/${step.mirror}`);
    else if (step.do === "change-port") this.#changePort(step.switch, step.port, step.after);
  }

  /** Takes the steps of routers that need their switches and uplinks. */
  async #changeRouters(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.do === "add-router") await this.routers.add(step.router, step.after);
      else if (step.do === "change-router") await this.routers.change(step.router, step.after);
      else continue;
      takeStep(this.#plant, step);
    }
  }

  #changePort(switchName: string, name: string, after: PortConfig): void {
    const port = this.registry.port(switchName, name);
    this.tables.writeStatics(port, false);
    port.config = after;
    this.tables.writeVlans(port);
    this.tables.writeStatics(port, true);
  }

  /** Writes mirrors that are new or changed, and those whose ports came anew: these have other numbers now. */
  #writeMirrors(steps: readonly Step[], coming: readonly Coming[]): void {
    for (const step of steps) {
      if (step.do !== "add-mirror" && step.do !== "change-mirror") continue;
      this.#writeMirror(step.switch, step.mirror, step.after);
      takeStep(this.#plant, step);
    }
    for (const { switch: name, port } of coming) {
      for (const [mirror, config] of Object.entries(this.#plant.switches[name]!.mirrors)) {
        if (config.to === port || config.from.includes(port)) this.#writeMirror(name, mirror, config);
      }
    }
  }

  #writeMirror(switchName: string, name: string, config: MirrorConfig): void {
    this.setMirror(`${switchName}/${name}`, switchName, config, this.registry.port(switchName, config.to).index);
  }
}

/** Lets go of what was opened for ports that did not come to be. */
async function letGo(prepared: Iterable<Prepared>): Promise<void> {
  for (const { attachment, wiring } of prepared) {
    if (wiring) discard(wiring);
    await attachment.close();
  }
}

/** Opens what a port is to be attached to; an error says whose it is. */
async function open({ switch: name, port, after }: Coming): Promise<Prepared> {
  const attachment = attachmentOf(after);
  try {
    return { attachment, wiring: await attachment.open() };
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new EngineError(cause.code, `port ${name}/${port}: ${cause.message}`, { cause });
  }
}

function isGoing(step: Step): step is Going {
  return step.do === "remove-port" || step.do === "detach-port";
}
