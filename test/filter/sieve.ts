// A mirror with a filter, in the real core: frames go in at one port, and what matches comes out at a monitor port.

import type { MirrorConfig } from "../../src/config/model.js";
import { Rig, trunk, type PortSpec } from "../core/rig.js";

export class Sieve {
  readonly rig: Rig;
  readonly mirror: number;
  readonly #config: MirrorConfig;

  /** Frames are injected at "in"; those are looked at that pass `from` in this direction. */
  constructor(ports: Record<string, PortSpec> = {}, from = "in", direction: MirrorConfig["direction"] = "in") {
    this.rig = new Rig({ in: { vlan: trunk("all") }, ...ports, ids: { monitor: true } }, { learning: false });
    this.#config = { from: [from], vlans: [], direction, to: "ids" };
    this.mirror = this.rig.registry.addMirror("sieve");
    this.arm();
  }

  /** Gives the mirror another program; none: it copies all. */
  arm(program?: Uint32Array): void {
    this.rig.tables.writeMirror(this.mirror, "lab", this.#config, this.rig.end("ids").port.index, program);
  }

  /** What comes out of each port when frames go in; the copies at "ids". */
  pass(frames: Uint8Array[]): Record<string, Uint8Array[]> {
    this.rig.inject("in", ...frames);
    this.rig.settle();
    return this.rig.outputs();
  }

  /** The numbers of the frames that match, of frames that are no two the same and are looked at as they go in. */
  matches(frames: Uint8Array[], program: Uint32Array): number[] {
    this.arm(program);
    const taken = new Set(this.pass(frames)["ids"]?.map(hexOf));
    return [...frames.keys()].filter((index) => taken.has(hexOf(frames[index]!)));
  }
}

export function hexOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString("hex");
}
