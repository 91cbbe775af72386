// A router in the hands of a test: the rig of the core (test/core/rig.ts) with a router on it, hosts that answer ARP
// inside and outside, and the wires in the place of devices. Owns the hosts' MACs.

import { afterEach, expect } from "vitest";
import { configFromValue } from "../../src/config/parse.js";
import type { NatConfig, PortConfig, RouterConfig } from "../../src/config/model.js";
import { RouterTables, wire, type WrittenRouter } from "../../src/core/router-tables.js";
import * as layout from "../../src/core/layout.js";
import type { RegisteredPort } from "../../src/core/registry.js";
import { recordsOf } from "../../src/core/nat.js";
import { interfaceKey, interfaceName, planRouter, type UplinkBinding } from "../../src/engine/router-plan.js";
import { Rig, access, type PortSpec, type RigOptions } from "../core/rig.js";
import type { Outcome } from "../model/nat-types.js";
import { WORKERS } from "../workers.js";
import { arp, ether, parse, parseIp, type Parsed } from "./packet.js";

export const ROUTER_MAC = "02:00:00:00:00:01";
const INNER: PortConfig = {
  attachment: { kind: "memory" }, vlan: access(1), isolated: false, monitor: false, macs: [],
};

/** `devices`: the wires are those of devices, which every worker sends to by itself. */
export type RouterRigOptions = RigOptions & { nat?: Partial<NatConfig>; devices?: boolean };

const rigs = new Set<RouterRig>();

afterEach(() => {
  for (const rig of rigs) rig.finish();
});

/** What a user writes of a router, and of the engine around it. */
export interface RouterSpec {
  interfaces?: unknown[];
  uplink?: Record<string, unknown> | false;
  [key: string]: unknown;
}

const NAT_CAPACITY = 1024;
const UPLINK = { memory: true, address: "203.0.113.2/24", gateway: "203.0.113.1" };
const INTERFACES = [
  { switch: "lab", vlan: 10, address: "10.0.10.1/24" },
  { switch: "lab", vlan: 20, address: "10.0.20.1/24" },
];

/** A frame that came out of a wire, read. */
export type Seen = Parsed & { frame: Uint8Array };

export class RouterRig {
  rig!: Rig;
  readonly config: RouterConfig;
  router!: WrittenRouter;
  tables!: RouterTables;
  /** Addresses that do not answer ARP. */
  readonly silent = new Set<string>();
  /** Wires of addresses that are not where their network's are as a rule. */
  readonly places = new Map<string, string>();
  /** What the router handed to its services. */
  readonly services: { port: number; frame: Uint8Array }[] = [];
  #options: RouterRigOptions;
  readonly #ports = new Map<string, RegisteredPort>();
  #services!: RegisteredPort;

  /**
   * `nat`: what a test has otherwise than any file may say, such as timeouts below those of the RFCs. `natCapacity`: of
   * each worker, so that a table is as full as the test says.
   */
  constructor({ uplink = {}, ...spec }: RouterSpec = {}, { nat, ...options }: RouterRigOptions = {}) {
    const config = configOf({ ...spec, ...(uplink === false ? {} : { uplink: { ...UPLINK, ...uplink } }) });
    this.config = nat ? { ...config, nat: { ...config.nat!, ...nat } } : config;
    const { workers = WORKERS, natCapacity = NAT_CAPACITY } = options;
    this.#options = { ...options, workers, natCapacity: natCapacity * workers };
    this.#start();
    rigs.add(this);
  }

  /** Makes memory and core, and lets the router announce itself. */
  #start(): void {
    const wire = (name: string, vid: number): PortSpec =>
      ({ vlan: access(vid), ...this.#options.devices && { attachment: { kind: "tap", name } } });
    this.rig = new Rig({ a10: wire("a10", 10), b10: wire("b10", 10), a20: wire("a20", 20) }, this.#options);
    this.rig.addSwitch("edge");
    this.tables = new RouterTables(this.rig.tables);
    for (const { switch: on, vid } of this.config.interfaces) {
      this.#ports.set(interfaceKey({ switch: on, vid }), this.#addInner(on, interfaceName("edge", vid), vid, "router"));
    }
    this.#services = this.#addInner("", "@edge", 1, "services");
    if (this.config.uplink) {
      this.rig.addPort("up", { on: "edge", ...wire("up", 1) });
      this.#ports.set("uplink", this.#addInner("edge", "@edge", 1, "router"));
    }
    this.router = this.tables.add();
    this.write(this.config);
    for (const forward of this.config.forwards) this.tables.addForward(this.router, forward);
    this.rig.settle();
    this.rig.outputs(); // announcements
  }

  /** Stops, and starts anew with another memory and the sessions that there were, as a state file has it. */
  restart(workers = this.#options.workers!): void {
    const kept = [...this.#records()];
    this.rig.finish();
    this.#options = { ...this.#options, workers };
    this.#start();
    for (const { bytes, left } of kept) {
      this.rig.shared.bytes.set(bytes, layout.RESTORED);
      this.rig.host.restoreSession(left);
    }
  }

  /** Records of sessions that live, each with what it has left, ticks. */
  * #records(): Generator<{ bytes: Uint8Array; left: number }> {
    const { shared } = this.rig;
    for (const at of recordsOf(shared, layout.FLOW_SLAB)) {
      const left = shared.word(at + layout.HALF_EXPIRES) - Math.floor(this.rig.now / layout.FDB_TICK_MS);
      if (shared.longs[(at + layout.HALF_KEY + 8) >>> 3] === 0n || left <= 0) continue;
      yield { bytes: shared.bytes.slice(at, at + layout.FLOW_SIZE), left };
    }
  }

  /** Ends all sessions, and checks that nothing is left but what forwards made; then as Rig.finish. Its last act. */
  finish(): void {
    this.rig.host.endSessions(this.router.index);
    expect(this.#leftovers(), "left after all sessions").toEqual(
      { sessions: 0, mappings: 0, ports: 0, hosts: 0, permits: 0, pointing: 0, paired: 0, owned: 0 });
    rigs.delete(this);
    this.rig.finish();
  }

  /** Lets all interfaces announce their addresses. */
  announce(): void {
    for (const port of this.#ports.values()) this.rig.host.announce(port.index);
  }

  /** Writes the router's tables anew. `binding`: what DHCP gave to its uplink. */
  write(config: RouterConfig, binding?: UplinkBinding): void {
    const uplink = this.#ports.get("uplink");
    this.tables.write(this.router, planRouter("edge", { ...config, mac: ROUTER_MAC }, {
      interfaces: this.#ports, services: this.#services, ...(uplink && { uplink }),
    }, binding));
  }

  /** Takes an interface out, as Routers does, and the routes that lead there. */
  removeInterface(on: string, vid: number): void {
    const key = interfaceKey({ switch: on, vid });
    const port = this.#ports.get(key)!;
    this.rig.host.endSessionsAt(port.index);
    this.tables.clearInterface(this.router, port);
    this.rig.removePort(`${on}/${interfaceName("edge", vid)}`);
    this.#ports.delete(key);
    const interfaces = this.config.interfaces.filter((one) => interfaceKey(one) !== key);
    this.write({ ...this.config, interfaces });
  }

  /** What is in the tables of the one router, forwards' own mappings not counted. */
  #leftovers(): Record<string, number> {
    const paired = this.router.addresses.map((_, i) => this.rig.shared.word(
      layout.OUTSIDES + (this.router.outsides + i) * layout.OUTSIDE_SIZE + layout.OUTSIDE_HOSTS));
    return {
      sessions: this.sessions, mappings: this.mappings - this.#published, ports: this.#allPorts - this.#published,
      hosts: this.count(layout.HOST_SLAB), permits: this.count(layout.PERMIT_SLAB), pointing: this.#pointing(),
      paired: sum(paired), owned: this.#owned() - this.#published,
    };
  }

  /** What all workers say that they have of inside hosts; where there is one, nobody says so. */
  #owned(): number {
    const { shared } = this.rig;
    const owners = shared.word(layout.OWNERS);
    if (owners === 0) return this.#published;
    const { HOST_HASHES, OWNERS_HELD, OWNERS_HOSTS } = layout;
    const workers = shared.word(layout.HEADER_WORKERS);
    const from = (owners + OWNERS_HELD) >>> 2;
    // Copies: reading shared memory word by word would take most of a test's time.
    const held = shared.words.slice(from, from + HOST_HASHES * workers);
    const hosts = shared.bytes.slice(owners + OWNERS_HOSTS, owners + OWNERS_HOSTS + HOST_HASHES);
    const unheld = hosts.findIndex((owner, hash) => owner !== 0 && held[(owner - 1) * HOST_HASHES + hash] === 0);
    expect(unheld, "the hash that is owned for nothing").toBe(-1);
    return held.reduce((total, count) => total + count, 0);
  }

  /** Mappings that stand for good. */
  get #published(): number {
    const { shared } = this.rig;
    let published = 0;
    for (const at of recordsOf(shared, layout.MAPPING_SLAB)) {
      const isThere = shared.longs[(at + layout.MAPPING_INSIDE) >>> 3] !== 0n;
      if (isThere && shared.word(at + layout.MAPPING_FLAGS) & layout.MAPPING_STATIC) published++;
    }
    return published;
  }

  /** Halves of flows that neighbors count. */
  #pointing(): number {
    const { shared } = this.rig;
    const neighbors = [...recordsOf(shared, layout.NEIGHBOR_SLAB)]
      .filter((at) => shared.longs[(at + layout.NEIGHBOR_KEY) >>> 3] !== 0n);
    return sum(neighbors.map((at) => shared.word(at + layout.NEIGHBOR_FLOWS)));
  }

  #addInner(on: string, name: string, vid: number, role: "router" | "services"): RegisteredPort {
    return this.rig.addInner(on, name, { ...INNER, vlan: access(vid) }, role);
  }

  // ---- frames ----

  /** The wire on which an address is: those of the outside are all behind the uplink. */
  wireOf(address: string): string {
    const placed = this.places.get(address);
    if (placed !== undefined) return placed;
    return address.startsWith("10.0.10.") ? "a10" : address.startsWith("10.0.20.") ? "a20" : "up";
  }

  /** The MAC of a host: its address is in it. */
  macOf(address: string): string {
    const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
    return ["02", "aa", ...bytes].join(":");
  }

  /** Lets a host put a packet on its wire, and returns what came out in answer, by wire; ARP is played underneath. */
  send(packet: Uint8Array, from = addressesIn(packet).from): Record<string, Seen[]> {
    return this.sendFrame(this.wireOf(from), this.frame(packet, from));
  }

  /** The frame in which a host sends a packet to the router. */
  frame(packet: Uint8Array, from: string): Uint8Array {
    const outside = this.wireOf(from) === "up";
    return ether({ to: ROUTER_MAC, from: this.macOf(outside ? "203.0.113.1" : from) }, packet);
  }

  sendFrame(wireName: string, ...frames: Uint8Array[]): Record<string, Seen[]> {
    this.rig.inject(wireName, ...frames);
    const seen: Record<string, Seen[]> = {};
    for (let rounds = 0; rounds < 50; rounds++) {
      this.rig.settle();
      let answered = false;
      for (const [name, came] of Object.entries(this.rig.outputs())) {
        for (const frame of came) {
          const parsed = parse(frame);
          if (this.#answer(name, parsed)) answered = true;
          else (seen[name] ??= []).push({ ...parsed, frame });
        }
      }
      if (!answered) return seen;
    }
    throw new Error("the router does not come to rest");
  }

  /** Answers a question for an address that is on this wire; says whether it was one. */
  #answer(name: string, { arp: question, ether: header }: Parsed): boolean {
    if (!question || question.op !== 1) return false;
    const { targetIp, senderMac, senderIp } = question;
    if (senderIp === targetIp || this.silent.has(targetIp) || this.wireOf(targetIp) !== name) return true;
    const mac = this.macOf(targetIp);
    const answer = arp({ op: 2, senderMac: mac, senderIp: targetIp, targetMac: senderMac, targetIp: senderIp });
    const tag = header?.vlan === undefined ? {} : { vlan: header.vlan };
    this.rig.inject(name, ether({ to: senderMac, from: mac, type: 0x0806, ...tag }, answer));
    return true;
  }

  /** Lets seconds pass, a look at a time as a worker that sleeps has it. */
  wait(seconds: number): Record<string, Seen[]> {
    const seen: Record<string, Seen[]> = {};
    for (let left = seconds; left > 0; left -= 1) {
      this.rig.turn(Math.min(1, left) * 1000);
      for (const [name, frames] of Object.entries(this.sendFrame("up"))) (seen[name] ??= []).push(...frames);
    }
    return seen;
  }

  /** Lets time jump, without a look in between: what is over must not be used even so. */
  jump(seconds: number): void {
    this.rig.now += seconds * 1000;
  }

  // ---- what became of a packet ----

  outbound(packet: Uint8Array): Outcome {
    return this.#outcome(packet, addressesIn(packet).from);
  }

  inbound(packet: Uint8Array): Outcome {
    return this.#outcome(packet, "203.0.113.1");
  }

  #outcome(packet: Uint8Array, from: string): Outcome {
    const before = this.drops();
    const seen = this.send(packet, from);
    const after = this.drops();
    const reason = Object.keys(after).find((name) => after[name]! > (before[name] ?? 0));
    if (reason) return { kind: "drop", reason };
    for (const [name, [first]] of Object.entries(seen)) {
      if (first?.ip && !this.#isAnswer(first, packet)) {
        return { kind: "forward", to: name === "up" ? "outside" : "inside", packet: packetIn(first) };
      }
    }
    return { kind: "local" };
  }

  /** Whether the router itself answers a packet: a ping, a port where nobody listens, with what is wrong with it. */
  #isAnswer({ icmp, tcp, ip }: Parsed, packet: Uint8Array): boolean {
    const sent = parseIp(packet);
    if (ip!.to !== sent.ip?.from) return false;
    if (icmp?.about) return !sent.icmp?.about;
    const back = ip!.from === sent.ip.to;
    return back && ((icmp?.type === 0 && sent.icmp?.type === 8) || (isReset(tcp) && !isReset(sent.tcp)));
  }

  /** Drops over all ports, by reason. */
  drops(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const name of this.rig.names) {
      for (const [reason, count] of Object.entries(this.rig.drops(name))) {
        sums[reason] = (sums[reason] ?? 0) + (count ?? 0);
      }
    }
    return sums;
  }

  /** Sessions in the table. */
  get sessions(): number {
    return this.count(layout.FLOW_SLAB);
  }

  get mappings(): number {
    return this.count(layout.MAPPING_SLAB);
  }

  /** Records of a slab that are in use, of all workers. */
  count(slab: number): number {
    const { shared } = this.rig;
    return sum(shared.shards.map((shard) => shared.word(shard + slab + layout.SLAB_COUNT)));
  }

  /** Ports of the first outside address that are taken, of all protocols. */
  get takenPorts(): number {
    return this.#portsOf(0);
  }

  #portsOf(outside: number): number {
    const at = layout.OUTSIDES + (this.router.outsides + outside) * layout.OUTSIDE_SIZE + layout.OUTSIDE_USED;
    return sum([0, 4, 8].map((offset) => this.rig.shared.word(at + offset)));
  }

  get #allPorts(): number {
    return sum(this.router.addresses.map((_, i) => this.#portsOf(i)));
  }

  /** The number of an address, as the tables hold it. */
  static wire = wire;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function configOf(router: Record<string, unknown>): RouterConfig {
  const [on10, on20] = [10, 20].map((access) => ({ memory: true, access }));
  const ports = { a10: on10, b10: on10, a20: on20 };
  const value = { switches: { lab: { ports } }, routers: { edge: { interfaces: INTERFACES, ...router } } };
  return configFromValue(value).routers["edge"]!;
}

function isReset(tcp: Parsed["tcp"]): boolean {
  return tcp?.flags.includes("R") ?? false;
}

function addressesIn(packet: Uint8Array): { from: string; to: string } {
  return { from: packet.subarray(12, 16).join("."), to: packet.subarray(16, 20).join(".") };
}

/** The IPv4 packet in a frame, without what pads it. */
export function packetIn({ frame, ip }: Seen): Uint8Array {
  return frame.subarray(14, 14 + ip!.totalLength);
}
