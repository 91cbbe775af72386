// The range of addresses that a server gives out, and which of them nobody has: a bit for each.
// Owns the bits; who has an address is asked of the server, by `isTaken`, whenever it says that one has changed.
// A search looks at 32 addresses at a time, so that a flood of requests at a full range costs little.

import { addressNumber, addressText } from "../../wire/packet.js";

/** Addresses of a greater range that are given out unasked; the others only to who asks for them. */
const BITS_MAX = 1 << 20;
const WORD = 32;

export class Pool {
  readonly size: number;
  readonly #first: number;
  readonly #bits: number;
  readonly #taken: Uint32Array;
  readonly #isTaken: (address: string) => boolean;

  /** `first` to `last`, both given out. */
  constructor(first: string, last: string, isTaken: (address: string) => boolean) {
    this.#first = addressNumber(first);
    this.size = Math.max(0, addressNumber(last) - this.#first + 1);
    this.#bits = Math.min(this.size, BITS_MAX);
    this.#taken = new Uint32Array(Math.ceil(this.#bits / WORD));
    this.#isTaken = isTaken;
    // The bits behind the last address are of nobody.
    if (this.#bits % WORD > 0) this.#taken[this.#taken.length - 1] = -1 << (this.#bits % WORD);
  }

  has(address: string): boolean {
    const index = addressNumber(address) - this.#first;
    return index >= 0 && index < this.size;
  }

  /** An address has changed hands: looks who has it. */
  note(address: string): void {
    const index = addressNumber(address) - this.#first;
    if (index < 0 || index >= this.#bits) return;
    const word = Math.floor(index / WORD);
    const bit = 1 << (index % WORD);
    this.#taken[word] = this.#isTaken(address) ? this.#taken[word]! | bit : this.#taken[word]! & ~bit;
  }

  /**
   * An address that nobody has: for the same client the same as long as it is free, so that a server that has
   * forgotten everything gives out what it gave out before.
   */
  free(client: string): string | undefined {
    if (this.#bits === 0) return undefined;
    const start = hashOf(client) % this.#bits;
    const words = this.#taken.length;
    const first = Math.floor(start / WORD);
    // The first word is looked at twice: from the start on, and at the end once more as a whole.
    for (let step = 0; step <= words; step++) {
      const word = (first + step) % words;
      const before = step === 0 ? ~(-1 << (start % WORD)) : 0;
      const open = ~(this.#taken[word]! | before);
      if (open !== 0) return addressText(this.#first + word * WORD + (31 - Math.clz32(open & -open)));
    }
    return undefined;
  }
}

/** FNV-1a, then mixed, since low bits alone choose the address. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
