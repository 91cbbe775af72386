// A guest's bare wire: crafted frames out of its device, and what arrives there to the last bit, tags included.
// Owns the process in the guest (wire.py). Only frames of the tests' own EtherType are looked at.

import { fileURLToPath } from "node:url";
import { TYPE_TEST } from "../model/frames.js";
import type { Namespace } from "./namespace.js";
import { python } from "./python.js";
import { Running, until } from "./running.js";

const SCRIPT = fileURLToPath(new URL("wire.py", import.meta.url));
const TYPE_HEX = TYPE_TEST.toString(16);

export class Wire {
  readonly #process: Running;
  #seen = 0;

  constructor(guest: Namespace, device: string) {
    this.#process = new Running(guest.start(python(), [SCRIPT, device]), `wire on ${device}`);
  }

  async ready(): Promise<this> {
    await this.#process.until(/^ready$/m);
    return this;
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) this.#process.child.stdin!.write(`${Buffer.from(frame).toString("hex")}\n`);
  }

  /**
   * Waits for a frame and returns all that arrived before it since the last call. A frame that was sent after others
   * and took their way shows that they are through, or will never be: so silence is tested without a clock.
   */
  async before(last: Uint8Array): Promise<Buffer[]> {
    const end = Buffer.from(last).toString("hex");
    const fresh = (): string[] => this.#arrived().slice(this.#seen);
    await until(() => `a frame ${end}; there came ${fresh().join(" ") || "nothing"}`, () => fresh().includes(end));
    const frames = fresh();
    const count = frames.indexOf(end);
    this.#seen += count + 1;
    return frames.slice(0, count).map((hex) => Buffer.from(hex, "hex"));
  }

  async close(): Promise<void> {
    this.#process.child.stdin!.end();
    await this.#process.end();
  }

  #arrived(): string[] {
    const whole = this.#process.stdout.split("\n").slice(1, -1);
    return whole.filter((hex) => hex.slice(24).includes(TYPE_HEX));
  }
}
