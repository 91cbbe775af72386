// What a worker has to know to serve a port: an fd, a pipe, or nothing. Made by the attachments on the main
// thread, sent to the port's worker as a message; that of a device as one for each worker, since all send to it.

import { closeSync } from "node:fs";
import type { DeviceKind } from "./addon.js";

/** A playing of a capture file: where its records begin, and how often it is played (0: without end). */
export interface Playing {
  fd: number;
  start: number;
  loop: number;
}

export type Wiring =
  /** `further`: fds of further queues. */
  | { kind: DeviceKind; fd: number; further?: number[] }
  /** `sendsTo`: the fd of a device that another worker has and receives from. */
  | { kind: DeviceKind; sendsTo: number }
  /** `fd`: the connection, -1 for none yet; `listener`: where connections are accepted, or -1. */
  | { kind: "stream"; fd: number; listener: number }
  | { kind: "file"; read?: Playing; write?: number }
  | { kind: "memory" }
  | { kind: "capture" }
  | { kind: "generator" };

/** The wiring of each of a port's workers. Those of a device that get no queue of it to receive from send to one. */
export function shares(wiring: Wiring, workers: number): Wiring[] {
  if (!isDevice(wiring)) return [wiring];
  const { kind, fd, further = [] } = wiring;
  const fds = [fd, ...further];
  return Array.from({ length: workers }, (_, i) =>
    i < fds.length ? { kind, fd: fds[i]! } : { kind, sendsTo: fds[i % fds.length]! });
}

function isDevice(wiring: Wiring): wiring is Extract<Wiring, { kind: DeviceKind; fd: number }> {
  return (wiring.kind === "tap" || wiring.kind === "tap-offload" || wiring.kind === "packet") && "fd" in wiring;
}

/** Closes what a wiring has open, for one that no worker took over. */
export function discard(wiring: Wiring): void {
  for (const fd of descriptorsOf(wiring)) if (fd >= 0) closeSync(fd);
}

function descriptorsOf(wiring: Wiring): number[] {
  if (isDevice(wiring)) return [wiring.fd, ...wiring.further ?? []];
  switch (wiring.kind) {
    case "stream": return [wiring.fd, wiring.listener];
    case "file": return [wiring.read?.fd ?? -1, wiring.write ?? -1];
    default: return [];
  }
}
