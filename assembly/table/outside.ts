// Outside addresses and their ports: which are taken, and which one a new mapping gets. A port is never given to two
// mappings (RFC 4787 REQ-3); it is the inside's own where that is free, else one of the same range, below 1024 or not,
// and of the same parity (REQ-3 a and b, REQ-4) as long as there is one. Where to look first is not to be guessed
// (RFC 6056 3.3). All workers take from the same ports: a bit is set by whoever finds it clear, at once and without a
// lock, and owner.ts says whose it is then.

import {
  HASH_SEEDS, KINDS, OUTSIDES, OUTSIDE_ADDRESS, OUTSIDE_HOSTS, OUTSIDE_INSIDE, OUTSIDE_PORTS, OUTSIDE_PORTS_SIZE,
  OUTSIDE_SIZE, OUTSIDE_USED, ROUTER_FILTER_ADDRESS, ROUTER_FLAGS, ROUTER_MAPPING_ENDPOINT, ROUTER_OUTSIDES,
  ROUTER_OUTSIDE_COUNT,
} from "../layout-router";
import { now, self } from "../state";
import { PROTOCOL_UDP } from "../wire/ipv4";
import { kindOf, setOwner } from "./owner";

const WORD_BITS: u32 = 64;
const WORDS: u32 = 1024;
const WORDS_LOW: u32 = 16; // ports below 1024
const EVEN: u64 = 0x5555_5555_5555_5555;
const ANY: u64 = 0xffff_ffff_ffff_ffff;
const PORTS_ALL: u32 = 65535; // 0 is none
const PORT_DHCP_CLIENT: u32 = 68;

@inline
export function outsideAt(index: u32): u32 {
  return OUTSIDES + index * OUTSIDE_SIZE;
}

/** Number of the outside address of a router that is one inside host's alone (1:1), -1: it has none. */
export function ownOf(router: u32, inside: u32): i32 {
  const first = load<u32>(router, ROUTER_OUTSIDES);
  const end = first + load<u32>(router, ROUTER_OUTSIDE_COUNT);
  for (let i = first; i < end; i++) if (load<u32>(outsideAt(i), OUTSIDE_INSIDE) == inside) return <i32>i;
  return -1;
}

/** Whether mappings of an inside host are made for each remote endpoint: those of 1:1 hosts never are. */
export function mapsPerEndpoint(router: u32, inside: u32): bool {
  return (load<u32>(router, ROUTER_FLAGS) & ROUTER_MAPPING_ENDPOINT) != 0 && ownOf(router, inside) < 0;
}

/** Whether permits say which remote addresses may send: a mapping for one remote endpoint says so itself. */
@inline
export function filtersAddress(router: u32): bool {
  return (load<u32>(router, ROUTER_FLAGS) & (ROUTER_FILTER_ADDRESS | ROUTER_MAPPING_ENDPOINT)) == ROUTER_FILTER_ADDRESS;
}

@inline
function bitmapOf(index: u32, protocol: u32): u32 {
  return OUTSIDE_PORTS + (index * KINDS + kindOf(protocol)) * OUTSIDE_PORTS_SIZE;
}

@inline
function usedAt(index: u32, protocol: u32): u32 {
  return outsideAt(index) + OUTSIDE_USED + kindOf(protocol) * 4;
}

/** So many inside hosts more, of whichever worker, are paired with an address. */
export function countHosts(index: u32, by: i32): void {
  atomic.add<u32>(outsideAt(index), <u32>by, OUTSIDE_HOSTS);
}

/** Ports of an address that no mapping has. */
export function freePorts(index: u32, protocol: u32): u32 {
  return PORTS_ALL - atomic.load<u32>(usedAt(index, protocol));
}

/** Takes a port for this worker; false: it is taken. Identifier 0, which only a 1:1 address has, is there for all. */
export function takePort(index: u32, protocol: u32, port: u32): bool {
  if (port == 0) return true;
  const bit = <u8>1 << <u8>(port & 7);
  if (atomic.or<u8>(bitmapOf(index, protocol) + (port >> 3), bit) & bit) return false;
  atomic.add<u32>(usedAt(index, protocol), 1);
  setOwner(index, protocol, port, self);
  return true;
}

/** Gives a port back that this worker has taken. */
export function givePort(index: u32, protocol: u32, port: u32): void {
  if (port == 0) return;
  setOwner(index, protocol, port, -1);
  atomic.sub<u32>(usedAt(index, protocol), 1);
  atomic.and<u8>(bitmapOf(index, protocol) + (port >> 3), ~(<u8>1 << <u8>(port & 7)));
}

/** The same for a mapping that can do with another. What DHCP says to the uplink comes to no guest (RFC 2131 4.1). */
function claimPort(index: u32, protocol: u32, port: u32): bool {
  return (protocol != PROTOCOL_UDP || port != PORT_DHCP_CLIENT) && takePort(index, protocol, port);
}

/** Takes a free port for an inside port, both numbers; 0: none is left. An identifier may be 0 inside, not outside. */
export function choosePort(index: u32, protocol: u32, wanted: u32): u32 {
  if (wanted && claimPort(index, protocol, wanted)) return wanted;
  if (freePorts(index, protocol) == 0) return 0;
  const parity = wanted & 1 ? ~EVEN : EVEN;
  const low = wanted < WORDS_LOW * WORD_BITS;
  return search(index, protocol, low, parity) || search(index, protocol, low, ANY)
    || search(index, protocol, !low, ANY);
}

/** Takes the first free port in a range that `mask` allows, from a place in it that nobody knows; 0: none. */
function search(index: u32, protocol: u32, low: bool, mask: u64): u32 {
  const first = low ? 0 : WORDS_LOW;
  const count = low ? WORDS_LOW : WORDS - WORDS_LOW;
  const bitmap = bitmapOf(index, protocol);
  const start = <u32>(((<u64>now + load<u32>(usedAt(index, protocol))) * load<u64>(HASH_SEEDS)) >> 40) % count;
  for (let i: u32 = 0; i < count; i++) {
    const word = first + (start + i) % count;
    const free = ~load<u64>(bitmap + word * 8) & mask & (word == 0 ? ~1 : ANY);
    for (let left = free; left != 0; left &= left - 1) { // another worker may be quicker
      const port = word * WORD_BITS + <u32>ctz(left);
      if (claimPort(index, protocol, port)) return port;
    }
  }
  return 0;
}

/** Index of the outside address of a router that `address` is, -1: none. */
export function outsideIndexOf(router: u32, address: u32): i32 {
  const first = load<u32>(router, ROUTER_OUTSIDES);
  const end = first + load<u32>(router, ROUTER_OUTSIDE_COUNT);
  for (let i = first; i < end; i++) if (load<u32>(outsideAt(i), OUTSIDE_ADDRESS) == address) return <i32>i;
  return -1;
}
