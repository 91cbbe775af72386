// A mirror with a filter, in the real core: frames go in at one port, and what matches comes out at a monitor port.

import type { MirrorConfig } from "../../src/config/model.js";
import { Rig, trunk, type PortSpec } from "../core/rig.js";

export class Sieve {
  readonly rig: Rig;
  readonly #mirror: MirrorConfig;
  readonly #index: number;

  /** `from`: the port whose frames are looked at, in which direction; frames are injected at "in". */
  constructor(ports: Record<string, PortSpec> = {}, from = "in", direction: MirrorConfig["direction"] = "both") {
    this.rig = new Rig({ in: { vlan: trunk("all") }, ...ports, ids: { monitor: true } });
    this.#mirror = { from: [from], vlans: [], direction, to: "ids" };
    this.#index = this.rig.registry.addMirror("sieve");
  }

  /** What comes out at the monitor port when frames go in; no program: everything that passes. */
  copies(frames: Uint8Array[], program?: Uint32Array): Uint8Array[] {
    const { rig } = this;
    rig.tables.writeMirror(this.#index, "lab", this.#mirror, rig.end("ids").port.index, program);
    rig.inject("in", ...frames);
    rig.settle();
    return rig.outputs()["ids"] ?? [];
  }

  /** The numbers of the frames that match, of frames that are no two the same and come out as they went in. */
  matches(frames: Uint8Array[], program: Uint32Array): number[] {
    const taken = new Set(this.copies(frames, program).map(hexOf));
    return [...frames.keys()].filter((index) => taken.has(hexOf(frames[index]!)));
  }
}

function hexOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString("hex");
}
