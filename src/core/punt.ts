// The punt channel of a router: frames that the core hands up to services, and those that they send. The host's end of
// a pipe; what does not fit is lost, as on any network.

import { setImmediate } from "node:timers/promises";
import { Pipe, type Punted } from "./pipe.js";
import type { SharedMemory } from "./memory.js";

export class Punt {
  readonly #pipe: Pipe;
  #open = true;

  /** `offset`: of the pipe; `wake`: tells the worker that there is something for it. */
  constructor(shared: SharedMemory, offset: number, readonly wake: () => void) {
    this.#pipe = new Pipe(shared, offset);
  }

  /** Sends a frame out of an interface, given by its port; false: no room. */
  send(port: number, frame: Uint8Array): boolean {
    const sent = this.#open && this.#pipe.send(frame, port);
    if (sent) this.wake();
    return sent;
  }

  /** Calls back with every frame that comes until `close`. */
  async listen(callback: (punted: Punted) => void): Promise<void> {
    while (this.#open) {
      for (const punted of this.#pipe.receiveAt()) callback(punted);
      await setImmediate(); // under a flood there is always more, and the rest of this thread wants its turn
      await this.#pipe.arrival();
    }
  }

  close(): void {
    this.#open = false;
    this.#pipe.disturb();
  }
}
