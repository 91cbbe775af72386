// Generators and paces through the real core: frames that others can read, as many and as fast as they were ordered.
// Read first: assembly/element/generate.ts, assembly/pace.ts.

import { describe, expect, it } from "vitest";
import type { GeneratorAttachment, Rate } from "../../src/config/model.js";
import { addressText, checksum, parseFrame, parseIpv4, parseUdp, type Frame } from "../../src/wire/packet.js";
import { cTag } from "../model/frames.js";
import { give, pcapRecord } from "./codec.js";
import { Rig, trunk } from "./rig.js";

const IPV4_SIZE = 20;

function makeLab(generator: Partial<GeneratorAttachment>): Rig {
  const attachment = { kind: "generator" as const, size: 60, flows: 1, ...generator };
  return new Rig({ maker: { attachment, vlan: trunk("all", 1) }, taker: { vlan: trunk("all", 1) } });
}

/** All that a generator with an end makes. */
function make(generator: Partial<GeneratorAttachment>): Uint8Array[] {
  const rig = makeLab(generator);
  rig.settle();
  return rig.outputs().taker ?? [];
}

function parse(frame: Uint8Array): Frame {
  const parsed = parseFrame(frame);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

describe("a generator's frame", () => {
  it.each([60, 64, 590, 1514, 9000, 65536])("of %i bytes is UDP over IPv4 with its number in it", (size) => {
    const frames = make({ frames: 3, size, to: "02:00:00:00:00:99" });
    expect(frames.map((frame) => frame.length)).toEqual([size, size, size]);
    for (const [number, bytes] of frames.entries()) {
      const frame = parse(bytes);
      expect(frame).toMatchObject({ destination: "02:00:00:00:00:99", tags: [], type: 0x0800 });
      expect(checksum(frame.payload.subarray(0, IPV4_SIZE))).toBe(0);
      const packet = parseIpv4(frame.payload);
      if (typeof packet === "string") throw new Error(packet);
      expect(packet).toMatchObject({ source: "198.18.0.1", destination: "198.19.0.1", protocol: 17 });
      expect(packet.payload).toHaveLength(size - 34);
      const datagram = parseUdp(packet.payload, packet.source, packet.destination);
      if (typeof datagram === "string") throw new Error(datagram);
      expect(datagram.destinationPort).toBe(9);
      expect(Buffer.from(datagram.payload).readBigUInt64BE()).toBe(BigInt(number));
    }
  });

  it("goes to everybody where nothing is said, and wears the tag that it is given", () => {
    const [bytes] = make({ frames: 1, vlan: 42 });
    const frame = parse(bytes!);
    expect(frame).toMatchObject({ destination: "ff:ff:ff:ff:ff:ff", tags: [cTag(42)], type: 0x0800 });
    expect(bytes).toHaveLength(60);
    expect(parseIpv4(frame.payload)).toMatchObject({ source: "198.18.0.1" });
  });
});

describe("a generator", () => {
  it("makes as many as it is told, and then no more", () => {
    const rig = makeLab({ frames: 1000 });
    rig.settle();
    expect(rig.outputs().taker).toHaveLength(1000);
    expect(rig.turn(1000)).toBe(1000);
    expect(rig.count("maker").rx).toEqual({ frames: 1000, bytes: 60_000 });
  });

  it("goes round its flows, each with its own source", () => {
    const frames = make({ frames: 600, flows: 300 }).map(parse);
    const macs = frames.map((frame) => frame.source);
    expect(new Set(macs).size).toBe(300);
    expect(macs.slice(300)).toEqual(macs.slice(0, 300));
    expect(macs[299]!.slice(-5)).toBe("01:2b");
    for (const [flow, frame] of frames.slice(0, 300).entries()) {
      const packet = parseIpv4(frame.payload);
      if (typeof packet === "string") throw new Error(packet);
      expect(packet.source).toBe(addressText(0xc6120001 + flow));
      expect(parseUdp(packet.payload, packet.source, packet.destination)).toMatchObject({ sourcePort: 1024 + flow });
    }
  });

  it("makes 65,536 flows of which no two are alike", () => {
    const frames = make({ frames: 65536, flows: 65536 });
    const macs = frames.map((frame) => Buffer.from(frame.subarray(6, 12)).toString("hex"));
    expect(new Set(macs).size).toBe(65536);
  });

  it("mixes 7 × 60, 4 × 590 and 1 × 1514 bytes", () => {
    const sizes = make({ frames: 24, size: "imix" }).map((frame) => frame.length);
    const round = [...Array<number>(7).fill(60), ...Array<number>(4).fill(590), 1514];
    expect(sizes).toEqual([...round, ...round]);
  });

  it("takes what comes to it, and forgets it", () => {
    const rig = makeLab({ frames: 1 });
    rig.settle();
    rig.inject("taker", ...rig.outputs().taker!);
    rig.settle();
    expect(rig.count("maker")).toMatchObject({ tx: { frames: 1, bytes: 60 }, dropsOut: {} });
  });
});

describe("a pace", () => {
  /** Frames in each of a number of steps of some milliseconds. */
  function steps(rate: Rate, size: number, count: number, ms: number): number[] {
    const rig = makeLab({ rate, size });
    return Array.from({ length: count }, () => {
      rig.turn(ms);
      rig.turn();
      return rig.outputs().taker?.length ?? 0;
    });
  }

  it("lets its frames a second through, and at most 20 ms' worth at once", () => {
    const made = steps({ unit: "pps", value: 1000 }, 60, 11, 10);
    expect(made).toEqual([20, ...Array<number>(10).fill(10)]);
  });

  it("lets its bits a second through", () => {
    const made = steps({ unit: "bps", value: 8_000_000 }, 1000, 11, 10); // one frame a millisecond
    expect(made).toEqual([20, ...Array<number>(10).fill(10)]);
  });

  it("lets a frame through that is larger than its bucket, and pays for it afterwards", () => {
    const made = steps({ unit: "bps", value: 12_000 }, 1500, 41, 100); // one frame a second
    expect(made.reduce((sum, count) => sum + count)).toBe(5);
    expect(Math.max(...made)).toBe(1);
  });

  it.each<[Rate, number]>([
    [{ unit: "pps", value: 100 }, 60],
    [{ unit: "bps", value: 1_000_000 }, 1500],
    [{ unit: "bps", value: 12_000 }, 1500],
  ])("of %j lets the worker sleep until the next frame is due", (rate, size) => {
    const rig = makeLab({ rate, size });
    rig.settle();
    rig.outputs();
    for (let frame = 0; frame < 20; frame++) {
      const sleep = rig.turn();
      expect(sleep).toBeGreaterThan(1);
      rig.turn(sleep - 0.5);
      expect(rig.outputs()).toEqual({});
      rig.turn(0.6);
      rig.turn();
      expect(rig.outputs().taker).toHaveLength(1);
      rig.settle();
    }
  });

  it("of a capture file does not wake the worker once the file is through", () => {
    const rig = new Rig({
      player: {
        attachment: { kind: "pcap", loop: 1, rate: { unit: "pps", value: 1000 } }, codecs: { in: "pcap", out: "sink" },
      },
      taker: {},
    });
    const [frame] = make({ frames: 1 });
    give(rig.end("player").pipe!, Buffer.concat(Array.from({ length: 30 }, () => pcapRecord(frame!))));
    rig.settle();
    expect(rig.outputs().taker).toHaveLength(20);
    expect(rig.turn()).toBe(1);
    rig.turn(10);
    rig.settle();
    expect(rig.outputs().taker).toHaveLength(10);
    expect(rig.turn()).toBe(1000);
  });
});
