// Writes the configuration into the memory map: ports, VLANs, routes between workers, mirrors, sources. Called on
// the main thread while the workers are parked. Only this file knows how a value of the configuration looks there.

import * as layout from "./layout.js";
import { EngineError } from "../api.js";
import type { GeneratorAttachment, MirrorConfig, PortConfig, Rate, Vlan } from "../config/model.js";
import type { SwitchSettings } from "../config/diff.js";
import type { CoreExports } from "./abi.js";
import type { SharedMemory } from "./memory.js";
import { macWords } from "./mac.js";
import type { RegisteredPort, Registry } from "./registry.js";

const TPID_CUSTOMER = 0x8100;
const TPID_SERVICE = 0x88a8;
const VIDS = Array.from({ length: 4094 }, (_, i) => i + 1);
const BURST_MS = 20; // what a pace lets through at once: this many milliseconds' worth
const MTU_HEADER = 14;
const ROUTER_FLAGS = layout.FLAG_ROUTER | layout.FLAG_OFFLOAD; // it understands what is left undone

/** How a port's frames stand in its pipe, each way; see CODEC in the memory map. */
export interface Codecs {
  in: number;
  out: number;
}

export class Tables {
  constructor(readonly shared: SharedMemory, readonly core: CoreExports, readonly registry: Registry) {}

  writeSwitch(index: number, config: SwitchSettings): void {
    const at = layout.SWITCHES + index * layout.SWITCH_SIZE;
    this.shared.setWord(at + layout.SWITCH_FLAGS, config.learning ? layout.SWITCH_LEARNING : 0);
    this.shared.setWord(at + layout.SWITCH_AGING, Math.ceil(config.agingSeconds * 1000 / layout.FDB_TICK_MS));
    if (!config.learning) this.core.flushSwitch(index, 0);
    for (const port of this.registry.ports.values()) if (port.switchIndex === index) this.writeStatics(port, true);
  }

  /** Makes a port's record: how its frames are framed, and what leads to it. Its VLANs come with `writeVlans`. */
  writePort(port: RegisteredPort, codecs: Codecs): void {
    const at = layout.PORTS + port.index * layout.PORT_SIZE;
    const { shared } = this;
    shared.setWord(at + layout.PORT_PIPE, port.pipe);
    shared.halves[(at + layout.PORT_SWITCH) >>> 1] = Math.max(0, port.switchIndex);
    shared.bytes[at + layout.PORT_CODEC] = codecs.in;
    shared.bytes[at + layout.PORT_CODEC_OUT] = codecs.out;
    shared.setWord(at + layout.PORT_MIRRORS_IN, 0);
    shared.setWord(at + layout.PORT_MIRRORS_OUT, 0);
    this.#writeRoutes(port);
    this.writeVlans(port);
  }

  /** Sets which VLANs a port takes and how its frames leave; forgets what was learned there. */
  writeVlans(port: RegisteredPort): void {
    const at = layout.PORTS + port.index * layout.PORT_SIZE;
    const { config } = port;
    this.core.flushPort(port.index, 0);
    this.core.leaveAll(port.index);
    this.core.setFlags(port.index, flagsOf(config) | (port.role === "router" ? ROUTER_FLAGS : 0));
    const untagged = untaggedVid(config.vlan);
    const tpid = config.vlan.mode === "tunnel" ? TPID_SERVICE : TPID_CUSTOMER;
    this.shared.setWord(at + layout.PORT_PUSH, untagged ? wireTag(tpid, untagged) : 0);
    this.shared.setWord(at + layout.PORT_PVID, untagged ? wireTag(0, untagged) : 0);
    this.shared.setWord(at + layout.PORT_MTU, config.mtu ? config.mtu + MTU_HEADER : layout.FRAME_MAX);
    if (port.switchIndex < 0 || config.monitor) return;
    for (const vid of taggedVids(config.vlan)) this.#join(port, vid, vid);
    if (untagged) this.#join(port, 0, untagged);
  }

  /** Adds, or takes away, the MACs that the configuration says live on a port. A hub has none: it asks nobody. */
  writeStatics(port: RegisteredPort, wanted: boolean): void {
    const present = wanted && this.#learns(port.switchIndex);
    const vids = new Set([...listedVids(port.config.vlan), untaggedVid(port.config.vlan)]);
    vids.delete(0);
    for (const vid of vids) {
      const domain = this.registry.knownDomain(port.switchIndex, vid);
      if (domain === undefined) continue;
      for (const mac of port.config.macs) {
        const [low, high] = macWords(mac);
        if (!present) this.core.removeStatic(domain, low, high);
        else if (!this.core.addStatic(domain, low, high, port.index)) {
          const where = `${port.switchName}/${port.name}`;
          const message = `the forwarding database has no room for ${mac} of ${where}: raise fdb.capacity`;
          throw new EngineError("FULL", message);
        }
      }
    }
  }

  /** A port's record no longer takes part in anything. Its counters stay, since its frames did pass. */
  clearPort(port: RegisteredPort): void {
    this.writeStatics(port, false);
    this.core.setLink(port.index, false);
    this.core.leaveAll(port.index);
    this.core.setFlags(port.index, 0);
  }

  writeGenerator(port: RegisteredPort, generator: GeneratorAttachment): void {
    const at = this.writePace(port, generator.rate);
    // Flows count up in the last two bytes.
    const mac = macWords(`02:54:${hex(port.index >> 8)}:${hex(port.index & 255)}:00:00`);
    const target = macWords(generator.to ?? "ff:ff:ff:ff:ff:ff");
    this.shared.setDouble(at + layout.SOURCE_LEFT, generator.frames ?? Infinity);
    this.shared.setDouble(at + layout.SOURCE_MADE, 0);
    this.shared.setWord(at + layout.SOURCE_LENGTH, generator.size === "imix" ? 0 : generator.size);
    this.shared.setWord(at + layout.SOURCE_FLOWS, generator.flows);
    for (const [i, half] of target.entries()) this.shared.setWord(at + layout.SOURCE_TARGET + i * 4, half);
    for (const [i, half] of mac.entries()) this.shared.setWord(at + layout.SOURCE_MAC + i * 4, half);
    this.shared.setWord(at + layout.SOURCE_TAG, generator.vlan ? wireTag(TPID_CUSTOMER, generator.vlan) : 0);
  }

  /** Sets the pace of a source and returns the offset of its record. */
  writePace(port: RegisteredPort, rate: Rate | undefined): number {
    const at = layout.SOURCES + port.index * layout.SOURCE_SIZE;
    this.#pace(at + layout.SOURCE_PACE, rate);
    return at;
  }

  /**
   * Sets up mirror `index` and marks what it copies. Mirrors of the same switch are written one after the other.
   * `filter`: the program that says which frames (assembly/bpf.ts), two words an instruction; absent: all.
   */
  writeMirror(
    index: number, switchName: string, config: MirrorConfig, to: number, filter: Uint32Array = new Uint32Array(),
  ): void {
    const at = layout.MIRRORS + index * layout.MIRROR_SIZE;
    this.shared.setWord(at + layout.MIRROR_TO, to);
    this.shared.setWord(layout.CUTS + (index + 1) * 4, config.snaplen ?? layout.CUT_NONE);
    this.#pace(at + layout.MIRROR_PACE, config.rate);
    this.shared.words.set(filter, (layout.FILTERS + index * layout.FILTER_SIZE) >>> 2);
    this.shared.setWord(at + layout.MIRROR_FILTER, filter.length / 2);
    for (const name of config.from) {
      const record = layout.PORTS + this.registry.port(switchName, name).index * layout.PORT_SIZE;
      if (config.direction !== "out") this.#mark(record + layout.PORT_MIRRORS_IN, index, true);
      if (config.direction !== "in") this.#mark(record + layout.PORT_MIRRORS_OUT, index, true);
    }
    const switchIndex = this.registry.switches.get(switchName)!;
    for (const vid of config.vlans) {
      const domain = layout.DOMAINS + this.domain(switchIndex, vid) * layout.DOMAIN_SIZE;
      this.#mark(domain + layout.DOMAIN_MIRRORS, index, true);
    }
    this.shared.setWord(layout.HEADER_MIRRORS, this.registry.mirrors.size);
  }

  clearMirror(index: number): void {
    for (let port = 0; port < layout.PORTS_MAX; port++) {
      const record = layout.PORTS + port * layout.PORT_SIZE;
      this.#mark(record + layout.PORT_MIRRORS_IN, index, false);
      this.#mark(record + layout.PORT_MIRRORS_OUT, index, false);
    }
    for (const [domain] of this.registry.domains()) {
      this.#mark(layout.DOMAINS + domain * layout.DOMAIN_SIZE + layout.DOMAIN_MIRRORS, index, false);
    }
    this.shared.setWord(layout.HEADER_MIRRORS, this.registry.mirrors.size);
  }

  #learns(switchIndex: number): boolean {
    const at = layout.SWITCHES + switchIndex * layout.SWITCH_SIZE;
    return switchIndex >= 0 && (this.shared.word(at + layout.SWITCH_FLAGS) & layout.SWITCH_LEARNING) !== 0;
  }

  #mark(at: number, bit: number, set: boolean): void {
    const word = this.shared.word(at);
    this.shared.setWord(at, (set ? word | (1 << bit) : word & ~(1 << bit)) >>> 0);
  }

  #pace(at: number, rate: Rate | undefined): void {
    const perMs = rate ? rate.value / 1000 : 0;
    this.shared.setDouble(at + layout.PACE_RATE, perMs);
    this.shared.setDouble(at + layout.PACE_BURST, Math.max(1, perMs * BURST_MS));
    this.shared.setDouble(at + layout.PACE_TOKENS, 0);
    this.shared.setDouble(at + layout.PACE_TIME, 0);
    this.shared.setWord(at + layout.PACE_BITS, rate?.unit === "bps" ? 1 : 0);
  }

  #join(port: RegisteredPort, vid: number, into: number): void {
    const domain = this.domain(port.switchIndex, into);
    this.core.setAdmit(port.index, vid, domain);
    this.core.setMember(domain, port.index, vid === 0 ? layout.LEAVES_UNTAGGED : layout.LEAVES_TAGGED);
  }

  /** The domain of a VLAN of a switch, made where it is new. */
  domain(switchIndex: number, vid: number): number {
    const { domain, made } = this.registry.domain(switchIndex, vid);
    if (made) this.core.setDomain(domain, switchIndex, vid);
    return domain;
  }

  /** Every worker reaches the port by a queue of its own, or by the lane to the one that has a queue of it. */
  #writeRoutes({ index, worker: only, workers }: RegisteredPort): void {
    for (let worker = 0; worker < this.shared.word(layout.HEADER_WORKERS); worker++) {
      const lane = layout.LANES + (worker * layout.WORKERS_MAX + only) * layout.LANE_SIZE;
      const ring = workers.includes(worker) ? this.shared.queue(worker, index) : lane;
      this.shared.setWord(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_ROUTES + index * 4, ring);
    }
  }
}

/** The VLAN of a port's untagged frames, 0 where it takes none. */
export function untaggedVid(vlan: Vlan): number {
  return vlan.mode === "trunk" ? (vlan.native ?? 0) : vlan.vid;
}

/** Whether a port is a member of a VLAN. */
export function carries(vlan: Vlan, vid: number): boolean {
  return untaggedVid(vlan) === vid || (vlan.mode === "trunk" && (vlan.vids === "all" || vlan.vids.includes(vid)));
}

/** VLANs whose tagged frames a port takes. */
function taggedVids(vlan: Vlan): number[] {
  if (vlan.mode !== "trunk") return [];
  return vlan.vids === "all" ? VIDS : vlan.vids;
}

/** The VLANs that a trunk names one by one: `all` names none. */
function listedVids(vlan: Vlan): number[] {
  return vlan.mode === "trunk" && vlan.vids !== "all" ? vlan.vids : [];
}

function flagsOf(config: PortConfig): number {
  return layout.FLAG_ACTIVE
    | (config.isolated ? layout.FLAG_ISOLATED : 0)
    | (config.monitor ? layout.FLAG_MONITOR : 0)
    | (config.vlan.mode === "tunnel" ? layout.FLAG_TUNNEL : 0)
    | (config.attachment.kind === "generator" ? layout.FLAG_GENERATOR : 0);
}

/** A tag's four bytes as a little-endian load of the wire sees them. */
export function wireTag(tpid: number, vid: number): number {
  return ((vid & 0xff) * 0x1000000 + ((vid >> 8) << 16) + ((tpid & 0xff) << 8) + (tpid >> 8)) >>> 0;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
