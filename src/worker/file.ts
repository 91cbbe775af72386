// Capture files as the far end of a pipe: bytes of a file go into the ring that the core decodes, bytes that the
// core encoded go into a file. One system call moves many records; no record is looked at here.

import { closeSync, ftruncateSync, readSync, writeSync } from "node:fs";
import type { Pipe } from "../core/pipe.js";
import type { Playing, Recording } from "../port/wiring.js";

export class FileEnd {
  #position: number;
  #rounds = 0;
  readonly #told = new Set<number>();
  #ended: boolean;

  constructor(readonly pipe: Pipe, readonly read: Playing | undefined, readonly write: Recording | undefined) {
    this.#position = read?.start ?? 0;
    this.#ended = read === undefined;
    if (read) pipe.setFcs(read.fcs);
    if (!write) return;
    ftruncateSync(write.fd);
    writeSync(write.fd, write.header);
  }

  /** Interfaces of the file whose packets are passed over, since they are not Ethernet; each once. */
  passedOver(): readonly number[] {
    const met = this.pipe.passedOver();
    if (met.length === 0) return met; // nearly always: nothing is allocated
    const found = met.filter((face) => !this.#told.has(face));
    for (const face of found) this.#told.add(face);
    return found;
  }

  /** Moves what there is room for towards the core. Returns why the playing ended, once, when it did. */
  fill(): string | undefined {
    if (this.#ended || !this.read) return undefined;
    if (this.pipe.faulty) return this.#end("malformed record");
    if (this.#take(this.read)) return undefined;
    const { pending, hungry, room } = this.pipe;
    if (room === 0 || (pending > 0 && !hungry)) return undefined; // the core has work left
    this.pipe.discard();
    this.#rounds += 1;
    if (this.read.loop !== 0 && this.#rounds >= this.read.loop) {
      return this.#end(pending > 0 ? "last record cut short" : "end of file");
    }
    this.#position = this.read.start;
    return this.#take(this.read) ? undefined : this.#end("no records");
  }

  /** Reads on, round the end of the ring, for the core waits where there is only half a record. False: nothing came. */
  #take(read: Playing): boolean {
    const before = this.#position;
    for (let space = this.pipe.space(); space.length > 0; space = this.pipe.space()) {
      const bytes = readSync(read.fd, space, 0, space.length, this.#position);
      if (bytes === 0) break;
      this.#position += bytes;
      this.pipe.fill(bytes);
    }
    return this.#position > before;
  }

  /** Writes what the core has encoded. Throws the file system's error (ENOSPC, EIO). */
  drain(): void {
    while (this.write !== undefined && this.pipe.waiting > 0) {
      this.pipe.drain(writeSync(this.write.fd, this.pipe.span()));
    }
  }

  close(): void {
    if (this.read) closeSync(this.read.fd);
    if (this.write) closeSync(this.write.fd);
  }

  #end(why: string): string {
    this.#ended = true;
    return why;
  }
}
