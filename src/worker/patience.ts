// How a worker waits: whether it goes on looking for frames, or sleeps. To be woken takes a thread longer than to move
// a frame, so it pays to look a while longer where the next frame is near; where it is not, looking only takes the CPU
// from others. Adaptive waiting tells the two apart as KVM's halt polling does, by how long it had to wait lately. In
// bulk data nobody waits for one frame, and sender and receiver want the CPU: then it sleeps at once, too.

export const POLL_MODES = ["adaptive", "busy", "blocking"] as const;

/** adaptive: looks for a bounded time after the last frame, and not at all where frames are rare. busy: never sleeps.
 *  blocking: sleeps at once. */
export type PollMode = (typeof POLL_MODES)[number];

const LOOK_MS_MAX = 2; // the bound: a wait of 1 ms is seen through, with some to spare
const LOOK_MS_MIN = 0.01; // below it, sleeping at once
const MARGIN = 2; // looks for so many times the longest of the recent waits
const FADE = 15 / 16; // how much of that a shorter wait leaves
const LOSS = 1 / 2; // and one that was too long to be seen through
const BULK_MS = 10; // for how long after a frame of bulk data more of it is expected

/** Milliseconds throughout. */
export class Patience {
  /** How long it looks before it sleeps. */
  #look = 0;
  /** Since when there is nothing to do; NaN: there is something. */
  #idleSince = NaN;
  #bulkUntil = -Infinity;

  constructor(readonly mode: PollMode) {}

  /**
   * Whether to look again rather than to sleep, after a turn at `now` that found something to do or did not. `bulk`:
   * that was bulk data.
   */
  looksOn(active: boolean, now: number, bulk = false): boolean {
    if (this.mode !== "adaptive") return this.mode === "busy";
    if (bulk) this.#bulkUntil = now + BULK_MS;
    if (active) {
      this.#learn(now - this.#idleSince);
      this.#idleSince = NaN;
      return false;
    }
    if (Number.isNaN(this.#idleSince)) this.#idleSince = now;
    return now >= this.#bulkUntil && now - this.#idleSince < this.#look;
  }

  /** NaN: it did not have to wait. */
  #learn(waited: number): void {
    if (waited <= LOOK_MS_MAX) this.#look = Math.min(LOOK_MS_MAX, Math.max(waited * MARGIN, this.#look * FADE));
    else if (waited > LOOK_MS_MAX) this.#look *= LOSS;
    if (this.#look < LOOK_MS_MIN) this.#look = 0;
  }
}
