// From the running engine to the sections of a state file, a slice at a time: between two of them the main thread is
// anybody's. What changes while it is saved is in the file as it was before or after.

import { readFdb } from "../core/fdb.js";
import * as layout from "../core/layout.js";
import { macWords } from "../core/mac.js";
import type { SharedMemory } from "../core/memory.js";
import { isWhole, recordsOf } from "../core/nat.js";
import * as format from "./format.js";
import type { StateSources } from "./sources.js";

/** Records in a slice: a few milliseconds. */
const SLICE = 2_000;
/** Records looked at in a slice, used or not. */
const LOOKS = 20_000;

/** All of a file, in order. */
export function* encodeState(sources: StateSources): Generator<Buffer> {
  yield format.encodeHeader(sources.wallMs());
  let count = 0;
  for (const [kind, payload] of sections(sources)) {
    if (payload.length > 0) count += 1;
    yield payload.length > 0 ? format.encodeSection(kind, payload) : payload; // nothing found: only a breath
  }
  yield format.encodeEnd(count);
}

function* sections(sources: StateSources): Generator<[kind: number, payload: Buffer]> {
  const ticks = Math.floor(sources.seconds() * 1000 / layout.FDB_TICK_MS);
  const names = {
    routers: [...sources.routers()].map(({ index, name }) => [index, name]),
    ports: [...sources.registry.ports.values()].map(({ index, switchName, name }) => [index, switchName, name]),
  };
  yield [format.NAMES, json(names)];
  for (const slice of sliced(fdbRecords(sources, ticks))) yield [format.FDB, slice];
  for (const slice of sliced(sessionRecords(sources.shared, ticks))) yield [format.SESSIONS, slice];
  yield [format.SERVICES, json({ leases: sources.leases(), uplinks: sources.uplinks() })];
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Records in slices; undefined stands for one that was looked at in vain. */
function* sliced(records: Iterable<Buffer | undefined>): Generator<Buffer> {
  let slice: Buffer[] = [];
  let looks = 0;
  for (const record of records) {
    if (record) slice.push(record);
    looks += 1;
    if (slice.length < SLICE && looks < LOOKS) continue;
    yield Buffer.concat(slice);
    slice = [];
    looks = 0;
  }
  if (slice.length > 0) yield Buffer.concat(slice);
}

function* fdbRecords({ shared, registry }: StateSources, ticks: number): Generator<Buffer | undefined> {
  for (const { domain, mac, port, seen, static: fixed } of readFdb(shared)) {
    const place = registry.domainAt(domain);
    if (fixed || !place) {
      yield undefined;
      continue;
    }
    const record = Buffer.alloc(format.FDB_BYTES);
    const [low, high] = macWords(mac);
    record.writeUInt32LE(low, format.FDB_MAC);
    record.writeUInt16LE(high, format.FDB_MAC + 4);
    record.writeUInt16LE(place.vid, format.FDB_VID);
    record.writeUInt32LE(port, format.FDB_PORT);
    record.writeUInt32LE(Math.max(0, ticks - Math.round(seen * 1000 / layout.FDB_TICK_MS)), format.FDB_AGE);
    yield record;
  }
}

function* sessionRecords(shared: SharedMemory, ticks: number): Generator<Buffer | undefined> {
  for (const at of recordsOf(shared, layout.FLOW_SLAB)) yield sessionRecord(shared, at, ticks);
}

function sessionRecord(shared: SharedMemory, at: number, ticks: number): Buffer | undefined {
  const left = (shared.word(at + layout.HALF_EXPIRES) - ticks) | 0;
  if (!isWhole(shared, at) || left <= 0) return undefined;
  const record = Buffer.alloc(format.SESSION_BYTES);
  const second = at + layout.HALF_SIZE;
  const copy = (to: number, from: number, length: number): void => {
    record.set(shared.bytes.subarray(from, from + length), to);
  };
  copy(format.SESSION_KEY, at + layout.HALF_KEY, 16);
  copy(format.SESSION_AFTER, at + layout.HALF_ADDRESSES, 12);
  record.writeUInt32LE(left, format.SESSION_LEFT);
  copy(format.SESSION_ACKS, at + layout.HALF_ACK, 8);
  copy(format.SESSION_ACKS + 8, second + layout.HALF_ACK, 8);
  copy(format.SESSION_SCOPE, second + layout.HALF_KEY + 13, 2);
  record[format.SESSION_STATE] = shared.bytes[second + layout.HALF_STATE]!;
  record[format.SESSION_FLAGS] = shared.bytes[second + layout.HALF_FLAGS]!;
  // What went, or was made anew, while it was copied, is not what the copy says.
  const isSame = isWhole(shared, at) && shared.word(at + layout.HALF_KEY) === record.readUInt32LE(format.SESSION_KEY)
    && shared.word(at + layout.HALF_KEY + 8) === record.readUInt32LE(format.SESSION_KEY + 8);
  return isSame ? record : undefined;
}
