// The segmenter against a slow, obvious model, which builds each segment from its fields, and against one vector by
// hand. Then lies: one a case, and noise; what cannot be split must be left whole, and nothing outside be touched.

import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ACK, CWR, ECN, FIN, GSO, PSH, forged, headerOf, merged, model, packet, payload, type Merged, type Packet,
} from "../model/merged.js";
import { buildSanitized, compilerMissing, scratchDirectory } from "./sanitized.js";

const LONGEST = 2000;

const directory = compilerMissing("the segmenter's test") ? undefined : scratchDirectory();

describe.skipIf(!directory)("the segmenter", () => {
  let program: string;

  beforeAll(() => { program = buildSanitized("segment.cc", ["segment.cc", "checksum.cc"], directory!); }, 120_000);

  function run(items: Merged[], longest = LONGEST): string[][] {
    // Their headers' length is one that means nothing.
    const lines = items.map((item) => `${longest} ${headerOf(item).toString("hex")} ${item.frame.toString("hex")}\n`);
    const options = { input: lines.join(""), encoding: "utf8", maxBuffer: 1 << 28 } as const;
    const { status, stdout, stderr } = spawnSync(program, options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n").map((line) => line.split(" "));
  }

  const expectModel = (item: Packet, size: number, lies: Partial<Merged> = {}) =>
    expect(run([merged(item, size, lies)])[0]).toEqual(model(item, size).map((frame) => frame.toString("hex")));

  it.each<[string, Partial<Packet>, number]>([
    ["TCP over IPv4, its ID and sequence number running over", {}, 300],
    ["TCP over IPv6", { ip: 6 }, 300],
    ["UDP over IPv4", { protocol: "udp" }, 300],
    ["UDP over IPv6", { ip: 6, protocol: "udp" }, 300],
    ["no tail", { payload: payload(900) }, 300],
    ["a tail of one byte", { payload: payload(901) }, 300],
    ["segments of odd length", { payload: payload(999) }, 333],
    ["segments of one byte", { payload: payload(9) }, 1],
    ["FIN, PSH and CWR together", { flags: ACK | FIN | PSH | CWR }, 300],
    ["a VLAN tag in front", { tags: "8100600a" }, 300],
    ["three of them", { tags: "88a800148100600a81000001", ip: 6 }, 300],
    ["IPv4 options", { ipOptions: 8 }, 300],
    ["TCP without options", { tcpOptions: 0 }, 300],
    ["as many TCP options as there can be", { tcpOptions: 40, ip: 6 }, 300],
    ["as long as there can be", { payload: payload(65535 - 52), tags: "88a800148100600a" }, 1448],
    ["as many segments of one byte as UDP_SEGMENT allows", { payload: payload(128), protocol: "udp" }, 1],
    ["the least MSS of Linux, 48, with timestamps", { payload: payload(36 * 200) }, 36],
    ["an MSS of 536 (RFC 9293)", { payload: payload(65535 - 52) }, 536],
  ])("splits %s", (_, fields, size) => expectModel(packet(fields), size));

  it("splits every length into every size", () => {
    const lengths = Array.from({ length: 60 }, (_, index) => index + 1);
    const items = lengths.flatMap((length) =>
      lengths.slice(0, length - 1).map((size) => [packet({ payload: payload(length) }), size] as const));
    const wanted = items.map(([item, size]) => model(item, size).map((frame) => frame.toString("hex")));
    expect(run(items.map(([item, size]) => merged(item, size)))).toEqual(wanted);
  });

  it("splits what has ECN beside its type, and what a card merged and found right", () => {
    expectModel(packet({ flags: ACK | CWR }), 300, { gso: GSO.tcp4 | ECN });
    expectModel(packet(), 300, { flags: 2, start: 0, offset: 0 });
  });

  it("starts checksums anew, whatever stands in their fields", () => {
    for (const [item, start] of [[packet(), 34], [packet({ protocol: "udp" }), 34]] as const) {
      const segments = run([forged(item, start + (item.protocol === "tcp" ? 16 : 6), "1234")])[0];
      expect(segments).toEqual(model(item, 300).map((frame) => frame.toString("hex")));
    }
  });

  it("leaves UDP over IPv4 without a checksum where it came without", () => {
    for (const segment of run([{ ...forged(packet({ protocol: "udp" }), 40, "0000"), flags: 0 }])[0]!) {
      expect(segment.slice(80, 84)).toBe("0000");
    }
  });

  it("agrees with a vector by hand", () => {
    const [macs, hosts] = ["020000000001020000000002", "c0000201c0000202"];
    const whole = `${macs}0800 4500002d0007400040060000${hosts} 00010002000000100000000050190100 00000000 6162636465`;
    const first = `${macs}0800 4500002b000740004006b6c2${hosts} 00010002000000100000000050100100 66580000 616263`;
    const second = `${macs}0800 4500002a000840004006b6c2${hosts} 00010002000000130000000050190100 c64a0000 6465`;
    const bytes = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
    const segments = run([{ frame: bytes(whole), gso: GSO.tcp4, size: 3, flags: 1, start: 34, offset: 16 }])[0];
    expect(segments).toEqual([first, second].map((text) => bytes(text).toString("hex")));
  });

  const tcp = packet();
  const tcp6 = packet({ ip: 6 });
  const udp = packet({ protocol: "udp" });
  it.each<[string, Merged]>([
    ["is not merged", merged(tcp, 300, { gso: GSO.none })],
    ["is of the old kind of UDP offload", merged(udp, 300, { gso: GSO.udp4 })],
    ["is of a kind that nobody knows", merged(tcp, 300, { gso: 77 })],
    ["has segments of 0 bytes", merged(tcp, 0)],
    ["fits one segment", merged(tcp, 1001)],
    ["has segments longer than itself", merged(tcp, 65535)],
    ["has segments longer than a slot", merged(packet({ payload: payload(4000) }), LONGEST)],
    ["says TCP over IPv4 and is IPv6", merged(tcp6, 300, { gso: GSO.tcp4 })],
    ["says TCP over IPv6 and is IPv4", merged(tcp, 300, { gso: GSO.tcp6 })],
    ["says TCP and is UDP", merged(udp, 300, { gso: GSO.tcp4 })],
    ["says UDP and is TCP", merged(tcp, 300, { gso: GSO.udp })],
    ["has its checksum start elsewhere, as a tunnel", merged(tcp, 300, { start: 84 })],
    ["has its checksum at another offset", merged(tcp, 300, { offset: 6 })],
    ["is neither IPv4 nor IPv6", forged(tcp, 12, "0806")],
    ["has another version in its IPv4 header", forged(tcp, 14, "65")],
    ["has another version in its IPv6 header", forged(tcp6, 14, "45")],
    ["has an IPv4 header that is too short", forged(tcp, 14, "44")],
    ["has IPv4 options that cover the TCP header", forged(tcp, 14, "4f")],
    ["is shorter than its IPv4 header says", forged(tcp, 16, "ffff")],
    ["is longer than its IPv4 header says", forged(tcp, 16, "0100")],
    ["is shorter than its IPv6 header says", forged(tcp6, 18, "ffff")],
    ["is a jumbogram", forged(tcp6, 18, "0000")],
    ["is a first fragment", forged(tcp, 20, "2000")],
    ["is a later fragment", forged(tcp, 20, "0001")],
    ["has IPv6 extension headers", forged(tcp6, 20, "00")],
    ["has a TCP header that is too short", forged(tcp, 34 + 12, "40")],
    ["has a TCP header longer than the frame", forged(packet({ payload: payload(10), tcpOptions: 0 }), 46, "f0", 3)],
  ])("leaves whole what %s", (_, item) => expect(run([item])).toEqual([["whole"]]));

  it.each([1, 8, 35])("refuses more than 128 segments of %i bytes", (size) => {
    const items = [packet(), tcp6, udp].map((item) => merged({ ...item, payload: payload(128 * size + 1) }, size));
    expect(run(items)).toEqual(items.map(() => ["too-many"]));
  });

  it("leaves whole what ends anywhere in its headers", () => {
    const items = [tcp, tcp6, udp, packet({ tags: "8100600a" })].map((item) => merged(item, 300));
    const cut = items.flatMap((item) => Array.from({ length: 100 }, (_, length) => length + 1)
      .map((length) => ({ ...item, frame: item.frame.subarray(0, length) })));
    expect(run(cut)).toEqual(cut.map(() => ["whole"]));
  });

  it("stays inside under noise", () => {
    let state = 1;
    const random = (below: number) => (state = Math.imul(state, 48271) & 0x7fffffff) % below;
    const items = Array.from({ length: 3000 }, () => {
      const item = merged([tcp, tcp6, udp][random(3)]!, 1 + random(500), random(2) ? {} : { gso: random(256) });
      for (let count = random(4); count > 0; count--) item.frame[12 + random(60)] = random(256);
      return { ...item, frame: random(4) ? item.frame : item.frame.subarray(0, 1 + random(item.frame.length)) };
    });
    expect(run(items)).toHaveLength(items.length);
  });
});
