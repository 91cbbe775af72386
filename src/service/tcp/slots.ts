// How many connections a server holds, those of one port of its network, and those of one guest: when there is no room,
// the oldest one that nobody would miss goes, which is one that never opened (a SYN flood makes those), else one that
// has ended. Who has too many makes room among its own. Owns the count.
// Read first: RFC 4987 section 3.3 (recycling the oldest half-open connection), share.ts.

import { mayHave, type Asker } from "../share.js";

/** A connection, as far as room for it goes. */
export interface Slot {
  /** Who opened it. */
  readonly owner: Asker;
  /** How much it would be missed. */
  readonly worth: "half-open" | "over" | "open";
  /** Ends it without a word; it gives back its slot by `free`. */
  drop(): void;
}

export const CONNECTIONS_MAX = 64;
export const GUEST_CONNECTIONS_MAX = 16;

export class TcpSlots {
  /** Connections dropped to make room for others. */
  evicted = 0;

  /** In the order in which they were taken. */
  readonly #held = new Set<Slot>();

  /** `sizeMax`: how many there may be, which may change. */
  constructor(readonly sizeMax: () => number = () => CONNECTIONS_MAX) {}

  get size(): number {
    return this.#held.size;
  }

  /** Makes room for one more of this owner's. False: there is none, all others are in use. */
  makeRoom({ port, client }: Asker): boolean {
    const ofPort = [...this.#held].filter(({ owner }) => owner.port === port);
    const own = ofPort.filter(({ owner }) => owner.client === client);
    if (own.length >= GUEST_CONNECTIONS_MAX) return this.#evict(own);
    if (mayHave(ofPort.length, this.sizeMax() - this.size)) return true;
    return this.#evict(ofPort.length > 0 ? ofPort : [...this.#held]);
  }

  take(slot: Slot): void {
    this.#held.add(slot);
  }

  free(slot: Slot): void {
    this.#held.delete(slot);
  }

  #evict(slots: Slot[]): boolean {
    const least = slots.find(({ worth }) => worth === "half-open") ?? slots.find(({ worth }) => worth === "over");
    if (!least) return false;
    this.evicted++;
    least.drop();
    return true;
  }
}
