// The routers: their ports, their place in the tables, their services, and the way from one configuration of a router
// to the next. Interfaces that stay keep their ports, sessions and leases.

import { isDeepStrictEqual } from "node:util";
import { UPLINK } from "../config/expand.js";
import { printForward } from "../config/forward.js";
import type { ForwardConfig, RouterConfig } from "../config/model.js";
import type { SharedMemory } from "../core/memory.js";
import type { Punted } from "../core/pipe.js";
import { Punt } from "../core/punt.js";
import type { RegisteredPort, Registry } from "../core/registry.js";
import { RouterTables, type RouterPlan, type WrittenRouter } from "../core/router-tables.js";
import { carries, untaggedVid, type Tables } from "../core/tables.js";
import type { Attachment } from "../port/port.js";
import type { Place } from "../service/channel.js";
import { RouterServices } from "../service/router-services.js";
import type { RunningRouter } from "../stats/router-status.js";
import type { Crew } from "../worker/crew.js";
import type { Links } from "./links.js";
import {
  conflictOf, interfaceKey, interfaceName, planRouter, type RouterPorts, type UplinkBinding,
} from "./router-plan.js";

/** What routers need of the fabric that they are part of. */
export interface RouterHost {
  readonly shared: SharedMemory;
  readonly registry: Registry;
  readonly tables: Tables;
  readonly crew: Crew;
  readonly links: Links;
  readonly attachments: ReadonlyMap<number, Attachment>;
  addRouterPort(on: string, name: string, vid: number, watched?: string): Promise<RegisteredPort>;
  removeRouterPort(port: RegisteredPort): Promise<void>;
}

/** A router that runs. */
export interface Router {
  name: string;
  config: RouterConfig;
  written: WrittenRouter;
  plan: RouterPlan | undefined;
  interfaces: Map<string, RegisteredPort>;
  uplink: RegisteredPort | undefined;
  servicesPort: RegisteredPort;
  punt: Punt;
  services: RouterServices;
  /** Forwards that stand in the tables. */
  forwards: ForwardConfig[];
  binding: UplinkBinding | undefined;
}

export class Routers {
  readonly live = new Map<string, Router>();
  readonly tables: RouterTables;
  /** What a router's services had when the engine ran last, by the router's name: given to it when it comes. */
  readonly remembered = new Map<string, { leases: unknown; client: unknown }>();
  /** Told of changed leases. */
  onChange: () => void = () => undefined;
  /** Takes a line for people. */
  warn: (line: string) => void = () => undefined;

  constructor(readonly fabric: RouterHost) {
    this.tables = new RouterTables(fabric.tables);
  }

  async add(name: string, config: RouterConfig): Promise<void> {
    const { fabric } = this;
    const servicesPort = await fabric.addRouterPort("", `@${name}.services`, 1, name);
    const punt = new Punt(fabric.shared, servicesPort.pipe, () => { fabric.crew.ring(servicesPort.worker); });
    const router: Router = {
      name, config, servicesPort, punt, plan: undefined, interfaces: new Map(), uplink: undefined, forwards: [],
      binding: undefined,
      written: fabric.crew.parked(() => this.tables.add()),
      services: new RouterServices({
        router: name,
        transmit: (place, frame) => punt.send(place.id, frame),
        isAlone: (place, port) => this.#isAlone(place, port),
        onBinding: (binding) => { this.#bind(router, binding); },
        onChange: () => { this.onChange(); },
      }),
    };
    this.live.set(name, router);
    this.#remind(router);
    try {
      await this.change(name, config);
    } catch (error) {
      await this.remove(name);
      throw error;
    }
    fabric.crew.begin(servicesPort.worker, servicesPort.index);
    void punt.listen((punted) => { this.#serve(router, punted); });
  }

  /** Whether no other port of a switch than the one with this name is in a VLAN. */
  #isAlone(place: Place, name: string): boolean {
    for (const port of this.fabric.registry.ports.values()) {
      const isOther = port.switchName === place.switch && port.name !== name && port.role === undefined;
      if (isOther && carries(port.config.vlan, place.vlan)) return false;
    }
    return true;
  }

  /** A fault of a service is one frame's, not the engine's. */
  #serve({ name, services }: Router, { at, from, frame }: Punted): void {
    try {
      services.receive(at, frame, this.fabric.registry.byIndex.get(from)?.name ?? "");
    } catch (error) {
      this.warn(`router ${name}: a service failed at a frame, which is lost: ${String(error)}`);
    }
  }

  #remind({ name, services }: Router): void {
    const kept = this.remembered.get(name);
    this.remembered.delete(name);
    if (!kept) return;
    services.leases.restore(kept.leases);
    services.restoreClient(kept.client);
  }

  /** Lets go of interfaces that another configuration has no longer, before their switches go. */
  async shrink(name: string, config: RouterConfig): Promise<void> {
    const router = this.live.get(name)!;
    const kept = new Set(config.interfaces.map(interfaceKey));
    for (const [key, port] of router.interfaces) {
      if (!kept.has(key)) await this.#removeInterface(router, key, port);
    }
    const vlanStays = isDeepStrictEqual(router.config.uplink?.port.vlan, config.uplink?.port.vlan);
    if (router.uplink && !vlanStays) await this.#removeInterface(router, UPLINK, router.uplink);
  }

  /** Goes to another configuration, or becomes what its first one says. */
  async change(name: string, config: RouterConfig): Promise<void> {
    const router = this.live.get(name)!;
    for (const one of config.interfaces) {
      const key = interfaceKey(one);
      if (router.interfaces.has(key)) continue;
      router.interfaces.set(key, await this.fabric.addRouterPort(one.switch, interfaceName(name, one.vid), one.vid));
    }
    if (config.uplink && !router.uplink) {
      router.uplink = await this.fabric.addRouterPort(name, `@${name}`, untaggedVid(config.uplink.port.vlan));
    }
    const translation = isDeepStrictEqual(natOf(router.config), natOf(config));
    router.config = config;
    this.fabric.crew.parked(() => {
      if (!translation) this.fabric.tables.core.endSessions(router.written.index);
      this.#write(router);
    });
    router.services.update(config, placesOf(router));
    router.services.linkChanged(this.#isLinkUp(name, config));
  }

  /** Takes a router out. */
  async remove(name: string, forGood = true): Promise<void> {
    const router = this.live.get(name)!;
    router.services.close(forGood);
    router.punt.close();
    this.fabric.crew.parked(() => { this.#dropForwards(router, []); });
    for (const [key, port] of router.interfaces) await this.#removeInterface(router, key, port);
    if (router.uplink) await this.#removeInterface(router, UPLINK, router.uplink);
    this.fabric.crew.parked(() => { this.tables.remove(router.written); });
    await this.fabric.removeRouterPort(router.servicesPort);
    this.live.delete(name);
  }

  /** Ends the services only: the tables can no longer be changed. */
  abandon(): void {
    for (const { services, punt } of this.live.values()) {
      services.close(false);
      punt.close();
    }
  }

  async close(): Promise<void> {
    for (const name of [...this.live.keys()]) await this.remove(name, false);
  }

  /** The routers as statuses show them, by name. */
  running(): RunningRouter[] {
    const { registry, links, attachments } = this.fabric;
    const byName = [...this.live.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return byName.map(({ name, config, written, plan, interfaces, uplink, services }) => {
      const vlan = uplink && untaggedVid(uplink.config.vlan);
      const wire = uplink && registry.port(name, UPLINK).index;
      return {
        name, index: written.index, mac: plan!.mac, config,
        interfaces: config.interfaces.map((one) => (
          { port: interfaces.get(interfaceKey(one))!.index, switch: one.switch, vlan: one.vid }
        )),
        ...(uplink && { uplink: {
          port: uplink.index, switch: name, vlan: vlan!, device: attachments.get(wire!)?.device ?? "",
          link: links.isUp(wire!) ? "up" : "down",
        } }),
        leases: () => services.leases.leases().map(({ vlan, mac, address, hostname, expires }) => (
          { router: name, vlan, mac, address, hostname, expires }
        )),
        services: () => services.counts(),
      };
    });
  }

  #isLinkUp(name: string, { uplink }: RouterConfig): boolean {
    const { registry, links } = this.fabric;
    return uplink !== undefined && links.isUp(registry.port(name, UPLINK).index);
  }

  /** The link of a router's uplink went up or down. */
  linkChanged(switchName: string, up: boolean): void {
    const router = this.live.get(switchName);
    if (router?.uplink && up) this.fabric.tables.core.announce(router.uplink.index);
    router?.services.linkChanged(up);
  }

  async #removeInterface(router: Router, key: string, port: RegisteredPort): Promise<void> {
    this.fabric.crew.parked(() => {
      this.fabric.tables.core.endSessionsAt(port.index);
      this.tables.clearInterface(router.written, port);
    });
    await this.fabric.removeRouterPort(port);
    if (key === UPLINK) router.uplink = undefined;
    else router.interfaces.delete(key);
  }

  /** Writes a router's tables; the workers stand still. Forwards of addresses that change are published anew. */
  #write(router: Router): void {
    const plan = planRouter(router.name, router.config, portsOf(router), router.binding);
    const wanted = plan.outsides.length > 0 ? router.config.forwards : [];
    this.#dropForwards(router, this.tables.moves(router.written, plan.outsides) ? [] : wanted);
    router.plan = plan;
    this.tables.write(router.written, plan);
    this.#addForwards(router, wanted);
  }

  /** Takes back what is published and not wanted. */
  #dropForwards(router: Router, wanted: readonly ForwardConfig[]): void {
    const kept = new Set(wanted.map(printForward));
    for (const forward of router.forwards) {
      if (!kept.has(printForward(forward))) this.tables.removeForward(router.written, forward);
    }
    router.forwards = router.forwards.filter((forward) => kept.has(printForward(forward)));
  }

  /** Publishes what is wanted and not published. */
  #addForwards(router: Router, wanted: readonly ForwardConfig[]): void {
    const there = new Set(router.forwards.map(printForward));
    for (const forward of wanted) {
      if (there.has(printForward(forward))) continue;
      this.tables.addForward(router.written, forward);
      router.forwards.push(forward);
    }
  }

  /** DHCP gave the uplink an address, or took it. */
  #bind(router: Router, binding: UplinkBinding | undefined): void {
    if (this.live.get(router.name) !== router) return; // on its way out
    const isNews = binding?.address !== router.binding?.address || binding?.prefix !== router.binding?.prefix;
    router.binding = binding;
    try {
      this.fabric.crew.parked(() => { this.#write(router); });
      const conflict = isNews ? conflictOf(router.plan!) : undefined;
      if (conflict !== undefined) this.warn(`router ${router.name}: ${conflict}`);
    } catch (error) {
      this.warn(`router ${router.name}: its uplink's new address cannot be used as it should: ${String(error)}`);
    }
  }
}

/** What of a configuration sessions depend on; the rest changes under them. */
function natOf({ nat }: RouterConfig): unknown {
  return {
    mapping: nat?.mapping, filtering: nat?.filtering, on: nat !== undefined,
  };
}

function portsOf({ interfaces, uplink, servicesPort }: Router): RouterPorts {
  return { interfaces, services: servicesPort, ...(uplink && { uplink }) };
}

/** The interfaces of a router as its services see them. */
function placesOf({ name, config, plan, interfaces, uplink, binding }: Router): Place[] {
  const { mac } = plan!;
  const places = config.interfaces.map((one): Place => ({
    id: interfaces.get(interfaceKey(one))!.index, router: name, switch: one.switch, vlan: one.vid, mac,
    address: one.address, prefix: one.prefix, mtu: one.mtu, uplink: false,
  }));
  if (config.uplink && uplink) {
    places.push({
      id: uplink.index, router: name, switch: name, vlan: untaggedVid(config.uplink.port.vlan), mac, uplink: true,
      address: config.uplink.addresses[0] ?? binding?.address ?? "0.0.0.0", mtu: config.uplink.mtu,
      prefix: config.uplink.addresses.length > 0 ? config.uplink.prefix : binding?.prefix ?? 0,
    });
  }
  return places;
}
