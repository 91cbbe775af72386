// Flows whose every frame tells its flow and its place in it, and what arrives of them at a port: no frame twice, none
// before one that was sent after it, none with bytes that are not its own. Owns the form of these frames.

import { testFrame } from "../model/frames.js";

const FLOW_AT = 14; // u32 flow, u32 place, then the place's low byte to the end
const PLACE_AT = 18;
const FILL_AT = 22;
const FAULTS_MAX = 5;

const lengthOf = (place: number): number => 60 + (place * 31) % 1440;

/** What one sender sends from one MAC to another, in its order. */
export class Flow {
  static #made = 0;
  readonly number = Flow.#made++;
  /** Frames that its port took. */
  sent = 0;
  readonly #beginning: Uint8Array;

  constructor(readonly source: string, readonly destination: string) {
    this.#beginning = testFrame({ source, destination, payload: new Uint8Array(8) });
    new DataView(this.#beginning.buffer).setUint32(FLOW_AT, this.number);
  }

  /** The next frames, 60 to 1,500 bytes each, handed to what returns how many it took. */
  send(count: number, taker: (frames: Uint8Array[]) => number): void {
    this.sent += taker(Array.from({ length: count }, (_, i) => this.#frame(this.sent + i)));
  }

  #frame(place: number): Uint8Array {
    const frame = new Uint8Array(lengthOf(place)).fill(place, FILL_AT);
    frame.set(this.#beginning);
    new DataView(frame.buffer).setUint32(PLACE_AT, place);
    return frame;
  }
}

/** What comes out of a port. */
export class Arrivals {
  count = 0;
  /** The first things that are wrong, in words; stays empty. */
  readonly faults: string[] = [];
  readonly #flows = new Map<number, { count: number; last: number }>();

  constructor(readonly port: string) {}

  take(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#take(frame);
  }

  /** Frames of a flow. */
  of({ number }: Flow): number {
    return this.#flows.get(number)?.count ?? 0;
  }

  #take(frame: Uint8Array): void {
    this.count++;
    const view = new DataView(frame.buffer, frame.byteOffset);
    const [number, place] = [view.getUint32(FLOW_AT), view.getUint32(PLACE_AT)];
    const flow = this.#flows.get(number) ?? { count: 0, last: -1 };
    this.#flows.set(number, flow);
    if (place <= flow.last) this.#blame(`frame ${place} of flow ${number} after ${flow.last}`);
    const isWhole = Buffer.alloc(lengthOf(place) - FILL_AT, place).equals(frame.subarray(FILL_AT));
    if (!isWhole) this.#blame(`frame ${place} of flow ${number} is not as it was sent`);
    flow.count++;
    flow.last = place;
  }

  #blame(what: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(`${this.port}: ${what}`);
  }
}
