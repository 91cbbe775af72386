// The host's side of the tables: ports, VLANs, links. Called from the host's own instance while the workers are
// parked, except for setLink and setOffload, which workers call themselves. VIDs are 1 to 4094, ports, switches
// and domains are the host's numbers; the host has checked them.

import {
  ADMIT, ADMIT_SIZE, DOMAINS, DOMAIN_MIRRORS, DOMAIN_SIZE, DOMAIN_SWITCH, DOMAIN_VID, FLAG_ISOLATED, FLAG_OFFLOAD,
  FLAG_UP, HEADER_OFFLOAD, LEAVES, LEAVES_NOT, LEAVES_SIZE, MEMBERS, MEMBERS_SIZE, PORTS, PORTS_ISOLATED, PORT_FLAGS,
  PORT_SIZE,
} from "./layout";
import { flushPort } from "./table/fdb";

/** Says which switch and VLAN a domain is. */
export function setDomain(domain: u32, index: u32, vid: u32): void {
  const at = DOMAINS + domain * DOMAIN_SIZE;
  store<u16>(at, <u16>index, DOMAIN_SWITCH);
  store<u16>(at, <u16>vid, DOMAIN_VID);
  store<u32>(at, 0, DOMAIN_MIRRORS);
}

/** A port takes frames with this VID (0: without one) into a domain; domain 0: no longer. */
export function setAdmit(port: u32, vid: u32, domain: u32): void {
  store<u16>(ADMIT + port * ADMIT_SIZE + vid * 2, <u16>domain);
}

/** Makes a port a member of a domain, whose frames leave it as LEAVES_TAGGED or _UNTAGGED, or ends it (_NOT). */
export function setMember(domain: u32, port: u32, leaves: u32): void {
  setBit(MEMBERS + domain * MEMBERS_SIZE, port, leaves != LEAVES_NOT);
  store<u8>(LEAVES + port * LEAVES_SIZE + domain, <u8>leaves);
}

/** Takes a port out of every VLAN: its own row of ADMIT says which it is in. */
export function leaveAll(port: u32): void {
  const row = ADMIT + port * ADMIT_SIZE;
  for (let at = row; at < row + ADMIT_SIZE; at += 2) {
    const domain = <u32>load<u16>(at);
    if (domain) setMember(domain, port, LEAVES_NOT);
  }
  memory.fill(row, 0, ADMIT_SIZE);
}

/** Sets a port's flags but for those of what is attached, and its bit among the isolated. 0: nothing is attached. */
export function setFlags(port: u32, flags: u32): void {
  const at = PORTS + port * PORT_SIZE;
  const kept = flags ? FLAG_UP | FLAG_OFFLOAD : FLAG_UP;
  atomic.store<u32>(at, flags | (atomic.load<u32>(at, PORT_FLAGS) & kept), PORT_FLAGS);
  setBit(PORTS_ISOLATED, port, (flags & FLAG_ISOLATED) != 0);
}

/** What is attached to a port takes frames whose header leaves something undone, or does not. */
export function setOffload(port: u32, able: bool): void {
  const at = PORTS + port * PORT_SIZE;
  if (able) store<u32>(HEADER_OFFLOAD, 1);
  if (able) atomic.or<u32>(at, FLAG_OFFLOAD, PORT_FLAGS);
  else atomic.and<u32>(at, ~FLAG_OFFLOAD, PORT_FLAGS);
}

/** The link of a port goes up, or down: then what was learned there is forgotten. */
export function setLink(port: u32, up: bool): void {
  const at = PORTS + port * PORT_SIZE;
  if (up) {
    atomic.or<u32>(at, FLAG_UP, PORT_FLAGS);
  } else {
    atomic.and<u32>(at, ~FLAG_UP, PORT_FLAGS);
    flushPort(port, 0);
  }
}

function setBit(set: u32, index: u32, value: bool): void {
  const at = set + ((index >> 5) << 2);
  const bit: u32 = 1 << (index & 31);
  if (value) atomic.or<u32>(at, bit);
  else atomic.and<u32>(at, ~bit);
}
