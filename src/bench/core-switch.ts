// core-switch: how fast the core learns and forwards, in memory, on one thread. The workload is that of
// bench/assembly/workload.ts.

import { EngineError } from "../api.js";
import * as layout from "../core/layout.js";
import { MemoryCore, type FrameMix } from "./memory-core.js";

const PORTS = 8;
const FIRST_VID = 10;

export class CoreSwitch extends MemoryCore {
  /** `entries`: MACs, a multiple of 32, up to 1,048,576; all are learned when this returns. */
  constructor(readonly entries: number, readonly frame: FrameMix) {
    if (entries < 32 || entries % 32 !== 0 || entries > layout.FDB_ENTRIES_MAX) {
      throw new EngineError("USAGE", `--entries ${entries}: a multiple of 32 from 32 to ${layout.FDB_ENTRIES_MAX}`);
    }
    super(PORTS, { fdbCapacity: Math.max(64, entries), natCapacity: 1024 });
    this.#configure();
    this.#learn();
  }

  protected override reset(): void {
    this.workload.reset(this.entries, this.frame === "imix");
  }

  protected override generate(count: number): void {
    this.workload.generate(count);
  }

  #configure(): void {
    this.tables.writeSwitch(this.registry.addSwitch("bench"), { learning: true, agingSeconds: 300 });
    const vids = [0, 1, 2, 3].map((index) => FIRST_VID + index);
    for (let i = 0; i < PORTS; i++) {
      const port = this.registry.addPort("bench", `port${i}`, {
        attachment: { kind: "memory" },
        vlan: i < vids.length ? { mode: "access", vid: FIRST_VID + i } : { mode: "trunk", vids },
        isolated: false, monitor: false, macs: [],
      });
      this.tables.writePort(port, { in: layout.CODEC_NONE, out: layout.CODEC_NONE });
      this.core.setLink(port.index, true);
    }
  }

  #learn(): void {
    this.reset();
    for (let first = 0; first < this.entries; first += layout.BATCH_MAX) {
      const count = Math.min(layout.BATCH_MAX, this.entries - first);
      this.workload.introduce(first, count);
      this.turn(count);
    }
    const known = this.shared.word(layout.FDB_COUNT);
    if (known !== this.entries) throw new EngineError("BENCH", `${known} of ${this.entries} MACs were learned`);
    this.reset();
  }
}
