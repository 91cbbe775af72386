// How what is limited is divided among the ports of a network, and behind a port among its clients: by a dynamic
// threshold. Whoever holds some may have more as long as it holds less than SHARE times what is left, so that one alone
// gets nearly all, and where several want it each gets as much. Clients choose their addresses, ports they do not:
// whatever a guest makes up, it takes from its own port. Owns counts only.
// Read first: Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998; ARCHITECTURE.md, "A queue for each port".

/** One port alone leaves a ninth to the others, as one host of a NAT does. */
export const SHARE = 8;

/** Who asks a service: its frame entered the switch by `port`; `client` is what it says of itself. */
export interface Asker {
  readonly port: string;
  readonly client: string;
}

/** Whether who holds `held` may have one more where `left` are left. */
export function mayHave(held: number, left: number): boolean {
  return left >= 1 && (held === 0 || held < SHARE * left);
}

/** Of `total` for all networks, what one of `networks` has: at most `most`, and never less than `least`. */
export function portionOf(total: number, networks: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.floor(total / Math.max(1, networks))));
}

/** Places that are taken for a time. */
export class Places {
  #taken = 0;
  readonly #byPort = new Map<string, number>();
  readonly #byClient = new Map<string, number>();

  /** `size`: how many there are, which may change; `clientMax`: those of one client. */
  constructor(readonly size: () => number, readonly clientMax: number) {}

  /** Takes a place; says what has too many where there is none. */
  take(asker: Asker): "taken" | "port full" | "client full" {
    const left = this.size() - this.#taken;
    const ofPort = this.#byPort.get(asker.port) ?? 0;
    const ofClient = this.#byClient.get(keyOf(asker)) ?? 0;
    if (!mayHave(ofPort, left)) return "port full";
    if (ofClient >= this.clientMax || !mayHave(ofClient, SHARE * left - ofPort)) return "client full";
    this.#add(asker, 1);
    return "taken";
  }

  /** Gives a place back that the asker has taken. */
  free(asker: Asker): void {
    this.#add(asker, -1);
  }

  #add(asker: Asker, step: 1 | -1): void {
    this.#taken += step;
    addTo(this.#byPort, asker.port, step);
    addTo(this.#byClient, keyOf(asker), step);
  }
}

function keyOf({ port, client }: Asker): string {
  return `${port} ${client}`;
}

/** Adds to a count; one of nothing is forgotten. */
export function addTo(counts: Map<string, number>, key: string, step: number): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
