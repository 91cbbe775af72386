// Why a frame was dropped: the one list that makes both the ids (counters, descriptors) and the names (JSON,
// logs) on both sides of the WASM boundary. A name is the member in kebab case. Order is part of the ABI:
// append only. Meanings: docs/counters.md.

export enum Reason {
  malformed,
  vlan,
  noBuffer,
  queueFull,
  mtu,
  samePort,
  isolated,
  macLimit,
  spoofed,
  acl,
  rate,
  storm,
  monitor,
  ttl,
  noRoute,
  noNeighbor,
  natNoPort,
  natLimit,
  natFiltered,
  fragment,
  checksum,
  reservedMac,
}

export const REASON_COUNT: u32 = 22;
