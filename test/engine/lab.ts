// Engines for tests, and what is at the other end of their ports. Every engine is stopped after its test, and then each
// of its frames must be accounted for.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { EngineEvent, PortStatus } from "../../src/api.js";
import type { Config } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import { Engine } from "../../src/engine.js";
import { findAddon } from "../../src/port/addon.js";
import type { PollMode } from "../../src/worker/patience.js";
import { testFrame, testMac } from "../model/frames.js";
import { WORKERS } from "../workers.js";

/** A configuration of one switch, "lab", in the words of the file. */
export function network(ports: object, more: object = {}): Config {
  return parseConfig(JSON.stringify({ switches: { lab: { ports, ...more } } }), "test");
}

/** Whether stream ports can be tested here; says why not where they cannot. (CI counts a skip as a failure.) */
export function canStream(): boolean {
  const can = findAddon() !== undefined;
  if (!can) console.warn("tests of stream ports are skipped: the native addon is not built (npm ci builds it)");
  return can;
}

/** An engine that is stopped after the test; its account is checked then. */
export async function startEngine(config: Config, workers = WORKERS, poll: PollMode = "adaptive"): Promise<Engine> {
  const engine = await Engine.start(config, { workers, poll });
  onTestFinished(async () => {
    const { totals } = await engine.stop();
    expect(totals).toMatchObject({ unaccounted: 0, queued: 0 });
  });
  return engine;
}

export function port(engine: Engine, name: string): PortStatus {
  const found = engine.ports().find((each) => each.name === name);
  if (!found) throw new RangeError(`the engine has no port ${name}`);
  return found;
}

export function linkOf(engine: Engine, name: string): string {
  return port(engine, name).link;
}

/** All that an engine tells from now on. */
export function listen(engine: Engine): EngineEvent[] {
  const events: EngineEvent[] = [];
  engine.on("event", (event) => { events.push(event); });
  return events;
}

/** Waits until something holds; fails after some seconds. */
export async function until(holds: () => boolean, what = "it"): Promise<void> {
  await expect.poll(holds, { interval: 5, message: what }).toBe(true);
}

/** Frames that are told apart by their payload, from one MAC to everybody. */
export function numbered(count: number, source = 1, payload = 60): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(payload);
    new DataView(bytes.buffer).setUint32(0, i);
    return testFrame({ source: testMac(source), payload: bytes });
  });
}

/** The number in a frame of `numbered`. */
export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(14);
}

/** Sends frames into a memory port as there is room. */
export async function feed(engine: Engine, name: string, frames: readonly Uint8Array[]): Promise<void> {
  const memory = engine.memory("lab", name);
  for (let sent = 0; sent < frames.length;) {
    sent += memory.sendBatch(frames.slice(sent, sent + 256));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same at the pace of a reader who has `got` every frame so far, so that no pipe on the way overflows. */
export async function feedInStep(
  engine: Engine, name: string, frames: readonly Uint8Array[], got: readonly Uint8Array[],
): Promise<void> {
  const before = got.length;
  for (let sent = 0; sent < frames.length; sent += 100) {
    await feed(engine, name, frames.slice(sent, sent + 100));
    await until(() => got.length >= before + Math.min(sent + 100, frames.length), "frames that arrive");
  }
}

/** Collects what comes out of a memory port from now on. */
export function collect(engine: Engine, name: string): Uint8Array[] {
  const frames: Uint8Array[] = [];
  engine.memory("lab", name).onFrames((batch) => { frames.push(...batch); });
  return frames;
}

/** A folder that is gone after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "taploom-test-"));
  onTestFinished(() => { rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

/** Behind its length as 32 bits, big-endian: how a stream carries a frame. */
export function framed(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

/** A hypervisor's end of a stream: keeps the frames that come out of it. */
export class StreamPeer {
  readonly frames: Buffer[] = [];
  closed = false;
  #bytes = Buffer.alloc(0);

  constructor(readonly socket: Socket) {
    socket.on("data", (bytes) => { this.#take(bytes); });
    socket.on("close", () => { this.closed = true; });
    socket.on("error", () => undefined); // a hang-up; `closed` says so
    onTestFinished(() => { socket.destroy(); });
  }

  static async dial(path: string): Promise<StreamPeer> {
    const socket = connect(path);
    await once(socket, "connect");
    return new StreamPeer(socket);
  }

  /** Sends frames; resolves when the socket has taken them. */
  send(frames: readonly Uint8Array[]): Promise<void> {
    return this.write(Buffer.concat(frames.map(framed)));
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => { resolve(); });
    });
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE()) {
      const end = 4 + this.#bytes.readUInt32BE();
      this.frames.push(this.#bytes.subarray(4, end));
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

/** A hypervisor that listens, and takes whoever dials. */
export class StreamListener {
  readonly peers: StreamPeer[] = [];

  private constructor(readonly server: Server) {}

  static async at(path: string): Promise<StreamListener> {
    const server = createServer();
    const listener = new StreamListener(server);
    server.on("connection", (socket) => { listener.peers.push(new StreamPeer(socket)); });
    await once(server.listen(path), "listening");
    onTestFinished(() => { listener.close(); });
    return listener;
  }

  close(): void {
    this.server.close();
    for (const { socket } of this.peers) socket.destroy();
  }
}
