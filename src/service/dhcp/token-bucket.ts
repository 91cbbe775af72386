// A limit of requests a second, with a burst.
// Owns its level; time is an argument, and one that runs backwards adds nothing.

export class TokenBucket {
  #level: number;
  #sinceMs: number;

  /** `rate`: tokens a second; `burst`: how many it holds. It begins full. */
  constructor(private readonly rate: number, private readonly burst: number, nowMs: number) {
    this.#level = burst;
    this.#sinceMs = nowMs;
  }

  /** Takes one token; false where there is none. */
  take(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#level = Math.min(this.burst, this.#level + (elapsedMs / 1000) * this.rate);
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }
}
