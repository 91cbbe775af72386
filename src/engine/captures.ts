// Live captures: for each, a monitor port of its own and a mirror that copies one port's frames to it; the core
// writes pcapng into the port's pipe, and here it is read out. A reader that is slow loses copies, counted at the
// capture's port, and nobody else loses anything.

import type { CaptureOptions } from "../api.js";
import { Pipe } from "../core/pipe.js";
import type { RegisteredPort } from "../core/registry.js";
import { compileFilter } from "../filter/compile.js";
import { pcapngHeader } from "../port/capture-file.js";
import { captureAttachment } from "../port/inner.js";
import type { Fabric } from "./fabric.js";

const WAIT_MS = 500; // how often it is looked whether the port is still there

export class Captures {
  #count = 0;

  constructor(readonly fabric: Fabric) {}

  /** The bytes of a pcapng file, as they come; ends when the signal aborts or the port goes. Throws EngineError. */
  async* capture(
    switchName: string, portName: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const filter = options.filter === undefined ? undefined : compileFilter(options.filter);
    const watched = this.fabric.registry.port(switchName, portName);
    const name = `capture-${++this.#count}`;
    const port = await this.fabric.addInnerPort(watched.switchName, name, captureAttachment(), { kind: "capture" });
    try {
      if (this.#isThere(watched) && this.#isThere(port)) this.#begin(port, watched, options, filter);
      yield pcapngHeader(`${switchName}/${portName}`);
      yield* this.#read(port, watched, signal);
    } finally {
      if (this.#isThere(port)) await this.#end(port); // else the engine has stopped
    }
  }

  #isThere(port: RegisteredPort): boolean {
    return this.fabric.registry.byIndex.get(port.index) === port;
  }

  #begin(
    port: RegisteredPort, watched: RegisteredPort, options: CaptureOptions, filter: Uint32Array | undefined,
  ): void {
    const { name } = port;
    const mirror = {
      from: [watched.name], vlans: [], direction: options.direction ?? "both", to: name,
      ...(options.snaplen === undefined ? {} : { snaplen: options.snaplen }),
    };
    this.fabric.crew.parked(() => { this.fabric.setMirror(name, watched.switchName, mirror, port.index, filter); });
  }

  async #end({ name }: RegisteredPort): Promise<void> {
    if (this.fabric.registry.mirrors.has(name)) this.fabric.crew.parked(() => { this.fabric.removeMirror(name); });
    await this.fabric.removeInnerPort(name);
  }

  async* #read(port: RegisteredPort, watched: RegisteredPort, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const pipe = new Pipe(this.fabric.shared, port.pipe);
    const aborted = new Promise((resolve) => { signal.addEventListener("abort", resolve, { once: true }); });
    while (!signal.aborted && this.#isThere(watched)) {
      while (pipe.waiting > 0) {
        const bytes = pipe.span().slice();
        pipe.drain(bytes.length);
        yield bytes;
      }
      await Promise.race([pipe.arrival(WAIT_MS), aborted]);
    }
  }
}
