// What a command sees of the process: its streams, its environment, its signals. Tests hand in others.
// Owns the small print of writing to them: whole lines, slow readers, readers that have gone.

import { once } from "node:events";
import type { Writable } from "node:stream";

export type Output = Writable & { isTTY?: boolean; columns?: number; rows?: number };

export interface Signals {
  on(name: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
  off(name: "SIGINT" | "SIGTERM" | "SIGHUP", listener: () => void): unknown;
}

export interface Io {
  /** What was asked for. */
  out: Output;
  /** Diagnostics. */
  err: Output;
  env: NodeJS.ProcessEnv;
  signals: Signals;
}

export function sayLine(stream: Writable, line: string): void {
  stream.write(`${line}\n`);
}

/** Streams whose reader has gone: the process's own stay writable after EPIPE, so that it is kept here. */
const broken = new WeakSet<Writable>();

/** Whether what is written may still be read; false where the reader has gone (`| head`). */
export function isRead(stream: Writable): boolean {
  return stream.writable && !broken.has(stream);
}

/**
 * Writes and waits until there is room for more. Returns false if the reader has gone, or if the signal aborts: a
 * reader that holds a pipe and reads nothing keeps no command from its end.
 */
export async function writeSlowly(stream: Writable, bytes: Uint8Array, ended?: AbortSignal): Promise<boolean> {
  if (!isRead(stream) || ended?.aborted) return false;
  if (!stream.write(bytes)) await roomIn(stream, ended);
  return isRead(stream) && !ended?.aborted;
}

/** Resolves if the stream drains or ends, or if the signal aborts. */
function roomIn(stream: Writable, ended?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ["drain", "close", "error"]) stream.off(event, done);
      ended?.removeEventListener("abort", done);
      resolve();
    };
    for (const event of ["drain", "close", "error"]) stream.on(event, done);
    ended?.addEventListener("abort", done);
  });
}

/** Waits for what was written to be read, `ms` at most: who holds a pipe and reads nothing is not waited for. */
export async function flushOutput(stream: Writable, ms: number): Promise<void> {
  if (stream.writableLength === 0 || !isRead(stream)) return;
  await once(stream, "drain", { signal: AbortSignal.timeout(ms) }).catch(() => undefined);
}

/** Lets a reader that goes away end the output quietly; whoever writes on asks `isRead`. */
export function ignoreBrokenPipe(stream: Writable): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    broken.add(stream);
  });
}

/** A signal that aborts at the first SIGINT or SIGTERM, or after `ms`; `release` gives the signals back. */
export function endSignal(signals: Signals, ms?: number): { signal: AbortSignal; release: () => void } {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signals.on("SIGINT", end);
  signals.on("SIGTERM", end);
  const timer = ms === undefined ? undefined : setTimeout(end, ms);
  return {
    signal: ending.signal,
    release() {
      clearTimeout(timer);
      signals.off("SIGINT", end);
      signals.off("SIGTERM", end);
    },
  };
}
