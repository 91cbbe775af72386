// The workload of a router that translates: hosts inside, at port 0, and remotes outside, at port 1, whose frames are
// drawn from sessions that are known. Session i: TCP where i is odd, else UDP; i / 2 says between whom. Every frame
// goes to the same MAC and comes from the same; checksums of TCP and UDP are any, since they are only changed.

import {
  DESC_LENGTH, DESC_PORT, DESC_SIZE, DESC_START, HEADER_FRAMES, HEADROOM, SLOT_SIZE, WORKERS, WORKER_RX,
} from "../../assembly/layout";
import {
  FLOW_SIZE, HALF_ADDRESSES, HALF_KEY, HALF_PORTS, HALF_SIZE, HALF_STATE, RESTORED,
} from "../../assembly/layout-router";
import { IP_FRAGMENT, IPV4_SIZE, putChecksum, putHeader, store16 } from "../../assembly/wire/ipv4";
import { draw, drawLength, seed } from "./draw";

const INSIDE: u32 = 0x0a00_0100; // 10.0.1.0, and so on
const INSIDES: u32 = 4093;
const INSIDE_PORT: u32 = 10000;
const OUTSIDE: u32 = 0xc612_0001; // 198.18.0.1
const OUTSIDE_PORTS: u32 = 60000; // of each address
const OUTSIDE_PORT: u32 = 1024;
const REMOTE: u32 = 0xcb00_7100; // 203.0.113.0
const REMOTES: u32 = 251;
const REMOTE_PORT: u32 = 443;
const TCP: u32 = 6;
const UDP: u32 = 17;
const ESTABLISHED: u8 = 0x13; // a SYN of both sides, and what followed (router/tcp.ts)
const STRIDE: u32 = 7919; // spreads a host's ports, and has no factor in common with OUTSIDE_PORTS

let sessions: u32 = 0;
let imix: bool = false;

/** Begins anew: the number of sessions; frames of 60 bytes, or the mix. */
export function resetNapt(entries: u32, mixed: bool): void {
  seed();
  sessions = entries;
  imix = mixed;
}

/** Writes `count` frames into the RX descriptors of worker 0. */
export function generateNapt(count: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    const session = draw() % sessions;
    const inbound = draw() & 1;
    putSession(k, session, inbound, imix ? drawLength() : 60);
  }
}

/** Writes a frame of each of the sessions `first` to `first + count`, inbound or not. */
export function introduceNapt(first: u32, count: u32, inbound: u32): void {
  for (let k: u32 = 0; k < count; k++) putSession(k, first + k, inbound, 60);
}

function putSession(index: u32, session: u32, inbound: u32, length: u32): void {
  const pair = session >> 1;
  const at = putFrame(index, inbound, length);
  const source = inbound ? remote(pair) : inside(pair);
  putPacket(at, length, protocolOf(session), source, inbound ? outside(pair) : remote(pair));
  const near = inbound ? outsidePort(pair) : insidePort(pair);
  putPayload(at + IPV4_SIZE, length, session, inbound ? REMOTE_PORT : near, inbound ? near : REMOTE_PORT);
}

/** Writes the first datagram of each of the pairs `first` to `first + count`, from inside ports that are far apart. */
export function generateNew(first: u32, count: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    const pair = first + k;
    const at = putFrame(k, 0, 60);
    putPacket(at, 60, UDP, inside(pair), remote(pair));
    const port = OUTSIDE_PORT + <u32>((<u64>pair * STRIDE) % OUTSIDE_PORTS);
    putPayload(at + IPV4_SIZE, 60, pair * 2, port, REMOTE_PORT);
  }
}

/** Writes the record of a session as a state file brings it back, of the router whose inside has `scope`. */
export function recordSession(session: u32, scope: u32): void {
  const pair = session >> 1;
  const far = <u64>bswap(remote(pair)) << 32;
  memory.fill(RESTORED, 0, FLOW_SIZE);
  store<u64>(RESTORED, far | bswap(inside(pair)), HALF_KEY);
  store<u64>(RESTORED, (<u64>scope << 40) | (<u64>protocolOf(session) << 32) | portsOf(insidePort(pair)), HALF_KEY + 8);
  store<u64>(RESTORED, far | bswap(outside(pair)), HALF_ADDRESSES);
  store<u32>(RESTORED, portsOf(outsidePort(pair)), HALF_PORTS);
  store<u16>(RESTORED + HALF_SIZE, <u16>(scope | 1), HALF_KEY + 13);
  store<u8>(RESTORED + HALF_SIZE, session & 1 ? ESTABLISHED : 0, HALF_STATE);
}

@inline
function protocolOf(session: u32): u32 {
  return select<u32>(TCP, UDP, session & 1);
}

@inline
function inside(pair: u32): u32 {
  return INSIDE + pair % INSIDES;
}

@inline
function insidePort(pair: u32): u32 {
  return INSIDE_PORT + pair / INSIDES;
}

@inline
function outside(pair: u32): u32 {
  return OUTSIDE + pair / OUTSIDE_PORTS;
}

@inline
function outsidePort(pair: u32): u32 {
  return OUTSIDE_PORT + pair % OUTSIDE_PORTS;
}

@inline
function remote(pair: u32): u32 {
  return REMOTE + pair % REMOTES;
}

/** Ports as on the wire, from a near one to the remotes'. */
@inline
function portsOf(near: u32): u32 {
  return (<u32>bswap<u16>(<u16>REMOTE_PORT) << 16) | bswap<u16>(<u16>near);
}

/** Writes descriptor and Ethernet header of frame `index`; returns where its packet stands. */
function putFrame(index: u32, port: u32, length: u32): u32 {
  const desc = WORKERS + WORKER_RX + index * DESC_SIZE;
  const at = load<u32>(HEADER_FRAMES) + load<u32>(desc) * SLOT_SIZE + HEADROOM;
  store<u64>(at, 0x0002_0100_0000_0002); // to 02:00:00:00:00:01
  store<u64>(at, 0x0008_0200_0000_0002, 6); // from 02:00:00:00:00:02
  store<u32>(desc, length, DESC_LENGTH);
  store<u16>(desc, <u16>port, DESC_PORT);
  store<u8>(desc, HEADROOM, DESC_START);
  return at + 14;
}

function putPacket(at: u32, length: u32, protocol: u32, source: u32, destination: u32): void {
  putHeader(at, length - 14, protocol, bswap(source), bswap(destination));
  store<u16>(at, 0x0040, IP_FRAGMENT);
  putChecksum(at, IPV4_SIZE);
}

function putPayload(at: u32, length: u32, session: u32, source: u32, destination: u32): void {
  store16(at, source);
  store16(at + 2, destination);
  const checksum = max<u32>((session * 7 + 1) & 0xffff, 1);
  memory.fill(at + 4, 0, 16);
  if (session & 1) {
    store<u32>(at, 0xffff_1050, 12); // no options, ACK, window
    store16(at + 16, checksum);
  } else {
    store16(at + 4, length - 34);
    store16(at + 6, checksum);
  }
}
