// The state file: what it looks like, byte by byte. Everything is little-endian.
//
//   ┌────────────────────────────────────────────────────────────┐
//   │ magic (8) │ version u32 │ CRC-32 of the next 8 │ wall ms f64 │ header
//   ├────────────────────────────────────────────────────────────┤
//   │ kind u32 │ length u32 │ CRC-32 of kind, length and payload  │ section, any number of them
//   │ payload                                                    │
//   └────────────────────────────────────────────────────────────┘
//
// NAMES comes first: JSON, which router and port had which number. Then slices of FDB and SESSIONS, SERVICES (JSON),
// and END, whose payload is the number of sections before it: a file that was cut short has none. A file is hostile:
// nothing of it is believed before its CRC has been checked, and after that every field is still looked at.

import * as zlib from "node:zlib";

export const VERSION = 1;
export const HEADER_BYTES = 24;
const MAGIC = Buffer.from("TPLSTATE", "latin1");
const SECTION_BYTES = 12;

export const NAMES = 1;
export const FDB = 2;
export const SESSIONS = 3;
export const SERVICES = 4;
const END = 5;

// ---- an entry of the forwarding database, 16 bytes ----
export const FDB_BYTES = 16;
export const FDB_MAC = 0; // 6 bytes
export const FDB_VID = 6; // u16
export const FDB_PORT = 8; // u32: number in NAMES
export const FDB_AGE = 12; // u32: ticks since it was seen

// ---- a session, 52 bytes: what of a flow's record (assembly/layout-router.ts) is not made anew ----
export const SESSION_BYTES = 52;
export const SESSION_KEY = 0; // 16 bytes: addresses, ports, protocol │ scope << 8
export const SESSION_AFTER = 16; // 12 bytes: addresses and ports as they go
export const SESSION_LEFT = 28; // u32: ticks to live
export const SESSION_ACKS = 32; // 8 bytes of each half: what it acknowledged, its window and scale
export const SESSION_SCOPE = 48; // u16: of the second half
export const SESSION_STATE = 50; // u8
export const SESSION_FLAGS = 51; // u8

/** A section as it was read, checked. */
export interface Section {
  kind: number;
  payload: Buffer;
}

/** A file that is not what it should be; `message` says in which way. */
export class DamagedError extends Error {}

/** The head of a file that is saved at `wallMs`. */
export function encodeHeader(wallMs: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeDoubleLE(wallMs, 16);
  header.writeUInt32LE(crc32(header.subarray(16)), 12);
  return header;
}

export function encodeSection(kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(SECTION_BYTES);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(payload.length, 4);
  head.writeUInt32LE(crc32(payload, crc32(head.subarray(0, 8))), 8);
  return Buffer.concat([head, payload]);
}

/** The last section, behind `count` others. */
export function encodeEnd(count: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(count);
  return encodeSection(END, payload);
}

/** Takes a file apart. Throws DamagedError where anything is not as it was written. */
export function decodeFile(file: Buffer): { wallMs: number; sections: Section[] } {
  if (file.length < HEADER_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new DamagedError("is no state file");
  }
  const version = file.readUInt32LE(8);
  if (version !== VERSION) throw new DamagedError(`is of version ${version}, and this engine reads ${VERSION}`);
  const crc = file.readUInt32LE(12);
  if (crc32(file.subarray(16, HEADER_BYTES)) !== crc) throw new DamagedError("is damaged at its head");
  const wallMs = file.readDoubleLE(16);
  if (!Number.isFinite(wallMs)) throw new DamagedError("says no time");
  return { wallMs, sections: decodeSections(file) };
}

function decodeSections(file: Buffer): Section[] {
  const sections: Section[] = [];
  let at = HEADER_BYTES;
  while (at + SECTION_BYTES <= file.length) {
    const [kind, length, crc] = [file.readUInt32LE(at), file.readUInt32LE(at + 4), file.readUInt32LE(at + 8)];
    const payload = file.subarray(at + SECTION_BYTES, at + SECTION_BYTES + length);
    if (payload.length !== length || crc32(payload, crc32(file.subarray(at, at + 8))) !== crc) {
      throw new DamagedError(`is damaged at byte ${at}`);
    }
    at += SECTION_BYTES + length;
    if (kind === END) {
      const isWhole = at === file.length && length === 4 && payload.readUInt32LE(0) === sections.length;
      if (!isWhole) throw new DamagedError(`does not end where it says, at byte ${at}`);
      return sections;
    }
    sections.push({ kind, payload });
  }
  throw new DamagedError("was cut short");
}

/** CRC-32 (ISO-HDLC) of bytes behind others whose CRC is `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return native ? native(bytes, before) : crc32InTable(bytes, before);
}

/** Of Node 20.15 and on. */
const native = (zlib as { crc32?: (bytes: Uint8Array, before?: number) => number }).crc32;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) !== 0 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** The same without help, for earlier ones. */
export function crc32InTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
