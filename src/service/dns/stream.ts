// DNS messages in a stream of bytes, each behind its length. Owns the part of a message that has come so far, at most
// 64 KiB. Read first: RFC 1035 section 4.2.2, RFC 7766 section 8.

import { MESSAGE_MAX } from "./message.js";

export class MessageStream {
  /** The message that is being read, with its length in front. */
  readonly #buffer = { bytes: new Uint8Array(0), filled: 0 };

  /** The messages that are complete with these bytes, in order. */
  * push(bytes: Uint8Array): Generator<Uint8Array> {
    const buffer = this.#buffer;
    let rest = bytes;
    while (rest.length > 0) {
      const size = Math.min(rest.length, this.#missing());
      this.#reserve(buffer.filled + size);
      buffer.bytes.set(rest.subarray(0, size), buffer.filled);
      buffer.filled += size;
      rest = rest.subarray(size);
      if (this.#missing() > 0) continue;
      const message = buffer.bytes.slice(2, buffer.filled);
      buffer.filled = 0;
      if (message.length > 0) yield message;
    }
  }

  /** Bytes up to the end of the length, or else of the message. */
  #missing(): number {
    const { bytes, filled } = this.#buffer;
    if (filled < 2) return 2 - filled;
    return 2 + ((bytes[0]! << 8) | bytes[1]!) - filled;
  }

  /** Grows by doubling, so that only who sends long messages has memory for them. */
  #reserve(size: number): void {
    const { bytes, filled } = this.#buffer;
    if (size <= bytes.length) return;
    const grown = new Uint8Array(Math.min(2 + MESSAGE_MAX, Math.max(size, 2 * bytes.length)));
    grown.set(bytes.subarray(0, filled));
    this.#buffer.bytes = grown;
  }
}
