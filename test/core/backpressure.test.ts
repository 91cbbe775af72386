// Back-pressure between pipes through the real core: a source whose frames all go to one slow reader waits for it and
// loses nothing; one with frames for other ports, or with a reader that has stopped, is not held.
// Read first: assembly/backpressure.ts.

import { describe, expect, it } from "vitest";
import { testFrame, testMac } from "../model/frames.js";
import { give, lengthRecord } from "./codec.js";
import { Rig } from "./rig.js";

const LENGTH = { in: "length", out: "length" } as const;
const [SLOW, QUICK] = [testMac(2), testMac(3)];
const FRAMES = 2000; // eight times what a pipe holds
const FRAME_BYTES = 1024;
const RECORD_BYTES = FRAME_BYTES + 4;
const READ = 20; // frames that the slow reader takes in a millisecond
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** With one worker: what is in a lane to another worker's pipe is not counted, and may find it full. */
function makeRig(...sources: string[]): Rig {
  return new Rig({
    ...Object.fromEntries(sources.map((name) => [name, { codecs: LENGTH }])),
    slow: { codecs: LENGTH, macs: [SLOW] },
    quick: { codecs: LENGTH, macs: [QUICK] },
  }, { workers: 1 });
}

/** A frame that says which one it is. */
function numbered(number: number, destination = SLOW): Uint8Array {
  const payload = new Uint8Array(FRAME_BYTES - 14);
  new DataView(payload.buffer).setUint32(0, number);
  return testFrame({ destination, payload });
}

/** A feed: gives bytes to a port's pipe as fast as there is room. */
function feed(rig: Rig, port: string, frames: Uint8Array[]): () => void {
  const bytes = Buffer.concat(frames.map(lengthRecord));
  let given = 0;
  return () => { given += give(rig.end(port).pipe!, bytes.subarray(given)); };
}

/** Takes the numbers of up to `most` frames out of a port's pipe. */
function read(rig: Rig, port: string, most = Infinity): number[] {
  const { pipe } = rig.end(port);
  const numbers: number[] = [];
  for (let left = most; left > 0 && pipe!.waiting >= RECORD_BYTES; left--) {
    const record = Buffer.alloc(RECORD_BYTES);
    for (let at = 0; at < RECORD_BYTES;) {
      const span = pipe!.span().subarray(0, RECORD_BYTES - at);
      record.set(span, at);
      pipe!.drain(span.length);
      at += span.length;
    }
    numbers.push(record.readUInt32BE(4 + 14));
  }
  return numbers;
}

describe("a source whose frames all go to one slow reader", () => {
  it("waits for the reader and loses nothing", () => {
    const rig = makeRig("source");
    const more = feed(rig, "source", upTo(FRAMES).map((number) => numbered(number)));
    const got: number[] = [];
    for (let ms = 0; ms < 1000; ms++) {
      more();
      rig.turn(1);
      got.push(...read(rig, "slow", READ));
    }
    expect(got).toEqual(upTo(FRAMES));
    expect(rig.drops("slow")).toEqual({});
  });

  it("shares the reader's pipe with another such source", () => {
    const rig = makeRig("one", "two");
    const half = FRAMES / 2;
    const feeds = [
      feed(rig, "one", upTo(half).map((number) => numbered(number))),
      feed(rig, "two", upTo(half).map((number) => numbered(half + number))),
    ];
    const got: number[] = [];
    for (let ms = 0; ms < 1000; ms++) {
      for (const more of feeds) more();
      rig.turn(1);
      got.push(...read(rig, "slow", READ));
    }
    expect(got.filter((number) => number < half)).toEqual(upTo(half));
    expect(got.filter((number) => number >= half)).toEqual(upTo(half).map((number) => half + number));
  });

  it("asks to be looked at again while it waits", () => {
    const rig = makeRig("source");
    feed(rig, "source", upTo(255).map((number) => numbered(number)))();
    while (rig.turn() === 0);
    feed(rig, "source", [numbered(255)])();
    expect(rig.turn()).toBeLessThanOrEqual(1);
    expect(rig.end("source").pipe!.pending).toBeGreaterThan(0);
    read(rig, "slow");
    rig.settle();
    expect(rig.end("source").pipe!.pending).toBe(0);
  });
});

describe("a source is not held", () => {
  it("while it has frames for other ports, which get all of theirs", () => {
    const rig = makeRig("source");
    const destinations = upTo(FRAMES).map((number) => number % 16 === 0 ? QUICK : SLOW);
    const more = feed(rig, "source", destinations.map((destination, number) => numbered(number, destination)));
    const quick: number[] = [];
    for (let ms = 0; ms < FRAMES / 64 + 5; ms++) {
      more();
      rig.turn(1);
      quick.push(...read(rig, "quick"));
    }
    expect(quick).toEqual(upTo(FRAMES).filter((number) => number % 16 === 0));
    expect(rig.drops("slow")["queue-full"]).toBeGreaterThan(0);
  });

  it("by a reader that has stopped for longer than a frame may wait", () => {
    const rig = makeRig("source");
    const frames = [...upTo(1000).map((number) => numbered(number)), numbered(1000, QUICK)];
    const more = feed(rig, "source", frames);
    const quick: number[] = [];
    for (let ms = 0; ms < 200; ms++) {
      more();
      rig.turn(1);
      quick.push(...read(rig, "quick"));
    }
    expect(quick).toEqual([1000]);
    expect(read(rig, "slow")).toEqual(upTo(255));
    expect(rig.drops("slow")).toEqual({ "queue-full": 1000 - 255 });
  });

  it("by a reader so slow that a frame behind the others would wait for seconds", () => {
    const rig = makeRig("source");
    const more = feed(rig, "source", [...upTo(1000).map((number) => numbered(number)), numbered(1000, QUICK)]);
    let waited = 0;
    for (; waited < 5000 && read(rig, "quick").length === 0; waited += 10) {
      more();
      rig.turn(10);
      if (waited % 50 === 0) read(rig, "slow", 1);
    }
    expect(waited).toBeLessThan(1000);
  });

  it("by a port whose link is down", () => {
    const rig = makeRig("source");
    const more = feed(rig, "source", upTo(500).map((number) => numbered(number)));
    more();
    rig.settle();
    rig.link("slow", false);
    more();
    rig.settle();
    expect(rig.end("source").pipe!.pending).toBe(0);
  });
});
