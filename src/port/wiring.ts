// What a worker has to know to serve a port: an fd, a pipe, or nothing. Made by the attachments on the main
// thread, sent to the port's worker as a message; that of a device as one for each worker, since all send to it.

import { closeSync } from "node:fs";
import { requireAddon, type DeviceKind } from "./addon.js";

/**
 * A playing of a capture file: where its records begin, bytes of FCS behind each frame (pcapng says it itself), and how
 * often it is played (0: without end).
 */
export interface Playing {
  fd: number;
  fcs: number;
  start: number;
  loop: number;
}

/** A file that is to hold a recording: what it begins with. Until a worker has it, it holds what was there before. */
export interface Recording {
  fd: number;
  header: Uint8Array;
}

export type Wiring =
  /** `further`: fds of further queues. `sendsOnly`: another worker receives from the device. */
  | { kind: DeviceKind; fd: number; further?: number[]; sendsOnly?: boolean }
  /** `fd`: the connection, -1 for none yet; `listener`: where connections are accepted, or -1. */
  | { kind: "stream"; fd: number; listener: number }
  | { kind: "file"; read?: Playing; write?: Recording }
  | { kind: "memory" }
  | { kind: "capture" }
  | { kind: "generator" };

/**
 * The wiring of each of a port's workers. Those of a device that get no queue of it to receive from send to one, each
 * by an fd of its own.
 */
export function shares(wiring: Wiring, workers: number): Wiring[] {
  if (!isDevice(wiring)) return [wiring];
  const { kind, fd, further = [] } = wiring;
  const fds = [fd, ...further];
  return Array.from({ length: workers }, (_, i) =>
    i < fds.length ? { kind, fd: fds[i]! } : { kind, fd: another(fds[i % fds.length]!), sendsOnly: true });
}

/** An fd more for a device; -1: there is none to be had, the worker loses the port, and it is tried for again. */
function another(fd: number): number {
  try {
    return requireAddon("a device").duplicate(fd);
  } catch {
    return -1;
  }
}

function isDevice(wiring: Wiring): wiring is Extract<Wiring, { kind: DeviceKind }> {
  return wiring.kind === "tap" || wiring.kind === "tap-offload" || wiring.kind === "packet";
}

/** Closes what a wiring has open, for one that no worker took over. */
export function discard(wiring: Wiring): void {
  for (const fd of descriptorsOf(wiring)) if (fd >= 0) closeSync(fd);
}

function descriptorsOf(wiring: Wiring): number[] {
  if (isDevice(wiring)) return [wiring.fd, ...wiring.further ?? []];
  switch (wiring.kind) {
    case "stream": return [wiring.fd, wiring.listener];
    case "file": return [wiring.read?.fd ?? -1, wiring.write?.fd ?? -1];
    default: return [];
  }
}
