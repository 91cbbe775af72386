// Answers that are still true, the one used longest ago first to go. Owns its bounds in entries and bytes.
// Read first: RFC 1035 section 7.4.

import { type Answer } from "./answer.js";

export const ENTRIES_MAX = 4096;
export const BYTES_MAX = 4 * 1024 * 1024;

/** What an entry takes beside its message and key: objects and a place in the map; bytes, about. */
const ENTRY_OVERHEAD = 256;

interface Entry {
  readonly answer: Answer;
  readonly sinceMs: number;
  readonly size: number;
}

export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes held, with what the entries themselves take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** An answer that is still true, and its age in whole seconds. */
  find(key: string, nowMs: number): { answer: Answer; age: number } | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const age = Math.floor((nowMs - entry.sinceMs) / 1000);
    this.#remove(key, entry);
    if (age >= entry.answer.ttl) return undefined;
    // Entered anew, so that the map's order is the order of use.
    this.#add(key, entry);
    return { answer: entry.answer, age };
  }

  /** Keeps an answer for its TTL, in place of an older one. */
  put(key: string, answer: Answer, nowMs: number): void {
    if (answer.ttl <= 0) return;
    const old = this.#entries.get(key);
    if (old) this.#remove(key, old);
    this.#add(key, { answer, sinceMs: nowMs, size: answer.message.length + 2 * key.length + ENTRY_OVERHEAD });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) break;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.size;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.size;
  }
}
