// A simple client and the server over a wire that loses, doubles and reorders: the bytes arrive as they were sent, and
// both sides come to an end.

import fc from "fast-check";
import { expect, it } from "vitest";
import { distance, lengthOf, type Segment } from "../../../src/service/tcp/segment.js";
import { Wire } from "./peer.js";

const IRS = 4_294_967_000;
const STEP_MS = 250;
const SIZE = 100;

/** What the wire does to one segment. */
type Fate = "deliver" | "lose" | "double" | "delay";

/** Stop and wait, both ways at once: says what is not acknowledged yet, again and again. */
class Client {
  readonly got: number[] = [];
  #una = IRS;
  #next: number | undefined;
  #ended = false;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#ended && distance(this.#una, this.#end) === 0;
  }

  get #end(): number {
    return (IRS + 1 + this.bytes.length + 1) >>> 0;
  }

  say(): Omit<Segment, "sourcePort" | "destinationPort"> {
    const at = distance(this.#una, IRS) - 1;
    const payload = at < 0 ? new Uint8Array(0) : this.bytes.slice(at, at + SIZE);
    const fin = at >= 0 && at + payload.length === this.bytes.length;
    return { seq: this.#una, ack: this.#next, syn: at < 0, fin, window: 300, mss: at < 0 ? 64 : undefined, payload };
  }

  hear(segment: Segment): void {
    if (segment.ack !== undefined && distance(segment.ack, this.#una) > 0) this.#una = segment.ack;
    if (segment.syn) this.#next ??= (segment.seq + 1) >>> 0;
    if (this.#next === undefined || segment.syn) return;
    const known = distance(this.#next, segment.seq);
    if (known < 0 || known >= lengthOf(segment)) return;
    const fresh = segment.payload.subarray(known);
    this.got.push(...fresh);
    this.#next = (this.#next + fresh.length + (segment.fin ? 1 : 0)) >>> 0;
    this.#ended ||= segment.fin === true;
  }
}

/** In runs, so that whole windows and several tries in a row are lost. */
const fates = fc.array(
  fc.tuple(fc.constantFrom<Fate>("deliver", "deliver", "lose", "double", "delay"), fc.integer({ min: 1, max: 12 })),
  { minLength: 5, maxLength: 30 },
).map((runs) => runs.flatMap(([fate, length]) => Array<Fate>(length).fill(fate)));

/** Passes on what came, as the fates will; what is delayed comes after what came later. */
function pass<T>(items: T[], delayed: T[], next: () => Fate): T[] {
  const out: T[] = [];
  for (const item of items) {
    const fate = next();
    if (fate === "delay") delayed.push(item);
    else if (fate !== "lose") out.push(item);
    if (fate === "double") out.push(item);
  }
  return [...out, ...delayed.splice(0, next() === "deliver" ? delayed.length : 0)];
}

it("bytes arrive exactly, whatever the wire does", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 1_500 });
  fc.assert(fc.property(bytes, bytes, fates, (up, down, script) => {
    const wire = new Wire();
    const client = new Client(up);
    const late: { up: ReturnType<Client["say"]>[]; down: Segment[] } = { up: [], down: [] };
    let turn = 0;
    // When the script is at its end the wire is good, so that everything must come to one.
    const next = (): Fate => script[turn++] ?? "deliver";
    let written = false;
    for (let step = 0; step < 1_000 && !(client.done && wire.server.size === 0); step++) {
      const heard = wire.pass(STEP_MS);
      // A client that has all has nothing to say.
      for (const said of pass(client.done ? [] : [client.say()], late.up, next)) heard.push(...wire.say(said));
      if (!written && wire.connection) written = wire.connection.write(down);
      if (wire.events.includes("ended")) wire.connection!.close();
      heard.push(...wire.heard());
      for (const segment of pass(heard, late.down, next)) client.hear(segment);
      if (client.done) wire.say(client.say());
    }
    expect(Buffer.compare(wire.bytes, up)).toBe(0);
    expect(Buffer.compare(Buffer.from(client.got), down)).toBe(0);
    expect([client.done, wire.server.size, wire.events]).toEqual([true, 0, ["open", "ended", "closed"]]);
  }), { numRuns: 150 });
});
