// Attachments without anything outside: the embedding program's memory ports, built-in traffic, captures.

import type { Codec } from "../core/codec.js";
import { keepSize, neverAgain, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

class Inner implements Attachment {
  readonly device = "";
  readonly reopen = neverAgain;
  readonly resize = keepSize;

  constructor(readonly wiring: Wiring, readonly codecs: { in: Codec; out: Codec }) {}

  async open(): Promise<Wiring> {
    return this.wiring;
  }

  async close(): Promise<void> {
    // nothing is held
  }
}

/** memory: frames behind their length, both ways; see src/core/pipe.ts for the other end. */
export function memoryAttachment(): Attachment {
  return new Inner({ kind: "memory" }, { in: "length", out: "length" });
}

/** generator: makes frames; what comes to it is counted and forgotten. */
export function generatorAttachment(): Attachment {
  return new Inner({ kind: "generator" }, { in: "none", out: "sink" });
}

/** router: an interface of a router, which the core serves by itself. */
export function interfaceAttachment(): Attachment {
  return new Inner({ kind: "memory" }, { in: "none", out: "none" });
}

/** services: frames for a router's services, and from them; see src/service/channel.ts. */
export function servicesAttachment(): Attachment {
  return new Inner({ kind: "memory" }, { in: "service", out: "service" });
}

/** A monitor port of its own for each live capture. */
export function captureAttachment(): Attachment {
  return new Inner({ kind: "capture" }, { in: "none", out: "pcapng" });
}
