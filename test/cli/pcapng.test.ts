// Cutting a capture at block boundaries, however its bytes are split.

import { expect, test } from "vitest";
import { BlockCutter } from "../../src/cli/pcapng.js";
import { blockTypes, enhancedPacket, pcapngHeader } from "../control/pcapng.js";

const FRAMES = [14, 60, 61, 1514].map((length) => enhancedPacket(new Uint8Array(length)));
const FILE = Buffer.concat([pcapngHeader(), ...FRAMES]);

test("gives every byte back, for every size of pieces", () => {
  for (let size = 1; size <= FILE.length; size += 1) {
    const cutter = new BlockCutter();
    const pieces: Buffer[] = [];
    for (let at = 0; at < FILE.length; at += size) {
      pieces.push(cutter.take(FILE.subarray(at, at + size)));
      blockTypes(Buffer.concat(pieces)); // whole at any time
    }
    expect(Buffer.concat(pieces).equals(FILE)).toBe(true);
    expect(cutter.frames).toBe(4);
  }
});

test("leaves out what follows the last frame that is wanted", () => {
  const cutter = new BlockCutter(2);
  expect(blockTypes(cutter.take(FILE))).toEqual([0x0a0d0d0a, 1, 6, 6]);
  expect(cutter.isFull).toBe(true);
  expect(cutter.take(FILE)).toHaveLength(0);
});

test("refuses what is no capture", () => {
  expect(() => new BlockCutter().take(Buffer.from("HTTP/1.1 200 OK\r\n"))).toThrow("not a capture");
});
