// Reads the sessions that are translated where they lie (RFC 2663 2.3). Records change while they are read: one that is
// half written, or that went meanwhile, is left out, and nothing is locked for a listing. Writes nothing.

import { printIpv4 } from "../config/ipv4.js";
import * as layout from "./layout.js";
import type { SharedMemory } from "./memory.js";
import { wire, wire16 } from "./router-tables.js";

export type SessionProtocol = "tcp" | "udp" | "icmp";
export type SessionState = "opening" | "established" | "closing" | "open";

/** A session that lives. Endpoints are `address:port`, of ICMP queries `address:identifier`. */
export interface Session {
  /** Number of its router. */
  router: number;
  protocol: SessionProtocol;
  inside: string;
  outside: string;
  /** As the inside sees it: for a hairpin that is the outside endpoint of another inside host. */
  remote: string;
  state: SessionState;
  /** Seconds that it may stay silent, above 0. */
  expires: number;
}

/** What the inside hosts of a router hold. */
export interface Holdings {
  hosts: number;
  sessions: number;
  mappings: number;
}

const PROTOCOLS: Record<number, SessionProtocol> = { 1: "icmp", 6: "tcp", 17: "udp" };
const ICMP = 1;
const TCP = 6;

/** Protocol and scope in the second word of a half's second key. */
const PROTOCOL_MASK = 0xff;
const SCOPE_SHIFT = 8;
const SCOPE_MASK = 0xffff;

/** Every session that lives, in no order. `seconds`: the workers' clock. A walk of which every step looks at memory
 *  anew, so that it may be made in slices. */
export function* readSessions(shared: SharedMemory, seconds: number): Generator<Session> {
  const ticks = Math.floor(seconds * 1000 / layout.FDB_TICK_MS);
  for (const at of recordsOf(shared, layout.FLOW_SLAB)) {
    const session = sessionAt(shared, at, ticks);
    if (session) yield session;
  }
}

/**
 * Offsets of the records of a slab that were ever in use, of one worker after the other; those that come while it is
 * walked are among them.
 */
export function* recordsOf(shared: SharedMemory, slab: number): Generator<number> {
  for (const shard of shared.shards) {
    const records = shared.word(shard + slab + layout.SLAB_RECORDS);
    const stride = shared.word(shard + slab + layout.SLAB_STRIDE);
    const next = shard + slab + layout.SLAB_NEXT;
    for (let number = 1; number < shared.word(next); number++) yield records + number * stride;
  }
}

function sessionAt(shared: SharedMemory, at: number, ticks: number): Session | undefined {
  const key = shared.word(at + layout.HALF_KEY + 12);
  const left = (shared.word(at + layout.HALF_EXPIRES) - ticks) | 0;
  if (!isWhole(shared, at) || left <= 0) return undefined;
  const protocol = PROTOCOLS[key & PROTOCOL_MASK];
  const ends = endsOf(shared, at, key & PROTOCOL_MASK);
  const state = (key & PROTOCOL_MASK) === TCP ? tcpState(shared, at) : "open";
  if (!protocol || shared.word(at + layout.HALF_KEY + 12) !== key) return undefined;
  const router = ((key >>> SCOPE_SHIFT) & SCOPE_MASK) >>> 1;
  const certain = Math.max(0, left - layout.graceOf(shared.word(at + layout.HALF_TIMEOUT)));
  return { router, protocol, ...ends, state, expires: certain * layout.FDB_TICK_MS / 1000 };
}

/** Whether a record is that of a flow, and all of it is there: its timeout is written last. */
export function isWhole(shared: SharedMemory, at: number): boolean {
  return shared.word(at + layout.HALF_KEY + 12) !== 0 && shared.word(at + layout.HALF_MAPPING) !== 0
    && shared.word(at + layout.HALF_TIMEOUT) !== 0;
}

function endsOf(shared: SharedMemory, at: number, protocol: number): Pick<Session, "inside" | "outside" | "remote"> {
  const [before, after] = [at + layout.HALF_KEY, at + layout.HALF_ADDRESSES];
  const ports = shared.word(before + 8);
  const portsAfter = shared.word(at + layout.HALF_PORTS);
  const flags = shared.bytes[at + layout.HALF_SIZE + layout.HALF_FLAGS]!;
  if ((flags & layout.FLOW_INBOUND) === 0) {
    const remotePort = protocol === ICMP ? portsAfter & 0xffff : ports >>> 16;
    return {
      inside: endpoint(shared.word(before), ports & 0xffff),
      outside: endpoint(shared.word(after), portsAfter & 0xffff),
      remote: endpoint(shared.word(before + 4), remotePort),
    };
  }
  const identifier = protocol === ICMP;
  return {
    inside: endpoint(shared.word(after + 4), identifier ? portsAfter & 0xffff : portsAfter >>> 16),
    outside: endpoint(shared.word(before + 4), identifier ? ports & 0xffff : ports >>> 16),
    remote: endpoint(shared.word(before), ports & 0xffff),
  };
}

function tcpState(shared: SharedMemory, at: number): SessionState {
  const seen = shared.bytes[at + layout.HALF_SIZE + layout.HALF_STATE]!;
  const { STATE_RESET, STATE_FINS, STATE_ESTABLISHED } = layout;
  if ((seen & STATE_RESET) !== 0 || (seen & STATE_FINS) === STATE_FINS) return "closing";
  return (seen & STATE_ESTABLISHED) !== 0 ? "established" : "opening";
}

/** What inside hosts hold, by the number of their router; routers without any are absent. */
export function readHoldings(shared: SharedMemory): Map<number, Holdings> {
  const byRouter = new Map<number, Holdings>();
  for (const at of recordsOf(shared, layout.HOST_SLAB)) {
    const [sessions, mappings] = [shared.word(at + layout.HOST_FLOWS), shared.word(at + layout.HOST_MAPPINGS)];
    if (sessions === 0 && mappings === 0) continue; // free
    const router = shared.word(at + layout.HOST_KEY + 4);
    const sum = byRouter.get(router) ?? { hosts: 0, sessions: 0, mappings: 0 };
    byRouter.set(router, {
      hosts: sum.hosts + 1, sessions: sum.sessions + sessions, mappings: sum.mappings + mappings,
    });
  }
  return byRouter;
}

/** An address as it stands in the tables, as text. */
export function printWire(address: number): string {
  return printIpv4(wire(address)); // turning it round is the same both ways
}

/** Address and port as they stand in the tables, as text. */
export function endpoint(address: number, port: number): string {
  return `${printWire(address)}:${wire16(port)}`;
}
