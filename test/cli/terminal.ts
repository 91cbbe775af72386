// A terminal for tests: what commands write is kept, and signals come from the test.

import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { run } from "../../src/cli/program.js";
import type { Io, Output } from "../../src/cli/io.js";

class Kept extends Writable implements Output {
  readonly pieces: Buffer[] = [];

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.pieces.push(bytes);
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

export class Terminal implements Io {
  readonly out = new Kept();
  readonly err = new Kept();
  readonly signals = new EventEmitter();

  constructor(readonly env: NodeJS.ProcessEnv = {}) {}

  /** Runs one command line and returns its exit status. */
  run(...args: string[]): Promise<number> {
    return run(args, this);
  }
}
