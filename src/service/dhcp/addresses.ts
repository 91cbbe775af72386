// Which address of its network a DHCP server has for a client: the reserved one, the one it had, the one it asks
// for, one that follows from its identity, or the one whose lease ended first.
// Owns offers and declined addresses, all bounded; leases are the book's. Time is an argument.
// Read first: RFC 2131 sections 4.3.1 (how an address is chosen) and 4.3.3 (decline).

import type { DhcpConfig } from "../../config/model.js";
import type { Place } from "../channel.js";
import { mayHave } from "../share.js";
import { hostLabel } from "./hostname.js";
import { Holds } from "./holds.js";
import { isIn, LEASES_MAX, type Holding, type LeaseBook } from "./lease-book.js";
import { isHostOf } from "./options.js";
import { Pool } from "./pool.js";

/** How long an offer is held for the client's answer. */
export const OFFER_MS = 60_000;
/** Offers held at a time; clients that have a record need none, so a flood of strangers does not stop them. */
export const OFFERS_MAX = 256;
/** How long a declined address is set aside. */
export const DECLINED_MS = 600_000;
const ID_SIZE_MIN = 2;
const ID_SIZE_MAX = 255;

/** A client as the server tells it from others. */
export interface Client {
  /** "id:" and option 61 in hex, or "mac:" and the MAC. */
  key: string;
  mac: string;
  /** Name of the switch's port behind which it is. */
  port: string;
}

export class Addresses {
  readonly #pool: Pool;
  /** MACs by address. */
  readonly #reserved: ReadonlyMap<string, string>;
  /** Addresses of the range that are never given out: the interface's, and those that are no host's. */
  readonly #edges: ReadonlySet<string>;
  readonly #offers = new Holds(OFFER_MS, (address) => this.#pool.note(address));
  readonly #declined = new Holds(DECLINED_MS, (address) => this.#pool.note(address));

  /** Strikes out the records that this configuration does not allow. */
  constructor(
    private readonly place: Place, private readonly config: DhcpConfig, private readonly book: LeaseBook,
    private readonly isAlone: (port: string) => boolean,
  ) {
    const hosts = Object.entries(config.hosts);
    this.#reserved = new Map(hosts.map(([mac, { address }]) => [address, mac]));
    const ends = [config.first, config.last].filter((end) => !isHostOf(end, place.address, place.prefix));
    this.#edges = new Set([place.address, ...ends]);
    book.keepNames(place, new Map(hosts.flatMap(([mac, { hostname }]) => {
      const label = hostname === undefined ? undefined : hostLabel(hostname);
      return label === undefined ? [] : [[label, mac]];
    })));
    this.#pool = new Pool(config.first, config.last, (address) => this.#isTaken(address));
    book.retain((holding) => this.#suits(holding));
    for (const { address } of book.records(place)) this.#pool.note(address);
    for (const address of [...this.#reserved.keys(), ...this.#edges]) this.#pool.note(address);
  }

  /**
   * RFC 2131, 4.2: a client is known by the identifier that it sends, else by its MAC; an identifier of a wrong size
   * is none. A MAC with a reservation is one client whatever it says, as a machine says different things while it
   * boots; nor does it so come by the lease of another that says the same.
   */
  clientOf(mac: string, id: Uint8Array | undefined, port: string): Client {
    const usable = id !== undefined && id.length >= ID_SIZE_MIN && id.length <= ID_SIZE_MAX;
    const named = usable && this.#reservedFor(mac) === undefined;
    return { key: named ? `id:${Buffer.from(id).toString("hex")}` : `mac:${mac}`, mac, port };
  }

  /** The address to offer, held for the client from now on; undefined where there is none. */
  offer(client: Client, requested: string | undefined, nowMs: number): string | undefined {
    this.#sweep(nowMs);
    const own = this.#reservedFor(client.mac) ?? this.book.find(this.place, client.key)?.address;
    const isOwn = own !== undefined && this.isFor(client, own, nowMs);
    const address = isOwn ? own : this.#choose(client, requested);
    // What is leased or reserved needs no holding; nor does a returning client wait until there is room for it.
    if (address === undefined || this.#isSure(client, address) || this.#offers.size >= OFFERS_MAX) return address;
    this.#offers.put(address, { client: client.key, port: client.port }, nowMs);
    this.#pool.note(address);
    return address;
  }

  /** Whether the client may have this address now: it is its own, offered to it, or nobody's. */
  isFor(client: Client, address: string, nowMs: number): boolean {
    this.#sweep(nowMs);
    const reserved = this.#reservedFor(client.mac);
    if (reserved !== undefined && reserved !== address) return false;
    if (!this.#mayHave(address, client.mac) || this.#declined.clientOf(address) !== undefined) return false;
    const offered = this.#offers.clientOf(address);
    if (offered !== undefined && offered !== client.key) return false;
    const holding = this.book.at(address);
    if (holding && this.book.isLive(holding)) {
      // A record from before the reservation may be under an identifier.
      return holding.client === client.key || (reserved !== undefined && holding.mac === client.mac);
    }
    if (offered !== undefined || reserved !== undefined) return true;
    return (holding !== undefined || !this.book.full) && this.#hasShare(client);
  }

  /** Enters the lease, after `isFor`. */
  grant(client: Client, address: string, name: string | undefined, leaseSeconds: number): Holding {
    const before = this.book.find(this.place, client.key)?.address;
    const configured = this.config.hosts[client.mac]?.hostname ?? name;
    const named = configured === undefined ? {} : { name: configured };
    const { switch: switchName, vlan } = this.place;
    const { key, mac, port } = client;
    const lease = { switch: switchName, vlan, client: key, mac, port, address, ...named };
    const holding = this.book.grant(lease, leaseSeconds * 1000);
    this.withdraw(client);
    this.#pool.note(address);
    if (before !== undefined) this.#pool.note(before);
    return holding;
  }

  /** The client took another server's offer, or has its lease. */
  withdraw(client: Client): void {
    const address = this.#offers.addressOf(client.key);
    if (address !== undefined) this.#offers.delete(address);
  }

  /**
   * Sets an address aside that somebody else uses; a reserved one stays its host's, since people chose it. At most
   * half of the range is set aside: a guest that declines all it gets does not lock out the others.
   */
  decline(holding: Holding, nowMs: number): void {
    this.#sweep(nowMs);
    this.book.forget(holding);
    if (!this.#reserved.has(holding.address)) {
      this.#declined.put(holding.address, { client: holding.address, port: holding.port ?? "" }, nowMs);
      if (this.#declined.size > Math.ceil(this.#pool.size / 2)) this.#declined.deleteOldest();
    }
    this.#pool.note(holding.address);
  }

  /** The record of the client, where it is for this address. */
  recordOf(client: Client, address: string): Holding | undefined {
    const holding = this.book.find(this.place, client.key);
    return holding?.address === address ? holding : undefined;
  }

  // ---- inside ----

  /** Nobody else can get it meanwhile. */
  #isSure(client: Client, address: string): boolean {
    const holding = this.recordOf(client, address);
    return this.#reserved.has(address) || (holding !== undefined && this.book.isLive(holding));
  }

  #choose(client: Client, requested: string | undefined): string | undefined {
    const offered = this.#offers.addressOf(client.key);
    if (offered !== undefined) return offered;
    if (!mayHave(this.#offers.sizeOf(client.port), OFFERS_MAX - this.#offers.size)) return undefined;
    if (!this.#hasShare(client)) return undefined;
    if (requested !== undefined && !this.book.full && this.#pool.has(requested) && !this.#isTaken(requested)) {
      return requested;
    }
    const fresh = this.book.full ? undefined : this.#pool.free(client.key);
    return fresh ?? this.book.oldestEnded(this.place, ({ address }) => this.#isIdle(address))?.address;
  }

  /**
   * Whether the client's port may have one address more: of the range, and of the room in the book. The only port of a
   * network may have all; where there are others, the last one is for a port that has none. What its clients have
   * declined counts as theirs.
   */
  #hasShare({ port }: Client): boolean {
    const live = this.book.countLive(this.place, port);
    const held = live.ofPort + this.#offers.sizeOf(port) + this.#declined.sizeOf(port);
    const taken = live.all + this.#offers.size + this.#declined.size;
    const left = Math.min(this.#pool.size, LEASES_MAX) - taken;
    return held === 0 || this.isAlone(port) || mayHave(held, left - 1);
  }

  /** Nobody's but the record's that it has. */
  #isIdle(address: string): boolean {
    return this.#pool.has(address) && !this.#reserved.has(address)
      && this.#offers.clientOf(address) === undefined && this.#declined.clientOf(address) === undefined;
  }

  #isTaken(address: string): boolean {
    return this.#reserved.has(address) || this.#edges.has(address) || this.book.at(address) !== undefined
      || this.#offers.clientOf(address) !== undefined || this.#declined.clientOf(address) !== undefined;
  }

  /** A record of another network for an address of this one is what was left when the network moved. */
  #suits(holding: Holding): boolean {
    const { address, mac } = holding;
    if (isIn(holding, this.place)) return this.#mayHave(address, mac);
    return !this.#pool.has(address) && !this.#reserved.has(address);
  }

  /** By configuration: reserved for this MAC, or of the range and nobody's reservation. */
  #mayHave(address: string, mac: string): boolean {
    const owner = this.#reserved.get(address);
    if (owner !== undefined) return owner === mac;
    return this.#pool.has(address) && !this.#edges.has(address);
  }

  #reservedFor(mac: string): string | undefined {
    return this.config.hosts[mac]?.address;
  }

  #sweep(nowMs: number): void {
    this.#offers.sweep(nowMs);
    this.#declined.sweep(nowMs);
  }
}
