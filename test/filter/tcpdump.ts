// tcpdump as the judge: which of some frames its filter takes. Owns how it is run. tcpdump(8); draft-ietf-opsawg-pcap.

import { spawnSync } from "node:child_process";
import { pcapHeader } from "../../src/port/capture-file.js";

const RECORD = 16;
const HEADER = 24;

/** Whether tcpdump is there; says where it is not what is skipped, and throws in CI. */
export function hasTcpdump(what: string): boolean {
  const { error } = spawnSync("tcpdump", ["--version"]);
  if (!error) return true;
  if (process.env["CI"]) throw error;
  process.stderr.write(`skipped: ${what}: tcpdump is not installed\n`);
  return false;
}

/**
 * The numbers of the frames that match as tcpdump sees it. Without its optimizer: that asks in another order, and then
 * other frames that are cut short end a filter.
 */
export function tcpdumpMatches(expression: string, frames: Uint8Array[]): number[] {
  const input = Buffer.concat([pcapHeader(), ...frames.flatMap((frame, index) => [recordOf(frame, index), frame])]);
  const { status, stdout, stderr } = spawnSync("tcpdump", ["-O", "-r", "-", "-w", "-", "--", expression], {
    input, maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`tcpdump: ${expression}: ${stderr.toString()}`);
  return numbersIn(stdout);
}

/** A frame's number goes along as its time. */
function recordOf(frame: Uint8Array, index: number): Buffer {
  const record = Buffer.alloc(RECORD);
  for (const [i, word] of [index, 0, frame.length, frame.length].entries()) record.writeUInt32LE(word, i * 4);
  return record;
}

function numbersIn(file: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = HEADER; at < file.length; at += RECORD + file.readUInt32LE(at + 8)) numbers.push(file.readUInt32LE(at));
  return numbers;
}
