// How a worker is woken. Whoever hands it something adds one to its bell, then rings only if it sleeps; the worker
// says that it sleeps, then looks at the bell once more before it does. So no ring is lost, and a busy worker
// costs nobody a system call.

import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import type { Addon } from "../port/addon.js";

function field(worker: number, offset: number): number {
  return (layout.WORKERS + worker * layout.WORKER_SIZE + offset) >>> 2;
}

/** Wakes a worker. `doorbell`: the eventfd of its poller; 0 where it sleeps in memory, having none. */
export function ringWorker(shared: SharedMemory, worker: number, addon: Addon | undefined, doorbell: number): void {
  Atomics.add(shared.signed, field(worker, layout.WORKER_BELL), 1);
  if (Atomics.load(shared.signed, field(worker, layout.WORKER_SLEEPING)) === 0) return;
  if (addon && doorbell > 0) addon.ring(doorbell);
  else Atomics.notify(shared.signed, field(worker, layout.WORKER_BELL));
}

/** The worker's own side. */
export class Bell {
  #seen = 0;

  constructor(readonly shared: SharedMemory, readonly worker: number) {}

  /** Whether it rang since the last call. */
  rang(): boolean {
    const now = Atomics.load(this.shared.signed, field(this.worker, layout.WORKER_BELL));
    const rang = now !== this.#seen;
    this.#seen = now;
    return rang;
  }

  /** Says that the worker goes to sleep; returns false where the bell rang meanwhile and it should not. */
  lieDown(): boolean {
    Atomics.store(this.shared.signed, field(this.worker, layout.WORKER_SLEEPING), 1);
    return Atomics.load(this.shared.signed, field(this.worker, layout.WORKER_BELL)) === this.#seen;
  }

  getUp(): void {
    Atomics.store(this.shared.signed, field(this.worker, layout.WORKER_SLEEPING), 0);
  }

  /** Sleeps in memory, where there is no poller: until the bell rings or `ms` have passed. */
  wait(ms: number): void {
    Atomics.wait(this.shared.signed, field(this.worker, layout.WORKER_BELL), this.#seen, ms);
  }
}
