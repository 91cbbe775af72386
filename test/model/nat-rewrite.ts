// What a translated packet looks like, made by copying it, changing fields and summing again. A checksum that was
// wrong stays wrong by as much, a UDP checksum of 0 stays 0. Owns that, and the comparison of two packets.
// Read first: RFC 3022, 4; RFC 1624; RFC 5508, 4.2 for what is inside ICMP errors.

import {
  CHECKSUM_AT, ICMP, UDP, addressBytes, checksumOf, put16, sumOf, u16, type Endpoint,
} from "../router/bytes.js";
import { parseCut, parseIp } from "../router/parse.js";

export interface Changes {
  from?: Endpoint;
  to?: Endpoint;
  /** In the packet inside an ICMP error. */
  about?: Pick<Changes, "from" | "to">;
  /** Subtract one from the TTL. */
  hop?: boolean;
}

/** The packet with its changes; the port of an ICMP query is its identifier, whichever side changes. */
export function translated(packet: Uint8Array, changes: Changes): Uint8Array {
  const { ip } = parseIp(packet);
  if (!ip) throw new Error("only a whole packet can be translated");
  const result = packet.slice(0, ip.totalLength);
  rewrite(result, changes);
  return result;
}

/** In place; the packet may be cut after the first 8 bytes of its segment. */
function rewrite(packet: Uint8Array, { from, to, about, hop }: Changes): void {
  const size = (packet[0]! & 15) * 4;
  const header = packet.subarray(0, size);
  const segment = packet.subarray(size);
  const protocol = packet[9]!;
  const headerSum = sumOf(header);
  const { residue } = parseCut(packet);
  if (from) packet.set(addressBytes(from.address), 12);
  if (to) packet.set(addressBytes(to.address), 16);
  if (hop) packet[8]! -= 1;
  put16(header, 10, 0);
  put16(header, 10, headerSum === 0 ? checksumOf(header) : (65535 + headerSum - sumOf(header)) % 65535);
  if (about) rewrite(segment.subarray(8), about);
  else if (CHECKSUM_AT[protocol] !== undefined) setPorts(segment, protocol, from, to);
  if (residue !== undefined) setChecksum(packet, segment, protocol, residue);
}

function setPorts(segment: Uint8Array, protocol: number, from?: Endpoint, to?: Endpoint): void {
  if (protocol === ICMP) {
    // Of a hairpin both change, and what arrives is what the destination's mapping says.
    const changed = to ?? from;
    if (changed) put16(segment, 4, changed.port);
    return;
  }
  if (from) put16(segment, 0, from.port);
  if (to) put16(segment, 2, to.port);
}

/** Chooses the checksum with which the sum is again what it was. */
function setChecksum(packet: Uint8Array, segment: Uint8Array, protocol: number, residue: number): void {
  const at = CHECKSUM_AT[protocol]!;
  put16(segment, at, 0xffff); // adds nothing modulo 65535, and is not UDP's "none"
  const checksum = (65535 + residue - parseCut(packet).residue!) % 65535;
  put16(segment, at, protocol === UDP && checksum === 0 ? 0xffff : checksum);
}

/** How a packet differs from the one that was to leave, in the words of its fields; checksums are equal modulo 65535,
 *  which is what they mean. Empty: it is the same. */
export function differences(wanted: Uint8Array, seen: Uint8Array): string[] {
  const [a, b] = [wanted, seen].map((packet) => normal(packet));
  if (Buffer.from(a!).equals(b!)) return [];
  const [want, got] = [wanted, seen].map((packet) => describe(packet));
  return [`expected ${want}`, `but left ${got}`];
}

/** With checksums brought to one of their two zeros. */
function normal(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  const { ip } = parseIp(copy);
  if (ip) normalize(copy);
  return copy;
}

function normalize(packet: Uint8Array): void {
  const size = (packet[0]! & 15) * 4;
  const protocol = packet[9]!;
  const at = size + (CHECKSUM_AT[protocol] ?? packet.length);
  if (at + 2 > packet.length) return;
  if (protocol !== UDP && u16(packet, at) === 0xffff) put16(packet, at, 0);
  const type = packet[size]!;
  const inner = packet.subarray(size + 8);
  if (protocol === ICMP && [3, 4, 11, 12].includes(type) && inner.length >= 20) normalize(inner);
}

/** A packet as one line: what it is, what is wrong with it, and its bytes. */
export function describe(packet: Uint8Array): string {
  const { ip, udp, tcp, icmp, faults } = parseIp(packet);
  const ports = udp ?? tcp;
  const what = ports ? `${udp ? "udp" : `tcp ${tcp!.flags}`} ${ports.from} > ${ports.to}`
    : icmp ? `icmp ${icmp.type}/${icmp.code} id ${icmp.id ?? "none"} ${ip!.from} > ${ip!.to}`
      : ip ? `${ip.from} > ${ip.to}` : "what is no packet";
  const wrong = faults.length > 0 ? ` (${faults.join(", ")})` : "";
  return `${what} ttl ${ip?.ttl}${wrong}: ${Buffer.from(packet).toString("hex")}`;
}

/** Where a packet says that it comes from; the identifier stands for the port in ICMP. */
export function sourceOf(packet: Uint8Array): Endpoint {
  const { ip, udp, tcp, icmp } = parseIp(packet);
  const text = (udp ?? tcp)?.from;
  const port = text ? Number(text.split(":")[1]) : icmp?.id ?? 0;
  return { address: ip?.from ?? "0.0.0.0", port };
}
