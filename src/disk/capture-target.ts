// Opens files to record frames into. What is in a file already is lost then, so it has to be a capture or nothing.
// Read draft-ietf-opsawg-pcap 4 and draft-ietf-opsawg-pcapng 4.1 (the first bytes).

import { closeSync, constants, fstatSync, readSync } from "node:fs";
import { openRegular } from "./regular.js";

const MAGIC_SIZE = 4;
/** First bytes of a capture, as a big-endian load sees them: pcap of both orders and resolutions, pcapng. */
const MAGICS = [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a];

/** A file that is there holds something other than a capture. */
export class NotACaptureError extends Error {}

/**
 * Opens a file for writing, made if it is not there; what is in it stays until the caller truncates it. Throws
 * NotACaptureError if it holds something other than a capture, unless `force`; else as `openRegular`.
 */
export function openCaptureTarget(path: string, force = false): number {
  const fd = openRegular(path, constants.O_RDWR | constants.O_CREAT);
  try {
    if (!force && !mayBeEmptied(fd)) throw new NotACaptureError("it holds something other than a capture");
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

function mayBeEmptied(fd: number): boolean {
  if (fstatSync(fd).size === 0) return true;
  const magic = Buffer.alloc(MAGIC_SIZE);
  return readSync(fd, magic, 0, MAGIC_SIZE, 0) === MAGIC_SIZE && MAGICS.includes(magic.readUInt32BE(0));
}
