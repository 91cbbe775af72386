// Addresses held back for a while: offered to a client that has not answered yet, or declined as in use.
// Owns their number and their time; what is held when is the server's. Time is an argument.
// Read first: RFC 2131 section 3.1, steps 2 and 5.

import { type Asker } from "../share.js";

interface Hold {
  client: string;
  port: string;
  untilMs: number;
}

export class Holds {
  /** By address, the one that ends first first. */
  readonly #held = new Map<string, Hold>();
  readonly #addresses = new Map<string, string>();

  /** `lifeMs`: how long a hold lasts; `onEnd` hears of each address that is held no more. */
  constructor(private readonly lifeMs: number, private readonly onEnd: (address: string) => void) {}

  get size(): number {
    return this.#held.size;
  }

  /** Who an address is held for. */
  clientOf(address: string): string | undefined {
    return this.#held.get(address)?.client;
  }

  /** How many are held for clients behind a port. */
  sizeOf(port: string): number {
    let count = 0;
    for (const hold of this.#held.values()) if (hold.port === port) count++;
    return count;
  }

  addressOf(client: string): string | undefined {
    return this.#addresses.get(client);
  }

  /** Holds it from now on for a client behind a port; a client has one address only. */
  put(address: string, { client, port }: Asker, nowMs: number): void {
    const before = this.#addresses.get(client);
    if (before !== undefined && before !== address) this.delete(before);
    this.#forget(address);
    this.#held.set(address, { client, port, untilMs: nowMs + this.lifeMs });
    this.#addresses.set(client, address);
  }

  delete(address: string): void {
    if (this.#forget(address)) this.onEnd(address);
  }

  /** Ends the one that was put first. */
  deleteOldest(): void {
    const oldest = this.#held.keys().next().value;
    if (oldest !== undefined) this.delete(oldest);
  }

  /** Ends those whose time is over; a clock that was set back lets none last longer than anew. */
  sweep(nowMs: number): void {
    for (const [address, { untilMs }] of this.#held) {
      if (untilMs > nowMs && untilMs <= nowMs + this.lifeMs) return;
      this.delete(address);
    }
  }

  #forget(address: string): boolean {
    const hold = this.#held.get(address);
    if (!hold) return false;
    this.#held.delete(address);
    this.#addresses.delete(hold.client);
    return true;
  }
}
