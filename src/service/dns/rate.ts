// How many queries a place answers: a token bucket for the interface, and one for each client address, so that one
// guest that asks without end does not take the others' turns. Owns nothing but counts; time is an argument.

/** Queries a second on one interface; as many at once after a second of silence. */
export const QUERIES_PER_SECOND = 1_000;
/** Queries a second of one client. */
export const CLIENT_PER_SECOND = 200;
/** Queries of one client at once, after two seconds of silence. */
export const CLIENT_BURST = 400;
/** Clients that are told apart at one time; who was silent longest is forgotten first. */
export const CLIENTS_MAX = 1_024;

class Bucket {
  #tokens: number;

  constructor(readonly perSecond: number, readonly burst: number, private filledMs: number) {
    this.#tokens = burst;
  }

  /** Whether there is a token at this time. */
  has(nowMs: number): boolean {
    const grown = (nowMs - this.filledMs) * this.perSecond / 1000;
    this.#tokens = Math.min(this.burst, this.#tokens + grown);
    this.filledMs = nowMs;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens--;
  }
}

export class QueryRate {
  readonly #all: Bucket;
  readonly #clients = new Map<string, Bucket>();

  /** `nowMs`, here and below: milliseconds of a clock that does not go back. */
  constructor(nowMs: number) {
    this.#all = new Bucket(QUERIES_PER_SECOND, QUERIES_PER_SECOND, nowMs);
  }

  /** Whether a query of a client is answered; one that is not costs nobody anything. */
  admit(client: string, nowMs: number): boolean {
    const own = this.#bucketOf(client, nowMs);
    if (!own.has(nowMs) || !this.#all.has(nowMs)) return false;
    own.take();
    this.#all.take();
    return true;
  }

  #bucketOf(client: string, nowMs: number): Bucket {
    const bucket = this.#clients.get(client) ?? new Bucket(CLIENT_PER_SECOND, CLIENT_BURST, nowMs);
    this.#clients.delete(client); // a map is in order of insertion: who asks goes to its end
    this.#clients.set(client, bucket);
    if (this.#clients.size > CLIENTS_MAX) this.#clients.delete(this.#clients.keys().next().value!);
    return bucket;
  }
}
