// Where a worker runs while bulk data passes. It is woken some ten thousand times a second then, by those for whom it
// works, and left to itself it often ends up taking turns on one processor with the one that has most to do. If it
// stays where it is, the scheduler moves the others, and who reads what it copied finds that in the processor's cache.
// It stays for a while only: whatever else runs there may have no other place to go.

/** For how long after a frame of bulk data more of it is expected; who stays sleeps no longer. */
export const QUIET_MS = 10;
const STAY_MS_MAX = 250;
const MOVE_MS = 10; // how long the scheduler then has to move it: some of its ticks

/** Milliseconds throughout. */
export class Stay {
  #stays = false;
  /** Since when it does, or does not. */
  #since = -Infinity;
  #bulkUntil = -Infinity;

  /** Whether to stay on the processor, after a turn at `now` that brought bulk data or did not. */
  after(bulk: boolean, now: number): boolean {
    if (bulk) this.#bulkUntil = now + QUIET_MS;
    const elapsed = now - this.#since;
    const stays = this.#stays ? now < this.#bulkUntil && elapsed < STAY_MS_MAX : bulk && elapsed >= MOVE_MS;
    if (stays !== this.#stays) this.#since = now;
    this.#stays = stays;
    return stays;
  }
}
