// Pipes, the host's twin of assembly/pipe.ts: the two ends that a file, the embedding program or a capture holds.
// Cursors are u32 and run free; each is written by one side only. Spans are views into the ring, never copies.

import * as layout from "../../assembly/layout.js";
import type { SharedMemory } from "./memory.js";

const NONE: readonly number[] = [];
const MASK = layout.PIPE_SIZE - 1;
const SERVICE_HEADER = 8; // length, interface, port that it entered by

/** A frame for a router's services. */
export interface Punted {
  /** Number of the port of the interface. */
  at: number;
  /** Number of the port by which it entered the switch: where its sender is. */
  from: number;
  frame: Uint8Array;
}

/** The host's end of a pipe; `offset` is the pipe's place in memory. */
export class Pipe {
  readonly #in: number;
  readonly #out: number;

  constructor(readonly shared: SharedMemory, readonly offset: number) {
    this.#in = offset + layout.PIPE_IN;
    this.#out = offset + layout.PIPE_OUT;
  }

  /** Empties both rings and clears a fault: a new conversation begins. */
  reset(): void {
    const { PIPE_IN_HEAD, PIPE_IN_TAIL, PIPE_OUT_HEAD, PIPE_OUT_TAIL, PIPE_FAULT, PIPE_HUNGRY } = layout;
    for (let at = layout.PIPE_FACE_MET; at < layout.PIPE_IN; at += 4) this.#set(at, 0);
    for (const field of [PIPE_IN_HEAD, PIPE_IN_TAIL, PIPE_OUT_HEAD, PIPE_OUT_TAIL, PIPE_FAULT, PIPE_HUNGRY]) {
      this.#set(field, 0);
    }
  }

  /** Whether the core found bytes that cannot be a frame. */
  get faulty(): boolean {
    return this.#get(layout.PIPE_FAULT) !== 0;
  }

  /** Whether the core waits for the rest of a record. Says nothing until the core has looked at the last bytes. */
  get hungry(): boolean {
    return this.#get(layout.PIPE_HUNGRY) !== 0;
  }

  /** Says how many bytes of FCS stand behind each frame of a pcap file. */
  setFcs(bytes: number): void {
    this.shared.bytes[this.offset + layout.PIPE_FACES] = bytes;
  }

  /** Interfaces of a pcapng file that are not Ethernet and had packets since the last call, or in the round before. */
  passedOver(): readonly number[] {
    if (this.#get(layout.PIPE_FACE_MET) === 0) return NONE;
    this.#set(layout.PIPE_FACE_MET, 0);
    const at = this.offset + layout.PIPE_FACES;
    return [...this.shared.bytes.subarray(at, at + layout.FACES_MAX).keys()]
      .filter((face) => this.shared.bytes[at + face] === layout.FACE_MET);
  }

  /** Bytes that the core has not taken yet. */
  get pending(): number {
    return (this.#get(layout.PIPE_IN_HEAD) - this.#get(layout.PIPE_IN_TAIL)) >>> 0;
  }

  /** Bytes for which there is room towards the core. */
  get room(): number {
    return layout.PIPE_SIZE - this.pending;
  }

  /** The free span towards the core, as far as it goes without a break. */
  space(): Uint8Array {
    const at = this.#get(layout.PIPE_IN_HEAD) & MASK;
    return this.shared.bytes.subarray(this.#in + at, this.#in + at + Math.min(this.room, layout.PIPE_SIZE - at));
  }

  /** Hands `bytes` of the free span to the core. */
  fill(bytes: number): void {
    this.#set(layout.PIPE_HUNGRY, 0);
    this.#set(layout.PIPE_IN_HEAD, this.#get(layout.PIPE_IN_HEAD) + bytes);
  }

  /** Forgets what the core has not taken. Only while the core does not run on this pipe. */
  discard(): void {
    this.#set(layout.PIPE_IN_HEAD, this.#get(layout.PIPE_IN_TAIL));
  }

  /**
   * Copies one frame towards the core, behind its length and, for a router's services, the interface by which it
   * leaves; false where there is no room.
   */
  send(frame: Uint8Array, out?: number): boolean {
    const header = out === undefined ? 4 : SERVICE_HEADER;
    if (this.room < frame.length + header) return false;
    const head = this.#get(layout.PIPE_IN_HEAD);
    for (let i = 0; i < 4; i++) this.shared.bytes[this.#in + ((head + i) & MASK)] = frame.length >>> (24 - 8 * i);
    for (let i = 4; i < header; i++) this.shared.bytes[this.#in + ((head + i) & MASK)] = out! >>> (8 * (i - 4));
    const at = (head + header) & MASK;
    const first = Math.min(frame.length, layout.PIPE_SIZE - at);
    this.shared.bytes.set(frame.subarray(0, first), this.#in + at);
    this.shared.bytes.set(frame.subarray(first), this.#in);
    this.fill(frame.length + header);
    return true;
  }

  /** Bytes that came out of the core and wait. */
  get waiting(): number {
    return (this.#get(layout.PIPE_OUT_HEAD) - this.#get(layout.PIPE_OUT_TAIL)) >>> 0;
  }

  /** What waits, as far as it goes without a break. */
  span(): Uint8Array {
    const at = this.#get(layout.PIPE_OUT_TAIL) & MASK;
    return this.shared.bytes.subarray(this.#out + at, this.#out + at + Math.min(this.waiting, layout.PIPE_SIZE - at));
  }

  /** Gives `bytes` of what waited back. */
  drain(bytes: number): void {
    this.#set(layout.PIPE_OUT_TAIL, this.#get(layout.PIPE_OUT_TAIL) + bytes);
  }

  /** Takes out all frames that wait, each a copy of its own. */
  receive(): Uint8Array[] {
    return this.#take(4, ({ frame }) => frame);
  }

  /** The same of a router's services. */
  receiveAt(): Punted[] {
    return this.#take(SERVICE_HEADER, ({ header, frame }) => (
      { at: header.getUint16(4, true), from: header.getUint16(6, true), frame }
    ));
  }

  #take<T>(size: number, made: (record: { header: DataView; frame: Uint8Array }) => T): T[] {
    const taken: T[] = [];
    while (this.waiting >= size) {
      const header = new DataView(this.#copy(0, size).buffer);
      const length = header.getUint32(0);
      if (this.waiting < length + size) break;
      taken.push(made({ header, frame: this.#copy(size, length) }));
      this.drain(length + size);
    }
    return taken;
  }

  /** Waits until there is something, it is disturbed, or `ms` have passed; resolves at once where something waits. */
  async arrival(ms?: number): Promise<void> {
    const index = (this.offset + layout.PIPE_OUT_HEAD) >>> 2;
    const seen = Atomics.load(this.shared.signed, index);
    if (seen >>> 0 !== this.#get(layout.PIPE_OUT_TAIL)) return;
    await Atomics.waitAsync(this.shared.signed, index, seen, ms).value;
  }

  /** Lets whoever waits for something to come look up. */
  disturb(): void {
    Atomics.notify(this.shared.signed, (this.offset + layout.PIPE_OUT_HEAD) >>> 2);
  }

  #copy(ahead: number, length: number): Uint8Array {
    const at = (this.#get(layout.PIPE_OUT_TAIL) + ahead) & MASK;
    const first = Math.min(length, layout.PIPE_SIZE - at);
    const copy = new Uint8Array(length);
    copy.set(this.shared.bytes.subarray(this.#out + at, this.#out + at + first));
    copy.set(this.shared.bytes.subarray(this.#out, this.#out + length - first), first);
    return copy;
  }

  #get(cursor: number): number {
    return Atomics.load(this.shared.words, (this.offset + cursor) >>> 2);
  }

  #set(cursor: number, value: number): void {
    Atomics.store(this.shared.words, (this.offset + cursor) >>> 2, value);
  }
}
