// The guests' formats: checksum vectors from outside, builders against parsers, and one malformed case per test.

import { describe, expect, it } from "vitest";
import {
  MAC_BROADCAST, PROTOCOL_ICMP, PROTOCOL_UDP, TPID_CUSTOMER, TPID_SERVICE, TYPE_IPV4, addressNumber, addressText,
  buildArp, buildEcho, buildFrame, buildIpv4, buildUdp, checksum, isGroup, macBytes, macText, parseArp, parseEcho,
  parseFrame, parseIpv4, parseUdp,
} from "../../src/wire/packet.js";

const A = "10.0.10.1";
const B = "10.0.10.2";
const MAC_A = "02:00:00:00:00:0a";
const MAC_B = "02:00:00:00:00:0b";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** A copy with the byte at `at` replaced. */
function spoil(input: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(input);
  copy[at] = value;
  return copy;
}

describe("checksum", () => {
  it.each([
    ["nothing", "", 0xffff],
    ["the example of RFC 1071, section 3", "0001 f203 f4f5 f6f7", 0x220d],
    ["an odd length, padded with a zero", "0001 f2", 0x0dfe],
    ["all ones", "ffff ffff", 0],
    ["a carry out of the carry", "ffff 0001 ffff", 0xfffe],
    ["an IPv4 header", "4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7", 0xb861],
  ])("%s", (_, hex, sum) => {
    expect(checksum(bytes(hex))).toBe(sum);
  });

  it("goes on from part to part", () => {
    expect(checksum(bytes("0001 f203"), bytes("f4f5 f6f7"))).toBe(0x220d);
  });

  it("is right for 64 KiB of ones, where sums carry most", () => {
    expect(checksum(new Uint8Array(65536).fill(0xff))).toBe(0);
  });
});

describe("addresses", () => {
  it("reads what it writes", () => {
    expect(macText(macBytes("02:AB:cd:00:00:ff"), 0)).toBe("02:ab:cd:00:00:ff");
    expect(addressText(addressNumber("255.0.10.254"))).toBe("255.0.10.254");
  });

  it.each(["", "02:00:00:00:00", "02:00:00:00:00:0g", "02-00-00-00-00-01"])("refuses %j as a MAC", (text) => {
    expect(() => macBytes(text)).toThrow(RangeError);
  });

  it.each(["", "10.0.1", "10.0.0.256", "10.0.0.1/24", "a.b.c.d"])("refuses %j as an IPv4 address", (text) => {
    expect(() => addressNumber(text)).toThrow(RangeError);
  });

  it("knows a group by its first byte", () => {
    expect([MAC_BROADCAST, "01:80:c2:00:00:00", MAC_A].map(isGroup)).toEqual([true, true, false]);
  });
});

describe("Ethernet", () => {
  it.each([0, 1, 2, 20])("reads back a frame with %i tags", (count) => {
    const tags = Array.from({ length: count }, (_, i) => ({
      tpid: i === 0 ? TPID_SERVICE : TPID_CUSTOMER, pcp: i % 8, dei: i % 2 === 1, vid: 4095 - i,
    }));
    const frame = { destination: MAC_B, source: MAC_A, tags, type: TYPE_IPV4, payload: bytes("0102") };
    expect(parseFrame(buildFrame(frame))).toEqual(frame);
  });

  it("puts a tag where IEEE 802.1Q has it", () => {
    const tags = [{ tpid: TPID_CUSTOMER, pcp: 5, dei: true, vid: 0x123 }];
    const frame = buildFrame({ destination: MAC_B, source: MAC_A, tags, type: 0x0806, payload: bytes("ff") });
    expect(frame).toEqual(bytes("02000000000b 02000000000a 8100 b123 0806 ff"));
  });

  it("malformed: 13 bytes", () => {
    expect(parseFrame(new Uint8Array(13))).toBe("malformed");
  });

  it.each([14, 15, 16, 17])("malformed: a tag cut off at %i bytes", (length) => {
    const frame = bytes("02000000000b 02000000000a 8100 0001 0800");
    expect(parseFrame(frame.subarray(0, length))).toBe("malformed");
  });
});

describe("ARP", () => {
  const request = {
    operation: "request" as const, senderMac: MAC_A, senderAddress: A, targetMac: MAC_B, targetAddress: B,
  };
  const packet = buildArp(request);

  it("is laid out as in RFC 826", () => {
    expect(packet).toEqual(bytes("0001 0800 06 04 0001 02000000000a 0a000a01 02000000000b 0a000a02"));
    expect(parseArp(packet)).toEqual(request);
    expect(parseArp(buildArp({ ...request, operation: "reply" }))).toEqual({ ...request, operation: "reply" });
  });

  it("malformed: 27 bytes", () => expect(parseArp(packet.subarray(0, 27))).toBe("malformed"));
  it("malformed: a MAC of 5 bytes", () => expect(parseArp(spoil(packet, 4, 5))).toBe("malformed"));
  it("malformed: an address of 16 bytes", () => expect(parseArp(spoil(packet, 5, 16))).toBe("malformed"));
  it("unsupported: other hardware", () => expect(parseArp(spoil(packet, 1, 6))).toBe("unsupported"));
  it("unsupported: another protocol", () => expect(parseArp(spoil(packet, 2, 0x86))).toBe("unsupported"));
  it("unsupported: another operation", () => expect(parseArp(spoil(packet, 7, 3))).toBe("unsupported"));
});

describe("IPv4", () => {
  const value = {
    source: A, destination: B, protocol: PROTOCOL_UDP, identification: 0x1234, payload: bytes("010203"),
  };
  const packet = buildIpv4(value);

  /** The packet with bytes replaced and its checksum made right again. */
  function altered(...changes: [at: number, value: number][]): Uint8Array {
    const copy = changes.reduce((input, [at, byte]) => spoil(input, at, byte), packet);
    const header = spoil(spoil(copy, 10, 0), 11, 0).subarray(0, 20);
    const sum = checksum(header);
    return spoil(spoil(copy, 10, sum >> 8), 11, sum & 255);
  }

  it("reads what it writes, without Ethernet's padding", () => {
    expect(parseIpv4(packet)).toEqual(value);
    expect(parseIpv4(Uint8Array.from([...packet, 0, 0, 0]))).toEqual(value);
  });

  it("skips options", () => {
    const header = bytes("4600 001a 0000 0000 4001 0000 0a000a01 0a000a02 01010100");
    const sum = checksum(header);
    const summed = spoil(spoil(header, 10, sum >> 8), 11, sum & 255);
    const parsed = parseIpv4(Uint8Array.from([...summed, 7, 8]));
    expect(parsed).toMatchObject({ protocol: PROTOCOL_ICMP, payload: bytes("0708") });
  });

  it("malformed: 19 bytes", () => expect(parseIpv4(packet.subarray(0, 19))).toBe("malformed"));
  it("malformed: version 6", () => expect(parseIpv4(altered([0, 0x65]))).toBe("malformed"));
  it("malformed: a header of 16 bytes", () => expect(parseIpv4(altered([0, 0x44]))).toBe("malformed"));
  it("malformed: a header longer than the packet", () => expect(parseIpv4(altered([0, 0x4f]))).toBe("malformed"));
  it("malformed: a total length below the header", () => expect(parseIpv4(altered([3, 19]))).toBe("malformed"));
  it("malformed: a total length past the end", () => expect(parseIpv4(altered([3, 24]))).toBe("malformed"));
  it("checksum: one bit of the header", () => expect(parseIpv4(spoil(packet, 8, 65))).toBe("checksum"));
  it("unsupported: a first fragment", () => expect(parseIpv4(altered([6, 0x20]))).toBe("unsupported"));
  it("unsupported: a later fragment", () => expect(parseIpv4(altered([6, 0], [7, 1]))).toBe("unsupported"));
});

describe("echo", () => {
  const value = { kind: "request" as const, identifier: 0xabcd, sequence: 0xffff, data: bytes("010203") };
  const message = buildEcho(value);

  it("reads what it writes", () => {
    expect(parseEcho(message)).toEqual(value);
    expect(parseEcho(buildEcho({ ...value, kind: "reply" }))).toEqual({ ...value, kind: "reply" });
  });

  it("has the checksum of a known request", () => {
    const data = Buffer.from("abcdefghijklmnopqrstuvwabcdefghi");
    expect(buildEcho({ kind: "request", identifier: 1, sequence: 1, data }).subarray(2, 4)).toEqual(bytes("4d5a"));
  });

  it("malformed: 7 bytes", () => expect(parseEcho(message.subarray(0, 7))).toBe("malformed"));
  it("checksum: one bit of the data", () => expect(parseEcho(spoil(message, 8, 0))).toBe("checksum"));
  it("unsupported: another type", () => {
    expect(parseEcho(bytes("0300 fcff 0000 0000"))).toBe("unsupported");
  });
  it("unsupported: another code", () => {
    expect(parseEcho(bytes("0801 f7fe 0000 0000"))).toBe("unsupported");
  });
});

describe("UDP", () => {
  const value = { sourcePort: 50000, destinationPort: 9, payload: bytes("010203") };
  const datagram = buildUdp(value, A, B);
  const parse = (input: Uint8Array) => parseUdp(input, A, B);

  it("reads what it writes, without what follows", () => {
    expect(parse(datagram)).toEqual(value);
    expect(parse(Uint8Array.from([...datagram, 9]))).toEqual(value);
  });

  it("takes 0 for no checksum", () => {
    expect(parse(spoil(spoil(datagram, 6, 0), 7, 0))).toEqual(value);
  });

  it("never sends 0 as a checksum", () => {
    const empty = { sourcePort: 0, destinationPort: 9, payload: new Uint8Array(2) };
    const sum = buildUdp(empty, A, B).subarray(6, 8);
    const zero = buildUdp({ ...empty, payload: sum }, A, B);
    expect(zero.subarray(6, 8)).toEqual(bytes("ffff"));
    expect(parse(zero)).not.toBe("checksum");
  });

  it("malformed: 7 bytes", () => expect(parse(datagram.subarray(0, 7))).toBe("malformed"));
  it("malformed: a length below the header", () => expect(parse(spoil(datagram, 5, 7))).toBe("malformed"));
  it("malformed: a length past the end", () => expect(parse(spoil(datagram, 5, 12))).toBe("malformed"));
  it("checksum: one bit of the payload", () => expect(parse(spoil(datagram, 8, 0))).toBe("checksum"));
  it("checksum: another address than was summed", () => expect(parseUdp(datagram, A, "10.0.10.3")).toBe("checksum"));
});
