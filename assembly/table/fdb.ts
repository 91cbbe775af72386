// The forwarding database (IEEE 802.1Q 8.8): (domain, MAC) → port, shared by all workers. Buckets of one cache
// line hold four keys that are compared together; an entry that finds its bucket full goes on to the next one,
// and each bucket that it passes counts it as a stray, which ends a search as soon as there is no need to go on.
// No entry goes further than WALK_MAX buckets: where all of those are full, one that lives there makes room.
// Finding and refreshing take no lock: an entry's key is written last and cleared first. Everything that changes
// the table holds the lock; a worker that does not get it at once learns the MAC from its next frame instead.

import {
  DOMAIN_SWITCH, DOMAIN_VID, EVENT_AGED, EVENT_EVICTED, EVENT_LEARNED, EVENT_MOVED, FDB, FDB_BUCKET_SIZE, FDB_COUNT,
  FDB_FLAGS, FDB_LOCK, FDB_PORT, FDB_PORTS, FDB_STAMP, FDB_STATIC, FDB_STRAYS, FDB_SWEEP_TIME, FDB_SWEPT, FDB_VALUES,
  FDB_WAYS, NO_WAY, PORTS_MAX, SWITCHES, SWITCH_AGING, SWITCH_SIZE,
} from "../layout";
import { emitEvent } from "../event";
import { fdbCapacity, fdbMask, fdbSeed, fdbShift, now, ticks } from "../state";
import { FLOOD } from "../verdict";
import { isGroup } from "../wire/ethernet";
import { domainAt, entries, keyOf, linkLast, linkOf, moveWay, oldest, unlink, valueOf, wayOf } from "./ways";

// Chance never asks for as many in a table that is half full at most; MACs chosen to meet get no more. A bucket's
// strays are at most WALK_MAX × FDB_WAYS, which their u8 holds.
const WALK_MAX = 32;
const LOCK_SPINS = 64;
const VICTIMS = 8; // how many of a port's oldest entries compete when one must go
const SWEEP_MAX = 4096; // buckets aged in one call: 256 KiB, some microseconds
const FLUSH_MAX: u32 = 4096; // ways looked at under one lock
const SWEEP_MS: f64 = 1000; // one round over the table

/** Offset of the bucket where the search for a key begins, for a loop that keeps the table's seed and shift at hand. */
@inline
export function bucketBy(key: u64, seed: u64, shift: u64): u32 {
  return FDB + <u32>((key * seed) >> shift) * FDB_BUCKET_SIZE;
}

/** The same for who looks up a single one. */
@inline
export function bucketOf(key: u64): u32 {
  return bucketBy(key, fdbSeed, fdbShift);
}

/** Which ways of a bucket hold a key, as four bits. */
@inline
export function match(bucket: u32, key: u64): i32 {
  const wanted = i64x2.splat(key);
  return i64x2.bitmask(i64x2.eq(v128.load(bucket), wanted))
    | (i64x2.bitmask(i64x2.eq(v128.load(bucket, 16), wanted)) << 2);
}

/** Offset of the value that belongs to the first way in `matched`. */
@inline
export function valueAt(bucket: u32, matched: i32): u32 {
  return bucket + FDB_VALUES + <u32>ctz(matched) * 8;
}

/** Offset of a key's value, 0 where it is not known. For what `match` on its bucket did not find. */
export function findFar(key: u64): u32 {
  let bucket = bucketOf(key);
  for (let walked = 0; walked < WALK_MAX && load<u8>(bucket, FDB_VALUES + FDB_STRAYS) != 0; walked++) {
    bucket = following(bucket);
    const matched = match(bucket, key);
    if (matched) return valueAt(bucket, matched);
  }
  return 0;
}

/** Offset of a key's value, 0 where it is not known. */
export function find(key: u64): u32 {
  const bucket = bucketOf(key);
  const matched = match(bucket, key);
  return matched ? valueAt(bucket, matched) : findFar(key);
}

/** Where a key stands in the table; FDB, where another one does, if it is not known. */
export function entryWith(key: u64): u32 {
  const value = find(key);
  return value ? value - FDB_VALUES : FDB;
}

/** The port of the key that stands at an offset. */
@inline
export function portAt(entry: u32): u32 {
  return <u32>load<u16>(entry, FDB_VALUES + FDB_PORT);
}

/** The port of a key, FLOOD where it is not known or a group's. */
@inline
export function portOf(key: u64): u32 {
  const bucket = bucketOf(key);
  const matched = match(bucket, key);
  return matched ? <u32>load<u16>(valueAt(bucket, matched), FDB_PORT) : portFar(key);
}

/** The same for one that is not in the bucket where its search begins. */
export function portFar(key: u64): u32 {
  const value = isGroup(key) ? 0 : findFar(key);
  return value ? <u32>load<u16>(value, FDB_PORT) : FLOOD;
}

/**
 * Learns that a key lives on a port, or moves it there. Static entries stay where they are. At capacity an
 * entry goes first: of this port where it has its fair share already, else of the port that has most.
 */
export function learnKey(key: u64, port: u32): void {
  if (!tryLock()) return;
  const value = find(key);
  if (value == 0) {
    if (makeRoom(port) && insert(key, port, 0)) emitEvent(EVENT_LEARNED, port, key, port);
  } else if ((load<u8>(value, FDB_FLAGS) & FDB_STATIC) == 0) {
    const before = <u32>load<u16>(value, FDB_PORT);
    store<u32>(value, ticks, FDB_STAMP);
    if (before != port) {
      moveWay(wayOf(value), before, port);
      store<u16>(value, <u16>port, FDB_PORT);
      emitEvent(EVENT_MOVED, port, key, before);
    }
  }
  unlock();
}

/** Brings back an entry that was learned, seen last `ago` ticks before now. False: it is known, or there is no room. */
export function restore(key: u64, port: u32, ago: u32): bool {
  lock();
  const done = find(key) == 0 && load<u32>(FDB_COUNT) < fdbCapacity && insert(key, port, 0);
  if (done) store<u32>(find(key), ticks - ago, FDB_STAMP);
  unlock();
  return done;
}

/** Adds an entry that neither ageing nor learning touches. False where the table is full of such entries. */
export function addStatic(key: u64, port: u32): bool {
  lock();
  const known = find(key);
  if (known) remove(wayOf(known));
  const done = makeRoom(port) && insert(key, port, FDB_STATIC);
  unlock();
  return done;
}

export function removeStatic(key: u64): void {
  lock();
  const value = find(key);
  if (value && (load<u8>(value, FDB_FLAGS) & FDB_STATIC)) remove(wayOf(value));
  unlock();
}

/** Forgets what was learned on a port, in all VLANs (`vid` 0) or in one; returns how many entries that were. */
export function flushPort(port: u32, vid: u32): u32 {
  lock();
  let flushed: u32 = 0;
  let way = oldest(port);
  while (way != NO_WAY) {
    const next = load<u32>(linkOf(way), 4);
    if (vid == 0 || load<u16>(domainAt(load<u64>(keyOf(way))), DOMAIN_VID) == vid) {
      remove(way);
      flushed++;
    }
    way = next;
  }
  unlock();
  return flushed;
}

/** Forgets what was learned in the domains of a switch, or in one of its VLANs (`vid` not 0). */
export function flushSwitch(index: u32, vid: u32): u32 {
  lock();
  let flushed: u32 = 0;
  const ways = (fdbMask + 1) * FDB_WAYS;
  for (let way: u32 = 0; way < ways; way++) {
    if (way % FLUSH_MAX == 0) {
      unlock(); // workers that wait get their turn
      lock();
    }
    const key = load<u64>(keyOf(way));
    if (key == 0 || (load<u8>(valueOf(way), FDB_FLAGS) & FDB_STATIC)) continue;
    const domain = domainAt(key);
    if (load<u16>(domain, DOMAIN_SWITCH) != index || (vid != 0 && load<u16>(domain, DOMAIN_VID) != vid)) continue;
    remove(way);
    flushed++;
  }
  unlock();
  return flushed;
}

/**
 * Ages the part of the table that is due, a slice a call; one round takes a second. Says whether more is due
 * already. Costs frames nothing: they only leave a stamp behind.
 */
export function ageTable(): bool {
  if (load<u32>(FDB_COUNT) == 0 || !tryLock()) return false;
  const buckets = fdbMask + 1;
  const due = (now - load<f64>(FDB_SWEEP_TIME)) / SWEEP_MS * <f64>buckets;
  const slice = min(min(<u32>min(due, <f64>SWEEP_MAX), buckets), SWEEP_MAX);
  let bucket = load<u32>(FDB_SWEPT);
  for (let i: u32 = 0; i < slice; i++) {
    ageBucket(bucket & fdbMask);
    bucket++;
  }
  store<u32>(FDB_SWEPT, bucket & fdbMask);
  const behind = due > <f64>(2 * buckets); // after a long sleep one round is enough
  const reached = load<f64>(FDB_SWEEP_TIME) + <f64>slice / <f64>buckets * SWEEP_MS;
  store<f64>(FDB_SWEEP_TIME, behind ? now - SWEEP_MS : reached);
  unlock();
  return due >= <f64>(SWEEP_MAX + 1);
}

function ageBucket(bucket: u32): void {
  for (let way = bucket * FDB_WAYS; way < (bucket + 1) * FDB_WAYS; way++) {
    const key = load<u64>(keyOf(way));
    if (key == 0) continue;
    const value = valueOf(way);
    if (load<u8>(value, FDB_FLAGS) & FDB_STATIC) continue;
    const owner = load<u16>(domainAt(key), DOMAIN_SWITCH);
    const limit = load<u32>(SWITCHES + <u32>owner * SWITCH_SIZE, SWITCH_AGING);
    if (limit == 0 || ticks - load<u32>(value, FDB_STAMP) < limit) continue;
    const port = load<u16>(value, FDB_PORT);
    remove(way);
    emitEvent(EVENT_AGED, port, key, port);
  }
}

/** Makes sure of room for one more entry of a port; false where only static entries are left to evict. */
function makeRoom(port: u32): bool {
  if (load<u32>(FDB_COUNT) < fdbCapacity) return true;
  const own = entries(port);
  const sharers = load<u32>(FDB_PORTS) + u32(own == 0);
  const victim = worst(own != 0 && own >= fdbCapacity / sharers ? port : busiest());
  return evict(victim);
}

/** Forgets an entry to make room, and tells; false where there is none to forget. */
function evict(way: u32): bool {
  if (way == NO_WAY) return false;
  const key = load<u64>(keyOf(way));
  const from = load<u16>(valueOf(way), FDB_PORT);
  remove(way);
  emitEvent(EVENT_EVICTED, from, key, from);
  return true;
}

/** The learned entry that gives way to one of a port on a walk that is full: the port's own, else of the busiest. */
function worstOnWalk(first: u32, port: u32): u32 {
  let chosen = NO_WAY;
  let bucket = first;
  for (let walked = 0; walked <= WALK_MAX; walked++) {
    for (let way = wayOf(bucket + FDB_VALUES), i: u32 = 0; i < FDB_WAYS; i++, way++) {
      if (load<u8>(valueOf(way), FDB_FLAGS) & FDB_STATIC) continue;
      const owner = load<u16>(valueOf(way), FDB_PORT);
      if (owner == port) return way;
      if (chosen == NO_WAY || entries(owner) > entries(load<u16>(valueOf(chosen), FDB_PORT))) chosen = way;
    }
    bucket = following(bucket);
  }
  return chosen;
}

/** The port that holds most entries. */
function busiest(): u32 {
  let most: u32 = 0;
  for (let port: u32 = 1; port < PORTS_MAX; port++) {
    if (entries(port) > entries(most)) most = port;
  }
  return most;
}

/** The entry of a port that was silent longest, among those learned first. */
function worst(port: u32): u32 {
  let chosen = oldest(port);
  let way = chosen;
  for (let i = 0; i < VICTIMS && way != NO_WAY; i++) {
    if (load<u32>(valueOf(way), FDB_STAMP) < load<u32>(valueOf(chosen), FDB_STAMP)) chosen = way;
    way = load<u32>(linkOf(way), 4);
  }
  return chosen;
}

/** Puts a key into the first free way of its walk; false where static entries hold all of it. */
function insert(key: u64, port: u32, flags: u32): bool {
  let bucket = bucketOf(key);
  const first = bucket;
  let free = match(bucket, 0);
  for (let walked = 0; walked < WALK_MAX && free == 0; walked++) {
    bucket = following(bucket);
    free = match(bucket, 0);
  }
  if (free == 0) return evict(worstOnWalk(first, port)) && insert(key, port, flags);
  for (let passed = first; passed != bucket; passed = following(passed)) addStray(passed);
  const value = valueAt(bucket, free);
  store<u32>(value, ticks, FDB_STAMP);
  store<u16>(value, <u16>port, FDB_PORT);
  store<u8>(value, <u8>flags, FDB_FLAGS);
  const way = wayOf(value);
  if (flags == 0) linkLast(way, port);
  atomic.store<u64>(keyOf(way), key);
  store<u32>(FDB_COUNT, load<u32>(FDB_COUNT) + 1);
  return true;
}

function remove(way: u32): void {
  const key = load<u64>(keyOf(way));
  const value = valueOf(way);
  atomic.store<u64>(keyOf(way), 0);
  const home = FDB + (way / FDB_WAYS) * FDB_BUCKET_SIZE;
  for (let passed = bucketOf(key); passed != home; passed = following(passed)) dropStray(passed);
  if ((load<u8>(value, FDB_FLAGS) & FDB_STATIC) == 0) unlink(way, load<u16>(value, FDB_PORT));
  store<u32>(FDB_COUNT, load<u32>(FDB_COUNT) - 1);
}

@inline
function following(bucket: u32): u32 {
  return FDB + ((bucket - FDB + FDB_BUCKET_SIZE) & ((fdbMask << 6) | 63));
}

function addStray(bucket: u32): void {
  store<u8>(bucket, load<u8>(bucket, FDB_VALUES + FDB_STRAYS) + 1, FDB_VALUES + FDB_STRAYS);
}

function dropStray(bucket: u32): void {
  store<u8>(bucket, load<u8>(bucket, FDB_VALUES + FDB_STRAYS) - 1, FDB_VALUES + FDB_STRAYS);
}

// ---- the lock ----

function tryLock(): bool {
  for (let i = 0; i < LOCK_SPINS; i++) {
    if (atomic.cmpxchg<u32>(FDB_LOCK, 0, 1) == 0) return true;
  }
  return false;
}

/** Only for the control side: workers hold the lock for some microseconds at most. */
function lock(): void {
  while (!tryLock()) continue;
}

function unlock(): void {
  atomic.store<u32>(FDB_LOCK, 0);
}
