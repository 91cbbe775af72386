// Which of a TAP's queues the kernel gives a flow's frames to: the same for all of them, whatever is written where.
// Frames go into the device by a packet socket, and are read from its queues. Read first: native/steering.h.

import { execFileSync } from "node:child_process";
import { readSync, writeSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VNET_SIZE } from "../../assembly/layout.js";
import { loadAddon, Rig } from "../native/rig.js";
import { inNamespace } from "./namespace.js";

const QUEUES = 3;
const FLOWS = 60;
const PACKET = 1;
const MACS = "020000000002" + "020000000001";
const hex = (number: number, bytes: number): string => number.toString(16).padStart(2 * bytes, "0");
const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });
const padded = (digits: string): Buffer => Buffer.concat([Buffer.from(digits, "hex"), Buffer.alloc(32)]);

interface Packet {
  protocol: number;
  /** The last byte of the source's address. */
  host?: number;
  fragment?: number;
  /** Source port, where there are ports. */
  port?: number;
  /** Words of the IPv4 header. */
  words?: number;
}

function ipv4({ protocol, host = 1, fragment = 0, port = 0, words = 5 }: Packet, tags = ""): Buffer {
  const header = `4${words}000040${hex(0, 2)}${hex(fragment, 2)}40${hex(protocol, 1)}0000`;
  const addresses = `0a0000${hex(host, 1)}` + "0a000102";
  return padded(`${MACS}${tags}0800${header}${addresses}${"00".repeat(4 * (words - 5))}${hex(port, 2)}0050`);
}

function ipv6(port: number): Buffer {
  const addresses = `20010db8${"00".repeat(11)}01` + `20010db8${"00".repeat(11)}02`;
  return padded(`${MACS}86dd60000000002006ff${addresses}${hex(port, 2)}0050`);
}

/** Kinds of frames, of each as many flows as are asked for. */
const KINDS: [string, (flow: number) => Buffer][] = [
  ["TCP, by ports", (flow) => ipv4({ protocol: 6, port: flow })],
  ["TCP behind options", (flow) => ipv4({ protocol: 6, port: flow, words: 8 })],
  ["TCP in a VLAN", (flow) => ipv4({ protocol: 6, port: flow }, "8100000a")],
  ["TCP in two VLANs", (flow) => ipv4({ protocol: 6, port: flow }, "88a8000a8100000b")],
  ["TCP over IPv6", (flow) => ipv6(flow)],
  ["UDP, by addresses", (flow) => ipv4({ protocol: 17, host: flow })],
  ["ICMP, by addresses", (flow) => ipv4({ protocol: 1, host: flow })],
  ["other frames, by MACs", (flow) => padded(`${MACS.slice(0, -2)}${hex(flow, 1)}88b5`)],
];

const addon = loadAddon("the queues of a TAP")!;

describe.skipIf(!addon)("the queues of a TAP", () => inNamespace(import.meta.url, () => {
  let rig: Rig;
  let tap: string;
  let fds: number[];
  let tests = 0;

  beforeEach(() => {
    tap = `tap${tests++}`;
    const { fd, further } = addon.openTap(tap, 0, QUEUES);
    fds = [fd, ...further];
    ip("link", "set", tap, "up");
    rig = new Rig(addon);
    rig.poller.attach(PACKET, "packet", addon.openPacket(tap).fd, 0, -1);
    rig.until(PACKET, "up");
  });
  afterEach(() => {
    rig.poller.close();
    for (const fd of fds) addon.close(fd);
  });

  /** What waits in a queue. */
  function read(fd: number): Buffer[] {
    const frames: Buffer[] = [];
    const bytes = Buffer.alloc(2048);
    try {
      for (;;) frames.push(Buffer.from(bytes.subarray(VNET_SIZE, readSync(fd, bytes))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return frames;
  }

  /** Sends frames into the device; the queue that each came by. */
  function queuesOf(frames: Buffer[]): number[] {
    for (const frame of frames) rig.send(PACKET, frame);
    rig.turn();
    const came = fds.map(read);
    return frames.map((frame) => came.findIndex((queue) => queue.some((one) => one.equals(frame))));
  }

  it("are as many as were asked for", () => {
    expect(fds).toHaveLength(QUEUES);
    expect(ip("tuntap", "show")).toMatch(new RegExp(`^${tap}: tap.* multi_queue`, "m"));
    expect(addon.openTap("single", 0).further).toEqual([]);
  });

  it.each(KINDS)("share out %s, and keep each flow in its own", (_, make) => {
    const frames = Array.from({ length: FLOWS }, (_, flow) => make(flow + 1));
    const first = queuesOf(frames);
    expect([...new Set(first)].sort()).toEqual([0, 1, 2]);
    // Answers, each written to another queue, would make the kernel move their flows.
    for (const [index, frame] of frames.entries()) {
      writeSync(fds[(first[index]! + 1) % QUEUES]!, Buffer.concat([Buffer.alloc(VNET_SIZE), answerTo(frame)]));
    }
    for (const fd of fds) read(fd);
    expect(queuesOf(frames)).toEqual(first);
  });

  it("keep datagrams together with those that come in fragments", () => {
    const whole = Array.from({ length: 20 }, (_, port) => ipv4({ protocol: 17, port }));
    const pieces = [0x2000, 0x20b9, 0x0172].map((fragment) => ipv4({ protocol: 17, fragment, port: fragment & 0xff }));
    expect(new Set(queuesOf([...whole, ...pieces])).size).toBe(1);
  });

  it("get what has no more than its MACs, too", () => {
    const short = Buffer.from(`${MACS}0800`, "hex");
    expect(queuesOf([short])).toEqual([0]);
  });

  it("cannot be had of a device that was made with one", () => {
    ip("tuntap", "add", "narrow", "mode", "tap");
    expect(() => addon.openTap("narrow", 0, 2)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    ip("link", "delete", "narrow");
  });
}));

/** A frame with MACs, addresses and ports the other way round (IPv4 without options; others as they are). */
function answerTo(frame: Buffer): Buffer {
  const answer = Buffer.from(frame);
  frame.copy(answer, 0, 6, 12);
  frame.copy(answer, 6, 0, 6);
  if (frame.readUInt16BE(12) !== 0x0800) return answer;
  frame.copy(answer, 26, 30, 34);
  frame.copy(answer, 30, 26, 30);
  frame.copy(answer, 34, 36, 38);
  frame.copy(answer, 36, 34, 36);
  return answer;
}
