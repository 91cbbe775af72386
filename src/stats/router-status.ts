// What the engine tells about its routers, gathered from their configuration and the core's tables. Reads only.

import type { LeaseEntry, NatEntry, NeighborEntry, OutsideStatus, PortUse, RouterStatus } from "../api.js";
import { parseIpv4 } from "../config/ipv4.js";
import type { RouterConfig } from "../config/model.js";
import { readNeighbors } from "../core/neighbors.js";
import { readHoldings, readSessions, type Holdings } from "../core/nat.js";
import { readInterface, readOutsides, readRoutes, type RawOutside } from "../core/router-reader.js";
import type { SharedMemory } from "../core/memory.js";

/** An interface: the number of its port, and where it stands. */
export interface RouterPort {
  port: number;
  /** The router's own name for its uplink. */
  switch: string;
  vlan: number;
}

/** A router as it runs. */
export interface RunningRouter {
  readonly name: string;
  /** Its number in the core. */
  readonly index: number;
  readonly mac: string;
  readonly config: RouterConfig;
  /** In the order of the configuration; the uplink apart. */
  readonly interfaces: readonly RouterPort[];
  readonly uplink?: RouterPort & { device: string; link: "up" | "down" };
  leases(): readonly LeaseEntry[];
  /** What its services have counted. */
  services(): Record<string, Record<string, number>>;
}

/** What a listing needs to know of the engine. */
export interface RouterSources {
  shared: SharedMemory;
  /** Seconds of the workers' clock. */
  seconds: () => number;
  /** Routers in the order of the configuration. */
  running: () => readonly RunningRouter[];
}

const PORTS_ALL = 65_535; // 0 is none

/** Sessions, read one by one as they are asked for. */
export function* natEntries({ shared, seconds, running }: RouterSources): Generator<NatEntry> {
  const names = new Map(running().map(({ index, name }) => [index, name]));
  for (const { router: index, protocol, inside, outside, remote, state, expires } of readSessions(shared, seconds())) {
    const router = names.get(index);
    if (router !== undefined) yield { router, protocol, inside, outside, remote, state, expires };
  }
}

/** In the order of routers, networks and addresses. */
export function neighborEntries({ shared, seconds, running }: RouterSources): NeighborEntry[] {
  const ports = running().flatMap((router) => portsOf(router).map((at) => ({ router, at })));
  const places = new Map(ports.map((place, order) => [place.at.port, { ...place, order }]));
  return [...readNeighbors(shared, seconds())]
    .flatMap((neighbor) => {
      const place = places.get(neighbor.port);
      return place ? [{ ...place, ...neighbor, number: parseIpv4(neighbor.address)! }] : [];
    })
    .sort((a, b) => a.order - b.order || a.number - b.number)
    .map(({ router, at, address, mac, state, age }) => (
      { router: router.name, switch: at.switch, vlan: at.vlan, address, mac, state, age }
    ));
}

export function leaseEntries({ running }: RouterSources): LeaseEntry[] {
  return running().flatMap((router) => router.leases().map(
    ({ vlan, mac, address, hostname, expires }) => ({ router: router.name, vlan, mac, address, hostname, expires }),
  ));
}

export function routerStatuses({ shared, running }: RouterSources): RouterStatus[] {
  const holdings = readHoldings(shared);
  return running().map((router) => ({
    name: router.name,
    mac: router.mac,
    interfaces: router.config.interfaces.map(({ switch: of, vid, address, prefix, mtu, dhcp }) => (
      { switch: of, vlan: vid, address: `${address}/${prefix}`, mtu, dhcp: dhcp !== undefined }
    )),
    uplink: uplinkStatus(shared, router),
    nat: natStatus(shared, router, holdings.get(router.index)),
    routes: routesOf(shared, router),
    services: router.services(),
  }));
}

function uplinkStatus(shared: SharedMemory, { index, config, uplink: at }: RunningRouter): RouterStatus["uplink"] {
  const { uplink } = config;
  if (!uplink || !at) return null;
  const byDefault = readRoutes(shared, index).find(({ port, prefix, via }) => port === at.port && prefix === 0 && via);
  return {
    kind: uplink.port.attachment.kind, device: at.device, link: at.link,
    address: readInterface(shared, at.port) ?? null,
    gateway: byDefault?.via ?? null,
    mtu: uplink.mtu, dhcp: uplink.addresses.length === 0,
  };
}

function natStatus(
  shared: SharedMemory, { index, config: { nat } }: RunningRouter, holdings: Holdings | undefined,
): RouterStatus["nat"] {
  if (!nat) return null;
  const { hosts, sessions, mappings } = holdings ?? { hosts: 0, sessions: 0, mappings: 0 };
  const outside = readOutsides(shared, index).map(outsideStatus);
  return { mapping: nat.mapping, filtering: nat.filtering, sessions, mappings, hosts, outside };
}

function outsideStatus({ address, inside, used: [tcp, udp, icmp] }: RawOutside): OutsideStatus {
  return { address, inside: inside ?? null, tcp: useOf(tcp), udp: useOf(udp), icmp: useOf(icmp) };
}

function useOf(used: number): PortUse {
  return { used, free: PORTS_ALL - used };
}

function routesOf(shared: SharedMemory, router: RunningRouter): RouterStatus["routes"] {
  const places = new Map(portsOf(router).map((at) => [at.port, at]));
  return readRoutes(shared, router.index).flatMap(({ address, prefix, via, port }) => {
    const at = places.get(port);
    return at ? [{ to: `${address}/${prefix}`, via: via ?? null, switch: at.switch, vlan: at.vlan }] : [];
  });
}

function portsOf({ interfaces, uplink }: RunningRouter): RouterPort[] {
  return uplink ? [...interfaces, uplink] : [...interfaces];
}
