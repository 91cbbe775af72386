// The shared memory and the core in it: sized once from the configuration, never grown, so that views are made
// once. Owns the header. Every thread makes its own instance of the same compiled module over the same memory.

import { readFileSync } from "node:fs";
import { EngineError } from "../api.js";
import { packageFile } from "../files.js";
import * as layout from "./layout.js";
import type { CoreExports } from "./abi.js";
import { RouterMemory } from "./router-memory.js";
import { randomWord, spreadingSeed } from "./seed.js";

export interface Sizes {
  /** Data-plane threads, 1 to 16. */
  workers: number;
  /** Byte-ring pairs for streams, files, memory ports and captures, 1 to 1,024. */
  pipes: number;
  /** MACs, 64 to 1,048,576. */
  fdbCapacity: number;
  /** Sessions that routers translate, 1,024 to 4,194,304. */
  natCapacity: number;
}

const PAGE = 65536;

/** The memory with a view for each width. Indexes of `words` are byte offsets divided by four, and so on. */
export class SharedMemory {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly signed: Int32Array;
  readonly longs: BigUint64Array;
  readonly doubles: Float64Array;

  constructor(readonly memory: WebAssembly.Memory) {
    this.bytes = new Uint8Array(memory.buffer);
    this.halves = new Uint16Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.signed = new Int32Array(memory.buffer);
    this.longs = new BigUint64Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
  }

  /** Reserves a memory for the given sizes and fills in its header. Untouched pages cost address space only. */
  static create(sizes: Sizes): SharedMemory {
    const buckets = 2 ** Math.ceil(Math.log2(sizes.fdbCapacity / 2)); // half full at most
    const links = layout.FDB + buckets * layout.FDB_BUCKET_SIZE;
    const switches = align(links + buckets * layout.FDB_WAYS * layout.FDB_LINK_SIZE);
    const nat = new RouterMemory(switches, sizes.natCapacity, sizes.workers);
    const pipes = align(nat.end);
    const queues = align(pipes + sizes.pipes * layout.PIPE_BYTES); // of all workers but the first
    const frames = align(queues + (sizes.workers - 1) * layout.QUEUES_SIZE);
    const end = frames + sizes.workers * layout.SLOTS_PER_WORKER * layout.SLOT_SIZE;
    const pages = Math.ceil(end / PAGE);
    const shared = new SharedMemory(reserve(pages));
    const header: [number, number][] = [
      [layout.HEADER_MAGIC, layout.MAGIC], [layout.HEADER_HASH, layout.layoutHash()],
      [layout.HEADER_WORKERS, sizes.workers], [layout.HEADER_PIPES, pipes], [layout.HEADER_PIPE_COUNT, sizes.pipes],
      [layout.HEADER_FRAMES, frames], [layout.HEADER_FDB_BUCKETS, buckets], [layout.HEADER_FDB_LINKS, links],
      [layout.HEADER_FDB_CAPACITY, sizes.fdbCapacity],
    ];
    for (const [at, value] of header) shared.setWord(at, value);
    shared.#placeQueues(sizes.workers, queues);
    shared.longs[layout.HEADER_FDB_SEED >>> 3] = spreadingSeed();
    for (const at of [layout.HASH_SEEDS, layout.HASH_SEEDS + 8]) shared.longs[at >>> 3] = randomWord() | 1n;
    nat.write(shared);
    return shared;
  }

  /** What is looked into here and there, never through: tables whose size the configuration says, pipes, slots. */
  get scattered(): Uint8Array {
    return this.bytes.subarray(layout.FDB);
  }

  /** The u32 at a byte offset. */
  word(at: number): number {
    return this.words[at >>> 2]!;
  }

  setWord(at: number, value: number): void {
    this.words[at >>> 2] = value;
  }

  /** The f64 at a byte offset. */
  double(at: number): number {
    return this.doubles[at >>> 3]!;
  }

  setDouble(at: number, value: number): void {
    this.doubles[at >>> 3] = value;
  }

  #placeQueues(workers: number, further: number): void {
    for (let worker = 0; worker < workers; worker++) {
      const at = worker === 0 ? layout.QUEUES : further + (worker - 1) * layout.QUEUES_SIZE;
      this.setWord(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_QUEUES, at);
    }
  }

  /** Offset of the queue that a worker has of a port. */
  queue(worker: number, port: number): number {
    const queues = this.word(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_QUEUES);
    return queues + port * layout.QUEUE_SIZE;
  }

  /** What is to be added to the offset of a table of routers, for each worker's own (assembly/layout-router.ts). */
  get shards(): number[] {
    return Array.from({ length: this.word(layout.HEADER_WORKERS) }, (_, i) => this.word(layout.SHARDS + i * 4));
  }

  /** Offset of pipe `index`. */
  pipe(index: number): number {
    return this.word(layout.HEADER_PIPES) + index * layout.PIPE_BYTES;
  }
}

/** The compiled core; compiled once, instantiated by every thread. */
export function compileCore(): WebAssembly.Module {
  const file = packageFile("dist/core.wasm");
  let binary;
  try {
    binary = readFileSync(file);
  } catch (cause) {
    const message = `the packet core ${file} cannot be read: run "npm run build"`;
    throw new EngineError("CORE_MISSING", message, { cause });
  }
  return new WebAssembly.Module(binary);
}

/** An instance of the core over a memory. Throws where the two were not built from the same memory map. */
export function instantiateCore(module: WebAssembly.Module, shared: SharedMemory): CoreExports {
  const instance = new WebAssembly.Instance(module, { env: { memory: shared.memory } });
  const core = instance.exports as unknown as CoreExports;
  const hash = layout.layoutHash() * 65521 + layout.routerLayoutHash();
  if (core.layoutHash() !== hash || shared.word(layout.HEADER_MAGIC) !== layout.MAGIC) {
    const message = "the packet core and the host are of different builds: run \"npm run build\"";
    throw new EngineError("CORE_MISMATCH", message);
  }
  return core;
}

function reserve(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    const mebibytes = Math.ceil(pages / 16);
    const remedy = pages > 65536
      ? "which is more than WebAssembly's 4 GiB: use fewer workers"
      : "which the system refuses: raise its limit of address space (ulimit -v) or use fewer workers";
    throw new EngineError("MEMORY", `the engine needs ${mebibytes} MiB of address space, ${remedy}`, { cause });
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 4096) * 4096;
}
