// A view that is drawn again and again: over itself on a terminal, one below the other elsewhere.
// Owns the terminal's control sequences, and what is cut off because the terminal is too small.

import type { Output } from "./io.js";

/** The size of a terminal that does not tell it. */
const ROWS = 24;
const COLUMNS = 80;

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

  /** Lines that a view can have on a terminal. */
  get room(): number {
    return Math.max(2, (this.#out.rows ?? ROWS) - 1);
  }

  draw(lines: string[]): void {
    if (!this.isLive) {
      this.#out.write(`${lines.join("\n")}\n\n`);
      return;
    }
    const { room } = this;
    const fitting = lines.length > room ? [...lines.slice(0, room - 1), "..."] : lines;
    const columns = this.#out.columns ?? COLUMNS;
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    // Longer lines would wrap, and the next view would begin too low.
    this.#out.write(`${up}\x1b[J${fitting.map((line) => line.slice(0, columns)).join("\n")}\n`);
    this.#height = fitting.length;
  }
}
