// A machine on a memory port under stress: it sends bursts of its flows, and looks at all that comes out of its port.
// Owns the flows that enter there.

import type { Engine } from "../../src/engine.js";
import { port } from "../engine/lab.js";
import { Arrivals, Flow } from "./flows.js";

const BURST = 24;

export class Station {
  readonly arrivals: Arrivals;
  /** What it sends all the time. */
  readonly flows: Flow[] = [];
  /** What it sends at times, as whoever has this MAC and is here now. */
  readonly guises = new Map<string, Flow>();
  readonly #memory;

  constructor(readonly engine: Engine, readonly name: string) {
    this.arrivals = new Arrivals(name);
    this.#memory = engine.memory("lab", name);
    this.#memory.onFrames((frames) => { this.arrivals.take(frames); });
  }

  /** Adds a flow that is sent all the time. */
  talk(source: string, destination: string): void {
    this.flows.push(new Flow(source, destination));
  }

  /** Sends some of each flow, as far as there is room. */
  burst(): void {
    for (const flow of this.flows) this.send(flow, BURST);
  }

  send(flow: Flow, count: number): void {
    flow.send(count, (frames) => this.#memory.sendBatch(frames));
  }

  /** Frames that its port took. */
  get sent(): number {
    return [...this.flows, ...this.guises.values()].reduce((sum, flow) => sum + flow.sent, 0);
  }

  /** What its port has counted, beside what was sent and has arrived here. */
  get account(): { counted: number[]; here: number[] } {
    const { rx, tx } = port(this.engine, this.name);
    return { counted: [rx.frames, tx.frames], here: [this.sent, this.arrivals.count] };
  }
}
