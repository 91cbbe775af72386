// What one instance of the core knows about itself. Globals are per instance, memory is shared: only what is
// this worker's own, or never changes after bind, may stand here.

import {
  HEADER_EPOCH, HEADER_FDB_BUCKETS, HEADER_FDB_CAPACITY, HEADER_FDB_LINKS, HEADER_FDB_SEED, HEADER_FRAMES,
  HEADER_WORKERS, WORKERS, WORKER_QUEUES, WORKER_SIZE, COUNTERS, COUNTERS_SIZE, FDB_TICK_MS,
} from "./layout";
import { FLOW_INDEX, HASH_SEEDS, INDEX_BUCKETS, INDEX_RECORDS, INDEX_SHIFT, SHARDS } from "./layout-router";

/** Offset of this worker's block. */
export let base: u32 = 0;
/** Its index. */
export let self: u32 = 0;
/** How many workers there are. */
export let workers: u32 = 1;
/** Offset of slot 0. */
export let frames: u32 = 0;
/** Offset of this worker's counters. */
export let counters: u32 = 0;
/** Offset of its queues. */
export let queues: u32 = 0;

/** What lies between worker 0's tables of routers and this worker's (layout-router.ts). */
export let shard: u32 = 0;
/** Where flows are, and the index of their halves (layout-router.ts). */
export let flows: u32 = 0;
export let flowBuckets: u32 = 0;
export let flowShift: u64 = 0;
export let hashSeed: u64 = 1;
export let hashSeedOther: u64 = 1;

export let fdbSeed: u64 = 1;
export let fdbShift: u64 = 0;
export let fdbMask: u32 = 0;
export let fdbLinks: u32 = 0;
export let fdbCapacity: u32 = 0;

/** The clock, ms since the workers' common origin; the same in ticks of the FDB; the wall clock, ms since 1970. */
export let now: f64 = 0;
export let ticks: u32 = 0;
export let wall: f64 = 0;

/** Takes the part of a worker. */
export function bind(worker: u32): void {
  base = WORKERS + worker * WORKER_SIZE;
  counters = COUNTERS + worker * COUNTERS_SIZE;
  queues = load<u32>(base, WORKER_QUEUES);
  bindHost();
  adopt(worker);
}

/** Reads the header; an instance that is bound no further has no block, and `base` stays 0. */
export function bindHost(): void {
  workers = load<u32>(HEADER_WORKERS);
  frames = load<u32>(HEADER_FRAMES);
  const buckets = load<u32>(HEADER_FDB_BUCKETS);
  fdbSeed = load<u64>(HEADER_FDB_SEED);
  fdbMask = buckets - 1;
  fdbShift = 64 - <u64>ctz<u32>(buckets);
  fdbLinks = load<u32>(HEADER_FDB_LINKS);
  fdbCapacity = load<u32>(HEADER_FDB_CAPACITY);
  hashSeed = load<u64>(HASH_SEEDS);
  hashSeedOther = load<u64>(HASH_SEEDS, 8);
  adopt(0);
}

/** Works on the routers' tables of a worker: its own, or, for the host while all stand still, each one's in turn. */
export function adopt(worker: u32): void {
  self = worker;
  shard = load<u32>(SHARDS + worker * 4);
  flows = load<u32>(shard + FLOW_INDEX, INDEX_RECORDS);
  flowBuckets = load<u32>(shard + FLOW_INDEX, INDEX_BUCKETS);
  flowShift = load<u32>(shard + FLOW_INDEX, INDEX_SHIFT);
}

/** Sets the clock for what follows; time is an argument, so that tests can turn it. */
export function tick(time: f64): void {
  now = time;
  ticks = <u32>(time / FDB_TICK_MS);
  wall = load<f64>(HEADER_EPOCH) + time;
}
