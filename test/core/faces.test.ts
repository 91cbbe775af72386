// Interfaces of capture files: packets of those that are not Ethernet are passed over, and no FCS is played. Read
// draft-ietf-opsawg-pcapng 4.2, draft-ietf-opsawg-pcap 4 and 5.

import { describe, expect, it } from "vitest";
import type { Codec } from "../../src/core/codec.js";
import type { Pipe } from "../../src/core/pipe.js";
import { testFrame } from "../model/frames.js";
import { SECTION, enhancedBlock, give, interfaceBlock, pcapRecord, simpleBlock, words, wordsLE } from "./codec.js";
import { Rig } from "./rig.js";

const LINUX_SLL2 = 276;
const RAW_IP = 101;
const ETHERNET = 1;
const FCS = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);

const frame = testFrame();
const checked = Uint8Array.of(...frame, ...FCS);

function play(...blocks: Uint8Array[]): { frames: Uint8Array[]; rig: Rig; pipe: Pipe } {
  return playAs("pcapng", 0, ...blocks);
}

function playAs(codec: Codec, fcs: number, ...records: Uint8Array[]): ReturnType<typeof play> {
  const rig = new Rig({ a: { codecs: { in: codec, out: "none" } }, b: {} });
  const pipe = rig.end("a").pipe!;
  pipe.setFcs(fcs);
  give(pipe, Buffer.concat(records));
  rig.settle();
  return { frames: rig.outputs().b ?? [], rig, pipe };
}

describe("packets of pcapng interfaces", () => {
  it.each([LINUX_SLL2, RAW_IP])("of link type %i are passed over, and said", (linkType) => {
    const { frames, rig, pipe } = play(SECTION, interfaceBlock(linkType), enhancedBlock(frame), simpleBlock(frame));
    expect(frames).toEqual([]);
    expect(rig.count("a").rx.frames).toBe(0);
    expect(pipe.passedOver()).toEqual([0]);
    expect(pipe.passedOver()).toEqual([]);
  });

  it("that are Ethernet are played beside others", () => {
    const { frames, pipe } = play(
      SECTION, interfaceBlock(RAW_IP), interfaceBlock(ETHERNET), interfaceBlock(LINUX_SLL2),
      enhancedBlock(checked, 0), enhancedBlock(frame, 1), enhancedBlock(checked, 0), enhancedBlock(frame, 1),
    );
    expect(frames).toEqual([frame, frame]);
    expect(pipe.passedOver()).toEqual([0]);
  });

  it("are counted anew in every section", () => {
    const { frames } = play(
      SECTION, interfaceBlock(RAW_IP), enhancedBlock(frame), SECTION, interfaceBlock(ETHERNET), enhancedBlock(frame),
    );
    expect(frames).toEqual([frame]);
  });

  it("beyond those that are kept in mind are passed over", () => {
    const faces = Array.from({ length: 60 }, () => interfaceBlock(ETHERNET));
    const { frames } = play(SECTION, ...faces, ...faces.map((_, face) => enhancedBlock(frame, face)));
    expect(frames).toHaveLength(48);
  });
});

describe("an FCS", () => {
  it.each([4, 32])("of if_fcslen %i is not played", (fcsLength) => {
    const { frames } = play(SECTION, interfaceBlock(ETHERNET, fcsLength), enhancedBlock(checked), simpleBlock(checked));
    expect(frames).toEqual([frame, frame]);
  });

  it.each([0, undefined])("is not there with if_fcslen %s", (fcsLength) => {
    expect(play(SECTION, interfaceBlock(ETHERNET, fcsLength), enhancedBlock(frame)).frames).toEqual([frame]);
  });

  it("is not taken off a packet that was cut short before it", () => {
    const faces = [SECTION, interfaceBlock(ETHERNET, 4)];
    const cut = checked.subarray(0, 40);
    expect(play(...faces, enhancedBlock(cut, 0, checked.length)).frames).toEqual([cut]);
    const half = checked.subarray(0, checked.length - 2);
    expect(play(...faces, enhancedBlock(half, 0, checked.length)).frames).toEqual([frame]);
  });

  it.each([["pcap", wordsLE], ["pcap-swapped", words]] as const)("is not played from %s either", (codec, pack) => {
    const record = Buffer.concat([pack(1, 2, checked.length, checked.length), checked]);
    expect(playAs(codec, 4, record).frames).toEqual([frame]);
    expect(playAs(codec, 0, record).frames).toEqual([checked]);
    const cut = checked.subarray(0, 40);
    expect(playAs(codec, 4, pcapRecord(cut, pack)).frames).toEqual([cut]);
  });
});
