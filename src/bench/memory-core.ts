// A core in memory for benchmark runs: the engine's own core, tables, counters and checks; only the devices are
// missing. Owns the clock and the measuring; what the frames are, and how the tables are filled, is its heirs'. The
// generators are those of bench/assembly; a digest proves that another program did the same work.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks"; // the global one is looked up anew with each use
import { EngineError } from "../api.js";
import type { CoreExports } from "../core/abi.js";
import * as layout from "../core/layout.js";
import { compileCore, instantiateCore, SharedMemory } from "../core/memory.js";
import { Registry } from "../core/registry.js";
import { Tables } from "../core/tables.js";
import { packageFile } from "../files.js";
import { findAddon } from "../port/addon.js";

const DIGEST_FRAMES = 200_000;
const DIGEST_BYTES = 54;
const FNV_OFFSET = 2166136261;
const FNV_PRIME = 16777619;
const START_MS = 1000;

/** Frames of 60 bytes, or 7 × 60, 4 × 590, 1 × 1514. */
export type FrameMix = "60" | "imix";

/** The exports of bench/assembly/workload.ts, where they are described. */
export interface Workload {
  reset(entries: number, imix: boolean): void;
  introduce(first: number, count: number): void;
  generate(count: number): void;
  resetNapt(entries: number, imix: boolean): void;
  generateNapt(count: number): void;
  introduceNapt(first: number, count: number, inbound: number): void;
  generateNew(first: number, count: number): void;
  recordSession(session: number, scope: number): void;
  transmit(): void;
  resetSpread(entries: number, ports: number, vlans: number): void;
  placeSpread(worker: number, workers: number, reach: number): void;
  introduceSpread(first: number, count: number): void;
  generateSpread(count: number): void;
  transmitSpread(): void;
}

export abstract class MemoryCore {
  protected readonly shared: SharedMemory;
  protected readonly core: CoreExports;
  protected readonly workload: Workload;
  protected readonly registry = new Registry(1);
  protected readonly tables: Tables;
  /** Milliseconds of the core's clock; it goes on by what processing takes. */
  protected now = START_MS;

  /** `ports`: how many devices there would be, the first ones of the registry. */
  constructor(readonly ports: number, sizes: { fdbCapacity: number; natCapacity: number }) {
    this.shared = SharedMemory.create({ workers: 1, pipes: 1, ...sizes });
    findAddon()?.preferLargePages(this.shared.scattered);
    this.core = instantiateCore(compileCore(), this.shared);
    this.core.bind(0, true);
    this.core.clearCuts();
    this.workload = loadWorkload(this.shared);
    this.tables = new Tables(this.shared, this.core, this.registry);
  }

  /** Lets the workload begin anew. */
  protected abstract reset(): void;

  /** Makes a batch of `count` frames. */
  protected abstract generate(count: number): void;

  /** Makes and processes `batches` batches; returns the ns that processing took, making them left out. */
  run(batches: number, batch: number): number {
    let spent = 0;
    for (let i = 0; i < batches; i++) spent += this.step(batch);
    return spent;
  }

  /** Makes and processes one batch; returns the ns that processing took. */
  step(batch: number): number {
    this.generate(batch);
    return this.turn(batch) * 1e6;
  }

  /** Takes what is queued. */
  protected transmit(): void {
    this.workload.transmit();
  }

  /** Processes the batch that was made; returns the ms that it took. */
  protected turn(batch: number): number {
    const before = performance.now();
    this.core.turn(batch, this.now);
    const spent = performance.now() - before;
    this.transmit();
    this.now += spent;
    return spent;
  }

  /**
   * FNV-1a over the first `frames` frames of a fresh run, one at a time: the port that each leaves by, its length and
   * its first 54 bytes, as they lie in memory: tags are put in and taken out when it is transmitted.
   */
  digest(frames = DIGEST_FRAMES): string {
    this.reset();
    const seen = Array.from({ length: this.ports }, (_, port) => this.shared.word(queueOf(port) + layout.RING_HEAD));
    let hash = FNV_OFFSET;
    const add = (byte: number): void => { hash = Math.imul(hash ^ byte, FNV_PRIME); };
    for (let k = 0; k < frames; k++) {
      this.generate(1);
      this.core.turn(1, this.now);
      this.#digestOne(seen, add);
      this.workload.transmit();
    }
    return (hash >>> 0).toString(16).padStart(8, "0");
  }

  #digestOne(seen: number[], add: (byte: number) => void): void {
    const port = seen.findIndex((head, index) => this.shared.word(queueOf(index) + layout.RING_HEAD) !== head);
    if (port < 0) throw new EngineError("BENCH", "a frame of the workload was not forwarded");
    const desc = queueOf(port) + layout.RING_SLOTS + (seen[port]! % layout.RING_SIZE) * layout.DESC_SIZE;
    seen[port] = (seen[port]! + 1) >>> 0;
    const { bytes } = this.shared;
    const inserted = this.shared.word(desc + layout.DESC_TAG) ? 4 : 0;
    const length = this.shared.word(desc + layout.DESC_LENGTH) - inserted + bytes[desc + layout.DESC_POP]!;
    for (const byte of [port, length & 255, length >> 8]) add(byte);
    const slot = this.shared.word(desc + layout.DESC_SLOT) * layout.SLOT_SIZE;
    const at = this.shared.word(layout.HEADER_FRAMES) + slot + layout.HEADROOM;
    for (const byte of bytes.subarray(at, at + DIGEST_BYTES)) add(byte);
  }
}

/** The generators over a memory, for a thread of its own. */
export function loadWorkload(shared: SharedMemory): Workload {
  const module = new WebAssembly.Module(readFileSync(packageFile("dist/bench.wasm")));
  return new WebAssembly.Instance(module, { env: { memory: shared.memory } }).exports as unknown as Workload;
}

function queueOf(port: number): number {
  return layout.QUEUES + port * layout.QUEUE_SIZE;
}
