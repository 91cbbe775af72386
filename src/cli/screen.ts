// A view that is drawn again and again: over itself on a terminal, one below the other elsewhere.
// Owns the terminal's control sequences.

import type { Output } from "./io.js";

export class Screen {
  readonly #out: Output;
  #height = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Whether views replace each other. */
  get isLive(): boolean {
    return this.#out.isTTY === true;
  }

  draw(lines: string[]): void {
    if (!this.isLive) {
      this.#out.write(`${lines.join("\n")}\n\n`);
      return;
    }
    const columns = this.#out.columns ?? 80;
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    // Longer lines would wrap, and the next view would begin too low.
    const cut = lines.map((line) => line.slice(0, columns));
    this.#out.write(`${up}\x1b[J${cut.join("\n")}\n`);
    this.#height = lines.length;
  }
}
