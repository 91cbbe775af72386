// The services of one router: a DHCP server and a DNS service on each inside interface that has them, a DHCP client on
// an uplink that wants an address. Owns which frame is whose, and the one timer by which they see time pass.

import { randomBytes, randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { DnsConfig, RouterConfig } from "../config/model.js";
import type { Place, Transmit } from "./channel.js";
import { DhcpClient } from "./dhcp/client.js";
import type { Binding } from "./dhcp/binding.js";
import { hostLabel } from "./dhcp/hostname.js";
import { LeaseBook } from "./dhcp/lease-book.js";
import { DhcpServer } from "./dhcp/server.js";
import { DnsForwarder } from "./dns/forwarder.js";
import { HostServers } from "./dns/host-servers.js";
import { DnsService } from "./dns/service.js";

const TIMER_MS_MAX = 60_000;
const PORT_AT = 36; // where a UDP datagram or a TCP segment has its destination port, behind a header without options
const PORT_DNS = 53;
const FRACTIONS = 2 ** 32;

export interface ServicesOptions {
  router: string;
  transmit: Transmit;
  /** The uplink has another address, or none any more. Must not throw. */
  onBinding: (binding: Binding | undefined) => void;
  /** Whether a port, given by its name, is the only one of a place's network. */
  isAlone: (place: Place, port: string) => boolean;
  /** Leases, or the uplink's, have changed. Must not throw. */
  onChange: () => void;
}

/** What is served at an interface. */
interface Desk {
  place: Place;
  dhcp?: DhcpServer;
  dns?: DnsService;
  /** Whom `dns` asks. */
  forwarder?: DnsForwarder;
}

export class RouterServices {
  readonly leases: LeaseBook;
  readonly #options: ServicesOptions;
  readonly #desks = new Map<number, Desk>();
  /** Hosts whose names and addresses the configuration says. */
  #reserved: readonly { name: string; address: string }[] = [];
  readonly #host = new HostServers({ clock: () => performance.now() });
  #forwarder: DnsForwarder | undefined;
  #dns: DnsConfig | undefined;
  #client: DhcpClient | undefined;
  #uplink: Place | undefined;
  #linkUp = false;
  #remembered: unknown;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  constructor(options: ServicesOptions) {
    this.#options = options;
    const { router, onChange } = options;
    this.leases = new LeaseBook({ router, clock: () => performance.now(), wall: Date.now, onChange });
  }

  /** Serves a router as it is now: its configuration, and its interfaces, the uplink among them. */
  update(config: RouterConfig, places: readonly Place[]): void {
    this.#reserved = reservationsOf(config);
    this.#updateForwarder(config);
    for (const [id, desk] of this.#desks) if (!places.some((place) => place.id === id)) this.#close(id, desk);
    for (const place of places) if (!place.uplink) this.#updateDesk(config, place);
    this.#updateClient(config, places.find((place) => place.uplink));
    this.#rearm();
  }

  /** A frame came to the interface with this number, by a port of its switch, which is given by its name. */
  receive(id: number, frame: Uint8Array, port: string): void {
    const desk = this.#desks.get(id);
    if (id === this.#uplink?.id) this.#client?.receive(frame);
    else if (desk?.dns && destinationPort(frame) === PORT_DNS) desk.dns.receive(frame, port);
    else desk?.dhcp?.receive(frame, port);
    this.#rearm();
  }

  /** The link of the uplink went up or down. */
  linkChanged(up: boolean): void {
    if (up === this.#linkUp) return;
    this.#linkUp = up;
    if (up) this.#client?.linkUp();
    else this.#client?.linkDown();
    this.#rearm();
  }

  /** What the uplink got by DHCP. */
  get binding(): Binding | undefined {
    return this.#client?.binding;
  }

  /** What is to be kept over a restart of the uplink's lease; undefined: nothing. */
  snapshotClient(): unknown {
    return this.#client?.snapshot();
  }

  /** What `snapshotClient` gave, before the first `update`. It is checked. */
  restoreClient(record: unknown): void {
    this.#remembered = record;
  }

  /** What the services have counted since they began: DHCP and DNS by network, the forwarder in all. */
  counts(): Record<string, Record<string, number>> {
    const desks = [...this.#desks.values()].flatMap(({ place, dhcp, dns }) => [
      ...(dhcp ? [[`dhcp ${place.switch}/${place.vlan}`, { ...dhcp.counts }] as const] : []),
      ...(dns ? [[`dns ${place.switch}/${place.vlan}`, countsOf(dns)] as const] : []),
    ]);
    return { ...Object.fromEntries(desks), ...(this.#forwarder && { dns: { ...this.#forwarder.counters } }) };
  }

  /** `forGood`: the router goes; else the uplink's address is wanted again by the next engine. */
  close(forGood: boolean): void {
    clearTimeout(this.#timer);
    if (forGood) this.#client?.release();
    this.#client = undefined;
    for (const [id, desk] of this.#desks) this.#close(id, desk);
    this.#forwarder?.close();
  }

  /** What is the same stays as it is, and so does what the forwarder remembers. */
  #updateForwarder({ dns }: RouterConfig): void {
    const isSame = isDeepStrictEqual(dns, this.#dns);
    this.#dns = structuredClone(dns);
    if (isSame) return;
    if (!dns) {
      this.#forwarder?.close();
      this.#forwarder = undefined;
      return;
    }
    if (this.#forwarder) return this.#forwarder.reconfigure(dns);
    this.#forwarder = new DnsForwarder({
      config: dns, upstreams: () => ({ servers: this.binding?.dns.length ? this.binding.dns : this.#host.servers() }),
      clock: () => performance.now(), random: randomBytes,
      names: (name) => this.#addressesOf(name),
      reverse: (address) => this.leases.nameOf(address) ?? this.#reserved.find((one) => one.address === address)?.name,
      networks: () => [...this.#desks.values()].map(({ place }) => place),
    });
  }

  /** A host with a reservation is known whether it is there or not; others are as long as their lease lasts. */
  #addressesOf(name: string): string[] | undefined {
    const reserved = this.#reserved.filter((one) => one.name === name).map(({ address }) => address);
    if (reserved.length > 0) return reserved;
    const leased = this.leases.addressOf(name);
    return leased === undefined ? undefined : [leased];
  }

  #updateDesk(config: RouterConfig, place: Place): void {
    const before = this.#desks.get(place.id);
    const desk: Desk = { place, ...(before?.dhcp && { dhcp: before.dhcp }), ...this.#dnsFor(place, before) };
    const dhcp = config.interfaces.find((one) => one.switch === place.switch && one.vid === place.vlan)?.dhcp;
    if (!dhcp) {
      desk.dhcp?.close();
      delete desk.dhcp;
    } else if (desk.dhcp) {
      desk.dhcp.reconfigure(place, dhcp, this.#forwarder !== undefined);
    } else {
      desk.dhcp = new DhcpServer(place, dhcp, {
        dnsServer: this.#forwarder !== undefined, transmit: this.#options.transmit, leases: this.leases,
        isAlone: this.#options.isAlone, clock: () => performance.now(),
      });
    }
    this.#desks.set(place.id, desk);
  }

  /** The DNS of a place: that of before, its connections with it, where nothing of it has changed. */
  #dnsFor(place: Place, before: Desk | undefined): Pick<Desk, "dns" | "forwarder"> {
    const forwarder = this.#forwarder;
    if (forwarder && before?.dns && before.forwarder === forwarder && isDeepStrictEqual(before.place, place)) {
      return { dns: before.dns, forwarder };
    }
    before?.dns?.close();
    if (!forwarder) return {};
    const dns = new DnsService({
      place, forwarder, transmit: this.#options.transmit, networks: () => this.#desks.size,
      clock: () => performance.now(), random: randomBytes,
    });
    return { dns, forwarder };
  }

  #updateClient({ uplink }: RouterConfig, place: Place | undefined): void {
    const wanted = place !== undefined && uplink?.addresses.length === 0;
    if (wanted && this.#client && this.#uplink?.id === place.id && this.#uplink.mac === place.mac) return;
    this.#client?.release();
    this.#uplink = place;
    this.#client = wanted ? this.#newClient(place) : undefined;
  }

  #newClient(place: Place): DhcpClient {
    const client = new DhcpClient(place, {
      transmit: this.#options.transmit, clock: () => performance.now(), wall: Date.now, random: drawFraction,
      onBinding: (binding) => {
        this.#options.onBinding(binding);
        this.#options.onChange();
      },
    });
    if (client.restore(this.#remembered)) this.#options.onBinding(client.remembered);
    this.#remembered = undefined;
    if (this.#linkUp) client.linkUp();
    return client;
  }

  #close(id: number, { dhcp, dns }: Desk): void {
    dhcp?.close();
    dns?.close();
    this.#desks.delete(id);
  }

  /** Sets the timer for whoever wants to look at the clock first. */
  #rearm(): void {
    const waits = [...this.#desks.values()].map(({ dns }) => dns?.tick() ?? Infinity);
    const wait = Math.min(TIMER_MS_MAX, this.#client?.tick() ?? Infinity, ...waits);
    const due = performance.now() + wait;
    if (this.#timer && due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#rearm();
    }, Math.ceil(wait));
    this.#timer.unref();
  }
}

function reservationsOf({ interfaces }: RouterConfig): { name: string; address: string }[] {
  const hosts = interfaces.flatMap(({ dhcp }) => Object.values(dhcp?.hosts ?? {}));
  return hosts.flatMap(({ hostname, address }) => {
    const name = hostname === undefined ? undefined : hostLabel(hostname);
    return name === undefined ? [] : [{ name, address }];
  });
}

/** 0 to below 1, with as many bits as a transaction ID has, which nobody can foresee. */
function drawFraction(): number {
  return randomInt(FRACTIONS) / FRACTIONS;
}

function countsOf({ counters, tcp }: DnsService): Record<string, number> {
  const { malformed, opened, refused, resets } = tcp;
  return { ...counters, tcpMalformed: malformed, tcpOpened: opened, tcpRefused: refused, tcpResets: resets };
}

function destinationPort(frame: Uint8Array): number {
  return frame.length > PORT_AT + 1 ? frame[PORT_AT]! * 256 + frame[PORT_AT + 1]! : 0;
}
