// The interfaces of a capture file: which of them are Ethernet, and how many bytes of FCS stand behind their frames.
// Owns the table of them in the pipe by which the file is played; decode.ts reads the records. Read
// draft-ietf-opsawg-pcapng 4.2 (interface description, if_fcslen) and 4.3.

import { FACES_MAX, FACE_MET, FACE_OTHER, PIPE_FACES, PIPE_FACE_COUNT, PIPE_FACE_MET } from "./layout";
import { peek32 } from "./pipe";

const LINK_ETHERNET: u32 = 1;
const BLOCK_OPTIONS: u32 = 16; // offset in an interface description
const BLOCK_TRAILER: u32 = 4; // its length again
const OPTION_HEADER: u32 = 4;
const OPTION_FCS_LENGTH: u32 = 13;
const FCS_BITS_MIN: u32 = 16; // a value from here on is in bits; writers disagree about the unit

/** A section begins: it has no interfaces yet. */
export function forgetFaces(pipe: u32): void {
  store<u32>(pipe, 0, PIPE_FACE_COUNT);
}

/** Takes down the interface that the block of `length` bytes at the read position describes. */
export function addFace(pipe: u32, length: u32): void {
  const number = load<u32>(pipe, PIPE_FACE_COUNT);
  store<u32>(pipe, number + 1, PIPE_FACE_COUNT);
  if (number >= FACES_MAX) return;
  const ethernet = length >= BLOCK_OPTIONS + BLOCK_TRAILER && (peek32(pipe, 8) & 0xffff) == LINK_ETHERNET;
  store<u8>(pipe + number, <u8>(ethernet ? fcsOf(pipe, length - BLOCK_TRAILER) : FACE_OTHER), PIPE_FACES);
}

/** Bytes of FCS by the options of an interface description that end at `end`; 0 if none says so. */
function fcsOf(pipe: u32, end: u32): u32 {
  for (let at = BLOCK_OPTIONS; at + OPTION_HEADER < end;) {
    const option = peek32(pipe, at);
    if ((option & 0xffff) == 0) break;
    if ((option & 0xffff) == OPTION_FCS_LENGTH) {
      const value = peek32(pipe, at + OPTION_HEADER) & 0xff;
      return value < FCS_BITS_MIN ? value : value / 8;
    }
    at += OPTION_HEADER + (((option >> 16) + 3) & ~3);
  }
  return 0;
}

/**
 * Bytes of FCS behind the frames of an interface, or FACE_OTHER if it is not Ethernet; that is noted for the host. One
 * that no block has described is Ethernet without; one beyond the table counts as other.
 */
export function faceOf(pipe: u32, number: u32): u32 {
  if (number >= load<u32>(pipe, PIPE_FACE_COUNT)) return 0;
  if (number >= FACES_MAX) return FACE_OTHER;
  const face = <u32>load<u8>(pipe + number, PIPE_FACES);
  if (face < FACE_OTHER) return face;
  if (face == FACE_OTHER) {
    store<u8>(pipe + number, <u8>FACE_MET, PIPE_FACES);
    store<u32>(pipe, 1, PIPE_FACE_MET);
  }
  return FACE_OTHER;
}
