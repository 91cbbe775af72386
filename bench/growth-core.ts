// Cores in memory whose tables can be made larger one way at a time: ports, VLANs, mirrors and filters of a switch,
// forwards of a router. What `npm run bench -- growth` measures. The workload is bench/assembly/spread.ts.

import type { Vlan } from "../src/config/model.js";
import * as layout from "../src/core/layout.js";
import { compileFilter } from "../src/filter/compile.js";
import { CoreNapt } from "../src/bench/core-napt.js";
import { MemoryCore } from "../src/bench/memory-core.js";

const SWITCH = "bench";
const ROWS = 4096; // how many MACs there are, about
const SESSIONS = 992;
const FIRST_FORWARD = 10_000; // outside port; sessions have lower ones
const SESSIONS_ROOM = 65_536;

export interface SwitchShape {
  ports?: number;
  vlans?: number;
  /** How many monitor ports have copies. */
  mirrors?: number;
  /** Which ports each mirror watches: one of its own, or all. */
  watches?: "one" | "all";
  /** An expression that says which frames they copy. */
  filter?: string;
}

export class GrowthSwitch extends MemoryCore {
  readonly #macs: number;
  readonly #vlans: number;

  constructor({ ports = 32, vlans = 1, mirrors = 0, watches = "all", filter }: SwitchShape) {
    const macs = Math.ceil(ROWS / ports / vlans) * ports * vlans;
    super(ports, { fdbCapacity: Math.max(ROWS, macs), natCapacity: 1024 });
    this.#macs = macs;
    this.#vlans = vlans;
    this.tables.writeSwitch(this.registry.addSwitch(SWITCH), { learning: true, agingSeconds: 300 });
    const vids = Array.from({ length: vlans }, (_, i) => i + 1);
    for (let i = 0; i < ports; i++) {
      this.#addPort(nameOf(i), vlans > 1 ? { mode: "trunk", vids } : { mode: "access", vid: 1 }, false);
    }
    const program = filter === undefined ? undefined : compileFilter(filter);
    for (let i = 0; i < mirrors; i++) {
      this.#addMirror(i, watches === "one" ? [nameOf(i % ports)] : this.#names(), program);
    }
    this.#learn();
  }

  protected override reset(): void {
    this.workload.placeSpread(0, 1, 0);
    this.workload.resetSpread(this.#macs, this.ports, this.#vlans);
  }

  protected override generate(count: number): void {
    this.workload.generateSpread(count);
  }

  protected override transmit(): void {
    this.workload.transmitSpread();
  }

  #names(): string[] {
    return Array.from({ length: this.ports }, (_, i) => nameOf(i));
  }

  #addMirror(number: number, from: string[], filter: Uint32Array | undefined): void {
    const to = `monitor${number}`;
    const index = this.#addPort(to, { mode: "access", vid: 1 }, true);
    const mirror = this.registry.addMirror(to);
    this.tables.writeMirror(mirror, SWITCH, { from, vlans: [], direction: "in", to }, index, filter);
  }

  #addPort(name: string, vlan: Vlan, monitor: boolean): number {
    const port = this.registry.addPort(SWITCH, name, {
      attachment: { kind: "memory" }, vlan, isolated: false, monitor, macs: [],
    });
    this.tables.writePort(port, { in: layout.CODEC_NONE, out: layout.CODEC_NONE });
    this.core.setLink(port.index, true);
    return port.index;
  }

  #learn(): void {
    this.reset();
    for (let first = 0; first < this.#macs; first += layout.BATCH_MAX) {
      const count = Math.min(layout.BATCH_MAX, this.#macs - first);
      this.workload.introduceSpread(first, count);
      this.turn(count);
    }
  }
}

/** A router with so many published ports beside the sessions that its frames belong to. */
export class GrowthForwards extends CoreNapt {
  constructor(forwards: number) {
    super(SESSIONS, "60", SESSIONS_ROOM);
    for (let i = 0; i < forwards; i++) {
      const inside = `10.0.${200 + (i >> 8)}.${i & 255}`;
      const port = FIRST_FORWARD + i;
      this.routers.addForward(this.router, { protocol: "udp", port, count: 1, inside, insidePort: port });
    }
  }
}

function nameOf(port: number): string {
  return `port${port}`;
}
