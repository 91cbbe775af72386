// Decode and encode through the real core: bytes of pipes become frames and frames bytes, in every framing, however
// the bytes are cut up and wherever in the ring they lie; what cannot be a frame faults the pipe.
// Read first: assembly/element/{decode,encode}.ts, assembly/pipe.ts and its twin src/core/pipe.ts.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Codec } from "../../src/core/codec.js";
import * as layout from "../../src/core/layout.js";
import type { Pipe } from "../../src/core/pipe.js";
import { cTag, testFrame, testMac } from "../model/frames.js";
import {
  block, enhancedBlock, give, INTERFACE, lengthRecord, moveCursors, pcapRecord, SECTION, simpleBlock, take, words,
  wordsLE,
} from "./codec.js";
import { access, Rig, trunk } from "./rig.js";

const RING_END = layout.PIPE_SIZE;
const CURSOR_END = 2 ** 32;
const frames = Array.from({ length: 40 }, (_, i) =>
  testFrame({ payload: new Uint8Array(1 + i * 37).map((_, at) => i + at) }));

const CODECS: [Codec, (frame: Uint8Array) => Buffer][] = [
  ["length", lengthRecord],
  ["pcap", (frame) => pcapRecord(frame)],
  ["pcap-swapped", (frame) => pcapRecord(frame, words)],
  ["pcapng", enhancedBlock],
];

/** Long frames are compared by this: quicker, and short where they differ. */
function digest(frame: Uint8Array): string {
  return `${frame.length} ${createHash("sha1").update(frame).digest("hex")}`;
}

/** A port behind a pipe, and one on a device. */
function makePair(codec: Codec = "length", out: Codec = "length"): { rig: Rig; pipe: Pipe } {
  const rig = new Rig({ piped: { codecs: { in: codec, out } }, device: {} });
  return { rig, pipe: rig.end("piped").pipe! };
}

describe.each(CODECS)("decoding %s", (codec, record) => {
  it("takes the frames in their order", () => {
    const { rig, pipe } = makePair(codec);
    give(pipe, Buffer.concat(frames.map(record)));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: frames });
    expect(pipe.pending).toBe(0);
  });

  it("takes them a byte at a time", () => {
    const { rig, pipe } = makePair(codec);
    for (const byte of Buffer.concat(frames.slice(0, 5).map(record))) {
      give(pipe, Uint8Array.of(byte));
      rig.turn();
    }
    rig.settle();
    expect(rig.outputs()).toEqual({ device: frames.slice(0, 5) });
  });

  it.each([RING_END, CURSOR_END])("takes them across %i, wherever they are cut", (end) => {
    const { rig, pipe } = makePair(codec);
    const bytes = record(frames[3]!);
    for (let ahead = 0; ahead <= bytes.length; ahead++) {
      moveCursors(pipe, (end - ahead) >>> 0);
      give(pipe, bytes);
      rig.settle();
      expect(rig.outputs(), `${ahead} bytes before the end`).toEqual({ device: [frames[3]] });
    }
  });

  it("takes more than the ring holds, as room comes", () => {
    const { rig, pipe } = makePair(codec);
    const long = testFrame({ payload: new Uint8Array(60_000) });
    const bytes = Buffer.concat(Array.from({ length: 12 }, () => record(long)));
    for (let given = 0; given < bytes.length; given += give(pipe, bytes.subarray(given))) rig.turn();
    rig.settle();
    expect(rig.outputs().device!.map((frame) => digest(frame))).toEqual(Array(12).fill(digest(long)));
  });

  it("takes the longest frame", () => {
    const { rig, pipe } = makePair(codec);
    const longest = testFrame({ payload: new Uint8Array(65536 - 14) });
    give(pipe, record(longest));
    rig.settle();
    expect(rig.outputs().device!.map((frame) => digest(frame))).toEqual([digest(longest)]);
  });

  it.each([65537, 0x7fffffff, 0xffffffff])("faults at a length of %i, counts one malformed, and stops", (length) => {
    const { rig, pipe } = makePair(codec);
    const lie = record(testFrame());
    const field = { "length": 0, "pcap": 8, "pcap-swapped": 8, "pcapng": 20 }[codec as "length"];
    if (codec === "pcap" || codec === "pcapng") lie.writeUInt32LE(length, field);
    else lie.writeUInt32BE(length, field);
    give(pipe, Buffer.concat([record(frames[0]!), lie, record(frames[1]!)]));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: [frames[0]] });
    expect(pipe.faulty).toBe(true);
    expect(rig.count("piped")).toMatchObject({ rx: { frames: 2 }, dropsIn: { malformed: 1 } });
    pipe.reset();
    give(pipe, record(frames[2]!));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: [frames[2]] });
  });

  it("says that it is hungry when a record is not all there, and no longer when more has come", () => {
    const { rig, pipe } = makePair(codec);
    const bytes = record(frames[0]!);
    give(pipe, bytes.subarray(0, -1));
    rig.settle();
    expect(pipe.hungry).toBe(true);
    give(pipe, bytes.subarray(-1));
    expect(pipe.hungry).toBe(false);
    rig.settle();
    expect(rig.outputs()).toEqual({ device: [frames[0]] });
  });
});

describe("decoding", () => {
  it("faults at a stream's length of 0", () => {
    const { rig, pipe } = makePair();
    give(pipe, words(0));
    rig.settle();
    expect([pipe.faulty, rig.drops("piped")]).toEqual([true, { malformed: 1 }]);
  });

  it.each([1, 13])("drops a stream's frame of %i bytes and goes on", (length) => {
    const { rig, pipe } = makePair();
    give(pipe, Buffer.concat([lengthRecord(new Uint8Array(length)), lengthRecord(frames[0]!)]));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: [frames[0]] });
    expect([pipe.faulty, rig.drops("piped")]).toEqual([false, { malformed: 1 }]);
  });

  it("drops an empty record of a capture file and goes on", () => {
    const { rig, pipe } = makePair("pcap");
    give(pipe, Buffer.concat([pcapRecord(new Uint8Array()), pcapRecord(frames[0]!)]));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: [frames[0]] });
    expect(rig.drops("piped")).toEqual({ malformed: 1 });
  });

  it("passes over pcapng blocks without a frame, and reads simple ones", () => {
    const { rig, pipe } = makePair("pcapng");
    const comment = block(0x0bad, Buffer.alloc(1000));
    const blocks = [SECTION, INTERFACE, simpleBlock(frames[0]!), comment, enhancedBlock(frames[1]!), SECTION];
    give(pipe, Buffer.concat(blocks));
    rig.settle();
    expect(rig.outputs()).toEqual({ device: frames.slice(0, 2) });
    expect(pipe.pending).toBe(0);
  });

  it.each([
    ["of 0 bytes", wordsLE(1, 0, 0)],
    ["of 8 bytes", wordsLE(1, 8, 8)],
    ["of a length that is no multiple of four", wordsLE(1, 13, 0)],
    ["longer than the ring", wordsLE(1, layout.PIPE_SIZE + 4, 0)],
    ["of the other byte order", wordsLE(0x0a0d0d0a, 28, 0x4d3c2b1a)],
    ["shorter than the frame in it", wordsLE(6, 32, 0, 0, 0, 64, 64, 32)],
    ["too short for its own header", wordsLE(6, 20, 0, 0, 20, 6, 20)],
  ])("faults at a pcapng block %s", (_, bytes) => {
    const { rig, pipe } = makePair("pcapng");
    give(pipe, bytes);
    rig.settle();
    expect([pipe.faulty, rig.drops("piped")]).toEqual([true, { malformed: 1 }]);
  });

  it("believes no cursors that cannot be right", () => {
    const { rig, pipe } = makePair();
    rig.shared.setWord(pipe.offset + layout.PIPE_IN_HEAD, layout.PIPE_SIZE + 1);
    rig.settle();
    expect(rig.outputs()).toEqual({});
    pipe.reset();
  });
});

describe("encoding", () => {
  it("puts frames behind their length, tags as the port wants them", () => {
    const rig = new Rig({
      device: { vlan: access(10) }, tagged: { codecs: { in: "length", out: "length" }, vlan: trunk([10]) },
      bare: { codecs: { in: "length", out: "length" }, vlan: trunk([20], 10) },
    });
    rig.inject("device", frames[0]!);
    rig.settle();
    const wire = testFrame({ tags: [cTag(10)], payload: frames[0]!.subarray(14) });
    expect(take(rig.end("tagged").pipe!)).toEqual(lengthRecord(wire));
    expect(take(rig.end("bare").pipe!)).toEqual(lengthRecord(frames[0]!));
  });

  it("writes pcap records with the time of the wall clock", () => {
    const { rig, pipe } = makePair("length", "pcap");
    rig.shared.setDouble(layout.HEADER_EPOCH, 1_700_000_000_250.5);
    rig.inject("device", frames[0]!);
    rig.settle();
    const length = frames[0]!.length;
    expect(take(pipe)).toEqual(Buffer.concat([wordsLE(1_700_000_001, 250_500, length, length), frames[0]!]));
  });

  it("writes pcapng blocks with the time of the wall clock", () => {
    const { rig, pipe } = makePair("length", "pcapng");
    rig.shared.setDouble(layout.HEADER_EPOCH, 1_700_000_000_250.5);
    for (const frame of frames.slice(0, 8)) {
      rig.inject("device", frame);
      rig.settle();
      const micros = 1_700_000_001_250_500n;
      const time = wordsLE(0, Number(micros >> 32n), Number(micros & 0xffffffffn), frame.length, frame.length);
      expect(take(pipe)).toEqual(block(6, time, frame));
    }
  });

  it.each(["length", "pcap", "pcapng"] as const)("writes %s across the end of the ring, cut anywhere", (codec) => {
    const { rig, pipe } = makePair("length", codec);
    const start = { length: 4, pcap: 16, pcapng: 28 }[codec];
    for (let ahead = 0; ahead < 130; ahead++) {
      moveCursors(pipe, (CURSOR_END - ahead) >>> 0);
      rig.inject("device", frames[1]!);
      rig.settle();
      expect(take(pipe).subarray(start, start + frames[1]!.length)).toEqual(Buffer.from(frames[1]!));
    }
  });

  it.each([14, 15, 16, 17, 18, 60, 64])("cuts a mirror's copy to %i bytes, its tag included", (snaplen) => {
    const rig = new Rig({ a: {}, t: { vlan: trunk([1]) } });
    rig.addPort("ids", { monitor: true, codecs: { in: "none", out: "pcapng" } });
    rig.addMirror("watch", { from: ["t"], to: "ids", snaplen });
    rig.inject("a", frames[2]!);
    rig.settle();
    const wire = testFrame({ tags: [cTag(1)], payload: frames[2]!.subarray(14) });
    const bytes = take(rig.end("ids").pipe!);
    expect(bytes.readUInt32LE(20)).toBe(Math.min(snaplen, wire.length));
    expect(bytes.readUInt32LE(24)).toBe(wire.length);
    expect(bytes.subarray(28, 28 + snaplen)).toEqual(Buffer.from(wire.subarray(0, snaplen)));
    expect(bytes.length).toBe(32 + Math.ceil(snaplen / 4) * 4);
  });

  it("loses what a full pipe has no room for, to the byte, and goes on when there is room", () => {
    const { rig, pipe } = makePair();
    const long = testFrame({ payload: new Uint8Array(65536 - 4 - 14) }); // four of them are the whole ring
    rig.inject("device", long, long, long, long, frames[0]!);
    rig.settle();
    expect(pipe.waiting).toBe(layout.PIPE_SIZE);
    expect(rig.drops("piped")).toEqual({ "queue-full": 1 });
    expect(rig.drops("device")).toEqual({});
    expect(pipe.receive().map((frame) => digest(frame))).toEqual(Array(4).fill(digest(long)));
    rig.inject("device", frames[1]!);
    rig.settle();
    expect(pipe.receive()).toEqual([frames[1]]);
  });

  it("drops what is meant for a pipe whose link is down", () => {
    const { rig } = makePair();
    rig.changePort("piped", { macs: [testMac(9)] });
    rig.link("piped", false);
    rig.inject("device", testFrame({ destination: testMac(9) }));
    rig.settle();
    expect(rig.drops("piped")).toEqual({ "queue-full": 1 });
    expect(rig.end("piped").pipe!.waiting).toBe(0);
  });
});
