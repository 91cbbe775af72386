// What a host knows of the pings it sent: which are on their way, which came back, and how long they took.
// Owns the book-keeping only, at a bounded size; building and parsing echoes is the guest's.

/** Pings on their way at once; the oldest is then given up. */
export const OUTSTANDING_MAX = 256;
/** After this long without a reply a ping is lost. */
export const TIMEOUT_MS = 2_000;
/** Round trips that the median is taken over: the latest ones. */
export const ROUND_TRIPS_MAX = 512;

export interface PingCount {
  sent: number;
  answered: number;
  /** Not answered within TIMEOUT_MS. */
  lost: number;
}

interface Outstanding {
  to: string;
  sentMs: number;
}

export class PingBook {
  readonly count: PingCount = { sent: 0, answered: 0, lost: 0 };

  readonly #outstanding = new Map<number, Outstanding>();
  readonly #roundTrips: number[] = [];
  #sequence = 0;

  /** Enters a ping and gives its sequence number, 0 to 65535. */
  sent(to: string, nowMs: number): number {
    if (this.#outstanding.size >= OUTSTANDING_MAX) {
      const oldest = this.#outstanding.keys().next().value;
      if (oldest !== undefined) this.#outstanding.delete(oldest);
      this.count.lost++;
    }
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    this.#outstanding.set(sequence, { to, sentMs: nowMs });
    this.count.sent++;
    return sequence;
  }

  /** Takes a reply; one that nobody waits for, or from somebody else, changes nothing. */
  answered(from: string, sequence: number, nowMs: number): void {
    const ping = this.#outstanding.get(sequence);
    if (ping?.to !== from) return;
    this.#outstanding.delete(sequence);
    this.count.answered++;
    this.#roundTrips[(this.count.answered - 1) % ROUND_TRIPS_MAX] = nowMs - ping.sentMs;
  }

  /** Gives up what has been on its way for TIMEOUT_MS. */
  expire(nowMs: number): void {
    for (const [sequence, ping] of this.#outstanding) {
      if (nowMs - ping.sentMs < TIMEOUT_MS) break; // entered in the order of sending
      this.#outstanding.delete(sequence);
      this.count.lost++;
    }
  }

  /** Median of the latest round trips in ms, undefined before the first. */
  medianMs(): number | undefined {
    const sorted = this.#roundTrips.toSorted((a, b) => a - b);
    return sorted[Math.floor((sorted.length - 1) / 2)];
  }
}
