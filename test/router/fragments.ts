// Packets cut into fragments and put together again, plainly. Owns both; what a router may do with fragments is for
// its tests to say. Read first: RFC 791, 3.2; RFC 815.

import { IP_SIZE, checksumOf, put16, u16, zeroed } from "./bytes.js";
import { parseIp } from "./parse.js";

const MORE = 0x2000;

/** Cuts a packet so that none is longer than `mtu`; a fragment may be cut again. Options stay with the first only.
 *  Throws where `mtu` has no place for 8 bytes of payload. */
export function fragmentsOf(packet: Uint8Array, mtu: number): Uint8Array[] {
  const { ip } = parseIp(packet);
  if (!ip) throw new Error("only a whole IPv4 packet can be cut");
  const payload = packet.subarray(ip.headerLength, ip.totalLength);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < payload.length;) {
    const header = packet.subarray(0, at === 0 ? ip.headerLength : IP_SIZE);
    const room = mtu - header.length;
    if (room < 8) throw new Error(`an MTU of ${mtu} has no place for 8 bytes of payload`);
    const last = payload.length - at <= room;
    const part = payload.subarray(at, last ? payload.length : at + room - room % 8);
    fragments.push(withHeader(header, part, ip.offset + at, ip.mf || !last));
    at += part.length;
  }
  return fragments;
}

/** Puts the fragments of one packet together, in any order and with doubles. Throws with what is wrong: of different
 *  packets, overlapping, one missing. */
export function reassemble(packets: readonly Uint8Array[]): Uint8Array {
  const parts = packets.map((packet) => ({ packet, ...partOf(packet) })).sort((a, b) => a.offset - b.offset);
  const [first, ...rest] = parts;
  if (!first) throw new Error("no fragments");
  if (first.offset !== 0) throw new Error("the first fragment is missing");
  const payload = [...first.payload];
  let last = first;
  for (const part of rest) {
    if (part.key !== first.key) throw new Error(`fragments of two packets: ${first.key} and ${part.key}`);
    if (part.offset === last.offset && Buffer.from(part.payload).equals(last.payload)) continue;
    if (part.offset < payload.length) throw new Error(`overlapping at ${part.offset}`);
    if (part.offset > payload.length) throw new Error(`bytes ${payload.length} to ${part.offset} are missing`);
    payload.push(...part.payload);
    last = part;
  }
  if (last.more) throw new Error("the last fragment is missing");
  return withHeader(first.packet.subarray(0, first.headerLength), Uint8Array.from(payload), 0, false);
}

function partOf(packet: Uint8Array) {
  const { ip, faults } = parseIp(packet);
  if (!ip) throw new Error(faults.join(", "));
  return {
    key: `${ip.from} ${ip.to} ${ip.protocol} ${ip.id}`,
    offset: ip.offset,
    more: ip.mf,
    headerLength: ip.headerLength,
    payload: packet.subarray(ip.headerLength, ip.totalLength),
  };
}

function withHeader(from: Uint8Array, payload: Uint8Array, offset: number, more: boolean): Uint8Array {
  const header = zeroed(from, 10);
  header[0] = 0x40 + header.length / 4;
  put16(header, 2, header.length + payload.length);
  put16(header, 6, (u16(header, 6) & 0x4000) | (more ? MORE : 0) | offset / 8);
  put16(header, 10, checksumOf(header));
  return Uint8Array.from([...header, ...payload]);
}
