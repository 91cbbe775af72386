// How many connections a router's servers hold together, and those of one guest: when there is no room, the oldest one
// that nobody would miss goes, which is one that never opened (a SYN flood makes those), else one that has ended.
// Owns the count. Read first: RFC 4987 section 3.3 (recycling the oldest half-open connection).

/** A connection, as far as room for it goes. */
export interface Slot {
  /** Who opened it, the same text for all of a guest's. */
  readonly owner: string;
  /** How much it would be missed. */
  readonly worth: "half-open" | "over" | "open";
  /** Ends it without a word; it gives back its slot by `free`. */
  drop(): void;
}

export const CONNECTIONS_MAX = 64;
export const GUEST_CONNECTIONS_MAX = 16;

/** Shared by all TCP servers of a router. */
export class TcpSlots {
  /** Connections dropped to make room for others. */
  evicted = 0;

  /** In the order in which they were taken. */
  readonly #held = new Set<Slot>();

  get size(): number {
    return this.#held.size;
  }

  /** Makes room for one more of this owner's. False: there is none, all others are in use. */
  makeRoom(owner: string): boolean {
    const own = [...this.#held].filter((slot) => slot.owner === owner);
    if (own.length >= GUEST_CONNECTIONS_MAX) return this.#evict(own);
    if (this.#held.size >= CONNECTIONS_MAX) return this.#evict([...this.#held]);
    return true;
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
