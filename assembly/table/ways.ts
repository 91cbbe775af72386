// Ways of the forwarding database by number, four to a bucket, and the list of its ways that each port keeps, in the
// order of learning. Whoever changes a list holds the lock (fdb.ts).

import {
  DOMAINS, DOMAIN_SIZE, FDB, FDB_BUCKET_SIZE, FDB_LINK_SIZE, FDB_PORTS, FDB_VALUES, FDB_WAYS, NO_WAY, PORTS,
  PORT_ENTRIES, PORT_NEWEST, PORT_OLDEST, PORT_SIZE,
} from "../layout";
import { fdbLinks } from "../state";

/** The record of the domain that a key is in. */
@inline
export function domainAt(key: u64): u32 {
  return DOMAINS + <u32>(key >> 48) * DOMAIN_SIZE;
}

/** Offset of the key in a way. */
@inline
export function keyOf(way: u32): u32 {
  return FDB + (way / FDB_WAYS) * FDB_BUCKET_SIZE + (way % FDB_WAYS) * 8;
}

/** Offset of the value that belongs to it. */
@inline
export function valueOf(way: u32): u32 {
  return keyOf(way) + FDB_VALUES;
}

/** The way that a value at an offset belongs to. */
@inline
export function wayOf(value: u32): u32 {
  const at = value - FDB;
  return (at / FDB_BUCKET_SIZE) * FDB_WAYS + ((at % FDB_BUCKET_SIZE) - FDB_VALUES) / 8;
}

/** Offset of the way before a way on its list; that of the one behind it follows. */
@inline
export function linkOf(way: u32): u32 {
  return fdbLinks + way * FDB_LINK_SIZE;
}

/** How many ways are on the list of a port. */
@inline
export function entries(port: u32): u32 {
  return load<u32>(PORTS + port * PORT_SIZE, PORT_ENTRIES);
}

/** The first on the list of a port, NO_WAY where it has learned nothing. */
@inline
export function oldest(port: u32): u32 {
  return entries(port) == 0 ? NO_WAY : load<u32>(PORTS + port * PORT_SIZE, PORT_OLDEST);
}

/** Puts a way at the end of the list of a port. */
export function linkLast(way: u32, port: u32): void {
  const record = PORTS + port * PORT_SIZE;
  const count = load<u32>(record, PORT_ENTRIES);
  const last = count == 0 ? NO_WAY : load<u32>(record, PORT_NEWEST);
  store<u32>(linkOf(way), last);
  store<u32>(linkOf(way), NO_WAY, 4);
  if (last == NO_WAY) {
    store<u32>(record, way, PORT_OLDEST);
    store<u32>(FDB_PORTS, load<u32>(FDB_PORTS) + 1);
  } else {
    store<u32>(linkOf(last), way, 4);
  }
  store<u32>(record, way, PORT_NEWEST);
  store<u32>(record, count + 1, PORT_ENTRIES);
}

/** Takes a way off the list of the port that it is on. */
export function unlink(way: u32, port: u32): void {
  const record = PORTS + port * PORT_SIZE;
  const previous = load<u32>(linkOf(way));
  const next = load<u32>(linkOf(way), 4);
  if (previous == NO_WAY) store<u32>(record, next, PORT_OLDEST);
  else store<u32>(linkOf(previous), next, 4);
  if (next == NO_WAY) store<u32>(record, previous, PORT_NEWEST);
  else store<u32>(linkOf(next), previous);
  const count = load<u32>(record, PORT_ENTRIES) - 1;
  store<u32>(record, count, PORT_ENTRIES);
  if (count == 0) store<u32>(FDB_PORTS, load<u32>(FDB_PORTS) - 1);
}

/** Moves a way from one port's list to the end of another's. */
export function moveWay(way: u32, from: u32, to: u32): void {
  unlink(way, from);
  linkLast(way, to);
}
