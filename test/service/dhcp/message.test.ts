// Messages on the wire: one as a client really sends it, then malformed ones, one case a test, through the server.

import { describe, expect, it } from "vitest";
import {
  buildMessage, MESSAGE_SIZE_MIN, parseMessage, TYPE, type DhcpMessage,
} from "../../../src/service/dhcp/message.js";
import { CODE, routesIn, textIn } from "../../../src/service/dhcp/options.js";
import { buildFrame, MAC_BROADCAST } from "../../../src/wire/packet.js";
import { frameOf, framed, macOf, Rig } from "./rig.js";

const DISCOVER = [CODE.type, 1, TYPE.discover];
const END = [CODE.end];

interface Bytes { options?: number[]; file?: number[]; sname?: number[]; patch?: [number, number[]][] }

/** A BOOTREQUEST written byte by byte, apart from the code under test (RFC 2131, figure 1). */
function bytesOf({ options = [...DISCOVER, ...END], file = [], sname = [], patch = [] }: Bytes = {}): Uint8Array {
  const bytes = new Uint8Array(Math.max(300, 240 + options.length));
  bytes.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 7, 0x80, 0]);
  bytes.set([2, 0, 0, 1, 0, 1], 28);
  bytes.set(sname, 44);
  bytes.set(file, 108);
  bytes.set([0x63, 0x82, 0x53, 0x63, ...options], 236);
  for (const [at, values] of patch) bytes.set(values, at);
  return bytes;
}

const parsed = (bytes: Bytes): DhcpMessage => parseMessage(bytesOf(bytes)) as DhcpMessage;

describe("a message", () => {
  it("rfc2131-2: is read field by field", () => {
    // What udhcpc sends: type, identifier, size, parameters, vendor class, name.
    const options = [
      ...DISCOVER, 61, 7, 1, 2, 0, 0, 1, 0, 1, 57, 2, 2, 64, 55, 7, 1, 3, 6, 12, 15, 28, 42,
      60, 11, ...Buffer.from("udhcp 1.30."), 12, 3, ...Buffer.from("web"), ...END,
    ];
    const message = parsed({ options });
    expect(message).toMatchObject({
      op: 1, xid: 0xdeadbeef, secs: 7, broadcast: true, mac: macOf(1), type: TYPE.discover, ciaddr: "0.0.0.0",
    });
    expect([...message.options.keys()]).toEqual([61, 57, 55, 60, 12]);
    expect(textIn(message.options, CODE.hostname)).toBe("web");
  });

  it("rfc2132-9.3: goes on in file and sname where it says so, in that order", () => {
    const options = [...DISCOVER, 12, 1, 97, CODE.overload, 1, 3, ...END];
    const message = parsed({ options, file: [0, 12, 1, 98, ...END], sname: [12, 1, 99, ...END] });
    expect(textIn(message.options, CODE.hostname)).toBe("abc");
  });

  it("rfc2132-9.3: has no options in file and sname where it does not say so", () => {
    expect(parsed({ file: [12, 1, 98], sname: [12, 1, 99] }).options.size).toBe(0);
  });

  it.each([
    ["file", { file: [...END], sname: [12, 1, 99] }, 1],
    ["sname", { file: [12, 1, 98], sname: [CODE.overload, 1, 3, ...END] }, 2],
  ])("rfc2132-9.3: reads each field once, also where %s says overload again", (_, fields, where) => {
    const options = [...DISCOVER, CODE.overload, 1, where, ...END];
    expect(parsed({ ...fields, options }).options.has(CODE.hostname)).toBe(false);
  });

  it("rfc3396: joins an option's pieces", () => {
    expect(textIn(parsed({ options: [...DISCOVER, 12, 2, 97, 98, 0, 12, 1, 99] }).options, 12)).toBe("abc");
  });

  it("is understood without an end", () => {
    expect(parsed({ options: [...DISCOVER] }).type).toBe(TYPE.discover);
  });

  it("comes back as it was built, with 300 bytes at least", () => {
    const message = parsed({ options: [...DISCOVER, 12, 1, 97, 50, 4, 10, 0, 10, 7, ...END] });
    const bytes = buildMessage(message, 548);
    expect(bytes.length).toBe(MESSAGE_SIZE_MIN);
    expect(parseMessage(bytes)).toEqual(message);
  });

  it("leaves out whole what does not fit", () => {
    const options = new Map([[12, new Uint8Array(50)], [43, new Uint8Array(400)], [15, new Uint8Array(20)]]);
    const built = parseMessage(buildMessage({ ...parsed({}), options }, 400)) as DhcpMessage;
    expect([...built.options.keys()]).toEqual([12, 15]);
  });
});

describe("rfc3442 classless routes that are cut or wrong are none", () => {
  it.each([
    ["empty", []], ["prefix 33", [33, 10, 0, 0, 0, 0, 10, 0, 0, 1]], ["no router", [24, 10, 0, 0]],
    ["half a router", [0, 10, 0]], ["a rest", [0, 10, 0, 0, 1, 8]],
  ])("%s", (_, bytes) => {
    expect(routesIn(new Map([[CODE.routes, Uint8Array.from(bytes)]]))).toBeUndefined();
  });
});

describe("a malformed message gets no answer and is counted", () => {
  const malformed: [string, Bytes][] = [
    ["a length past the end", { options: [...DISCOVER, ...new Array<number>(56).fill(0), 12, 9, 97] }],
    ["a code without a length", { options: [...DISCOVER, ...new Array<number>(56).fill(0), 12] }],
    ["no magic cookie (BOOTP)", { patch: [[236, [0, 0, 0, 0]]] }],
    ["a wrong magic cookie", { patch: [[239, [0x64]]] }],
    ["hlen 16", { patch: [[2, [16]]] }],
    ["hlen 0", { patch: [[2, [0]]] }],
    ["hardware type 6", { patch: [[1, [6]]] }],
    ["op 2, a reply", { patch: [[0, [2]]] }],
    ["op 3", { patch: [[0, [3]]] }],
    ["chaddr of a group", { patch: [[28, [3]]] }],
    ["chaddr of zeros", { patch: [[28, [0, 0, 0, 0, 0, 0]]] }],
    ["no type", { options: [12, 1, 97, ...END] }],
    ["type 0", { options: [CODE.type, 1, 0, ...END] }],
    ["type 9", { options: [CODE.type, 1, 9, ...END] }],
    ["an OFFER", { options: [CODE.type, 1, TYPE.offer, ...END] }],
    ["a type of length 0", { options: [CODE.type, 0, ...END] }],
    ["two types", { options: [...DISCOVER, ...DISCOVER, ...END] }],
    ["a requested address of length 0", { options: [...DISCOVER, CODE.requested, 0, ...END] }],
    ["a requested address of length 3", { options: [...DISCOVER, CODE.requested, 3, 10, 0, 10, ...END] }],
    ["a server of length 8", { options: [...DISCOVER, CODE.server, 8, 10, 0, 10, 1, 10, 0, 10, 1, ...END] }],
    ["a lease time of length 2", { options: [...DISCOVER, CODE.lease, 2, 1, 1, ...END] }],
    ["a size of length 1", { options: [...DISCOVER, CODE.sizeMax, 1, 9, ...END] }],
    ["an overload of 0", { options: [...DISCOVER, CODE.overload, 1, 0, ...END] }],
    ["an overload of 4", { options: [...DISCOVER, CODE.overload, 1, 4, ...END] }],
    ["an overload of length 0", { options: [...DISCOVER, CODE.overload, 0, ...END] }],
    ["two overloads", { options: [...DISCOVER, CODE.overload, 1, 1, CODE.overload, 1, 2, ...END] }],
    ["a length past the end of file", {
      options: [...DISCOVER, CODE.overload, 1, 1, ...END], file: [12, 200],
    }],
    ["a length past the end of sname", {
      options: [...DISCOVER, CODE.overload, 1, 2, ...END], sname: [12, 63],
    }],
  ];
  it.each(malformed)("%s", (_, bytes) => {
    const rig = new Rig();
    expect(rig.hear(framed(bytesOf(bytes)))).toBeUndefined();
    expect(rig.server.counts).toMatchObject({ malformed: 1, offers: 0 });
  });

  it("cut at every length", () => {
    const rig = new Rig();
    for (let length = 0; length < 243; length++, rig.nowMs += 50) rig.hear(framed(bytesOf().subarray(0, length)));
    expect(rig.server.counts).toMatchObject({ malformed: 243, offers: 0 });
    expect(rig.hear(framed(bytesOf().subarray(0, 243)))).toBeDefined();
  });

  const whole = frameOf(TYPE.discover);
  const frames: [string, Uint8Array][] = [
    ["an empty frame", new Uint8Array()],
    ["ARP", buildFrame({ destination: MAC_BROADCAST, source: macOf(1), tags: [], type: 0x806, payload: whole })],
    ["a frame from a group", Uint8Array.from(whole, (byte, at) => at === 6 ? 3 : byte)],
    ["a wrong UDP checksum", Uint8Array.from(whole, (byte, at) => at === 60 ? byte ^ 1 : byte)],
    ["a cut frame", whole.subarray(0, 200)],
    ["another port", Uint8Array.from(whole, (byte, at) => at === 37 ? 68 : at === 40 || at === 41 ? 0 : byte)],
  ];
  it.each(frames)("%s", (_, frame) => {
    const rig = new Rig();
    expect(rig.hear(frame)).toBeUndefined();
    expect(rig.server.counts.malformed).toBe(1);
  });

  it("an option of length 0 that says nothing is no fault", () => {
    const options = [...DISCOVER, 12, 0, 61, 0, 55, 0, ...END];
    expect(new Rig().hear(framed(bytesOf({ options })))?.type).toBe(TYPE.offer);
  });
});
