// The contract of an attachment: what the main thread does for a port. It acquires what is at the other end and
// says how a worker serves it; the worker's side follows from the wiring. One file for each kind.

import type { Codec } from "../core/codec.js";
import type { Wiring } from "./wiring.js";

export interface Attachment {
  /** What is at the other end now, as `show ports` prints it: a device by its present name, a path; "" for none. */
  readonly device: string;
  /** Framing of its pipe, each way; "none" where it has no pipe. */
  readonly codecs: { in: Codec; out: Codec };
  /**
   * Acquires the device, socket or file. Resolves to undefined where that may come later (a peer that is not there
   * yet): then `reopen` is tried until it succeeds. Throws EngineError where the user has to act.
   */
  open(): Promise<Wiring | undefined>;
  /** Tries to acquire again what was lost; undefined: not yet. Throws EngineError if it is there and cannot be had. */
  reopen(): Promise<Wiring | undefined>;
  /** Gives the device another MTU, bytes; undefined: its own again. Throws EngineError. */
  resize(mtu: number | undefined): Promise<void>;
  /** Lets go of all that outlives the worker's fds, such as the path of a socket. The port is detached already. */
  close(): Promise<void>;
}

/** The errno name of a system call's error, "" for other errors. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : "";
}

/** Only a port's own limit changes: for kinds whose other end has no MTU that would be ours to set. */
export async function keepSize(): Promise<void> {
  // The core drops what is longer.
}

/** The same attachment never comes back by itself: for kinds that cannot be lost. */
export async function neverAgain(): Promise<undefined> {
  return undefined;
}
