// The packet tools against packets that everybody knows, and against their own overrides: each malformed packet is
// built from one field, and the reader names that fault.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arp, ether, fragmentsOf, icmp, icmpError, ip, parse, parseIp, ping, reassemble, tcp, udp,
} from "./packet.js";
import { checksumOf, sumOf } from "./bytes.js";

const A = "10.0.10.5:1000";
const B = "203.0.113.9:53";
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("well-known examples", () => {
  it("sums the words of RFC 1071, 3", () => {
    const words = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    expect(sumOf(words)).toBe(0xddf2);
    expect(checksumOf(words)).toBe(0x220d);
  });

  it("makes the header that textbooks sum to b861", () => {
    const packet = ip({
      from: "192.168.0.1", to: "192.168.0.199", protocol: 17, id: 0, df: true, totalLength: 0x73,
    });
    expect(hex(packet)).toBe("4500007300004000" + "4011b861" + "c0a80001c0a800c7");
  });

  it("makes a UDP datagram summed by hand", () => {
    // 0a00+0a05+cb00+7109 addresses, 0011 protocol, 000a twice length, 03e8+0035 ports, 6869 payload: 1bda3 -> bda4.
    const sum = 0x0a00 + 0x0a05 + 0xcb00 + 0x7109 + 0x0011 + 0x000a + 0x03e8 + 0x0035 + 0x000a + 0x6869;
    const folded = (sum & 0xffff) + (sum >> 16);
    const packet = udp({ from: A, to: B, payload: "hi" });
    expect(hex(packet.subarray(20))).toBe(`03e80035000a${(0xffff - folded).toString(16)}6869`);
  });

  it("makes an echo request whose sum is plain to see", () => {
    const packet = ping({ from: "10.0.10.5:1", to: "203.0.113.9", seq: 2, payload: "" });
    expect(hex(packet.subarray(20))).toBe("0800f7fc00010002");
  });

  it("makes a SYN with its option", () => {
    const { tcp: header, faults } = parseIp(tcp({ from: A, to: B, flags: "S", seq: 0xfffffffe, mss: 1460 }));
    expect(faults).toEqual([]);
    expect(header).toMatchObject({ from: A, to: B, flags: "S", seq: 0xfffffffe, mss: 1460, window: 65535 });
  });

  it("makes a tagged ARP request", () => {
    const mac = "02:00:00:00:00:01";
    const packet = arp({ op: "request", senderMac: mac, senderIp: "10.0.10.5", targetIp: "10.0.10.1" });
    const frame = ether({ to: "ff:ff:ff:ff:ff:ff", from: mac, vlan: 10, type: 0x0806, pad: 64 }, packet);
    expect(frame.length).toBe(64);
    expect(hex(frame.subarray(0, 46))).toBe("ffffffffffff" + "020000000001" + "8100000a0806"
      + "0001080006040001" + "0200000000010a000a05" + "0000000000000a000a01");
    expect(parse(frame)).toMatchObject({ ether: { vlan: 10 }, arp: { op: 1, targetIp: "10.0.10.1" }, faults: [] });
  });

  it("puts the packet that an error is about into it, with 8 bytes of its segment", () => {
    const about = tcp({ from: A, to: B, seq: 7 });
    const { icmp: header, faults } = parseIp(icmpError({ from: "198.51.100.1", to: "10.0.10.5", about }));
    expect(faults).toEqual([]);
    expect(header).toMatchObject({ type: 3, code: 1, about: { tcp: { from: A, to: B, seq: 7 }, faults: [] } });
  });
});

describe("faults", () => {
  const good = udp({ from: A, to: B, payload: "abcd" });
  it.each<[string, Uint8Array, string[]]>([
    ["nothing", new Uint8Array(0), ["ip: 0 bytes are less than a header"]],
    ["version 6", ip({ from: "10.0.0.1", to: "10.0.0.2", protocol: 99, version: 6 }), ["ip: version 6"]],
    ["IHL 4", udp({ from: A, to: B, ihl: 4 }), ["ip: header of 16 bytes"]],
    ["IHL 15 of 28 bytes", udp({ from: A, to: B, ihl: 15 }), ["ip: ends within its options"]],
    ["total length 19", udp({ from: A, to: B, totalLength: 19 }), ["ip: total length 19 is less than its header"]],
    ["total length 29", udp({ from: A, to: B, totalLength: 29 }), ["ip: total length 29 of 28 bytes"]],
    ["IP checksum", udp({ from: A, to: B, ipChecksum: 1 }), ["ip: checksum"]],
    ["UDP checksum", udp({ from: A, to: B, checksum: 1 }), ["udp: checksum"]],
    ["UDP length 7", udp({ from: A, to: B, length: 7, checksum: 0 }), ["udp: length 7 is less than its header",
      "udp: length 7 of 8 bytes"]],
    ["UDP length 9", udp({ from: A, to: B, length: 9, checksum: 0 }), ["udp: length 9 of 8 bytes"]],
    ["7 bytes of UDP", udp({ from: A, to: B, totalLength: 27 }), ["udp: 7 bytes are less than a header"]],
    ["TCP checksum", tcp({ from: A, to: B, checksum: 1 }), ["tcp: checksum"]],
    ["data offset 4", tcp({ from: A, to: B, dataOffset: 4 }), ["tcp: header of 16 bytes"]],
    ["data offset 6", tcp({ from: A, to: B, dataOffset: 6 }), ["tcp: header of 24 bytes in 20"]],
    ["ICMP checksum", icmp({ from: "10.0.0.1", to: "10.0.0.2", type: 8, checksum: 1 }), ["icmp: checksum"]],
    ["UDP checksum 0, which is none", udp({ from: A, to: B, checksum: 0 }), []],
    ["padding", Uint8Array.from([...good, 1, 2, 3]), []],
    ["IP options", udp({ from: A, to: B, ipOptions: Uint8Array.from([1, 1, 1, 0]) }), []],
  ])("tells %s", (_, packet, faults) => {
    expect(parseIp(packet).faults).toEqual(faults);
  });

  it("sees any byte of a datagram that changed", () => {
    for (let at = 0; at < good.length; at++) {
      const changed = good.map((byte, index) => index === at ? byte ^ 0x10 : byte);
      expect(parseIp(changed).faults, `byte ${at}`).not.toEqual([]);
    }
  });

  it("reads a packet inside an error that was cut anywhere without a throw", () => {
    const about = tcp({ from: A, to: B, payload: "abcd" });
    for (let keep = 0; keep <= about.length; keep++) {
      const { icmp: header, faults } = parseIp(icmpError({ from: "198.51.100.1", to: "10.0.10.5", about, keep }));
      expect(faults).toEqual([]);
      expect(header!.about!.tcp?.from, `${keep} bytes`).toBe(keep >= 28 ? A : undefined);
      expect(header!.about!.residue !== undefined, `${keep} bytes`).toBe(keep >= 38);
      if (keep === about.length) expect(header!.about!.residue).toBe(0);
    }
  });
});

it("has right checksums for every length of payload", () => {
  for (let length = 0; length < 70; length++) {
    const payload = new Uint8Array(length).map((_, i) => 255 - i * 7);
    expect(parseIp(udp({ from: A, to: B, payload })).faults).toEqual([]);
    expect(parseIp(tcp({ from: A, to: B, payload })).faults).toEqual([]);
    expect(parseIp(ping({ from: "10.0.10.5:7", to: "203.0.113.9", payload })).faults).toEqual([]);
  }
});

describe("fragments", () => {
  it("stand where RFC 791 puts them", () => {
    const parts = fragmentsOf(udp({ from: A, to: B, id: 9, payload: new Uint8Array(50) }), 44);
    const shape = parts.map((part) => parseIp(part)).map(({ ip: header, faults }) =>
      [header!.offset, header!.totalLength, header!.mf, faults.length]);
    expect(shape).toEqual([[0, 44, true, 0], [24, 44, true, 0], [48, 30, false, 0]]);
  });

  it("come together again in any order, cut twice, with doubles", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 28, max: 400 }), fc.infiniteStream(
      fc.nat()), (payload, mtu, random) => {
      const packet = udp({ from: A, to: B, id: 5, payload });
      const parts = fragmentsOf(packet, 200).flatMap((part) => fragmentsOf(part, mtu));
      const shuffled = [...parts, parts[0]!].map((part) => ({ part, key: random.next().value as number }))
        .sort((a, b) => a.key - b.key).map(({ part }) => part);
      expect(hex(reassemble(shuffled))).toBe(hex(packet));
    }), { numRuns: 50 });
  });

  it("do not come together with one missing, or overlapping", () => {
    const packet = udp({ from: A, to: B, payload: new Uint8Array(50) });
    const [a, b, c] = fragmentsOf(packet, 44);
    expect(() => reassemble([a!, c!])).toThrow("bytes 24 to 48 are missing");
    expect(() => reassemble([a!, b!])).toThrow("the last fragment is missing");
    expect(() => reassemble([b!, c!])).toThrow("the first fragment is missing");
    expect(() => reassemble([a!, ...fragmentsOf(packet, 36).slice(1)])).toThrow("overlapping at 16");
  });
});
