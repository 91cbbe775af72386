// How many workers look on for frames at a time, instead of sleeping (patience.ts): at most as many as leave a
// processor to others. Whoever looks on takes one from those that it waits for, and several of them from each other.

import { availableParallelism } from "node:os";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";

export class Lookout {
  #looks = false;

  /** Whether there are other workers. */
  readonly isOneOfMany: boolean;

  /** `most`: workers at a time, 1 or more. */
  constructor(readonly shared: SharedMemory, readonly most = Math.max(1, availableParallelism() - 1)) {
    this.isOneOfMany = shared.word(layout.HEADER_WORKERS) > 1;
  }

  /** Whether this worker may look on, which it wants to or does not; whoever does may until it no longer wants to. */
  may(wants: boolean): boolean {
    if (wants === this.#looks) return wants;
    this.#looks = wants && this.#count(1) < this.most;
    if (!this.#looks) this.#count(-1);
    return this.#looks;
  }

  /** Adds to those who look on; returns how many there were. */
  #count(by: number): number {
    return Atomics.add(this.shared.signed, layout.HEADER_LOOKING >>> 2, by);
  }
}
