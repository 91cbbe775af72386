// core-switch: how fast the core learns and forwards, in memory, on one thread. The engine's own core, tables,
// counters and checks; only the devices are missing. The workload is that of bench/assembly/workload.ts; its digest
// proves that another program did the same work.

import { readFileSync } from "node:fs";
import { EngineError } from "../api.js";
import type { CoreExports } from "../core/abi.js";
import * as layout from "../core/layout.js";
import { compileCore, instantiateCore, SharedMemory } from "../core/memory.js";
import { Registry } from "../core/registry.js";
import { Tables } from "../core/tables.js";
import { packageFile } from "../files.js";

const PORTS = 8;
const FIRST_VID = 10;
const DIGEST_FRAMES = 200_000;
const DIGEST_BYTES = 54;
const FNV_OFFSET = 2166136261;
const FNV_PRIME = 16777619;
const START_MS = 1000;
const STEP_MS = 0.003; // what a batch takes: the clock goes on as it would

/** Frames of 60 bytes, or 7 × 60, 4 × 590, 1 × 1514. */
export type FrameMix = "60" | "imix";

interface Workload {
  reset(entries: number, imix: boolean): void;
  introduce(first: number, count: number): void;
  generate(count: number): void;
  transmit(): void;
}

export class CoreSwitch {
  readonly #shared: SharedMemory;
  readonly #core: CoreExports;
  readonly #workload: Workload;
  #now = START_MS;

  /** `entries`: MACs, a multiple of 32, up to 1,048,576; all are learned when this returns. */
  constructor(readonly entries: number, readonly frame: FrameMix) {
    if (entries < 32 || entries % 32 !== 0 || entries > layout.FDB_ENTRIES_MAX) {
      throw new EngineError("USAGE", `--entries ${entries}: a multiple of 32 from 32 to ${layout.FDB_ENTRIES_MAX}`);
    }
    this.#shared = SharedMemory.create({ workers: 1, pipes: 1, fdbCapacity: Math.max(64, entries), natCapacity: 1024 });
    this.#core = instantiateCore(compileCore(), this.#shared);
    this.#core.bind(0, true);
    this.#core.clearCuts();
    const module = new WebAssembly.Module(readFileSync(packageFile("dist/bench.wasm")));
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#shared.memory } });
    this.#workload = instance.exports as unknown as Workload;
    this.#configure();
    this.#learn();
  }

  /** Makes and processes `batches` batches; returns the ns that processing took, making them left out. */
  run(batches: number, batch: number): number {
    let spent = 0;
    for (let i = 0; i < batches; i++) {
      this.#workload.generate(batch);
      const before = performance.now();
      this.#core.turn(batch, this.#now += STEP_MS);
      spent += performance.now() - before;
      this.#workload.transmit();
    }
    return spent * 1e6;
  }

  /** Makes and processes one batch, for a clock outside. */
  step(batch: number): void {
    this.#workload.generate(batch);
    this.#core.turn(batch, this.#now += STEP_MS);
    this.#workload.transmit();
  }

  /** Makes one batch and leaves it: what `step` does besides the core's work. */
  idleStep(batch: number): void {
    this.#workload.generate(batch);
    this.#workload.transmit();
  }

  /**
   * FNV-1a over the first 200,000 frames of a fresh run, one at a time: the port that it leaves by, its length and
   * its first 54 bytes, as it came: tags are put in and taken out when it is transmitted.
   */
  digest(): string {
    this.#workload.reset(this.entries, this.frame === "imix");
    const seen = Array.from({ length: PORTS }, (_, port) => this.#shared.word(queueOf(port) + layout.RING_HEAD));
    let hash = FNV_OFFSET;
    const add = (byte: number): void => { hash = Math.imul(hash ^ byte, FNV_PRIME); };
    for (let k = 0; k < DIGEST_FRAMES; k++) {
      this.#workload.generate(1);
      this.#core.turn(1, this.#now);
      this.#digestOne(seen, add);
      this.#workload.transmit();
    }
    return (hash >>> 0).toString(16).padStart(8, "0");
  }

  #digestOne(seen: number[], add: (byte: number) => void): void {
    const port = seen.findIndex((head, index) => this.#shared.word(queueOf(index) + layout.RING_HEAD) !== head);
    if (port < 0) throw new EngineError("BENCH", "a frame of the workload was not forwarded");
    const desc = queueOf(port) + layout.RING_SLOTS + (seen[port]! % layout.RING_SIZE) * layout.DESC_SIZE;
    seen[port] = (seen[port]! + 1) >>> 0;
    const { bytes } = this.#shared;
    const inserted = this.#shared.word(desc + layout.DESC_TAG) ? 4 : 0;
    const length = this.#shared.word(desc + layout.DESC_LENGTH) - inserted + bytes[desc + layout.DESC_POP]!;
    for (const byte of [port, length & 255, length >> 8]) add(byte);
    const slot = this.#shared.word(desc + layout.DESC_SLOT) * layout.SLOT_SIZE;
    const at = this.#shared.word(layout.HEADER_FRAMES) + slot + layout.HEADROOM;
    for (const byte of bytes.subarray(at, at + DIGEST_BYTES)) add(byte);
  }

  #configure(): void {
    const registry = new Registry(1);
    const tables = new Tables(this.#shared, this.#core, registry);
    tables.writeSwitch(registry.addSwitch("bench"), { learning: true, agingSeconds: 300 });
    const vids = [0, 1, 2, 3].map((index) => FIRST_VID + index);
    for (let i = 0; i < PORTS; i++) {
      const port = registry.addPort("bench", `port${i}`, {
        attachment: { kind: "memory" },
        vlan: i < vids.length ? { mode: "access", vid: FIRST_VID + i } : { mode: "trunk", vids },
        isolated: false, monitor: false, macs: [],
      });
      tables.writePort(port, { in: layout.CODEC_NONE, out: layout.CODEC_NONE });
      this.#core.setLink(port.index, true);
    }
  }

  #learn(): void {
    this.#workload.reset(this.entries, false);
    for (let first = 0; first < this.entries; first += layout.BATCH_MAX) {
      const count = Math.min(layout.BATCH_MAX, this.entries - first);
      this.#workload.introduce(first, count);
      this.#core.turn(count, this.#now);
      this.#workload.transmit();
    }
    const known = this.#shared.word(layout.FDB_COUNT);
    if (known !== this.entries) throw new EngineError("BENCH", `${known} of ${this.entries} MACs were learned`);
    this.#workload.reset(this.entries, this.frame === "imix");
  }
}

function queueOf(port: number): number {
  return layout.QUEUES + port * layout.QUEUE_SIZE;
}
