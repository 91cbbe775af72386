// Writes routers into the memory map: interfaces, routes, outside addresses, translation, forwards. Called on the main
// thread while the workers are parked. Owns the numbers of routers and the ranges of routes and outside addresses.
// See assembly/layout-router.ts; only this file knows how a router of the configuration looks there.

import { isDeepStrictEqual } from "node:util";
import { EngineError } from "../api.js";
import type { ForwardConfig, NatConfig, RouterConfig } from "../config/model.js";
import { parseIpv4 } from "../config/ipv4.js";
import * as layout from "./layout.js";
import { macWords } from "./mac.js";
import { Numbers, type RegisteredPort } from "./registry.js";
import { Ranges } from "./ranges.js";
import type { Tables } from "./tables.js";

const TICKS = 1000 / layout.FDB_TICK_MS; // in a second
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** An interface as it is written: its port, and where it stands. */
export interface InterfacePlace {
  port: RegisteredPort;
  vid: number;
  /** Numbers, most significant byte first; 0: none yet. */
  address: number;
  prefix: number;
  mtu: number;
  uplink: boolean;
  flags: number;
}

/** What a router is made of, its addresses resolved. */
export interface RouterPlan {
  mac: string;
  interfaces: InterfacePlace[];
  services: RegisteredPort;
  outsides: number[];
  gateway: number;
  config: RouterConfig;
}

type PortForward = Exclude<ForwardConfig, { protocol: "1:1" }>;

interface Route { address: number; prefix: number; via: number; port: number; kind: number }

/** A router that stands in the tables. */
export interface WrittenRouter {
  readonly index: number;
  /** Its first route. */
  routes: number;
  /** What stands there. */
  ways: Route[];
  outsides: number;
  outsideCount: number;
  /** Outside addresses, in the order of their indexes. */
  addresses: number[];
}

export class RouterTables {
  readonly #numbers = new Numbers("routers", 0, layout.ROUTERS_MAX);
  readonly #routes = new Ranges("routes", layout.ROUTES_MAX);
  readonly #outsides = new Ranges("outside addresses", layout.OUTSIDES_MAX);
  #count = 0;

  constructor(readonly tables: Tables) {}

  /** Takes a number for a router, which has nothing yet. */
  add(): WrittenRouter {
    const index = this.#numbers.take();
    const at = routerAt(index);
    for (const shard of this.tables.shared.shards) {
      this.tables.shared.bytes.fill(0, shard + at, shard + at + layout.ROUTER_SIZE);
    }
    this.tables.shared.setWord(layout.ROUTER_COUNT, ++this.#count);
    return { index, routes: 0, ways: [], outsides: 0, outsideCount: 0, addresses: [] };
  }

  /** Takes a router out. Its interfaces have been cleared. */
  remove(router: WrittenRouter): void {
    this.tables.core.endSessions(router.index);
    this.#writeRoutes(router, []);
    this.#writeOutsides(router, [], []);
    this.tables.shared.setWord(layout.ROUTER_COUNT, --this.#count);
    this.#numbers.free(router.index);
  }

  /** Writes all of a router but its forwards. Sessions stay, those of outside addresses that go or move excepted. */
  write(router: WrittenRouter, plan: RouterPlan): void {
    const { shared } = this.tables;
    const at = routerAt(router.index);
    const uplink = plan.interfaces.find((one) => one.uplink);
    shared.setWord(at + layout.ROUTER_UPLINK, uplink ? uplink.port.index : layout.NO_PORT);
    shared.setWord(at + layout.ROUTER_SERVICES, plan.services.index);
    this.#writeNat(at, plan.config.nat);
    for (const one of plan.interfaces) this.#writeInterface(router.index, plan.mac, one);
    const moved = plan.outsides.join() !== router.addresses.join();
    this.#writeOutsides(router, plan.outsides, plan.config.forwards);
    if (uplink && moved) this.tables.core.announce(uplink.port.index);
    this.#writeRoutes(router, routesOf(plan));
  }

  /** An interface takes no part in anything any more, and no route leads there: its port may be another's next. */
  clearInterface(router: WrittenRouter, port: RegisteredPort): void {
    this.#writeRoutes(router, router.ways.filter((way) => way.port !== port.index));
    this.tables.clearPort(port);
    this.tables.core.forgetNeighbors(port.index);
    const at = layout.INTERFACES + port.index * layout.INTERFACE_SIZE;
    for (const shard of this.tables.shared.shards) {
      this.tables.shared.bytes.fill(0, shard + at, shard + at + layout.INTERFACE_SIZE);
    }
  }

  /** Publishes a forward; who has its ports loses them. Throws EngineError where there is no room. */
  addForward(router: WrittenRouter, forward: ForwardConfig): void {
    if (forward.protocol === "1:1") return; // stands with the outside address
    const { core } = this.tables;
    const inside = wire(parseIpv4(forward.inside)!);
    this.#endPorts(router, forward);
    this.#eachPort(router, forward, (protocol, outside, port, i) => {
      if (core.addForward(router.index, protocol, outside, port, inside, wire16(forward.insidePort + i))) return;
      this.removeForward(router, forward); // those of its ports that had room
      throw new EngineError("FULL", "the translation table has no room for more forwards: raise nat.capacity");
    });
  }

  /** Takes a forward back; its sessions end. */
  removeForward(router: WrittenRouter, forward: ForwardConfig): void {
    if (forward.protocol === "1:1") return;
    this.#endPorts(router, forward);
    this.#eachPort(router, forward, (protocol, outside, port) => {
      this.tables.core.removeForward(router.index, protocol, outside, port);
    });
  }

  /** Whether other outside addresses would get other places: then all forwards have to be published anew. */
  moves(router: WrittenRouter, addresses: readonly number[]): boolean {
    const kept = sharedLength(router.addresses, addresses);
    const grows = addresses.length - router.outsideCount;
    return kept < Math.min(router.addresses.length, addresses.length) || kept === 0
      || (grows > 0 && !this.#outsides.isFree(router.outsides + router.outsideCount, grows));
  }

  /** Ends the sessions of whoever has the ports of a forward, in one walk over them. */
  #endPorts(router: WrittenRouter, forward: PortForward): void {
    const { core } = this.tables;
    this.#eachPort(router, forward, (protocol, outside, port) => {
      core.markPort(router.index, protocol, outside, port);
    });
    core.endMarked();
  }

  #eachPort(
    router: WrittenRouter, { protocol, outside: address, port, count }: PortForward,
    action: (protocol: number, outside: number, port: number, i: number) => void,
  ): void {
    const outside = this.#outsideOf(router, address);
    for (let i = 0; i < count; i++) action(PROTOCOLS[protocol], outside, wire16(port + i), i);
  }

  #outsideOf(router: WrittenRouter, address: string | undefined): number {
    return router.outsides + (address === undefined ? 0 : Math.max(0, router.addresses.indexOf(parseIpv4(address)!)));
  }

  #writeInterface(router: number, mac: string, place: InterfacePlace): void {
    const { port, vid, address, prefix, mtu, uplink, flags } = place;
    const { shared, core } = this.tables;
    const at = layout.INTERFACES + port.index * layout.INTERFACE_SIZE;
    const domain = this.tables.domain(port.switchIndex, vid);
    const [low, high] = macWords(mac);
    const isNews = shared.word(at + layout.INTERFACE_ADDRESS) !== wire(address) || port.config.macs[0] !== mac;
    shared.setWord(at + layout.INTERFACE_ROUTER, router);
    shared.setWord(at + layout.INTERFACE_ADDRESS, wire(address));
    shared.setWord(at + layout.INTERFACE_MASK, wire(maskOf(prefix)));
    shared.setWord(at + layout.INTERFACE_MTU, mtu);
    shared.setWord(at + layout.INTERFACE_SOURCE, low);
    shared.setWord(at + layout.INTERFACE_SOURCE + 4, high + domain * 0x10000);
    shared.setWord(at + layout.INTERFACE_SCOPE, router * 2 + (uplink ? 1 : 0));
    shared.setWord(at + layout.INTERFACE_FLAGS, flags | (uplink ? layout.INTERFACE_UPLINK : 0));
    this.#writeMac(port, mac);
    core.setLink(port.index, true);
    if (isNews) core.announce(port.index);
  }

  /** The router's MAC lives at its port as a guest's would that is configured there. */
  #writeMac(port: RegisteredPort, mac: string): void {
    if (port.config.macs[0] === mac) return;
    this.tables.writeStatics(port, false);
    port.config = { ...port.config, macs: [mac] };
    this.tables.writeStatics(port, true);
  }

  #writeNat(at: number, nat: NatConfig | undefined): void {
    const { shared } = this.tables;
    shared.setWord(at + layout.ROUTER_FLAGS, nat ? natFlags(nat) : 0);
    if (!nat) return;
    const { timeouts } = nat;
    shared.setWord(at + layout.ROUTER_UDP, timeouts.udp * TICKS);
    shared.setWord(at + layout.ROUTER_TCP, timeouts.tcp * TICKS);
    shared.setWord(at + layout.ROUTER_TRANSITORY, timeouts.transitory * TICKS);
    shared.setWord(at + layout.ROUTER_ICMP, timeouts.icmp * TICKS);
    shared.setWord(at + layout.ROUTER_HOST_PORTS, nat.hostPorts);
    shared.setWord(at + layout.ROUTER_HOST_RATE, nat.hostRate);
    shared.setWord(at + layout.ROUTER_MSS, nat.mss === "path" ? layout.MSS_PATH : nat.mss ?? 0);
    const own = Object.entries(timeouts.ports);
    for (let i = 0; i < layout.PORT_TIMEOUTS_MAX; i++) {
      const [key, seconds] = own[i] ?? ["tcp 0", 0];
      const [protocol, port] = key.split(" ") as ["tcp" | "udp", string];
      const entry = at + layout.ROUTER_PORT_TIMEOUTS + i * 8;
      shared.setWord(entry, own[i] ? wire16(Number(port)) + PROTOCOLS[protocol] * 0x10000 : 0);
      shared.setWord(entry + 4, seconds * TICKS);
    }
  }

  #writeRoutes(router: WrittenRouter, routes: Route[]): void {
    const { shared } = this.tables;
    if (isDeepStrictEqual(router.ways, routes)) return;
    this.#routes.free(router.routes, router.ways.length);
    router.routes = this.#routes.take(routes.length);
    router.ways = routes;
    for (const [i, route] of routes.entries()) {
      const at = layout.ROUTES + (router.routes + i) * layout.ROUTE_SIZE;
      shared.setWord(at + layout.ROUTE_ADDRESS, wire(route.address));
      shared.setWord(at + layout.ROUTE_MASK, wire(maskOf(route.prefix)));
      shared.setWord(at + layout.ROUTE_VIA, wire(route.via));
      shared.setWord(at + layout.ROUTE_PORT, route.port + route.kind * 0x10000);
    }
    shared.setWord(routerAt(router.index) + layout.ROUTER_ROUTES, router.routes);
    shared.setWord(routerAt(router.index) + layout.ROUTER_ROUTE_COUNT, routes.length);
    this.tables.core.reroute(router.index);
  }

  /** Sessions of addresses that go end; where addresses have to move, all do, and forwards are published anew. */
  #writeOutsides(router: WrittenRouter, addresses: number[], forwards: readonly ForwardConfig[]): void {
    const { shared, core } = this.tables;
    const moves = this.moves(router, addresses);
    if (moves) core.endSessions(router.index);
    for (let i = addresses.length; i < router.outsideCount && !moves; i++) core.endSessionsOf(router.outsides + i);
    this.#outsides.free(router.outsides, router.outsideCount);
    router.outsides = moves
      ? this.#outsides.take(addresses.length) : this.#outsides.takeAt(router.outsides, addresses.length);
    router.outsideCount = addresses.length;
    router.addresses = addresses;
    for (const [i, address] of addresses.entries()) {
      const own = forwards.find((one) => one.protocol === "1:1" && parseIpv4(one.outside) === address);
      const at = layout.OUTSIDES + (router.outsides + i) * layout.OUTSIDE_SIZE;
      const inside = own ? wire(parseIpv4(own.inside)!) : 0;
      if (shared.word(at + layout.OUTSIDE_INSIDE) !== inside) core.endSessionsOf(router.outsides + i);
      shared.setWord(at + layout.OUTSIDE_ADDRESS, wire(address));
      shared.setWord(at + layout.OUTSIDE_INSIDE, inside);
    }
    shared.setWord(routerAt(router.index) + layout.ROUTER_OUTSIDES, router.outsides);
    shared.setWord(routerAt(router.index) + layout.ROUTER_OUTSIDE_COUNT, router.outsideCount);
  }
}

/** How many of two lists are the same, from the first on. */
function sharedLength(a: readonly number[], b: readonly number[]): number {
  const end = a.findIndex((value, i) => value !== b[i]);
  return end < 0 ? a.length : end;
}

function routerAt(index: number): number {
  return layout.ROUTERS + index * layout.ROUTER_SIZE;
}

function natFlags({ mapping, filtering, exhausted, log }: NatConfig): number {
  return layout.ROUTER_NAT
    | (mapping === "address-and-port-dependent" ? layout.ROUTER_MAPPING_ENDPOINT : 0)
    | (filtering === "address-dependent" ? layout.ROUTER_FILTER_ADDRESS : 0)
    | (filtering === "address-and-port-dependent" ? layout.ROUTER_FILTER_PORT : 0)
    | (exhausted === "oldest-idle" ? layout.ROUTER_EVICTS : 0)
    | (log === undefined ? 0 : layout.ROUTER_LOGS);
}

/** All routes of a router, longest prefix first; its own addresses before networks of the same length. */
function routesOf({ interfaces, outsides, gateway, config }: RouterPlan): Route[] {
  const routes: Route[] = [];
  const insides = interfaces.filter(({ address, uplink }) => address !== 0 && !uplink);
  for (const { port: { index: port }, address, prefix, uplink } of interfaces) {
    if (address === 0) continue;
    const network = (address & maskOf(prefix)) >>> 0;
    routes.push({ address, prefix: 32, via: 0, port, kind: layout.ROUTE_LOCAL });
    if (uplink && insides.some((inside) => isWithin(network, prefix, inside))) continue; // inside wins (RFC 4787 REQ-7)
    routes.push({ address: network, prefix, via: 0, port, kind: layout.ROUTE_LINK });
    if (prefix > 30) continue;
    const broadcast = (network | ~maskOf(prefix)) >>> 0;
    routes.push({ address: broadcast, prefix: 32, via: 0, port, kind: layout.ROUTE_BROADCAST });
    routes.push({ address: network, prefix: 32, via: 0, port, kind: layout.ROUTE_BROADCAST });
  }
  const uplink = interfaces.find((one) => one.uplink);
  for (const address of uplink ? outsides : []) {
    routes.push({ address, prefix: 32, via: 0, port: uplink!.port.index, kind: layout.ROUTE_LOCAL });
  }
  if (uplink && gateway) {
    routes.push({ address: 0, prefix: 0, via: gateway, port: uplink.port.index, kind: layout.ROUTE_LINK });
  }
  for (const { to, via } of config.routes) {
    const next = parseIpv4(via)!;
    const by = interfaces.find(({ address, prefix }) => address && ((address ^ next) & maskOf(prefix)) === 0);
    const network = parseIpv4(to.address)!;
    if (!by) continue; // it is behind an uplink that has no address yet
    routes.push({ address: network, prefix: to.prefix, via: next, port: by.port.index, kind: layout.ROUTE_LINK });
  }
  return routes.sort((a, b) => b.prefix - a.prefix || b.kind - a.kind);
}

/** Whether a network is part of the one that an interface is in. */
function isWithin(network: number, prefix: number, inside: InterfacePlace): boolean {
  return prefix >= inside.prefix && ((network ^ inside.address) & maskOf(inside.prefix)) === 0;
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** An address as a little-endian load of the wire sees it. */
export function wire(address: number): number {
  return (((address & 0xff) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24)) >>> 0;
}

/** The same of a port. */
export function wire16(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}
