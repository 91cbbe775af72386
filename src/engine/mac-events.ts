// MAC events of the workers, read from their rings while somebody listens: when there are some, and no more often than
// ten times a second. Owns the reading end.

import { setTimeout as sleep } from "node:timers/promises";
import type { EngineEvent } from "../api.js";
import * as layout from "../core/layout.js";
import { macAt } from "../core/mac.js";
import type { SharedMemory } from "../core/memory.js";
import type { Registry } from "../core/registry.js";

const REST_MS = 100; // a MAC flood is read in large pieces

const WHAT = {
  [layout.EVENT_LEARNED]: "learned",
  [layout.EVENT_MOVED]: "moved",
  [layout.EVENT_AGED]: "aged",
  [layout.EVENT_EVICTED]: "evicted",
} as const;

export class MacEvents {
  /** Who reads; undefined while nobody listens. */
  #reader: object | undefined;
  #lost = 0;

  constructor(
    readonly shared: SharedMemory, readonly registry: Registry, readonly tell: (event: EngineEvent) => void,
  ) {}

  /** Begins to listen; what happened before is not told. */
  start(): void {
    if (this.#reader) return;
    for (const block of this.#blocks()) this.#setTail(block, this.#head(block));
    this.#lost = this.#lostSoFar();
    this.#reader = {};
    for (const block of this.#blocks()) void this.#follow(block, this.#reader);
  }

  stop(): void {
    this.#reader = undefined;
    for (const block of this.#blocks()) Atomics.notify(this.shared.signed, headIndex(block));
  }

  async #follow(block: number, reader: object): Promise<void> {
    while (this.#reader === reader) {
      const head = this.#head(block);
      this.#read(block, head);
      await Atomics.waitAsync(this.shared.signed, headIndex(block), head | 0).value;
      await sleep(REST_MS, undefined, { ref: false });
    }
  }

  #read(block: number, head: number): void {
    let tail = this.shared.word(block + layout.WORKER_EVENT_TAIL);
    for (; tail !== head; tail = (tail + 1) >>> 0) {
      this.#tellOne(block + layout.WORKER_EVENTS + (tail % layout.EVENTS_MAX) * layout.EVENT_SIZE);
    }
    this.#setTail(block, tail);
    const lost = this.#lostSoFar();
    if (lost !== this.#lost) this.tell({ event: "lost", count: (lost - this.#lost) >>> 0 });
    this.#lost = lost;
  }

  #tellOne(at: number): void {
    const what = WHAT[this.shared.word(at)];
    const port = this.registry.byIndex.get(this.shared.word(at + 4));
    const domain = this.registry.domainAt(this.shared.halves[(at + 14) >>> 1]!);
    if (!what || !port || !domain) return; // the port has gone since
    const before = this.registry.byIndex.get(this.shared.word(at + 24));
    this.tell({
      event: "mac", switch: port.switchName, port: port.name, vlan: domain.vid, what,
      mac: macAt(this.shared.bytes, at + 8),
      ...(what === "moved" && before ? { from: before.name } : {}),
    });
  }

  #blocks(): number[] {
    const workers = this.shared.word(layout.HEADER_WORKERS);
    return Array.from({ length: workers }, (_, worker) => layout.WORKERS + worker * layout.WORKER_SIZE);
  }

  #head(block: number): number {
    return Atomics.load(this.shared.words, headIndex(block));
  }

  #setTail(block: number, tail: number): void {
    Atomics.store(this.shared.words, (block + layout.WORKER_EVENT_TAIL) >>> 2, tail);
  }

  #lostSoFar(): number {
    return this.#blocks().reduce((sum, block) => sum + this.shared.word(block + layout.WORKER_EVENT_LOST), 0) >>> 0;
  }
}

function headIndex(block: number): number {
  return (block + layout.WORKER_EVENT_HEAD) >>> 2;
}
