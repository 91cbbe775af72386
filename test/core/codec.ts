// Records of capture files and streams for tests, written out byte by byte from their definitions, so that the core's
// codecs are held to something that is not themselves.
// Read first: qemu's net/stream.c, draft-ietf-opsawg-pcap 5, draft-ietf-opsawg-pcapng 4.

import * as layout from "../../src/core/layout.js";
import type { Pipe } from "../../src/core/pipe.js";

/** Big-endian u32s, as bytes. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
}

/** Little-endian u32s, as bytes. */
export function wordsLE(...values: number[]): Buffer {
  return words(...values).swap32();
}

/** A frame behind its length, as QEMU sends it. */
export function lengthRecord(frame: Uint8Array): Buffer {
  return Buffer.concat([words(frame.length), frame]);
}

export function pcapRecord(frame: Uint8Array, pack = wordsLE): Buffer {
  return Buffer.concat([pack(1, 2, frame.length, frame.length + 100), frame]);
}

/** A pcapng block of any type; the body is padded to whole words. */
export function block(type: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
  const total = wordsLE(12 + body.length + padding.length);
  return Buffer.concat([wordsLE(type), total, body, padding, total]);
}

/** `original`: bytes that the packet had before it was cut short. */
export function enhancedBlock(frame: Uint8Array, face = 0, original = frame.length): Buffer {
  return block(6, wordsLE(face, 1, 2, frame.length, original), frame);
}

/** An interface of some link type; `fcsLength`: what its option of that name says. */
export function interfaceBlock(linkType: number, fcsLength?: number): Buffer {
  const name = [2 | 3 << 16, 0x306874]; // if_name: "th0", padded
  const options = fcsLength === undefined ? [] : [...name, 13 | 1 << 16, fcsLength, 0];
  return block(1, wordsLE(linkType, 0, ...options));
}

export function simpleBlock(frame: Uint8Array): Buffer {
  return block(3, wordsLE(frame.length), frame);
}

export const SECTION = block(0x0a0d0d0a, wordsLE(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
export const INTERFACE = block(1, wordsLE(1, 0));

/** Puts bytes into the pipe towards the core, as many as there is room for; returns how many. */
export function give(pipe: Pipe, bytes: Uint8Array): number {
  let given = 0;
  for (let space = pipe.space(); space.length > 0 && given < bytes.length; space = pipe.space()) {
    const part = bytes.subarray(given, given + space.length);
    space.set(part);
    pipe.fill(part.length);
    given += part.length;
  }
  return given;
}

/** Takes out all bytes that the core has put into a pipe. */
export function take(pipe: Pipe): Buffer {
  const parts: Uint8Array[] = [];
  for (let span = pipe.span(); span.length > 0; span = pipe.span()) {
    parts.push(span.slice());
    pipe.drain(span.length);
  }
  return Buffer.concat(parts);
}

/** Moves all cursors of an empty pipe to a position, such as one near the end of the ring or of u32. */
export function moveCursors(pipe: Pipe, position: number): void {
  for (const cursor of [layout.PIPE_IN_HEAD, layout.PIPE_IN_TAIL, layout.PIPE_OUT_HEAD, layout.PIPE_OUT_TAIL]) {
    pipe.shared.setWord(pipe.offset + cursor, position);
  }
}
