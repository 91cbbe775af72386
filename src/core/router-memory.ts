// Where the routers' tables lie that the configuration sizes, and those of workers beyond the first; what the slabs and
// indexes of the core are told of all of them, once, before anything runs. See assembly/layout-router.ts.

import * as layout from "./layout.js";

/** Records of one size: where, how long, how many may be in use. */
interface Slab { at: number; records: number; stride: number; limit: number }

/** Buckets that lead to records by a key at `key` of each. */
interface Index { at: number; records: number; stride: number; key: number; buckets: number; count: number }

const LINE = 128; // records of flows stand on a pair of cache lines
const PAGE = 4096;

/** The tables of all workers. */
export class RouterMemory {
  /** Offset behind the last table. */
  readonly end: number;
  readonly #shards: Shard[] = [];
  /** Table of who owns which port of an outside address; 0: one worker owns them all. */
  readonly #owners: number;

  /** `first`: offset of the first table; `capacity`: sessions, and as many mappings, over all workers. */
  constructor(first: number, capacity: number, workers: number) {
    const each = Math.ceil(capacity / workers);
    let end = first;
    for (let worker = 0; worker < workers; worker++) {
      const image = worker === 0 ? layout.ROUTERS : align(end, PAGE);
      const shard = new Shard(image - layout.ROUTERS, worker === 0 ? end : image + layout.SHARD_SIZE, each);
      this.#shards.push(shard);
      end = shard.end;
    }
    this.#owners = workers > 1 ? align(end, PAGE) : 0;
    this.end = workers > 1 ? this.#owners + layout.OWNERS_SIZE : end;
  }

  /** `memory`: what sets the u32 at a byte offset. */
  write(memory: Words): void {
    for (const [worker, shard] of this.#shards.entries()) {
      memory.setWord(layout.SHARDS + worker * 4, shard.offset);
      shard.write(memory);
    }
    memory.setWord(layout.OWNERS, this.#owners);
  }
}

interface Words { setWord(at: number, value: number): void }

/** The tables of one worker. */
class Shard {
  /** Offset behind the last of those that the configuration sizes. */
  readonly end: number;
  readonly #slabs: Slab[];
  readonly #indexes: Index[];

  /** `offset`: added to the offsets of layout-router.ts; `first`: offset of the first table behind those. */
  constructor(readonly offset: number, first: number, capacity: number) {
    const records = capacity + 1; // none has number 0
    const flows = align(first, LINE);
    const mappings = flows + records * layout.FLOW_SIZE;
    const permits = mappings + records * layout.MAPPING_SIZE;
    const flowBuckets = align(permits + records * layout.PERMIT_SIZE, LINE);
    const inside = flowBuckets + bucketsFor(2 * capacity) * layout.BUCKET_SIZE;
    const outside = inside + bucketsFor(capacity) * layout.BUCKET_SIZE;
    const permitBuckets = outside + bucketsFor(capacity) * layout.BUCKET_SIZE;
    this.end = permitBuckets + bucketsFor(capacity) * layout.BUCKET_SIZE;
    this.#slabs = [
      { at: layout.FLOW_SLAB, records: flows, stride: layout.FLOW_SIZE, limit: capacity },
      { at: layout.MAPPING_SLAB, records: mappings, stride: layout.MAPPING_SIZE, limit: capacity },
      { at: layout.PERMIT_SLAB, records: permits, stride: layout.PERMIT_SIZE, limit: capacity },
      ...FIXED_SLABS.map((slab) => ({ ...slab, records: offset + slab.records })),
    ];
    this.#indexes = [
      {
        at: layout.FLOW_INDEX, records: flows, stride: layout.HALF_SIZE, key: 0,
        buckets: flowBuckets, count: bucketsFor(2 * capacity),
      },
      {
        at: layout.INSIDE_INDEX, records: mappings, stride: layout.MAPPING_SIZE, key: layout.MAPPING_INSIDE,
        buckets: inside, count: bucketsFor(capacity),
      },
      {
        at: layout.OUTSIDE_INDEX, records: mappings, stride: layout.MAPPING_SIZE, key: layout.MAPPING_OUTSIDE,
        buckets: outside, count: bucketsFor(capacity),
      },
      {
        at: layout.PERMIT_INDEX, records: permits, stride: layout.PERMIT_SIZE, key: 0,
        buckets: permitBuckets, count: bucketsFor(capacity),
      },
      ...FIXED_INDEXES.map((index) => (
        { ...index, records: offset + index.records, buckets: offset + index.buckets }
      )),
    ];
  }

  write(memory: Words): void {
    for (const { at, records, stride, limit } of this.#slabs) {
      memory.setWord(this.offset + at + layout.SLAB_RECORDS, records);
      memory.setWord(this.offset + at + layout.SLAB_STRIDE, stride);
      memory.setWord(this.offset + at + layout.SLAB_LIMIT, limit);
      memory.setWord(this.offset + at + layout.SLAB_NEXT, 1);
    }
    for (const { at, records, stride, key, buckets, count } of this.#indexes) {
      memory.setWord(this.offset + at + layout.INDEX_RECORDS, records);
      memory.setWord(this.offset + at + layout.INDEX_STRIDE, stride);
      memory.setWord(this.offset + at + layout.INDEX_KEY, key);
      memory.setWord(this.offset + at + layout.INDEX_BUCKETS, buckets);
      memory.setWord(this.offset + at + layout.INDEX_SHIFT, 64 - Math.log2(count));
      memory.setWord(this.offset + at + layout.INDEX_MASK, count - 1);
    }
  }
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

/** Buckets for so many entries: a power of two, half full at most. */
function bucketsFor(entries: number): number {
  return 2 ** Math.ceil(Math.log2(entries * 2 / layout.BUCKET_WAYS));
}

const WIDE_BUCKETS = 16384;
const FRAGMENT_BUCKET_COUNT = 256;

const FIXED_SLABS: readonly Slab[] = [
  { at: layout.NEIGHBOR_SLAB, records: layout.NEIGHBORS, stride: 64, limit: layout.NEIGHBORS_MAX },
  { at: layout.HOST_SLAB, records: layout.HOSTS, stride: 64, limit: layout.HOSTS_MAX },
  { at: layout.FRAGMENT_SLAB, records: layout.FRAGMENTS, stride: layout.FRAGMENT_SIZE, limit: layout.FRAGMENTS_MAX },
  { at: layout.PENDING_SLAB, records: layout.PENDINGS, stride: layout.PENDING_SIZE, limit: layout.PENDINGS_MAX },
];

const FIXED_INDEXES: readonly Index[] = [
  {
    at: layout.NEIGHBOR_INDEX, records: layout.NEIGHBORS, stride: 64, key: layout.NEIGHBOR_KEY,
    buckets: layout.NEIGHBOR_BUCKETS, count: WIDE_BUCKETS,
  },
  {
    at: layout.HOST_INDEX, records: layout.HOSTS, stride: 64, key: layout.HOST_KEY,
    buckets: layout.HOST_BUCKETS, count: WIDE_BUCKETS,
  },
  {
    at: layout.FRAGMENT_INDEX, records: layout.FRAGMENTS, stride: layout.FRAGMENT_SIZE, key: layout.FRAGMENT_KEY,
    buckets: layout.FRAGMENT_BUCKETS, count: FRAGMENT_BUCKET_COUNT,
  },
];
