// core-napt: how fast the core translates what belongs to sessions that are known, in memory, on one thread.

import { EngineError } from "../api.js";
import * as layout from "../core/layout.js";
import type { FrameMix } from "./memory-core.js";
import { NaptCore } from "./napt-core.js";

const ENTRIES_MAX = 1_048_576;
const PORTS_EACH = 60_000; // of an outside address, in the workload
const LIFE_TICKS = 3000; // what is left to a session that is brought back: UDP's own timeout

export class CoreNapt extends NaptCore {
  /** `entries`: sessions, a multiple of 32, up to 1,048,576; all are there when this returns. `room`: for how many. */
  constructor(readonly entries: number, readonly frame: FrameMix, room = entries) {
    if (entries < 32 || entries % 32 !== 0 || entries > ENTRIES_MAX) {
      throw new EngineError("USAGE", `--entries ${entries}: a multiple of 32 from 32 to ${ENTRIES_MAX}`);
    }
    super(room, Math.ceil(entries / 2 / PORTS_EACH));
    this.#restore();
    for (const inbound of [0, 1]) this.#introduce(inbound);
    this.reset();
  }

  protected override reset(): void {
    this.workload.resetNapt(this.entries, this.frame === "imix");
  }

  protected override generate(count: number): void {
    this.workload.generateNapt(count);
  }

  /** Brings the sessions back as a state file would. */
  #restore(): void {
    for (let session = 0; session < this.entries; session++) {
      this.workload.recordSession(session, this.router.index * 2);
      if (!this.core.restoreSession(LIFE_TICKS)) {
        throw new EngineError("BENCH", `there was room for ${session} of ${this.entries} sessions`);
      }
    }
  }

  /** Lets every session find its next hop, each way. */
  #introduce(inbound: number): void {
    for (let first = 0; first < this.entries; first += layout.BATCH_MAX) {
      const count = Math.min(layout.BATCH_MAX, this.entries - first);
      this.workload.introduceNapt(first, count, inbound);
      this.turn(count);
    }
  }
}
