// Who is at the other end of a connection to the control socket, as the kernel says it (SO_PEERCRED, unix(7)).

import type { Socket } from "node:net";
import { findAddon } from "../port/addon.js";

const UNKNOWN = "control socket";

/** `control socket (uid 1000, pid 4242)`; without the numbers where they cannot be had, or the client has gone. */
export function originOf(socket: Socket): string {
  // Node has no public way to a socket's descriptor; without it only the numbers are missing.
  const { fd } = (socket as { _handle?: { fd?: number } })._handle ?? {};
  const addon = findAddon();
  if (!addon || fd === undefined || fd < 0) return UNKNOWN;
  try {
    const { uid, pid } = addon.peerOf(fd);
    return `${UNKNOWN} (uid ${uid}, pid ${pid})`;
  } catch {
    return UNKNOWN;
  }
}
