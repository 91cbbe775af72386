// Opens files by paths that users give: regular files only, without ever waiting for somebody at the other end, and by
// no link of another user. Owns what is said about the others. Read open(2): O_NONBLOCK, O_NOFOLLOW; fifo(7).

import { closeSync, constants, fstatSync, openSync, statSync, type Stats } from "node:fs";
import { realPath } from "./real-path.js";

const MODE = 0o600;
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>; // elsewhere than on POSIX: none

/**
 * Opens a regular file and returns the fd; `flags` as for open(2), O_CREAT makes it with mode 0600. Throws Error with
 * a message for people if it is something else or a link of another user, and the system's error otherwise.
 */
export function openRegular(path: string, flags: number): number {
  const fd = openSync(regularPath(path), flags | O_NOFOLLOW | O_NONBLOCK, MODE);
  try {
    requireRegular(fstatSync(fd));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/**
 * The path, without links, of a regular file or of nothing yet. Asked before a file is opened, since to open a device
 * may do something. Throws as `openRegular`.
 */
export function regularPath(path: string): string {
  const real = realPath(path);
  const there = statSync(real, { throwIfNoEntry: false });
  if (there) requireRegular(there);
  return real;
}

/** Throws Error if it is not a regular file. */
export function requireRegular(found: Stats): void {
  if (!found.isFile()) throw new Error(`it is ${kindOf(found)}, not a regular file; name a regular file`);
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a directory";
  if (found.isFIFO()) return "a FIFO";
  if (found.isSocket()) return "a socket";
  return "a device";
}
