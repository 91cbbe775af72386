// The leases of one router: who has which address on which of its networks, until when, and under which name.
// Owns the records, their number and their names; which address a client gets is the server's to say. A record
// stays when its lease has ended, so that the client gets the address again; the server takes it for another when
// there is no other left. Clocks are arguments; a saved state is hostile and checked field by field.
// Read first: RFC 2131 sections 2.1 and 3, RFC 1123 section 2.1 (names).

import type { Place } from "../channel.js";
import { freeLabel, hostLabel, isRefused } from "./hostname.js";
import { isClientKey, isHostAddress, isMac } from "./sane.js";

/** Records that a book holds at most, over all networks of its router. */
export const LEASES_MAX = 65_536;
const LEASE_MS_MAX = 31_536_000_000;
const NAME_SIZE_MAX = 255;

/** A network of the router: where addresses and clients are told apart. */
export type Scope = Pick<Place, "switch" | "vlan">;

/** A lease that has not ended. */
export interface Lease {
  router: string;
  vlan: number;
  /** Lower case with colons. */
  mac: string;
  address: string;
  /** Letters, digits and hyphens; "" where the guest says none. */
  hostname: string;
  /** Seconds left, rounded up. */
  expires: number;
  /** Option 61 in hex; absent where the client is known by its MAC. */
  clientId?: string;
}

/** A lease as it is saved. */
export interface LeaseRecord {
  switch: string;
  vlan: number;
  /** What tells clients apart: "id:" and option 61 in hex, or "mac:" and the MAC. */
  client: string;
  mac: string;
  address: string;
  hostname?: string;
  /** Name of the switch's port behind which the client is. */
  port?: string;
  /** When it ends, ms of the wall clock. */
  expires: number;
}

/** A record as servers see it. */
export interface Holding extends Scope {
  readonly client: string;
  readonly mac: string;
  readonly address: string;
  readonly hostname: string | undefined;
  /** Behind which port of the switch its client was when it got it; undefined: not known. */
  readonly port: string | undefined;
  /** When it ends, ms of the book's clock. */
  readonly expiresMs: number;
}

export interface LeaseBookOptions {
  router: string;
  /** Milliseconds, as performance.now. */
  clock: () => number;
  /** Milliseconds since 1970, as Date.now; absent: `clock`. */
  wall?: () => number;
  /** Something was entered, changed or struck out. Must not throw. */
  onChange?: () => void;
}

export class LeaseBook {
  readonly #options: LeaseBookOptions;
  readonly #byAddress = new Map<string, Holding>();
  readonly #byClient = new Map<string, Holding>();
  readonly #byName = new Map<string, Holding>();
  /** Names that the configuration keeps, by scope, and the MAC that each is for. */
  readonly #kept = new Map<string, ReadonlyMap<string, string>>();

  constructor(options: LeaseBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  // ---- what people and the DNS ask ----

  /** The leases that have not ended. */
  leases(): Lease[] {
    const nowMs = this.#options.clock();
    return [...this.#byAddress.values()].filter(({ expiresMs }) => expiresMs > nowMs).map((holding) => ({
      router: this.#options.router,
      vlan: holding.vlan,
      mac: holding.mac,
      address: holding.address,
      hostname: holding.hostname ?? "",
      expires: Math.ceil((holding.expiresMs - nowMs) / 1000),
      ...(holding.client.startsWith("id:") ? { clientId: holding.client.slice(3) } : {}),
    }));
  }

  /** The name of the guest that has an address now. */
  nameOf(address: string): string | undefined {
    return this.#live(this.#byAddress.get(address))?.hostname;
  }

  /** The address of the guest that has a name now; upper or lower case. */
  addressOf(name: string): string | undefined {
    return this.#live(this.#byName.get(name.toLowerCase()))?.address;
  }

  // ---- what is saved ----

  /** All records, ended ones too. */
  snapshot(): LeaseRecord[] {
    const offsetMs = this.#wallMs() - this.#options.clock();
    return [...this.#byAddress.values()].map(({ hostname, port, expiresMs, ...rest }) => ({
      ...rest, ...(hostname === undefined ? {} : { hostname }), ...(port === undefined ? {} : { port }),
      expires: Math.round(expiresMs + offsetMs),
    }));
  }

  /**
   * Takes records back, before the first server is made; gives how many. What is no record, is for an address that
   * is taken, or is one too many, is left out. `onChange` does not hear of it.
   */
  restore(records: unknown): number {
    const before = this.size;
    const nowMs = this.#options.clock();
    for (const value of Array.isArray(records) ? records as unknown[] : []) {
      const record = checkedRecord(value);
      if (!record || this.full || this.#byAddress.has(record.address) || this.find(record, record.client)) continue;
      const leftMs = Math.min(record.expires - this.#wallMs(), LEASE_MS_MAX);
      const hostname = this.#nameFor(record, record.mac, record.hostname);
      this.#enter({
        switch: record.switch, vlan: record.vlan, client: record.client, mac: record.mac, address: record.address,
        hostname, port: record.port, expiresMs: nowMs + leftMs,
      });
    }
    return this.size - before;
  }

  // ---- what servers do ----

  get full(): boolean {
    return this.size >= LEASES_MAX;
  }

  at(address: string): Holding | undefined {
    return this.#byAddress.get(address);
  }

  /** The records of a network. */
  records(scope: Scope): Holding[] {
    return [...this.#byAddress.values()].filter((holding) => isIn(holding, scope));
  }

  /** The client's record on this network. */
  find(scope: Scope, client: string): Holding | undefined {
    return this.#byClient.get(clientKey(scope, client));
  }

  /**
   * Enters a lease of `leaseMs`, in place of the client's record and of the address's; `name` is what the guest
   * calls itself, its hostname what comes of it in this router.
   */
  grant(
    lease: Scope & { client: string; mac: string; address: string; port: string; name?: string }, leaseMs: number,
  ): Holding {
    const { client, mac, address, port } = lease;
    this.#strike(this.find(lease, client));
    this.#strike(this.#byAddress.get(address));
    const hostname = this.#nameFor(lease, mac, lease.name);
    const expiresMs = this.#options.clock() + leaseMs;
    const holding = { switch: lease.switch, vlan: lease.vlan, client, mac, address, hostname, port, expiresMs };
    this.#enter(holding);
    this.#options.onChange?.();
    return holding;
  }

  /** Ends a lease now, and remembers whose it was. */
  release(holding: Holding): void {
    if (!this.isLive(holding)) return;
    this.#strike(holding);
    this.#enter({ ...holding, expiresMs: this.#options.clock() });
    this.#options.onChange?.();
  }

  forget(holding: Holding): void {
    this.#strike(holding);
    this.#options.onChange?.();
  }

  /** Leases of a network that have not ended, and those of one of its ports. */
  countLive(scope: Scope, port: string): { all: number; ofPort: number } {
    const nowMs = this.#options.clock();
    const count = { all: 0, ofPort: 0 };
    for (const holding of this.#byAddress.values()) {
      if (holding.expiresMs <= nowMs || !isIn(holding, scope)) continue;
      count.all++;
      if (holding.port === port) count.ofPort++;
    }
    return count;
  }

  /** The record of a network whose lease ended first, of those that `suits`; undefined where none has ended. */
  oldestEnded(scope: Scope, suits: (holding: Holding) => boolean): Holding | undefined {
    const nowMs = this.#options.clock();
    let oldest: Holding | undefined;
    for (const holding of this.#byAddress.values()) {
      if (holding.expiresMs > nowMs || (oldest && holding.expiresMs >= oldest.expiresMs)) continue;
      if (isIn(holding, scope) && suits(holding)) oldest = holding;
    }
    return oldest;
  }

  /** Strikes out the records that do not `suit`, whichever network's they are. */
  retain(suits: (holding: Holding) => boolean): void {
    const unfit = [...this.#byAddress.values()].filter((holding) => !suits(holding));
    for (const holding of unfit) this.#strike(holding);
    if (unfit.length > 0) this.#options.onChange?.();
  }

  /** Keeps names for MACs, so that no other guest takes them; in place of what this network kept before. */
  keepNames(scope: Scope, names: ReadonlyMap<string, string>): void {
    this.#kept.set(scopeKey(scope), names);
  }

  isLive(holding: Holding): boolean {
    return holding.expiresMs > this.#options.clock();
  }

  // ---- inside ----

  #nameFor(scope: Scope, mac: string, name: string | undefined): string | undefined {
    const label = name === undefined ? undefined : hostLabel(name);
    if (label !== undefined && isRefused(label) && !this.#isKeptFor(scope, mac, label)) return undefined;
    return label && freeLabel(label, (candidate) => this.#isFree(scope, mac, candidate));
  }

  #isFree(scope: Scope, mac: string, name: string): boolean {
    for (const [key, names] of this.#kept) {
      const owner = names.get(name);
      if (owner !== undefined && (owner !== mac || key !== scopeKey(scope))) return false;
    }
    const holder = this.#byName.get(name);
    // Whose name is kept for it takes it back from a guest that had it before it was kept.
    return !holder || !this.isLive(holder) || this.#isKeptFor(scope, mac, name);
  }

  #isKeptFor(scope: Scope, mac: string, name: string): boolean {
    return this.#kept.get(scopeKey(scope))?.get(name) === mac;
  }

  #live(holding: Holding | undefined): Holding | undefined {
    return holding && this.isLive(holding) ? holding : undefined;
  }

  #enter(holding: Holding): void {
    this.#byAddress.set(holding.address, holding);
    this.#byClient.set(clientKey(holding, holding.client), holding);
    if (holding.hostname !== undefined) this.#byName.set(holding.hostname, holding);
  }

  #strike(holding: Holding | undefined): void {
    if (!holding) return;
    this.#byAddress.delete(holding.address);
    this.#byClient.delete(clientKey(holding, holding.client));
    if (holding.hostname !== undefined && this.#byName.get(holding.hostname) === holding) {
      this.#byName.delete(holding.hostname);
    }
  }

  #wallMs(): number {
    return (this.#options.wall ?? this.#options.clock)();
  }
}

function scopeKey(scope: Scope): string {
  return `${scope.switch}/${scope.vlan}`;
}

function clientKey(scope: Scope, client: string): string {
  return `${scopeKey(scope)} ${client}`;
}

/** Whether a record is of this network. */
export function isIn(holding: Holding, scope: Scope): boolean {
  return holding.switch === scope.switch && holding.vlan === scope.vlan;
}

function checkedRecord(value: unknown): LeaseRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const record = value as Partial<Record<keyof LeaseRecord, unknown>>;
  const { vlan, client, mac, address, hostname, port, expires } = record;
  if (typeof record.switch !== "string" || record.switch.length > NAME_SIZE_MAX) return undefined;
  if (typeof vlan !== "number" || !Number.isInteger(vlan) || vlan < 1 || vlan > 4094) return undefined;
  if (!isClientKey(client) || !isMac(mac) || !isHostAddress(address)) return undefined;
  if (typeof expires !== "number" || !Number.isFinite(expires)) return undefined;
  if (hostname !== undefined && typeof hostname !== "string") return undefined;
  if (port !== undefined && (typeof port !== "string" || port.length > NAME_SIZE_MAX)) return undefined;
  const named = { ...(hostname === undefined ? {} : { hostname }), ...(port === undefined ? {} : { port }) };
  return { switch: record.switch, vlan, client, mac, address, expires, ...named };
}
