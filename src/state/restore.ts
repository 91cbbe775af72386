// Brings a saved state back into the engine of now: sessions and learned MACs, by name, a slice at a time while the
// workers stand still. What no longer fits (a router, port or outside address that is gone, a session whose time is
// over) is left out silently. Leases are for whoever has them; their time is in them.

import { isUnicast } from "../config/ipv4.js";
import type { CoreExports } from "../core/abi.js";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import type { Registry } from "../core/registry.js";
import { wire } from "../core/router-tables.js";
import type { State } from "./decode.js";
import * as format from "./format.js";

/** Where a state is brought back to. */
export interface RestoreTarget {
  shared: SharedMemory;
  core: CoreExports;
  registry: Registry;
  /** Milliseconds since 1970. */
  wallMs: () => number;
  /** Runs something while the workers stand still. */
  parked: <T>(action: () => T) => T;
}

const LEFT_MAX = 2_678_400_000 / layout.FDB_TICK_MS; // the longest timeout that there is (31 days), ticks

/** Brings sessions back; `routers`: the numbers that routers have now. Returns how many came. */
export async function restoreSessions(
  state: State, target: RestoreTarget, routers: ReadonlyMap<string, number>,
): Promise<number> {
  const elapsed = elapsedTicks(state, target.wallMs());
  const numbers = new Map([...state.routers].map(([index, name]) => [index, routers.get(name)]));
  return inSlices(state.sessions, format.SESSION_BYTES, target, (record) => {
    const left = record.readUInt32LE(format.SESSION_LEFT) - elapsed;
    const router = numbers.get(routerIn(record));
    if (left <= 0 || left > LEFT_MAX || router === undefined || !isSane(record)) return false;
    writeRecord(target.shared, record, router);
    return target.core.restoreSession(left) !== 0;
  });
}

/** Brings learned MACs back, of ports that are there and of whose VLANs they were. Returns how many came. */
export async function restoreFdb(state: State, target: RestoreTarget): Promise<number> {
  const elapsed = elapsedTicks(state, target.wallMs());
  const { registry } = target;
  return inSlices(state.fdb, format.FDB_BYTES, target, (record) => {
    const was = state.ports.get(record.readUInt32LE(format.FDB_PORT));
    const port = was && registry.ports.get(`${was.switch}/${was.name}`);
    const isGroup = (record[format.FDB_MAC]! & 1) !== 0;
    if (!port || port.switchIndex < 0 || isGroup) return false;
    const domain = registry.knownDomain(port.switchIndex, record.readUInt16LE(format.FDB_VID));
    if (domain === undefined || !isMember(target.shared, domain, port.index)) return false;
    const [low, high] = [record.readUInt32LE(format.FDB_MAC), record.readUInt16LE(format.FDB_MAC + 4)];
    const ago = Math.min(record.readUInt32LE(format.FDB_AGE) + elapsed, 0x7fffffff);
    return target.core.restoreFdb(domain, low, high, port.index, ago) !== 0;
  });
}

/** Time that passed since; where the clock went back, none did. */
function elapsedTicks(state: State, wallMs: number): number {
  return Math.max(0, Math.floor((wallMs - state.wallMs) / layout.FDB_TICK_MS));
}

async function inSlices(
  slices: readonly Buffer[], size: number, { parked }: RestoreTarget, bring: (record: Buffer) => boolean,
): Promise<number> {
  let brought = 0;
  for (const slice of slices) {
    parked(() => {
      for (let at = 0; at < slice.length; at += size) if (bring(slice.subarray(at, at + size))) brought += 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  return brought;
}

/** The number that a session's router had. */
function routerIn(record: Buffer): number {
  return record.readUInt16LE(format.SESSION_KEY + 13) >>> 1;
}

/** Whether a session can be one: both halves of one router, its sides as its flags say, between hosts' addresses. */
function isSane(record: Buffer): boolean {
  const flags = record[format.SESSION_FLAGS]!;
  const side = record.readUInt16LE(format.SESSION_KEY + 13) & 1;
  const answers = record.readUInt16LE(format.SESSION_SCOPE);
  const isOutbound = flags === 0 && side === 0 && (answers & 1) === 1;
  const isInbound = flags === layout.FLOW_INBOUND && side === 1 && (answers & 1) === 0;
  const isHairpin = flags === layout.FLOW_HAIRPIN && side === 0 && (answers & 1) === 0;
  if (answers >>> 1 !== routerIn(record) || !(isOutbound || isInbound || isHairpin)) return false;
  if (record[format.SESSION_KEY + 12] === 0 || record[format.SESSION_KEY + 15] !== 0) return false;
  const addresses = [format.SESSION_KEY, format.SESSION_KEY + 4, format.SESSION_AFTER, format.SESSION_AFTER + 4];
  return addresses.every((at) => isUnicast(wire(record.readUInt32LE(at))));
}

/** Lays a session down where the core looks for it, as one of `router`. */
function writeRecord(shared: SharedMemory, record: Buffer, router: number): void {
  const { RESTORED, HALF_SIZE } = layout;
  const put = (at: number, from: number, length: number): void => {
    shared.bytes.set(record.subarray(from, from + length), at);
  };
  const putScope = (half: number, from: number): void => {
    const scope = router * 2 + (record[from]! & 1);
    shared.bytes.set([scope & 0xff, scope >>> 8], half + layout.HALF_KEY + 13);
  };
  shared.bytes.fill(0, RESTORED, RESTORED + layout.FLOW_SIZE);
  put(RESTORED + layout.HALF_KEY, format.SESSION_KEY, 16);
  putScope(RESTORED, format.SESSION_KEY + 13);
  put(RESTORED + layout.HALF_ADDRESSES, format.SESSION_AFTER, 12);
  put(RESTORED + layout.HALF_ACK, format.SESSION_ACKS, 8);
  put(RESTORED + HALF_SIZE + layout.HALF_ACK, format.SESSION_ACKS + 8, 8);
  putScope(RESTORED + HALF_SIZE, format.SESSION_SCOPE);
  shared.bytes[RESTORED + HALF_SIZE + layout.HALF_STATE] = record[format.SESSION_STATE]!;
  shared.bytes[RESTORED + HALF_SIZE + layout.HALF_FLAGS] = record[format.SESSION_FLAGS]!;
}

function isMember(shared: SharedMemory, domain: number, port: number): boolean {
  const at = layout.MEMBERS + domain * layout.MEMBERS_SIZE;
  return ((shared.word(at + (port >>> 5) * 4) >>> (port & 31)) & 1) !== 0;
}
