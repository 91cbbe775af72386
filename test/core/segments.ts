// Trains of segments for tests of merging: a switch whose receiver is at a device that takes merged frames, and what
// left it, segmented again. Owns the lab's ports and the receiver's place.
// Read first: test/model/merged.ts, assembly/element/coalesce.ts.

import { repaired, split } from "../model/merged.js";
import { Rig, type PortSpec } from "./rig.js";

export const hex = (frames: readonly Uint8Array[] = []) => frames.map((frame) => Buffer.from(frame).toString("hex"));

/** Senders without offloads, and a device that has them, at which the receiver of all test frames is. */
export function makeLab(ports: Record<string, PortSpec> = {}): Rig {
  const rig = new Rig({ plain: {}, guest: { offload: true }, ...ports });
  introduce(rig, "guest");
  return rig;
}

/** Lets the switch learn that the receiver is at a port. */
export function introduce(rig: Rig, name: string, tags = ""): void {
  rig.inject(name, Buffer.from(`ffffffffffff020000000001${tags}88b5`, "hex"));
  rig.settle();
  rig.outputs();
}

/** Lets frames enter in one batch; returns what left. */
export function pass(rig: Rig, frames: readonly Uint8Array[], from = "plain"): Record<string, Uint8Array[]> {
  rig.inject(from, ...frames);
  rig.settle();
  return rig.outputs();
}

/** What left, segmented again where it is merged. */
export function apart(rig: Rig, frames: readonly Uint8Array[] = []): Buffer[] {
  return frames.flatMap((frame) => {
    const header = rig.headerOf(frame);
    return header ? split(Buffer.from(frame), Buffer.from(header)) : [Buffer.from(frame)];
  });
}

/** A frame in which a test has overwritten something, with checksums that are right; `at` counts from the IP header. */
export function odd(frame: Buffer, at: number, bytes: string): Buffer {
  const changed = Buffer.from(frame);
  changed.set(Buffer.from(bytes, "hex"), 14 + at);
  return repaired(changed);
}
