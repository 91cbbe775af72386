// What a worker has to know to serve a port: an fd, a pipe, or nothing. Made by the attachments on the main
// thread, sent to the port's worker as a message; that of a device with several queues as one for each worker.

import { closeSync } from "node:fs";

/** A playing of a capture file: where its records begin, and how often it is played (0: without end). */
export interface Playing {
  fd: number;
  start: number;
  loop: number;
}

export type Wiring =
  /** `further`: fds of further queues. */
  | { kind: "tap" | "tap-offload" | "packet"; fd: number; further?: number[] }
  /** `fd`: the connection, -1 for none yet; `listener`: where connections are accepted, or -1. */
  | { kind: "stream"; fd: number; listener: number }
  | { kind: "file"; read?: Playing; write?: number }
  | { kind: "memory" }
  | { kind: "capture" }
  | { kind: "generator" };

/** The wiring of each worker that serves the port. */
export function shares(wiring: Wiring): Wiring[] {
  if (!("further" in wiring)) return [wiring];
  const { kind, fd, further = [] } = wiring;
  return [fd, ...further].map((one) => ({ kind, fd: one }));
}

/** Closes what a wiring has open, for one that no worker took over. */
export function discard(wiring: Wiring): void {
  for (const fd of descriptorsOf(wiring)) if (fd >= 0) closeSync(fd);
}

function descriptorsOf(wiring: Wiring): number[] {
  switch (wiring.kind) {
    case "tap":
    case "tap-offload":
    case "packet": return [wiring.fd, ...wiring.further ?? []];
    case "stream": return [wiring.fd, wiring.listener];
    case "file": return [wiring.read?.fd ?? -1, wiring.write ?? -1];
    default: return [];
  }
}
