// Indexes: from a key of two words to the number of the record that begins with it (or has it at INDEX_KEY). A bucket
// is a cache line: eight fingerprints, compared together, and eight numbers; an entry that finds its bucket full
// goes on to the next, and the buckets that it passes count it as a stray, which bounds searches without tombstones.
// Half full at most, one bucket in fifty overflows. Each worker has indexes of its own; an index is given as the offset
// of worker 0's. Layout: layout-router.ts.

import {
  BUCKET_NUMBERS, BUCKET_SIZE, BUCKET_WAYS, HASH_SEEDS, INDEX_BUCKETS, INDEX_KEY, INDEX_MASK, INDEX_RECORDS,
  INDEX_SHIFT, INDEX_STRIDE, NUMBER_MASK, STRAYS_SHIFT,
} from "../layout-router";
import { shard } from "../state";

const WALK_MAX = 16; // a bucket's strays are at most WALK_MAX × BUCKET_WAYS, which their byte holds
const FINAL: u64 = 0x9e37_79b9_7f4a_7c15;

/** The hash of a key; its high bits choose the bucket, its low ones are the fingerprint. */
@inline
export function hashOf(first: u64, second: u64, seed: u64, other: u64): u64 {
  const mixed = (first ^ other) * seed + (second ^ (first >> 32)) * other;
  return (mixed ^ (mixed >> 32)) * FINAL;
}

/** Which ways of a bucket have a fingerprint, as eight bits. */
@inline
export function match(bucket: u32, fingerprint: u32): u32 {
  const wanted = i32x4.splat(fingerprint);
  return <u32>i32x4.bitmask(i32x4.eq(v128.load(bucket), wanted))
    | (<u32>i32x4.bitmask(i32x4.eq(v128.load(bucket, 16), wanted)) << 4);
}

@inline
function hash(first: u64, second: u64): u64 {
  return hashOf(first, second, load<u64>(HASH_SEEDS), load<u64>(HASH_SEEDS, 8));
}

@inline
function bucketAt(index: u32, hashed: u64): u32 {
  return load<u32>(index, INDEX_BUCKETS) + <u32>(hashed >> <u64>load<u32>(index, INDEX_SHIFT)) * BUCKET_SIZE;
}

@inline
function following(index: u32, bucket: u32): u32 {
  const first = load<u32>(index, INDEX_BUCKETS);
  return first + ((bucket - first + BUCKET_SIZE) & (load<u32>(index, INDEX_MASK) * BUCKET_SIZE));
}

@inline
function strays(bucket: u32): u32 {
  return load<u32>(bucket, BUCKET_NUMBERS) >> STRAYS_SHIFT;
}

/** Whether entries that belong to a bucket have to be looked for behind it. */
@inline
export function hasStrays(bucket: u32): bool {
  return strays(bucket) != 0;
}

@inline
function addStrays(bucket: u32, count: i32): void {
  store<u32>(bucket, load<u32>(bucket, BUCKET_NUMBERS) + (<u32>count << STRAYS_SHIFT), BUCKET_NUMBERS);
}

@inline
function numberAt(bucket: u32, way: u32): u32 {
  return load<u32>(bucket + way * 4, BUCKET_NUMBERS) & NUMBER_MASK;
}

/** Loads the bucket where a search for a key would begin. */
export function touch(index: u32, first: u64, second: u64): u32 {
  return load<u32>(bucketAt(shard + index, hash(first, second)));
}

/** Offset of the record that a key belongs to, 0 where there is none. */
export function find(table: u32, first: u64, second: u64): u32 {
  const index = shard + table;
  const hashed = hash(first, second);
  let bucket = bucketAt(index, hashed);
  for (let walked = 0; walked <= WALK_MAX; walked++) {
    for (let matched = match(bucket, <u32>hashed); matched; matched &= matched - 1) {
      const number = numberAt(bucket, ctz(matched));
      const record = load<u32>(index, INDEX_RECORDS) + number * load<u32>(index, INDEX_STRIDE);
      const key = record + load<u32>(index, INDEX_KEY);
      if (number && load<u64>(key) == first && load<u64>(key, 8) == second) return record;
    }
    if (strays(bucket) == 0) return 0;
    bucket = following(index, bucket);
  }
  return 0;
}

/** Enters a record, whose key stands in it and is not in the index yet. False: its part of the index is full. */
export function insert(table: u32, record: u32): bool {
  const index = shard + table;
  const key = record + load<u32>(index, INDEX_KEY);
  const hashed = hash(load<u64>(key), load<u64>(key, 8));
  const home = bucketAt(index, hashed);
  let bucket = home;
  let way = freeWay(bucket);
  for (let walked = 0; way == BUCKET_WAYS; walked++) {
    if (walked == WALK_MAX) return false;
    bucket = following(index, bucket);
    way = freeWay(bucket);
  }
  for (let passed = home; passed != bucket; passed = following(index, passed)) addStrays(passed, 1);
  const number = (record - load<u32>(index, INDEX_RECORDS)) / load<u32>(index, INDEX_STRIDE);
  store<u32>(bucket + way * 4, <u32>hashed);
  const at = bucket + way * 4;
  store<u32>(at, (load<u32>(at, BUCKET_NUMBERS) & ~NUMBER_MASK) | number, BUCKET_NUMBERS);
  return true;
}

/** Takes a record, which is in the index, out of it. */
export function remove(table: u32, record: u32): void {
  const index = shard + table;
  const key = record + load<u32>(index, INDEX_KEY);
  const hashed = hash(load<u64>(key), load<u64>(key, 8));
  const number = (record - load<u32>(index, INDEX_RECORDS)) / load<u32>(index, INDEX_STRIDE);
  const home = bucketAt(index, hashed);
  let bucket = home;
  for (let walked = 0; walked <= WALK_MAX; walked++) {
    const way = wayOf(bucket, <u32>hashed, number);
    if (way < BUCKET_WAYS) {
      const at = bucket + way * 4;
      store<u32>(at, 0);
      store<u32>(at, load<u32>(at, BUCKET_NUMBERS) & ~NUMBER_MASK, BUCKET_NUMBERS);
      for (let passed = home; passed != bucket; passed = following(index, passed)) addStrays(passed, -1);
      return;
    }
    bucket = following(index, bucket);
  }
}

/** The way that holds a number; BUCKET_WAYS: none. */
function wayOf(bucket: u32, fingerprint: u32, number: u32): u32 {
  for (let matched = match(bucket, fingerprint); matched; matched &= matched - 1) {
    if (numberAt(bucket, ctz(matched)) == number) return ctz(matched);
  }
  return BUCKET_WAYS;
}

function freeWay(bucket: u32): u32 {
  for (let way: u32 = 0; way < BUCKET_WAYS; way++) if (numberAt(bucket, way) == 0) return way;
  return BUCKET_WAYS;
}
