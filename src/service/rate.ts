// How much a service of one interface takes on: so many a second in all, of which each port of the network may have its
// share, and a token bucket for each guest behind a port, so that one that asks without end does not take the others'
// turns. Owns nothing but counts; time is an argument. Read first: share.ts.

import { mayHave, type Asker } from "./share.js";

/** So many a second; after silence, as many at once. */
export interface Limit {
  perSecond: number;
  burst: number;
}

export interface Limits {
  all: Limit;
  guest: Limit;
}

/** Guests that are told apart at one time; who was silent longest is forgotten first. */
export const GUESTS_MAX = 1_024;

class Bucket {
  #tokens: number;

  constructor(readonly limit: Limit, private filledMs: number) {
    this.#tokens = limit.burst;
  }

  /** Whether there is a token at this time. */
  has(nowMs: number): boolean {
    const grown = Math.max(0, nowMs - this.filledMs) * this.limit.perSecond / 1000;
    this.#tokens = Math.min(this.limit.burst, this.#tokens + grown);
    this.filledMs = nowMs;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens--;
  }
}

/**
 * A bucket that ports share: what each has taken flows off, at the same speed for all that have taken something. So a
 * port that asks little always finds room, and of several that ask without end each gets as much.
 */
class SharedBucket {
  readonly #levels = new Map<string, number>();
  #sum = 0;

  constructor(readonly limit: Limit, private drainedMs: number) {}

  has(port: string, nowMs: number): boolean {
    this.#drain(nowMs);
    return mayHave(this.#levels.get(port) ?? 0, this.limit.burst - this.#sum);
  }

  take(port: string): void {
    this.#levels.set(port, (this.#levels.get(port) ?? 0) + 1);
    this.#sum++;
  }

  #drain(nowMs: number): void {
    const grown = Math.max(0, nowMs - this.drainedMs) * this.limit.perSecond / 1000;
    if (grown < 1 && nowMs >= this.drainedMs) return; // so that a flood does not cost a round over all ports a frame
    this.drainedMs = nowMs;
    for (let left = grown; left > 0 && this.#levels.size > 0;) left = this.#drainEach(left / this.#levels.size);
  }

  /** Lets so much flow off at each port; gives what ports with less have left over. */
  #drainEach(share: number): number {
    let over = 0;
    for (const [port, level] of this.#levels) {
      const drained = Math.min(level, share);
      this.#sum -= drained;
      over += share - drained;
      if (drained === level) this.#levels.delete(port);
      else this.#levels.set(port, level - drained);
    }
    if (this.#levels.size === 0) this.#sum = 0;
    return over;
  }
}

export class Rate {
  readonly #all: SharedBucket;
  readonly #guests = new Map<string, Bucket>();

  /** `nowMs`, here and below: milliseconds of a clock; where it goes back, nothing is gained. */
  constructor(readonly limits: Limits, nowMs: number) {
    this.#all = new SharedBucket(limits.all, nowMs);
  }

  /** Whether a guest is served; one that is not costs nobody anything. */
  admit({ port, client }: Asker, nowMs: number): boolean {
    const own = this.#bucketOf(`${port} ${client}`, nowMs);
    if (!own.has(nowMs) || !this.#all.has(port, nowMs)) return false;
    own.take();
    this.#all.take(port);
    return true;
  }

  #bucketOf(guest: string, nowMs: number): Bucket {
    const bucket = this.#guests.get(guest) ?? new Bucket(this.limits.guest, nowMs);
    this.#guests.delete(guest); // a map is in order of insertion: who asks goes to its end
    this.#guests.set(guest, bucket);
    if (this.#guests.size > GUESTS_MAX) this.#guests.delete(this.#guests.keys().next().value!);
    return bucket;
  }
}
