// From the running engine to the sections of a state file, a slice at a time: between two of them the main thread is
// anybody's. What changes while it is saved is in the file as it was before or after.

import { readFdb, type RawEntry } from "../core/fdb.js";
import * as layout from "../core/layout.js";
import { macWords } from "../core/mac.js";
import type { SharedMemory } from "../core/memory.js";
import { isWhole, recordsOf } from "../core/nat.js";
import * as format from "./format.js";
import type { StateSources } from "./sources.js";

/** What sessions get anew. */
const PERMITS = layout.FLOW_PERMIT | layout.FLOW_PERMIT_BACK;
/** Records in a slice: a few milliseconds. */
const SLICE = 2_000;
/** Records looked at in a slice, used or not. */
const LOOKS = 10_000;

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
  const fdb = slicesOf(readFdb(sources.shared), format.FDB_BYTES, (entry, words, at) =>
    writeEntry(sources, entry, ticks, words, at));
  for (const slice of fdb) yield [format.FDB, slice];
  const flows = slicesOf(recordsOf(sources.shared, layout.FLOW_SLAB), format.SESSION_BYTES, (flow, words, at) =>
    writeSession(sources.shared, flow, ticks, words, at));
  for (const slice of flows) yield [format.SESSIONS, slice];
  yield [format.SERVICES, json({ leases: sources.leases(), uplinks: sources.uplinks() })];
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Lays records of a size down in slices; `write` says whether an item is one, and puts it at a word. */
function* slicesOf<T>(
  items: Iterable<T>, size: number, write: (item: T, words: Uint32Array, at: number) => boolean,
): Generator<Buffer> {
  const stride = size / 4;
  let words = new Uint32Array(SLICE * stride);
  let [used, looks] = [0, 0];
  for (const item of items) {
    if (write(item, words, used)) used += stride;
    looks += 1;
    if (used < words.length && looks < LOOKS) continue;
    yield Buffer.from(words.buffer, 0, used * 4);
    words = new Uint32Array(SLICE * stride);
    [used, looks] = [0, 0];
  }
  if (used > 0) yield Buffer.from(words.buffer, 0, used * 4);
}

function writeEntry(
  { registry }: StateSources, { domain, mac, port, seen, static: fixed }: RawEntry, ticks: number,
  words: Uint32Array, at: number,
): boolean {
  const place = registry.domainAt(domain);
  if (fixed || !place) return false;
  const [low, high] = macWords(mac);
  words[at] = low;
  words[at + format.FDB_MAC / 4 + 1] = high | (place.vid << 16);
  words[at + format.FDB_PORT / 4] = port;
  words[at + format.FDB_AGE / 4] = Math.max(0, ticks - Math.round(seen * 1000 / layout.FDB_TICK_MS));
  return true;
}

function writeSession(shared: SharedMemory, flow: number, ticks: number, words: Uint32Array, at: number): boolean {
  const left = (shared.word(flow + layout.HALF_EXPIRES) - ticks) | 0;
  if (!isWhole(shared, flow) || left <= 0) return false;
  const second = flow + layout.HALF_SIZE;
  const copy = (to: number, from: number, count: number): void => {
    for (let word = 0; word < count; word++) words[at + to / 4 + word] = shared.word(from + word * 4);
  };
  copy(format.SESSION_KEY, flow + layout.HALF_KEY, 4);
  copy(format.SESSION_AFTER, flow + layout.HALF_ADDRESSES, 3);
  words[at + format.SESSION_LEFT / 4] = left;
  copy(format.SESSION_ACKS, flow + layout.HALF_ACK, 2);
  copy(format.SESSION_ACKS + 8, second + layout.HALF_ACK, 2);
  const scope = (shared.word(second + layout.HALF_KEY + 12) >>> 8) & 0xffff;
  const state = shared.bytes[second + layout.HALF_STATE]!;
  const flags = shared.bytes[second + layout.HALF_FLAGS]! & ~PERMITS;
  words[at + format.SESSION_SCOPE / 4] = scope + state * 0x10000 + flags * 0x1000000;
  // What went, or was made anew, while it was copied, is not what the copy says.
  return isWhole(shared, flow) && shared.word(flow + layout.HALF_KEY) === words[at]
    && shared.word(flow + layout.HALF_KEY + 8) === words[at + 2];
}
