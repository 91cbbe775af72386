// Where a parser stands in a filter's text. Owns the position.

import { fault, named, numberOf, tokensOf, type Token } from "./tokens.js";

export class Cursor {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  /** The next token, or one further on; the last one is the end. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  /** Whether the next token is one of these words or signs. */
  sees(...texts: string[]): boolean {
    const { kind, text } = this.peek();
    return (kind === "word" || kind === "symbol") && texts.includes(text);
  }

  /** Takes the next token where it is one of these words or signs. */
  takes(...texts: string[]): Token | undefined {
    return this.sees(...texts) ? this.next() : undefined;
  }

  /** Takes this word or sign, which the grammar has here; `purpose`: what it would do. */
  expect(text: string, purpose: string): void {
    if (!this.takes(text)) throw fault(this.peek(), `${named(this.peek())} where "${text}" must be, ${purpose}`);
  }

  /** Takes a number between two bounds, both included; `what`: what it counts. */
  integer(min: number, max: number, what: string): number {
    const token = this.next();
    const value = token.kind === "number" ? numberOf(token) : NaN;
    if (value >= min && value <= max) return value;
    throw fault(token, `${named(token)} is no ${what}: write a number from ${min} to ${max}`);
  }

  /**
   * The token behind the bracket that closes the round one which is `ahead`; the end where none closes it.
   */
  afterClosing(ahead: number): Token {
    let open = 0;
    for (let i = ahead; ; i++) {
      const { kind, text } = this.peek(i);
      if (kind === "end") return this.peek(i);
      if (text === "(") open++;
      if (text === ")" && --open === 0) return this.peek(i + 1);
    }
  }
}
