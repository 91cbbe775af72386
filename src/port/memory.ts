// The embedding program's end of a memory port: frames in and out of the core, in this process, on this thread.

import { EngineError } from "../api.js";
import * as layout from "../core/layout.js";
import type { Pipe } from "../core/pipe.js";

const WAIT_MS = 1000; // how often a receiver looks whether its port is still there

/** Frames to and from a `memory` port. */
export class MemoryPort {
  #closed = false;

  /** `wake`: tells the port's worker that there is something for it. */
  constructor(readonly pipe: Pipe, readonly wake: () => void) {}

  /**
   * Sends a frame into the switch: 1 to 65,536 bytes, without FCS; it is copied. False where the switch has not kept
   * up and there is no room: send it again later, or not.
   */
  send(frame: Uint8Array): boolean {
    return this.sendBatch([frame]) === 1;
  }

  /** Sends frames in their order and returns how many there was room for. Cheaper than one by one. */
  sendBatch(frames: readonly Uint8Array[]): number {
    if (this.#closed) throw new EngineError("CLOSED", "this memory port was removed: ask the engine for it again");
    let sent = 0;
    for (const frame of frames) {
      if (frame.length < 1 || frame.length > layout.FRAME_MAX) {
        throw new RangeError(`a frame has 1 to ${layout.FRAME_MAX} bytes, this one ${frame.length}`);
      }
      if (!this.pipe.send(frame)) break;
      sent++;
    }
    if (sent > 0) this.wake();
    return sent;
  }

  /** Takes what has come out of the switch, at once; none: an empty list. */
  receive(): Uint8Array[] {
    return this.#closed ? [] : this.pipe.receive();
  }

  /** Calls back with every batch of frames that comes out of the switch, until the port goes or `stop` is called. */
  onFrames(callback: (frames: Uint8Array[]) => void): { stop(): void } {
    let listening = true;
    const listen = async (): Promise<void> => {
      while (listening && !this.#closed) {
        const frames = this.receive();
        if (frames.length > 0) callback(frames);
        await this.pipe.arrival(WAIT_MS);
      }
    };
    void listen();
    return { stop: () => { listening = false; } };
  }

  /** The port is gone: nothing is sent or received any more. */
  close(): void {
    this.#closed = true;
  }
}
