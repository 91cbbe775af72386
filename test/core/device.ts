// A device's part in the rig: frames laid down where a receiver would, and read as a transmitter would send them.
// Read first: descriptors in assembly/layout.ts.

import * as layout from "../../src/core/layout.js";
import type { SharedMemory } from "../../src/core/memory.js";

/** A frame that a device hands in, behind a header where it has one. */
export interface Arrival {
  port: number;
  frame: Uint8Array;
  header?: Uint8Array;
}

function slotAt(shared: SharedMemory, desc: number): number {
  return shared.word(layout.HEADER_FRAMES) + shared.word(desc + layout.DESC_SLOT) * layout.SLOT_SIZE;
}

/** Puts a frame into the slot of an RX descriptor, and describes it. */
export function putArrival(shared: SharedMemory, desc: number, { port, frame, header }: Arrival): void {
  const start = layout.HEADROOM + (header ? layout.START_HEADER : 0);
  shared.bytes.set(frame, slotAt(shared, desc) + start);
  if (header) shared.bytes.set(header, slotAt(shared, desc) + start - layout.VNET_SIZE);
  shared.setWord(desc + layout.DESC_LENGTH, frame.length);
  shared.halves[(desc + layout.DESC_PORT) >>> 1] = port;
  shared.bytes[desc + layout.DESC_START] = start;
}

/** The frame of a TX descriptor as it stands on the wire. */
export function wireBytes(shared: SharedMemory, desc: number): Uint8Array {
  const { bytes } = shared;
  const length = shared.word(desc + layout.DESC_LENGTH) & 0xffffff;
  const cut = shared.word(layout.CUTS + (shared.word(desc + layout.DESC_LENGTH) >>> layout.CUT_SHIFT) * 4);
  const at = slotAt(shared, desc) + bytes[desc + layout.DESC_START]!;
  const tag = shared.word(desc + layout.DESC_TAG) ? bytes.subarray(desc + layout.DESC_TAG).subarray(0, 4) : [];
  const rest = at + 12 + bytes[desc + layout.DESC_POP]!;
  const wire = [...bytes.subarray(at, at + 12), ...tag];
  wire.push(...bytes.subarray(rest, rest + length - wire.length));
  return Uint8Array.from(wire.slice(0, cut));
}

/** The header that goes with it, whose offset moves with the tag; undefined: none. */
export function headerBytes(shared: SharedMemory, desc: number): Uint8Array | undefined {
  const start = shared.bytes[desc + layout.DESC_START]!;
  if ((start & layout.START_HEADER) === 0) return undefined;
  const at = slotAt(shared, desc) + start;
  const header = Buffer.from(shared.bytes.slice(at - layout.VNET_SIZE, at));
  const moved = (shared.word(desc + layout.DESC_TAG) ? 4 : 0) - shared.bytes[desc + layout.DESC_POP]!;
  if (header[0]! & 1) header.writeUInt16LE(header.readUInt16LE(6) + moved, 6);
  return header;
}
