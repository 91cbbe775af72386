// A poller on a small memory of its own, in the hands of a test that plays the core: arms receive descriptors, queues
// frames, moves the cursors of pipes. Owns the memory map of these tests.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import * as layout from "../../assembly/layout.js";
import type { Addon, Geometry, Poller, PollerEvent } from "../../src/port/addon.js";
import { POLLER_EVENTS, POLLER_RUNG } from "../../src/port/addon.js";

/** Where the addon is built. */
export const ADDON = fileURLToPath(new URL("../../build/Release/taploom.node", import.meta.url));

/** The addon, or undefined where it is not built: prints that `what` is skipped, or throws in CI. */
export function loadAddon(what: string): Addon | undefined {
  try {
    return createRequire(import.meta.url)(ADDON) as Addon;
  } catch (error) {
    if (process.env["CI"]) throw error;
    process.stderr.write(`skipped: ${what}: the addon is not built (npm run install)\n`);
    return undefined;
  }
}

const PORTS = 8;
const RX_MAX = 128;
const RING_SIZE = 256;
const PIPE_SIZE = 4096;
const PIPE_BYTES = layout.PIPE_IN + 2 * PIPE_SIZE;
const QUEUE_SIZE = layout.RING_SLOTS + RING_SIZE * layout.DESC_SIZE;
const SLOT_SIZE = 10240;
const SLOT_COUNT = RX_MAX + RING_SIZE;
const DIRTY_LIST = 8;
const CUTS = 64;
const RX = CUTS + 1024;
const QUEUES = RX + RX_MAX * layout.DESC_SIZE;
const PIPES = QUEUES + QUEUE_SIZE * PORTS;
const SLOTS = PIPES + PIPE_BYTES * PORTS;

export const GEOMETRY: Geometry = {
  rx: RX,
  rxMax: RX_MAX,
  slots: SLOTS,
  slotSize: SLOT_SIZE,
  slotCount: SLOT_COUNT,
  headroom: layout.HEADROOM,
  frameMax: 9216,
  dirtyCount: 0,
  dirtyList: DIRTY_LIST,
  queues: QUEUES,
  queueSize: QUEUE_SIZE,
  ringSize: RING_SIZE,
  portsMax: PORTS,
  cuts: CUTS,
  pipeSize: PIPE_SIZE,
};
export const MEMORY_SIZE = SLOTS + SLOT_SIZE * SLOT_COUNT;

/** How a frame is changed on its way out; see the TX descriptor in assembly/layout.ts. */
export interface Edit {
  tag?: number;
  pop?: number;
  cutTo?: number;
}

export interface Received {
  port: number;
  bytes: Buffer;
}

export interface Turn {
  frames: Received[];
  events: PollerEvent[];
  rung: boolean;
}

export class Rig {
  readonly memory = Buffer.from(new SharedArrayBuffer(MEMORY_SIZE));
  readonly poller: Poller;
  #slot = 0;

  constructor(readonly addon: Addon) {
    this.poller = addon.createPoller(new Uint8Array(this.memory.buffer), GEOMETRY);
    this.memory.writeUInt32LE(layout.CUT_NONE, CUTS);
  }

  /** One turn as the core would see it, with every receive descriptor armed anew. */
  turn(timeout = 0): Turn {
    for (let i = 0; i < RX_MAX; i++) this.memory.writeUInt32LE(i, RX + i * layout.DESC_SIZE + layout.DESC_SLOT);
    const outcome = this.poller.turn(timeout);
    const frames = Array.from({ length: outcome & 0xffff }, (_, index) => this.#received(index));
    return {
      frames,
      events: outcome & POLLER_EVENTS ? this.poller.events() : [],
      rung: (outcome & POLLER_RUNG) !== 0,
    };
  }

  /** Turns until `done` says so of everything that happened; gives up after five seconds. */
  turnUntil(done: (so_far: Turn) => boolean): Turn {
    const all: Turn = { frames: [], events: [], rung: false };
    for (const end = Date.now() + 20_000; !done(all);) {
      if (Date.now() > end) throw new Error(`nothing more came after ${JSON.stringify(all.events)}`);
      const turn = this.turn(20);
      all.frames.push(...turn.frames);
      all.events.push(...turn.events);
      all.rung ||= turn.rung;
    }
    return all;
  }

  /** Turns until the port has told what became of it. */
  until(port: number, what: PollerEvent["what"]): PollerEvent {
    const found = (turn: Turn) => turn.events.find((event) => event.port === port && event.what === what);
    return found(this.turnUntil((turn) => found(turn) !== undefined))!;
  }

  // ---- frames ----

  /** Queues a frame and puts its port on the dirty list; the next turn sends it. */
  send(port: number, frame: Uint8Array, edit: Edit = {}): void {
    const queue = QUEUES + QUEUE_SIZE * port;
    const head = this.memory.readUInt32LE(queue + layout.RING_HEAD);
    const descriptor = this.#descriptor(port, head);
    const slot = RX_MAX + this.#slot++ % RING_SIZE;
    this.memory.set(frame, SLOTS + slot * SLOT_SIZE + layout.HEADROOM);
    const length = frame.length - (edit.pop ?? 0) + (edit.tag ? 4 : 0);
    const cut = edit.cutTo ? 1 : 0;
    if (edit.cutTo) this.memory.writeUInt32LE(edit.cutTo, CUTS + 4);
    this.memory.writeUInt32LE(slot, descriptor + layout.DESC_SLOT);
    this.memory.writeUInt32LE((length | cut << layout.CUT_SHIFT) >>> 0, descriptor + layout.DESC_LENGTH);
    this.memory.writeUInt32BE(edit.tag ?? 0, descriptor + layout.DESC_TAG);
    this.memory.writeUInt8(layout.HEADROOM, descriptor + layout.DESC_START);
    this.memory.writeUInt8(edit.pop ?? 0, descriptor + layout.DESC_POP);
    this.memory.writeUInt16LE(port, descriptor + layout.DESC_PORT);
    this.memory.writeUInt32LE(head + 1, queue + layout.RING_HEAD);
    this.touch(port);
  }

  /** How many frames still wait in a port's queue. */
  waiting(port: number): number {
    const queue = QUEUES + QUEUE_SIZE * port;
    return this.memory.readUInt32LE(queue + layout.RING_HEAD) - this.memory.readUInt32LE(queue + layout.RING_TAIL);
  }

  /** The reason for which the frame before the `back`-th last queued one was not sent; undefined: it was. */
  failure(port: number, back = 0): number | undefined {
    const head = this.memory.readUInt32LE(QUEUES + QUEUE_SIZE * port + layout.RING_HEAD);
    const pop = this.memory.readUInt8(this.#descriptor(port, head - 1 - back) + layout.DESC_POP);
    return pop >= layout.DESC_FAILED ? pop - layout.DESC_FAILED : undefined;
  }

  /** Puts a port on the dirty list, as the core does: once. */
  touch(port: number): void {
    const count = this.memory.readUInt32LE(0);
    for (let i = 0; i < count; i++) if (this.memory.readUInt16LE(DIRTY_LIST + i * 2) === port) return;
    this.memory.writeUInt16LE(port, DIRTY_LIST + count * 2);
    this.memory.writeUInt32LE(count + 1, 0);
  }

  #descriptor(port: number, cursor: number): number {
    return QUEUES + QUEUE_SIZE * port + layout.RING_SLOTS + (cursor & (RING_SIZE - 1)) * layout.DESC_SIZE;
  }

  #received(index: number): Received {
    const descriptor = RX + index * layout.DESC_SIZE;
    const slot = this.memory.readUInt32LE(descriptor + layout.DESC_SLOT);
    const at = SLOTS + slot * SLOT_SIZE + this.memory.readUInt8(descriptor + layout.DESC_START);
    const length = this.memory.readUInt32LE(descriptor + layout.DESC_LENGTH);
    const port = this.memory.readUInt16LE(descriptor + layout.DESC_PORT);
    return { port, bytes: Buffer.from(this.memory.subarray(at, at + length)) };
  }

  // ---- pipes ----

  pipe(port: number): number {
    return PIPES + PIPE_BYTES * port;
  }

  /** Takes what came in through a port's pipe, or the first `most` bytes of it. */
  take(port: number, most = Infinity): Buffer {
    const pipe = this.pipe(port);
    const head = this.memory.readUInt32LE(pipe + layout.PIPE_IN_HEAD);
    const tail = this.memory.readUInt32LE(pipe + layout.PIPE_IN_TAIL);
    const ring = this.memory.subarray(pipe + layout.PIPE_IN, pipe + layout.PIPE_IN + PIPE_SIZE);
    const bytes = Buffer.alloc(Math.min(head - tail, most));
    for (let i = 0; i < bytes.length; i++) bytes[i] = ring[(tail + i) % PIPE_SIZE]!;
    this.memory.writeUInt32LE(tail + bytes.length, pipe + layout.PIPE_IN_TAIL);
    return bytes;
  }

  /** Puts bytes into a port's pipe, as many as fit, and its port on the dirty list. Returns how many. */
  give(port: number, bytes: Uint8Array): number {
    const pipe = this.pipe(port);
    const head = this.memory.readUInt32LE(pipe + layout.PIPE_OUT_HEAD);
    const room = PIPE_SIZE - (head - this.memory.readUInt32LE(pipe + layout.PIPE_OUT_TAIL));
    const count = Math.min(room, bytes.length);
    const ring = pipe + layout.PIPE_IN + PIPE_SIZE;
    for (let i = 0; i < count; i++) this.memory[ring + (head + i) % PIPE_SIZE] = bytes[i]!;
    this.memory.writeUInt32LE(head + count, pipe + layout.PIPE_OUT_HEAD);
    this.touch(port);
    return count;
  }

  /** Says that what waits in a port's pipe is less than a record. */
  hungry(port: number): void {
    this.memory.writeUInt32LE(1, this.pipe(port) + layout.PIPE_HUNGRY);
  }

  fault(port: number): void {
    this.memory.writeUInt32LE(1, this.pipe(port) + layout.PIPE_FAULT);
  }
}
