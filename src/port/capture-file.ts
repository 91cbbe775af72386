// Headers of capture files. The records behind them come from the core (assembly/element/encode.ts), little-endian,
// times in microseconds. Read draft-ietf-opsawg-pcap 4, draft-ietf-opsawg-pcapng 4.1 and 4.2.

import { packageVersion } from "../files.js";

const LINKTYPE_ETHERNET = 1;
const SNAPLEN = 262144; // what tcpdump writes for "whole frames"
const OPTION_END = 0;
const OPTION_INTERFACE_NAME = 2;
const OPTION_APPLICATION = 4;

/** The file header of a pcap file. */
export function pcapHeader(): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAPLEN, 16);
  header.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  return header;
}

/** The section header and the one interface of a pcapng file; `name`: what the interface is called. */
export function pcapngHeader(name: string): Uint8Array {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(0x1a2b3c4d, 0);
  section.writeUInt16LE(1, 4);
  section.writeBigInt64LE(-1n, 8); // length of the section: not known
  const face = Buffer.alloc(8);
  face.writeUInt16LE(LINKTYPE_ETHERNET, 0);
  face.writeUInt32LE(SNAPLEN, 4);
  return Buffer.concat([
    block(0x0a0d0d0a, section, option(OPTION_APPLICATION, `Taploom ${packageVersion()}`)),
    block(1, face, option(OPTION_INTERFACE_NAME, name)),
  ]);
}

function option(code: number, text: string): Buffer {
  const value = Buffer.from(text);
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function block(type: number, body: Buffer, options: Buffer): Buffer {
  const end = Buffer.alloc(4, OPTION_END);
  const total = 12 + body.length + options.length + end.length;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(total, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(total, 0);
  return Buffer.concat([head, body, options, end, tail]);
}
