// Ranges of a table that several share: each takes so many places that stand together, and gives them back.

import { EngineError } from "../api.js";

export class Ranges {
  /** First place and length of what is taken, in order. */
  readonly #taken: [number, number][] = [];

  constructor(readonly what: string, readonly limit: number) {}

  /** The first of `count` free places that stand together. Throws EngineError where there are none. */
  take(count: number): number {
    let first = 0;
    let at = 0;
    while (at < this.#taken.length && this.#taken[at]![0] - first < count) {
      first = this.#taken[at]![0] + this.#taken[at]![1];
      at++;
    }
    if (first + count > this.limit) {
      const message = `there is no room for ${count} more ${this.what}: there can be ${this.limit} in all`;
      throw new EngineError("FULL", message);
    }
    if (count > 0) this.#taken.splice(at, 0, [first, count]);
    return first;
  }

  /** Whether `count` places from `first` on are free. */
  isFree(first: number, count: number): boolean {
    return first + count <= this.limit
      && this.#taken.every(([from, length]) => from >= first + count || from + length <= first);
  }

  /** Takes `count` places from `first` on, which are free. */
  takeAt(first: number, count: number): number {
    const at = this.#taken.findIndex(([from]) => from > first);
    if (count > 0) this.#taken.splice(at < 0 ? this.#taken.length : at, 0, [first, count]);
    return first;
  }

  free(first: number, count: number): void {
    const at = this.#taken.findIndex((range) => range[0] === first && range[1] === count);
    if (at >= 0) this.#taken.splice(at, 1);
  }
}
