// A known stream of bytes as packets, in the ways in which senders hand packets over, and what the machine behind a
// port gets of a frame: taken apart and completed as the frame's header says, slowly, from fields and sums.
// Owns the pieces of which streams are made. Read first: virtio 1.2 5.1.6, RFC 9293 3.1, RFC 768.

import { expect } from "vitest";
import { dice } from "../model/dice.js";
import { GSO, headerOf, unfinished } from "../model/merged.js";
import { TCP, checksumOf, pseudoHeader, put16, sumOf, u16, u32, be32 } from "../router/bytes.js";
import { tcp, udp, type TcpFields, type UdpFields } from "../router/packet.js";

export const PROTOCOLS = ["tcp", "udp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A part of a stream that its sender hands over at once. */
export interface Piece {
  bytes: Uint8Array;
  /** Bytes of it in each packet that arrives. */
  size: number;
  /** finished; with its checksum left to be completed; the same, and many packets in one. */
  left: "nothing" | "checksum" | "segments";
}

const LENGTHS = [1, 2, 47, 536, 1399];

/** The parts of a stream; a sender without offloads has finished ones only. */
export function piecesOf(seed: number, offload: boolean): Piece[] {
  const roll = dice(seed);
  const piece = (length: number, size: number, left: Piece["left"]): Piece =>
    ({ bytes: Uint8Array.from({ length }, () => roll(256)), size, left });
  const plain = LENGTHS.map((length) => piece(length, length, "nothing"));
  if (!offload) return plain;
  const undone = LENGTHS.map((length) => piece(length, length, "checksum"));
  const sizes = [300 + roll(300), 301 + 2 * roll(150)];
  const merged = sizes.map((size) => piece(size * (2 + roll(3)) + 1 + roll(size), size, "segments"));
  return [...plain, ...undone, ...merged];
}

/** How a packet's way has changed it: addresses, and routers behind it. */
export interface Route {
  from: string;
  to: string;
  ttl: number;
}

/** The packets of a stream as whoever gets them should see them, by the pieces that they belong to. */
export function packetsOf(protocol: Protocol, pieces: readonly Piece[], route: Route): Uint8Array[][] {
  let place = 0xfffffe00; // sequence numbers and identifications both run over
  return pieces.map(({ bytes, size }) => {
    const first = place;
    place += bytes.length;
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => {
      const payload = bytes.subarray(i * size, (i + 1) * size);
      const options = Uint8Array.from([1, 1, 8, 10, ...be32(first >>> 0), 0, 0, 0, 9]); // time stamps (RFC 7323)
      const [id, seq] = [(first + i) & 0xffff, (first + i * size) >>> 0];
      return make(protocol, { ...route, id, seq, ack: 77, df: true, options, payload });
    });
  });
}

/** The packets in which a sender hands pieces over: with many in one, as if there were no limit to its length. */
export function handedOver(protocol: Protocol, pieces: readonly Piece[], route: Route): Uint8Array[] {
  const whole = pieces.map((piece) => ({ ...piece, size: piece.bytes.length }));
  return packetsOf(protocol, whole, route).map(([one]) => one!);
}

function make(protocol: Protocol, fields: TcpFields & UdpFields): Uint8Array {
  return protocol === "tcp" ? tcp(fields) : udp(fields);
}

/** A frame as its sender leaves it, with the header that says what it has left; none where nothing is left to say. */
export function leave(frame: Uint8Array, tagged: boolean, { left, size }: Piece): { frame: Buffer; header: Buffer } {
  const network = tagged ? 18 : 14;
  const isTcp = frame[network + 9] === TCP;
  const gso = left === "segments" ? (isTcp ? GSO.tcp4 : GSO.udp) : GSO.none;
  const start = network + (frame[network]! & 15) * 4;
  const whole = { frame: Buffer.from(frame), gso, size: gso ? size : 0, flags: 1, start, offset: isTcp ? 16 : 6 };
  if (left === "nothing") return { frame: whole.frame, header: Buffer.alloc(NOTHING_LEFT.length) };
  return { frame: unfinished(whole).frame, header: headerOf(whole, 0) };
}

/** The header that says so. */
export const NOTHING_LEFT = new Uint8Array(10);

/** The packets in a frame, `at` bytes into it, as the machine behind a port has them. Without a header: the one. */
export function packetsIn(frame: Uint8Array, at: number, header: Uint8Array | undefined): Uint8Array[] {
  const packet = frame.subarray(at);
  if (!header || NOTHING_LEFT.every((byte, i) => header[i] === byte)) return [packet];
  const view = new DataView(header.buffer, header.byteOffset);
  const [gso, size, start, offset] = [header[1]!, ...[4, 6, 8].map((place) => view.getUint16(place, true))] as
    [number, number, number, number];
  const ihl = (packet[0]! & 15) * 4;
  expect([header[0], start, offset]).toEqual([1, at + ihl, packet[9] === TCP ? 16 : 6]);
  const sum = sumOf(pseudo(packet, packet.length - ihl));
  expect(u16(packet, ihl + offset) % 65535, "the sum over the pseudo-header").toBe(sum);
  if (gso === GSO.none) return [summed(packet, ihl)];
  expect(gso).toBe(packet[9] === TCP ? GSO.tcp4 : GSO.udp);
  return segments(packet, ihl, size);
}

function segments(packet: Uint8Array, ihl: number, size: number): Uint8Array[] {
  const isTcp = packet[9] === TCP;
  const headers = ihl + (isTcp ? (packet[ihl + 12]! >> 4) * 4 : 8);
  const count = Math.ceil((packet.length - headers) / size);
  return Array.from({ length: count }, (_, i) => {
    const payload = packet.subarray(headers + i * size, headers + (i + 1) * size);
    const one = Uint8Array.from([...packet.subarray(0, headers), ...payload]);
    put16(one, 2, one.length);
    put16(one, 4, u16(one, 4) + i & 0xffff);
    put16(one, 10, 0);
    put16(one, 10, checksumOf(one.subarray(0, ihl)));
    if (isTcp) one.set(be32((u32(one, ihl + 4) + i * size) >>> 0), ihl + 4);
    else put16(one, ihl + 4, one.length - ihl);
    return summed(one, ihl);
  });
}

/** A packet with its checksum computed over all of it. */
function summed(packet: Uint8Array, ihl: number): Uint8Array {
  const done = packet.slice();
  const at = ihl + (packet[9] === TCP ? 16 : 6);
  put16(done, at, 0);
  const sum = checksumOf([...pseudo(packet, packet.length - ihl), ...done.subarray(ihl)]);
  put16(done, at, sum || 0xffff);
  return done;
}

function pseudo(packet: Uint8Array, length: number): number[] {
  const [from, to] = [12, 16].map((at) => packet.subarray(at, at + 4).join("."));
  return pseudoHeader(from!, to!, packet[9]!, length);
}
