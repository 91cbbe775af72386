// Who owns what: sessions, mappings and whatever else a router knows of an inside host belong to one worker, which
// alone looks at them. The host's address says which. From the outside they are found by their port: each port of an
// outside address that is taken says whose it is, in a byte that its owner alone writes. Read RFC 4787 REQ-3.

import { KINDS, OWNERS } from "../layout-router";
import { workers } from "../state";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";

const SPREAD: u32 = 0x9e37_79b1; // addresses that follow each other go to workers in turn, as nearly as can be
const PORTS: u32 = 65536;

/** The worker that owns what is known of an inside host. */
export function ownerOfHost(address: u32): u32 {
  return <u32>((<u64>(bswap(address) * SPREAD) * workers) >> 32);
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
