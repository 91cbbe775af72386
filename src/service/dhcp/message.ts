// DHCP messages, parsed and built: the fixed BOOTP header and the options behind the magic cookie.
// Owns the format only; options.ts knows what options say. A parser never throws, never reads past its input, and
// reads every byte once. Addresses are text, "0.0.0.0" for none.
// Read first: RFC 2131 section 2, RFC 2132 (9.3: overload), RFC 3396 (options in several pieces), RFC 1542 2.1.

import { addressNumber, addressText, macBytes, macText, type Fault } from "../../wire/packet.js";
import { CODE, fits, type Options } from "./options.js";

export const NO_ADDRESS = "0.0.0.0";
export const OP_REQUEST = 1;
export const OP_REPLY = 2;

/** Option 53 (RFC 2132, 9.6). */
export const TYPE = {
  discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8,
} as const;

const HTYPE_ETHERNET = 1;
const MAC_SIZE = 6;
const SNAME_AT = 44;
const FILE_AT = 108;
const COOKIE_AT = 236;
const OPTIONS_AT = 240;
const COOKIE = 0x63825363;
const FLAG_BROADCAST = 0x8000;
const OVERLOAD_FILE = 1;
const OVERLOAD_SNAME = 2;
const PIECE_MAX = 255;
/** Bytes that every message has at least: what BOOTP relays and old clients expect (RFC 1542, 2.1). */
export const MESSAGE_SIZE_MIN = 300;

export interface DhcpMessage {
  op: number;
  /** Transaction, 0 to 2^32 - 1. */
  xid: number;
  /** Seconds since the client began, 0 to 65535. */
  secs: number;
  /** The client asks for answers by broadcast. */
  broadcast: boolean;
  ciaddr: string;
  yiaddr: string;
  giaddr: string;
  /** chaddr, lower case with colons. */
  mac: string;
  /** Option 53. */
  type: number;
  /** Every other option by its code, its pieces joined. */
  options: Options;
}

/**
 * Reads a message (RFC 2131, 2). "unsupported": plain BOOTP, or hardware that is not Ethernet; "malformed": it
 * contradicts itself, or an option has a length that its meaning does not allow.
 */
export function parseMessage(bytes: Uint8Array): DhcpMessage | Fault {
  if (bytes.length < OPTIONS_AT) return "malformed";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const op = view.getUint8(0);
  if (op !== OP_REQUEST && op !== OP_REPLY) return "malformed";
  if (view.getUint8(1) !== HTYPE_ETHERNET || view.getUint8(2) !== MAC_SIZE) return "unsupported";
  if (view.getUint32(COOKIE_AT) !== COOKIE) return "unsupported";
  const options = parseOptions(bytes);
  if (options === undefined) return "malformed";
  const type = options.get(CODE.type)?.[0];
  if (type === undefined) return "unsupported";
  options.delete(CODE.type);
  return {
    op, type, options,
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    broadcast: (view.getUint16(10) & FLAG_BROADCAST) !== 0,
    ciaddr: addressText(view.getUint32(12)),
    yiaddr: addressText(view.getUint32(16)),
    giaddr: addressText(view.getUint32(24)),
    mac: macText(bytes, 28),
  };
}

/**
 * Writes a message of MESSAGE_SIZE_MIN to `sizeMax` bytes. Options go in as they come in the map; one that does
 * not fit any more is left out whole, so what matters most comes first.
 */
export function buildMessage(message: DhcpMessage, sizeMax: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(sizeMax, MESSAGE_SIZE_MIN));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, message.op);
  view.setUint8(1, HTYPE_ETHERNET);
  view.setUint8(2, MAC_SIZE);
  view.setUint32(4, message.xid);
  view.setUint16(8, message.secs);
  view.setUint16(10, message.broadcast ? FLAG_BROADCAST : 0);
  view.setUint32(12, addressNumber(message.ciaddr));
  view.setUint32(16, addressNumber(message.yiaddr));
  view.setUint32(24, addressNumber(message.giaddr));
  bytes.set(macBytes(message.mac), 28);
  view.setUint32(COOKIE_AT, COOKIE);
  let at = putOption(bytes, OPTIONS_AT, CODE.type, Uint8Array.of(message.type));
  for (const [code, value] of message.options) at = putOption(bytes, at, code, value);
  bytes[at++] = CODE.end;
  return bytes.subarray(0, Math.max(at, MESSAGE_SIZE_MIN));
}

/** The place behind the option; where it was where there is no room for it and the end. */
function putOption(bytes: Uint8Array, start: number, code: number, value: Uint8Array): number {
  const pieces = Math.max(1, Math.ceil(value.length / PIECE_MAX));
  if (start + 2 * pieces + value.length + 1 > bytes.length) return start;
  let at = start;
  for (let piece = 0; piece < pieces; piece++) {
    const part = value.subarray(piece * PIECE_MAX, (piece + 1) * PIECE_MAX);
    bytes[at] = code;
    bytes[at + 1] = part.length;
    bytes.set(part, at + 2);
    at += 2 + part.length;
  }
  return at;
}

function parseOptions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const pieces = new Map<number, Uint8Array[]>();
  if (!collect(bytes.subarray(OPTIONS_AT), pieces)) return undefined;
  const overload = pieces.get(CODE.overload);
  if (overload !== undefined) {
    const where = overload.length === 1 && overload[0]!.length === 1 ? overload[0]![0]! : 0;
    if (where < OVERLOAD_FILE || where > (OVERLOAD_FILE | OVERLOAD_SNAME)) return undefined;
    // An overload option in there says nothing more: each field is read once, in this order (RFC 3396, 5).
    if (where & OVERLOAD_FILE && !collect(bytes.subarray(FILE_AT, COOKIE_AT), pieces)) return undefined;
    if (where & OVERLOAD_SNAME && !collect(bytes.subarray(SNAME_AT, FILE_AT), pieces)) return undefined;
    pieces.delete(CODE.overload);
  }
  const options = new Map([...pieces].map(([code, parts]) => [code, join(parts)]));
  return [...options].every(([code, value]) => fits(code, value.length)) ? options : undefined;
}

/** Reads one field of options; false where one is longer than the field. A missing end is forgiven. */
function collect(field: Uint8Array, pieces: Map<number, Uint8Array[]>): boolean {
  let at = 0;
  while (at < field.length) {
    const code = field[at]!;
    if (code === CODE.end) return true;
    at++;
    if (code === CODE.pad) continue;
    const length = field[at];
    if (length === undefined || at + 1 + length > field.length) return false;
    const piece = field.subarray(at + 1, at + 1 + length);
    const known = pieces.get(code);
    if (known) known.push(piece);
    else pieces.set(code, [piece]);
    at += 1 + length;
  }
  return true;
}

/** A copy, so that nothing holds on to the frame. */
function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
