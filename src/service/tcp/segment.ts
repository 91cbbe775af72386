// TCP segments: built and parsed, with the one option that is spoken here (MSS), and arithmetic on sequence numbers.
// Owns no state. The parser never throws and never reads past its input.
// Read first: RFC 9293 sections 3.1 (header), 3.4 (sequence numbers) and 3.7.1 (MSS).

import { addressNumber, checksum, type Fault } from "../../wire/packet.js";

export const PROTOCOL_TCP = 6;
export const TCP_SIZE = 20;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const MSS_SIZE = 4;
const BIT = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface Segment {
  sourcePort: number;
  destinationPort: number;
  /** 0 to 2^32 - 1, as `ack`. */
  seq: number;
  /** undefined: no ACK flag. */
  ack?: number | undefined;
  syn?: boolean;
  fin?: boolean;
  rst?: boolean;
  /** Bytes that the sender takes, 0 to 65535. */
  window: number;
  /** Only with `syn`. */
  mss?: number | undefined;
  payload: Uint8Array;
}

/** What a segment takes of the sequence numbers: its data, and one each for SYN and FIN. */
export function lengthOf({ syn, fin, payload }: Segment): number {
  return payload.length + (syn ? 1 : 0) + (fin ? 1 : 0);
}

/** Sequence number `step` further on; `step` may be negative. */
export function advance(seq: number, step: number): number {
  return (seq + step) >>> 0;
}

/** How far `a` is behind `b`, -2^31 to 2^31 - 1; negative: in front of it. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

/** The addresses go into the checksum. Data is marked to be handed on at once (PSH). */
export function buildSegment(segment: Segment, source: string, destination: string): Uint8Array {
  const header = TCP_SIZE + (segment.mss === undefined ? 0 : MSS_SIZE);
  const bytes = new Uint8Array(header + segment.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.seq);
  view.setUint32(8, segment.ack ?? 0);
  view.setUint8(12, (header / 4) << 4);
  view.setUint8(13, flagsOf(segment));
  view.setUint16(14, segment.window);
  if (segment.mss !== undefined) {
    view.setUint8(TCP_SIZE, OPTION_MSS);
    view.setUint8(TCP_SIZE + 1, MSS_SIZE);
    view.setUint16(TCP_SIZE + 2, segment.mss);
  }
  bytes.set(segment.payload, header);
  view.setUint16(16, checksum(pseudoHeader(source, destination, bytes.length), bytes));
  return bytes;
}

/** Options but MSS are skipped. The payload is a view on the input. */
export function parseSegment(bytes: Uint8Array, source: string, destination: string): Segment | Fault {
  if (bytes.length < TCP_SIZE) return "malformed";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = (view.getUint8(12) >>> 4) * 4;
  if (header < TCP_SIZE || header > bytes.length) return "malformed";
  if (checksum(pseudoHeader(source, destination, bytes.length), bytes) !== 0) return "checksum";
  const flags = view.getUint8(13);
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    seq: view.getUint32(4),
    ack: (flags & BIT.ack) === 0 ? undefined : view.getUint32(8),
    syn: (flags & BIT.syn) !== 0,
    fin: (flags & BIT.fin) !== 0,
    rst: (flags & BIT.rst) !== 0,
    window: view.getUint16(14),
    mss: findMss(bytes.subarray(TCP_SIZE, header)),
    payload: bytes.subarray(header),
  };
}

function flagsOf({ syn, fin, rst, ack, payload }: Segment): number {
  return (syn ? BIT.syn : 0) | (fin ? BIT.fin : 0) | (rst ? BIT.rst : 0) |
    (ack === undefined ? 0 : BIT.ack) | (payload.length > 0 ? BIT.psh : 0);
}

/** undefined where there is none, or what stands in front of it is damaged. */
function findMss(options: Uint8Array): number | undefined {
  let at = 0;
  while (at < options.length && options[at] !== OPTION_END) {
    if (options[at] === OPTION_NOP) {
      at++;
      continue;
    }
    const size = options[at + 1];
    if (size === undefined || size < 2 || at + size > options.length) return undefined;
    if (options[at] === OPTION_MSS && size === MSS_SIZE) return (options[at + 2]! << 8) | options[at + 3]!;
    at += size;
  }
  return undefined;
}

function pseudoHeader(source: string, destination: string, length: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, addressNumber(source));
  view.setUint32(4, addressNumber(destination));
  view.setUint8(9, PROTOCOL_TCP);
  view.setUint16(10, length);
  return bytes;
}
