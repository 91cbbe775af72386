// What the engine tells about itself, gathered from the registry, the counters and the tables. Reads only.

import type { FdbEntry, MirrorStatus, PortStatus, Stats, Totals, VlanStatus } from "../api.js";
import type { Config, PortConfig } from "../config/model.js";
import { printRate } from "../config/units.js";
import { printMembership } from "../config/vlan.js";
import { addCounters, addDrops, type Counters, type PortCounters } from "../core/counters.js";
import { countFdb, readFdb } from "../core/fdb.js";
import type { SharedMemory } from "../core/memory.js";
import type { RegisteredPort, Registry } from "../core/registry.js";
import { packageVersion } from "../files.js";

/** What a listing needs to know of the engine. */
export interface Sources {
  shared: SharedMemory;
  registry: Registry;
  counters: Counters;
  deviceOf: (port: number) => string;
  isUp: (port: number) => boolean;
  /** In words; "" where it is up. */
  whyDown: (port: number) => string;
  /** Seconds of the workers' clock. */
  seconds: () => number;
}

export function portStatuses(sources: Sources): PortStatus[] {
  return [...sources.registry.ports.values()].map((port) => portStatus(sources, port));
}

function portStatus(sources: Sources, port: RegisteredPort): PortStatus {
  const counters = sources.counters.port(port.index);
  return {
    switch: port.watched ?? port.switchName,
    name: port.name,
    kind: port.role ?? (port.switchIndex < 0 ? "capture" : port.config.attachment.kind),
    device: sources.deviceOf(port.index),
    link: sources.isUp(port.index) ? "up" : "down",
    why: sources.whyDown(port.index),
    vlan: printMembership(port.config),
    rx: counters.rx,
    tx: counters.tx,
    drops: addDrops(counters.dropsIn, counters.dropsOut),
    forwarded: counters.rx.frames - sum(counters.dropsIn),
    copies: counters.copies,
    merged: counters.merged,
    offered: counters.tx.frames + sum(counters.dropsOut) + counters.queued,
    queued: counters.queued,
  };
}

/** The sums over all ports, those that have gone included. `used`: the indexes that ever were a port's. */
export function totals(sources: Sources, used: ReadonlySet<number>): Totals {
  const { counters } = sources;
  const all = [...used].map((port) => counters.port(port)).concat(counters.retired).reduce(addCounters, NOTHING);
  const drops = addDrops(all.dropsIn, all.dropsOut);
  const queued = all.queued + counters.lent() + counters.waiting();
  return {
    rx: all.rx,
    tx: all.tx,
    forwarded: all.rx.frames - sum(all.dropsIn),
    copies: all.copies,
    merged: all.merged,
    drops,
    queued,
    unaccounted: all.rx.frames + all.copies - all.merged - all.tx.frames - sum(drops) - queued,
  };
}

export function stats(sources: Sources, used: ReadonlySet<number>, workers: number, capacity: number): Stats {
  return {
    version: packageVersion(),
    pid: process.pid,
    uptime: round(sources.seconds()),
    workers,
    totals: totals(sources, used),
    fdb: { entries: countFdb(sources.shared), capacity },
  };
}

export function fdbEntries({ shared, registry, seconds }: Sources): FdbEntry[] {
  const domains = new Map(registry.domains());
  const now = seconds();
  const entries: FdbEntry[] = [];
  for (const entry of readFdb(shared)) {
    const domain = domains.get(entry.domain);
    const port = registry.byIndex.get(entry.port);
    if (!domain || !port) continue; // on its way out
    entries.push({
      switch: port.switchName, vlan: domain.vid, mac: entry.mac, port: port.name,
      age: Math.round(Math.max(0, now - entry.seen) * 10) / 10, static: entry.static,
    });
  }
  return entries.sort((a, b) => order(a.switch, b.switch) || a.vlan - b.vlan || order(a.mac, b.mac));
}

/** VLANs that have a port of their own, or that a frame was ever seen in: `trunk: all` alone makes no list of 4,094. */
export function vlanStatuses(sources: Sources): VlanStatus[] {
  const { registry, counters } = sources;
  const macs = new Map<string, number>();
  for (const { switch: name, vlan } of fdbEntries(sources)) {
    macs.set(`${name} ${vlan}`, (macs.get(`${name} ${vlan}`) ?? 0) + 1);
  }
  const ports = [...registry.ports.values()].filter((port) => !port.config.monitor);
  const statuses: VlanStatus[] = [];
  for (const [domain, { switchIndex, vid }] of registry.domains()) {
    const members = ports.filter((port) => port.switchIndex === switchIndex);
    const rx = counters.domain(domain);
    if (rx.frames === 0 && !members.some(({ config }) => names(config, vid))) continue;
    const name = registry.switchName(switchIndex);
    statuses.push({
      switch: name, vlan: vid,
      tagged: members.filter(({ config }) => carries(config, vid) === "tagged").map((port) => port.name),
      untagged: members.filter(({ config }) => carries(config, vid) === "untagged").map((port) => port.name),
      rx, macs: macs.get(`${name} ${vid}`) ?? 0,
    });
  }
  return statuses.sort((a, b) => order(a.switch, b.switch) || a.vlan - b.vlan);
}

export function mirrorStatuses(config: Config): MirrorStatus[] {
  return Object.entries(config.switches).flatMap(([name, { mirrors }]) =>
    Object.entries(mirrors).map(([mirror, { from, vlans, direction, to, rate, snaplen }]) => ({
      switch: name, name: mirror, from, vlans, direction, to,
      snaplen: snaplen ?? null, rate: rate ? printRate(rate) : null,
    })));
}

/** How a port's frames of a VLAN leave it; undefined: it is no member. */
function carries({ vlan }: PortConfig, vid: number): "tagged" | "untagged" | undefined {
  if (vlan.mode !== "trunk") return vlan.vid === vid ? "untagged" : undefined;
  if (vlan.native === vid) return "untagged";
  return vlan.vids === "all" || vlan.vids.includes(vid) ? "tagged" : undefined;
}

/** Whether a port's configuration names a VLAN, other than by `all`. */
function names({ vlan }: PortConfig, vid: number): boolean {
  if (vlan.mode !== "trunk") return vlan.vid === vid;
  return vlan.native === vid || (vlan.vids !== "all" && vlan.vids.includes(vid));
}

const NOTHING: PortCounters = {
  rx: { frames: 0, bytes: 0 }, tx: { frames: 0, bytes: 0 }, copies: 0, merged: 0, dropsIn: {}, dropsOut: {},
  queued: 0,
};

function sum(drops: Record<string, number>): number {
  return Object.values(drops).reduce((total, count) => total + count, 0);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
