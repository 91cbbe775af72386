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

/** A capture that runs: its port, the port that it copies, and what was in its pipe when it ended. */
interface Running {
  port: RegisteredPort;
  watched: RegisteredPort;
  pipe: Pipe;
  rest: Uint8Array[];
}

export class Captures {
  #count = 0;

  constructor(readonly fabric: Fabric) {}

  /**
   * The bytes of a pcapng file, as they come; ends when the signal aborts or the port goes. Nothing is opened before
   * the first read. From then on the signal alone ends the capture, whether or not its reader comes back. Throws
   * EngineError.
   */
  async* capture(
    switchName: string, portName: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const filter = options.filter === undefined ? undefined : compileFilter(options.filter);
    const watched = this.fabric.registry.port(switchName, portName);
    if (signal.aborted) return;
    const name = `capture-${++this.#count}`;
    const port = await this.fabric.addInnerPort(watched.switchName, name, captureAttachment(), { kind: "capture" });
    const running = { port, watched, pipe: new Pipe(this.fabric.shared, port.pipe), rest: [] };
    let ended: Promise<void> | undefined;
    const end = (): Promise<void> => (ended ??= this.#end(running));
    // A reader that has taken the header may never read on and never leave, so `finally` alone is no end.
    const onAbort = (): void => { end().catch(() => undefined); }; // who reads is told by `finally`
    signal.addEventListener("abort", onAbort);
    try {
      if (this.#goesOn(running, signal)) this.#begin(port, watched, options, filter);
      if (!signal.aborted) yield pcapngHeader(`${switchName}/${portName}`);
      yield* this.#read(running, signal);
    } finally {
      signal.removeEventListener("abort", onAbort);
      await end();
    }
  }

  #goesOn({ port, watched }: Running, signal: AbortSignal): boolean {
    return !signal.aborted && this.#isThere(watched) && this.#isThere(port);
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

  /** Removes the mirror and the port; the pipe, which the next port may get, is emptied into `rest` first. */
  async #end({ port, pipe, rest }: Running): Promise<void> {
    const { name } = port;
    if (!this.#isThere(port)) return; // the engine has stopped
    if (this.fabric.registry.mirrors.has(name)) this.fabric.crew.parked(() => { this.fabric.removeMirror(name); });
    while (pipe.waiting > 0) rest.push(take(pipe));
    await this.fabric.removeInnerPort(name);
  }

  async* #read(running: Running, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { pipe, rest } = running;
    const aborted = new Promise((resolve) => { signal.addEventListener("abort", resolve, { once: true }); });
    while (this.#goesOn(running, signal)) {
      if (pipe.waiting > 0) yield take(pipe);
      else await Promise.race([pipe.arrival(WAIT_MS), aborted]);
    }
    yield* rest;
  }
}

/** Takes what lies in one piece in a pipe. */
function take(pipe: Pipe): Uint8Array {
  const bytes = pipe.span().slice();
  pipe.drain(bytes.length);
  return bytes;
}
