// A host's ARP cache: which MAC an IPv4 address has, and the packets that wait for the answer.
// Owns the cache's limits and its timing; says nothing itself, the guest sends what `due` asks for.
// Read first: RFC 826, and RFC 1122 section 2.3.2 (cache validation, the packet queue).

/** Addresses kept; the one that was learned or asked first makes room. */
export const NEIGHBORS_MAX = 64;
/** Packets that wait for one address; what comes after is lost. */
export const WAITING_MAX = 64;
export const LIFE_MS = 60_000;
export const ASK_INTERVAL_MS = 1_000;
/** Requests without an answer after which the address counts as unreachable. */
export const ASKS_MAX = 3;

interface Neighbor {
  /** undefined: asked for, not answered yet. */
  mac: string | undefined;
  /** When it was learned or last asked for. */
  sinceMs: number;
  asks: number;
  /** IPv4 packets. */
  waiting: Uint8Array[];
}

export class NeighborCache {
  /** Packets given up: their address did not answer, or too many waited for it. */
  lost = 0;

  readonly #neighbors = new Map<string, Neighbor>();

  /** The MAC of an address, where it was learned less than LIFE_MS ago. */
  find(address: string, nowMs: number): string | undefined {
    const neighbor = this.#neighbors.get(address);
    const fresh = neighbor?.mac !== undefined && nowMs - neighbor.sinceMs < LIFE_MS;
    return fresh ? neighbor.mac : undefined;
  }

  /** Keeps a packet until its address is known. True: nobody has asked for the address, do it now. */
  wait(address: string, packet: Uint8Array, nowMs: number): boolean {
    const asked = this.#neighbors.get(address);
    if (asked && asked.mac === undefined) {
      if (asked.waiting.length < WAITING_MAX) asked.waiting.push(packet);
      else this.lost++;
      return false;
    }
    this.#put(address, { mac: undefined, sinceMs: nowMs, asks: 1, waiting: [packet] });
    return true;
  }

  knows(address: string): boolean {
    return this.#neighbors.has(address);
  }

  /** Enters or corrects an address and gives back the packets that waited for it. */
  learn(address: string, mac: string, nowMs: number): Uint8Array[] {
    const waiting = this.#neighbors.get(address)?.waiting ?? [];
    this.#put(address, { mac, sinceMs: nowMs, asks: 0, waiting: [] });
    return waiting;
  }

  /** The addresses to ask for again; forgets those that have not answered ASKS_MAX times. */
  due(nowMs: number): string[] {
    const again: string[] = [];
    for (const [address, neighbor] of this.#neighbors) {
      if (neighbor.mac !== undefined || nowMs - neighbor.sinceMs < ASK_INTERVAL_MS) continue;
      if (neighbor.asks >= ASKS_MAX) {
        this.#forget(address);
      } else {
        neighbor.asks++;
        neighbor.sinceMs = nowMs;
        again.push(address);
      }
    }
    return again;
  }

  #put(address: string, neighbor: Neighbor): void {
    // Entered anew, so that the map's order is the order of learning.
    this.#neighbors.delete(address);
    if (this.#neighbors.size >= NEIGHBORS_MAX) {
      const oldest = this.#neighbors.keys().next().value;
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#neighbors.set(address, neighbor);
  }

  #forget(address: string): void {
    this.lost += this.#neighbors.get(address)?.waiting.length ?? 0;
    this.#neighbors.delete(address);
  }
}
