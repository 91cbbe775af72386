// What the engine tells about itself: the shapes behind `taploom show … --json`, the control API and the library.
// Owns types only. Field names are the public interface; add, never rename.

import type { Wanted } from "./config/accept.js";
import type { Config, PortConfig } from "./config/model.js";
import type { PortFile } from "./config/schema-port.js";
import type { ErrorCode } from "./error-codes.js";

export interface FrameCount {
  frames: number;
  bytes: number;
}

/** Drops by reason, in the names of the public interface (`queue-full`, …); reasons that never happened are absent. */
export type Drops = Record<string, number>;

export interface PortStatus {
  switch: string;
  name: string;
  kind: "tap" | "interface" | "stream" | "pcap" | "memory" | "generator" | "capture" | "router" | "services";
  /** What is at the other end: device, path or file; "" where there is none. */
  device: string;
  link: "up" | "down";
  /** Why it is down, in words; "" where it is up. */
  why: string;
  /** As a user would write it: `access 10`, `trunk 10,20,100-199 native 1`, `tunnel 5`, `monitor`. */
  vlan: string;
  rx: FrameCount;
  tx: FrameCount;
  drops: Drops;
  /** Frames from this port that went on to at least one other: rx.frames = forwarded + drops on the way in. */
  forwarded: number;
  /** Copies beyond the first that its frames were multiplied into, by floods and mirrors. */
  copies: number;
  /** Of the frames that went on: those that did so inside another, as segments of TCP merged into one. */
  merged: number;
  /** Frames that were handed to this port: offered = tx.frames + drops on the way out + queued. */
  offered: number;
  queued: number;
}

export interface FdbEntry {
  switch: string;
  vlan: number;
  /** Lower case, colons. */
  mac: string;
  port: string;
  /** Seconds since it was last seen. */
  age: number;
  static: boolean;
}

export interface VlanStatus {
  switch: string;
  vlan: number;
  /** Ports whose frames of this VLAN leave tagged, and those whose leave untagged. */
  tagged: string[];
  untagged: string[];
  rx: FrameCount;
  /** MACs known in it. */
  macs: number;
}

export interface Totals {
  rx: FrameCount;
  tx: FrameCount;
  forwarded: number;
  copies: number;
  merged: number;
  drops: Drops;
  queued: number;
  /** rx + copies − merged − tx − drops − queued: 0 when no frame is on its way; every frame is accounted for. */
  unaccounted: number;
}

export interface Stats {
  version: string;
  pid: number;
  /** Seconds since start. */
  uptime: number;
  workers: number;
  totals: Totals;
  fdb: { entries: number; capacity: number };
}

export interface MirrorStatus {
  switch: string;
  name: string;
  from: string[];
  vlans: number[];
  direction: "in" | "out" | "both";
  to: string;
  snaplen: number | null;
  rate: string | null;
}

/** A session that is translated. Endpoints are `address:port`; of ICMP queries, the identifier stands for the port. */
export interface NatEntry {
  router: string;
  protocol: "tcp" | "udp" | "icmp";
  inside: string;
  outside: string;
  remote: string;
  /** Of TCP, how far the connection is (RFC 5382); of all else, `open`. */
  state: "opening" | "established" | "closing" | "open";
  /** Seconds that it may stay silent. */
  expires: number;
}

/** Whom a router knows on a network of its own, by ARP. */
export interface NeighborEntry {
  router: string;
  /** Of its interface; the router's own name for its uplink. */
  switch: string;
  vlan: number;
  address: string;
  /** Lower case, colons; "" where it is not known. */
  mac: string;
  state: "asked" | "reachable" | "stale" | "failed";
  /** Seconds since it said where it is; where it never did, since it was last asked. */
  age: number;
}

/** An address that a router's DHCP server has given out. */
export interface LeaseEntry {
  router: string;
  vlan: number;
  mac: string;
  address: string;
  /** "" where the guest says none. */
  hostname: string;
  /** Seconds left. */
  expires: number;
}

export interface PortUse {
  used: number;
  free: number;
}

/** An outside address of a router, and its ports by kind; ICMP has identifiers. */
export interface OutsideStatus {
  address: string;
  /** Whose it is alone (1:1); null: all share it. */
  inside: string | null;
  tcp: PortUse;
  udp: PortUse;
  icmp: PortUse;
}

export interface RouterStatus {
  name: string;
  mac: string;
  /** `address`: with the length of its prefix, as 10.0.10.1/24. */
  interfaces: { switch: string; vlan: number; address: string; mtu: number; dhcp: boolean }[];
  uplink: {
    kind: string;
    /** Device, path or file; "" where there is none. */
    device: string;
    link: "up" | "down";
    /** With the length of its prefix; null where DHCP has not given it yet. */
    address: string | null;
    gateway: string | null;
    mtu: number;
    dhcp: boolean;
  } | null;
  /** What inside hosts hold, and what is left; null: addresses are not translated. */
  nat: {
    mapping: string;
    filtering: string;
    sessions: number;
    mappings: number;
    hosts: number;
    outside: OutsideStatus[];
  } | null;
  /** Networks and where they are, longest prefix first; `via` null: on the link of the interface. */
  routes: { to: string; via: string | null; switch: string; vlan: number }[];
  /** What its services have counted, by service and by what it is. */
  services: Record<string, Record<string, number>>;
}

/** What `apply` did; names are `SWITCH/PORT` or `SWITCH`. */
export interface Applied {
  added: string[];
  removed: string[];
  changed: string[];
  /** Ports that lost no frame. */
  unchanged: string[];
}

export type EngineEvent =
  /** `code`: errno's name, where an error of the system took the link down. */
  | { event: "port"; switch: string; port: string; link: "up" | "down"; why: string; code?: string }
  /** `from`: where a MAC that moved was before. */
  | {
    event: "mac"; switch: string; port: string; vlan: number; mac: string;
    what: "learned" | "moved" | "aged" | "evicted"; from?: string;
  }
  /** Somebody changed the running engine. `time`: ISO 8601; `by`: `library`, `SIGHUP` or `control socket`, with uid and
   *  pid where they are known; `what`: the command; the names of what was changed as in `Applied`. */
  | {
    event: "change"; time: string; by: string; what: string; added: string[]; removed: string[]; changed: string[];
  }
  /** A worker ended by itself, and with it the engine. `state`: the file in which the state is saved; null: nowhere. */
  | { event: "failed"; worker: number; why: string; state: string | null }
  /** Events came faster than they were read, and so many are missing here. */
  | { event: "lost"; count: number };

export interface CaptureOptions {
  /** Bytes of each frame, 14 to 65536; absent: whole. */
  snaplen?: number;
  direction?: "in" | "out" | "both";
  /** tcpdump expression (its common subset); absent: every frame. */
  filter?: string;
}

/** Everything that a command, the control API or an embedding program can ask of a running engine. */
export interface EngineApi {
  ports(): PortStatus[];
  fdb(): FdbEntry[];
  vlans(): VlanStatus[];
  mirrors(): MirrorStatus[];
  /** Sessions, read as they are asked for: there may be millions, and whoever walks them decides how many at a time. */
  nat(): Iterable<NatEntry>;
  neighbors(): NeighborEntry[];
  leases(): LeaseEntry[];
  routers(): RouterStatus[];
  stats(): Stats;
  config(): Config;
  /** All of it or, on any error, nothing. A function is asked when its turn has come. Throws ConfigError where the
   *  configuration is wrong, EngineError where a device cannot be had. `by`, here and below: who changes it, for the
   *  log and the `change` event; `library` where nothing is said. */
  apply(config: Wanted | (() => Wanted | Promise<Wanted>), by?: string): Promise<Applied>;
  /** Hot-plugs a port. Throws as `apply` does, and EngineError where the name is taken. */
  addPort(switchName: string, portName: string, port: PortConfig | PortFile, by?: string): Promise<Applied>;
  /** Unplugs a port. Throws EngineError where there is none, ConfigError where a mirror still refers to it. */
  removePort(switchName: string, portName: string, by?: string): Promise<Applied>;
  /** Publishes a port: a rule as in a configuration, `tcp 8080 -> 10.0.10.5:80`. Throws as `apply` does, and
   *  EngineError where the rule is none, or is there already. */
  addForward(router: string, rule: string, by?: string): Promise<Applied>;
  /** Takes a published port back. Throws EngineError where there is no such rule. */
  removeForward(router: string, rule: string, by?: string): Promise<Applied>;
  /** Forgets what was learned and returns how many MACs that were. */
  flush(switchName: string, only?: { vlan?: number; port?: string }, by?: string): number;
  /** Live copies of a port's frames as the bytes of a pcapng file; ends when the signal aborts or the port goes. It
   *  begins with the first read; from then on it ends with the signal, also if nobody reads on. */
  capture(
    switchName: string, portName: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  stop(): Promise<Stats>;
}

/** A refusal with a remedy: `message` says what, where and how to fix it; `code` is for programs (ERROR_CODES). */
export class EngineError extends Error {
  constructor(readonly code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
  }
}
