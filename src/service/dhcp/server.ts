// The DHCP server of one interface of a router: takes what guests say to port 67, and answers.
// Owns the protocol: which message gets which answer. addresses.ts chooses, reply.ts says it, lease-book.ts remembers.
// It has no timers: what time changes is seen when the next message comes. Whatever comes, it never throws, and what
// it remembers is bounded. Requests by relay agents (giaddr) are dropped and counted: they come from other networks.
// Read first: RFC 2131 section 4.3, table 4 (kinds of DHCPREQUEST) above all; RFC 2132.

import type { DhcpConfig } from "../../config/model.js";
import { macText } from "../../wire/packet.js";
import type { Place, Transmit } from "../channel.js";
import { Rate, type Limits } from "../rate.js";
import { Addresses, type Client } from "./addresses.js";
import { BROADCAST, openDatagram, PORT_SERVER } from "./datagram.js";
import { fqdnIn } from "./fqdn.js";
import type { Holding, LeaseBook } from "./lease-book.js";
import { NO_ADDRESS, OP_REQUEST, parseMessage, TYPE, type DhcpMessage } from "./message.js";
import { addressIn, broadcastOf, CODE, isHostOf, networkOf, numberIn, textIn } from "./options.js";
import { grantReply, informReply, nakReply, type Terms } from "./reply.js";
import { isMac } from "./sane.js";

/** Messages that are looked at, of an interface and of each MAC at a port, behind which may be several clients. */
export const MESSAGE_LIMITS: Limits = {
  all: { perSecond: 200, burst: 400 },
  guest: { perSecond: 100, burst: 200 },
};
const LEASE_SECONDS_MIN = 60;
const SOURCE = 6; // of a frame: its sender's MAC

/** Counts since the server was made. */
export interface DhcpCounts {
  discovers: number;
  offers: number;
  requests: number;
  acks: number;
  naks: number;
  declines: number;
  releases: number;
  informs: number;
  /** Clients that got no address, since none was free. */
  exhausted: number;
  /** Messages beyond MESSAGE_LIMITS. */
  limited: number;
  /** What was no message to a server. */
  malformed: number;
  /** Through relay agents, which are not served. */
  relayed: number;
  /** Rightly left without an answer: for another server, or of a client that is not known. */
  ignored: number;
  /** Answers for which the interface had no room. */
  unsent: number;
}

export type DhcpEvent =
  | { kind: "leased" | "released" | "declined"; place: Place; lease: Holding }
  /** The first client that got no address since one did. */
  | { kind: "exhausted"; place: Place; mac: string };

export interface DhcpServerOptions {
  /** The router forwards DNS: guests are told the interface's address where `config.dns` is empty. */
  dnsServer: boolean;
  transmit: Transmit;
  /** The router's, restored before. */
  leases: LeaseBook;
  /** Milliseconds, as performance.now; the book's. */
  clock: () => number;
  /** Whether a port, given by its name, is the only one of a network; absent: yes. */
  isAlone?: (place: Place, port: string) => boolean;
  /** Must not throw. */
  onEvent?: (event: DhcpEvent) => void;
}

export class DhcpServer {
  readonly counts: DhcpCounts = {
    discovers: 0, offers: 0, requests: 0, acks: 0, naks: 0, declines: 0, releases: 0, informs: 0, exhausted: 0,
    limited: 0, malformed: 0, relayed: 0, ignored: 0, unsent: 0,
  };

  readonly #options: DhcpServerOptions;
  readonly #rate: Rate;
  #terms: Terms;
  #addresses: Addresses;
  #isExhausted = false;

  /** `place` has an address; `config` is checked. Leases that they do not allow are struck out of the book. */
  constructor(place: Place, config: DhcpConfig, options: DhcpServerOptions) {
    this.#options = options;
    this.#rate = new Rate(MESSAGE_LIMITS, options.clock());
    this.#terms = { place, config, dnsServer: options.dnsServer };
    this.#addresses = this.#addressesOf(place, config);
  }

  /** Goes on with another configuration; leases that it allows stay, offers are forgotten. As the constructor. */
  reconfigure(place: Place, config: DhcpConfig, dnsServer = this.#terms.dnsServer): void {
    this.#terms = { place, config, dnsServer };
    this.#addresses = this.#addressesOf(place, config);
    this.#isExhausted = false;
  }

  /** Keeps no names any more; its leases run out in the book. */
  close(): void {
    this.#options.leases.keepNames(this.#terms.place, new Map());
  }

  /**
   * Takes a frame that the core handed up from the interface, and that came by a port of its switch, which is given by
   * its name; anything else is counted and forgotten.
   */
  receive(frame: Uint8Array, port: string): void {
    const asker = { port, client: macText(frame, SOURCE) };
    if (!this.#rate.admit(asker, this.#options.clock())) return this.#count("limited");
    const datagram = openDatagram(frame, PORT_SERVER);
    if (typeof datagram === "string") return this.#count("malformed");
    const message = parseMessage(datagram.payload);
    if (typeof message === "string" || message.op !== OP_REQUEST || !isMac(message.mac)) {
      return this.#count("malformed");
    }
    if (!this.#isForMe(datagram.destination)) return this.#count("ignored");
    if (message.giaddr !== NO_ADDRESS) return this.#count("relayed");
    this.#dispatch(message, this.#addresses.clientOf(message.mac, message.options.get(CODE.client), port));
  }

  #dispatch(message: DhcpMessage, client: Client): void {
    switch (message.type) {
      case TYPE.discover: return this.#discover(message, client);
      case TYPE.request: return this.#request(message, client);
      case TYPE.decline: return this.#decline(message, client);
      case TYPE.release: return this.#release(message, client);
      case TYPE.inform: return this.#inform(message);
      default: return this.#count("malformed");
    }
  }

  // ---- RFC 2131, 4.3.1 ----

  #discover(message: DhcpMessage, client: Client): void {
    this.counts.discovers++;
    const requested = addressIn(message.options, CODE.requested);
    const address = this.#addresses.offer(client, requested, this.#options.clock());
    if (address === undefined) return this.#exhausted(client);
    this.#isExhausted = false;
    const hostname = this.#addresses.recordOf(client, address)?.hostname;
    const leaseSeconds = this.#leaseSeconds(message);
    this.#send("offers", grantReply(this.#terms, message, TYPE.offer, { address, leaseSeconds, hostname }));
  }

  #exhausted(client: Client): void {
    this.counts.exhausted++;
    if (!this.#isExhausted) {
      this.#options.onEvent?.({ kind: "exhausted", place: this.#terms.place, mac: client.mac });
    }
    this.#isExhausted = true;
  }

  // ---- RFC 2131, 4.3.2 ----

  #request(message: DhcpMessage, client: Client): void {
    this.counts.requests++;
    const server = addressIn(message.options, CODE.server);
    const requested = addressIn(message.options, CODE.requested);
    if (server !== undefined && server !== this.#terms.place.address) {
      this.#addresses.withdraw(client);
      return this.#count("ignored");
    }
    // Renewing or rebinding: the address is the one that it uses. Who names a server as well is taken at its word.
    if (message.ciaddr !== NO_ADDRESS) return this.#decide(message, client, message.ciaddr);
    if (requested === undefined) return this.#count("malformed");
    if (server !== undefined) return this.#decide(message, client, requested);
    return this.#reboot(message, client, requested);
  }

  /** INIT-REBOOT: a wrong network is refused to all, a wrong address to those who are known; others hear nothing. */
  #reboot(message: DhcpMessage, client: Client, requested: string): void {
    const { place } = this.#terms;
    if (!isHostOf(requested, place.address, place.prefix)) return this.#refuse(message, "not of this network");
    const known = this.#terms.config.hosts[client.mac] ?? this.#options.leases.find(place, client.key);
    if (!known) return this.#count("ignored");
    if (known.address !== requested) return this.#refuse(message, "another address is yours");
    return this.#decide(message, client, requested);
  }

  #decide(message: DhcpMessage, client: Client, address: string): void {
    if (!this.#addresses.isFor(client, address, this.#options.clock())) {
      return this.#refuse(message, "the address is not available");
    }
    const leaseSeconds = this.#leaseSeconds(message);
    const lease = this.#addresses.grant(client, address, nameIn(message), leaseSeconds);
    const { hostname } = lease;
    this.#send("acks", grantReply(this.#terms, message, TYPE.ack, { address, leaseSeconds, hostname }));
    this.#options.onEvent?.({ kind: "leased", place: this.#terms.place, lease });
  }

  #refuse(message: DhcpMessage, reason: string): void {
    this.#send("naks", nakReply(this.#terms, message, reason));
  }

  // ---- RFC 2131, 4.3.3 to 4.3.5 ----

  #decline(message: DhcpMessage, client: Client): void {
    this.counts.declines++;
    const lease = this.#leaseNamed(message, client, addressIn(message.options, CODE.requested));
    if (!lease) return this.#count("ignored");
    this.#addresses.decline(lease, this.#options.clock());
    this.#options.onEvent?.({ kind: "declined", place: this.#terms.place, lease });
  }

  #release(message: DhcpMessage, client: Client): void {
    this.counts.releases++;
    const lease = this.#leaseNamed(message, client, message.ciaddr);
    if (!lease) return this.#count("ignored");
    this.#options.leases.release(lease);
    this.#options.onEvent?.({ kind: "released", place: this.#terms.place, lease });
  }

  /** The client's lease that has not ended, where address and server are the right ones. */
  #leaseNamed(message: DhcpMessage, client: Client, address: string | undefined): Holding | undefined {
    const server = addressIn(message.options, CODE.server);
    if (address === undefined || (server !== undefined && server !== this.#terms.place.address)) return undefined;
    const lease = this.#addresses.recordOf(client, address);
    // An identifier alone, which any guest can say, does not end a lease.
    return lease && lease.mac === client.mac && this.#options.leases.isLive(lease) ? lease : undefined;
  }

  #inform(message: DhcpMessage): void {
    this.counts.informs++;
    const { place } = this.#terms;
    if (!isHostOf(message.ciaddr, place.address, place.prefix)) return this.#count("ignored");
    this.#send("acks", informReply(this.#terms, message));
  }

  // ---- inside ----

  #addressesOf(place: Place, config: DhcpConfig): Addresses {
    const { leases, isAlone } = this.#options;
    return new Addresses(place, config, leases, (port) => isAlone?.(place, port) ?? true);
  }

  #isForMe(destination: string): boolean {
    const { address, prefix } = this.#terms.place;
    return destination === address || destination === BROADCAST
      || destination === broadcastOf(address, prefix) || destination === networkOf(address, prefix).address;
  }

  /** What the client asks for (option 51), at most what is configured. */
  #leaseSeconds(message: DhcpMessage): number {
    const most = this.#terms.config.leaseSeconds;
    const asked = numberIn(message.options, CODE.lease) ?? most;
    return Math.min(most, Math.max(LEASE_SECONDS_MIN, asked));
  }

  #send(what: "offers" | "acks" | "naks", frame: Uint8Array): void {
    this.#count(this.#options.transmit(this.#terms.place, frame) ? what : "unsent");
  }

  #count(what: keyof DhcpCounts): void {
    this.counts[what]++;
  }
}

/** What a client calls itself: with its domain (RFC 4702, 4: that counts where both are there), or without. */
function nameIn({ options }: DhcpMessage): string | undefined {
  return fqdnIn(options.get(CODE.fqdn)) || textIn(options, CODE.hostname);
}
