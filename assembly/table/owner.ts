// Who owns what: sessions, mappings and whatever else a router knows of an inside host belong to one worker, which
// alone looks at them: the one that had something of it first, and so, as a rule, the one that receives from it. Hosts
// are told apart by a hash of their address. A byte for each says whose they are, taken by an atomic operation and
// given back by its owner when there is nothing of them any more. From the outside they are found by their port: each
// port of an outside address that is taken says whose it is, in a byte that its owner alone writes. Read RFC 4787
// REQ-3.

import { FLOW_SLAB, HOST_HASHES, KINDS, OWNERS, OWNERS_HELD, OWNERS_HOSTS, SHARDS, SLAB_COUNT } from "../layout-router";
import { self, workers } from "../state";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { room, used } from "./slab";

const SPREAD: u32 = 0x9e37_79b1; // addresses that follow each other are far from each other
const PORTS: u32 = 65536;

@inline
function hashOf(address: u32): u32 {
  return <u32>((<u64>(bswap(address) * SPREAD) * HOST_HASHES) >> 32);
}

/** What this worker has of the hosts of a hash. */
@inline
function heldAt(hash: u32): u32 {
  return load<u32>(OWNERS) + OWNERS_HELD + (self * HOST_HASHES + hash) * 4;
}

/** The worker that owns what is known of an inside host, -1: nobody does. */
export function ownerOfHost(address: u32): i32 {
  return workers == 1 ? 0 : <i32>atomic.load<u8>(load<u32>(OWNERS) + hashOf(address), OWNERS_HOSTS) - 1;
}

/** Makes an inside host this worker's, once more for each thing that it has of it. False: it is another's. */
export function claim(address: u32): bool {
  if (workers == 1) return true;
  const hash = hashOf(address);
  const held = load<u32>(heldAt(hash));
  if (held == 0 && atomic.cmpxchg<u8>(load<u32>(OWNERS) + hash, 0, <u8>(self + 1), OWNERS_HOSTS) != 0) return false;
  store<u32>(heldAt(hash), held + 1);
  return true;
}

/** Takes one claim back. */
export function cede(address: u32): void {
  if (workers == 1) return;
  const hash = hashOf(address);
  const held = load<u32>(heldAt(hash)) - 1;
  store<u32>(heldAt(hash), held);
  if (held == 0) atomic.store<u8>(load<u32>(OWNERS) + hash, 0, OWNERS_HOSTS);
}

/** The worker to which an address falls, where nothing else speaks for one. */
export function fallsTo(address: u32): u32 {
  return <u32>((<u64>(bswap(address) * SPREAD) * workers) >> 32);
}

/** Who is to begin with a host: this worker, as long as half of its sessions are free, then the one that has fewest. */
export function beginnerOf(): u32 {
  let best = self;
  if (used(FLOW_SLAB) <= room(FLOW_SLAB)) return best;
  for (let worker: u32 = 0; worker < workers; worker++) if (sessionsOf(worker) < sessionsOf(best)) best = worker;
  return best;
}

function sessionsOf(worker: u32): u32 {
  return load<u32>(load<u32>(SHARDS + worker * 4) + FLOW_SLAB, SLAB_COUNT);
}

/** Which of the three sets of ports a protocol uses. */
@inline
export function kindOf(protocol: u32): u32 {
  return protocol == PROTOCOL_TCP ? 0 : protocol == PROTOCOL_UDP ? 1 : 2;
}

@inline
function ownerAt(index: u32, protocol: u32, port: u32): u32 {
  return load<u32>(OWNERS) + (index * KINDS + kindOf(protocol)) * PORTS + port;
}

/** The worker whose a port of an outside address is, -1: nobody's. */
export function ownerOfPort(index: u32, protocol: u32, port: u32): i32 {
  return workers == 1 ? 0 : <i32>load<u8>(ownerAt(index, protocol, port)) - 1;
}

/** Says whose a port is: a worker's, or (-1) nobody's. */
export function setOwner(index: u32, protocol: u32, port: u32, worker: i32): void {
  if (workers > 1) store<u8>(ownerAt(index, protocol, port), <u8>(worker + 1));
}
