// How much a service of one interface takes on: a token bucket for all, and one for each guest, so that one that asks
// without end does not take the others' turns. Owns nothing but counts; time is an argument.

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

export class Rate {
  readonly #all: Bucket;
  readonly #guests = new Map<string, Bucket>();

  /** `nowMs`, here and below: milliseconds of a clock; where it goes back, nothing is gained. */
  constructor(readonly limits: Limits, nowMs: number) {
    this.#all = new Bucket(limits.all, nowMs);
  }

  /** Whether a guest is served; one that is not costs nobody anything. */
  admit(guest: string, nowMs: number): boolean {
    const own = this.#bucketOf(guest, nowMs);
    if (!own.has(nowMs) || !this.#all.has(nowMs)) return false;
    own.take();
    this.#all.take();
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
