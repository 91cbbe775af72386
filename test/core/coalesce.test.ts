// Segments of TCP that came one by one and leave for a device that takes merged frames, through the real core: what
// goes on as one is what a sender with offloads would have sent, and segmenting it gives back what came, to the byte;
// whatever is odd goes on as it came, one oddity a case. Read first: assembly/element/coalesce.ts.

import { describe, expect, it } from "vitest";
import {
  ACK, PSH, frameOf, headerOf, merged, model, packet, payload, unfinished, type Packet,
} from "../model/merged.js";
import { access, Rig, trunk, type PortSpec } from "./rig.js";
import { apart, hex, introduce, makeLab, odd, pass } from "./segments.js";

const SIZE = 300;
/** That nothing of this is merged: it leaves as it came. */
function expectAsCame(rig: Rig, frames: readonly Uint8Array[]): void {
  const { guest } = pass(rig, frames);
  expect(hex(guest)).toEqual(hex(frames));
  expect(guest!.map((frame) => rig.headerOf(frame))).toEqual(frames.map(() => undefined));
  expect(rig.count("plain").merged).toBe(0);
}

describe("segments in sequence", () => {
  it.each<[string, Partial<Packet>, number]>([
    ["TCP over IPv4, its ID and sequence number running over", {}, SIZE],
    ["TCP over IPv6", { ip: 6 }, SIZE],
    ["no tail", { payload: payload(900) }, SIZE],
    ["a tail of one byte", { payload: payload(901) }, SIZE],
    ["segments of odd length", { payload: payload(999) }, 333],
    ["segments of one byte", { payload: payload(9) }, 1],
    ["two", { payload: payload(600) }, SIZE],
    ["PSH with the last", { flags: ACK | PSH }, SIZE],
    ["no options", { tcpOptions: 0 }, SIZE],
    ["as many options as there can be", { tcpOptions: 40, ip: 6 }, SIZE],
    ["45 of the common length", { payload: payload(45 * 1448) }, 1448],
  ])("go on as one, as a sender with offloads would have sent it: %s", (_, fields, size) => {
    const rig = makeLab();
    const segments = model(packet(fields), size);
    const { guest } = pass(rig, segments);
    const whole = unfinished(merged(packet(fields), size));
    expect(hex(guest)).toEqual(hex([whole.frame]));
    const headers = whole.frame.length - packet(fields).payload.length;
    expect(hex([rig.headerOf(guest![0]!)!])).toEqual(hex([headerOf(whole, headers)]));
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
    expect(rig.count("plain")).toMatchObject({ copies: 0, merged: segments.length - 1 });
    expect(rig.count("guest").tx.frames).toBe(1);
  });

  it.each<[string, PortSpec, PortSpec, string, string]>([
    ["get the tag of a trunk", { vlan: access(10) }, { vlan: trunk([10]) }, "", "8100000a"],
    ["lose it at an access port", { vlan: trunk([10]) }, { vlan: access(10) }, "8100600a", ""],
    ["keep it from trunk to trunk", { vlan: trunk([10]) }, { vlan: trunk([10]) }, "8100600a", "8100600a"],
  ])("%s", (_, from, to, came, left) => {
    const rig = new Rig({ plain: from, guest: { ...to, offload: true } });
    introduce(rig, "guest", to.vlan!.mode === "trunk" ? "8100000a" : "");
    const { guest } = pass(rig, model(packet({ tags: came }), SIZE));
    expect(hex(guest)).toEqual(hex([unfinished(merged(packet({ tags: left }), SIZE)).frame]));
    expect(hex(apart(rig, guest))).toEqual(hex(model(packet({ tags: left }), SIZE)));
  });

  it("go on as more than one where they are more than a frame holds", () => {
    const rig = makeLab();
    const segments = model(packet({ payload: payload(60 * 1448) }), 1448);
    const { guest } = pass(rig, segments);
    expect(guest!.map((frame) => frame.length)).toEqual([66 + 45 * 1448, 66 + 15 * 1448]);
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
  });

  it("are merged a stretch at a time: none waits for more", () => {
    const rig = makeLab();
    const segments = model(packet({ payload: payload(300 * 100) }), 100);
    const { guest } = pass(rig, segments);
    expect(guest).toHaveLength(5); // stretches of 64 frames
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
  });

  it("that must not be fragmented go on as one whatever their IDs", () => {
    const rig = makeLab();
    const segments = model(packet(), SIZE).map((frame) => odd(frame, 4, "0000"));
    const { guest } = pass(rig, segments);
    expect(guest).toHaveLength(1);
    expect(apart(rig, guest).map((frame, i) => hex([odd(frame, 4, "0000")])[0] === hex(segments)[i]))
      .toEqual([true, true, true, true]);
  });

  it("that may be fragmented go on as one where their IDs go up by one", () => {
    const rig = makeLab();
    const segments = model(packet(), SIZE).map((frame) => odd(frame, 6, "0000"));
    const { guest } = pass(rig, segments);
    expect(guest).toHaveLength(1);
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
  });

  it("of many flows are told apart, and keep the order of each", () => {
    const rig = makeLab();
    const flows = Array.from({ length: 10 }, (_, i) => model(packet({ port: 40000 + i }), SIZE));
    const { guest } = pass(rig, flows[0]!.flatMap((_, i) => flows.map((flow) => flow[i]!)));
    expect(hex(apart(rig, guest)).sort()).toEqual(hex(flows.flat()).sort());
    expect(guest!.length).toBeLessThan(20);
  });

  it("of different hosts are told apart, though their ports are the same", () => {
    const rig = makeLab();
    const [one, other] = [model(packet(), SIZE), model(packet(), SIZE).map((frame) => odd(frame, 15, "77"))];
    const { guest } = pass(rig, [...one, ...other]);
    expect(guest).toHaveLength(2);
    expect(hex(apart(rig, guest))).toEqual(hex([...one, ...other]));
  });

  it("are merged past datagrams of UDP", () => {
    const rig = makeLab();
    const [one, two] = model(packet({ payload: payload(600) }), SIZE) as [Buffer, Buffer];
    const datagram = frameOf(packet({ protocol: "udp" }));
    const { guest } = pass(rig, [one, datagram, two]);
    expect(hex(apart(rig, guest))).toEqual(hex([one, two, datagram]));
  });

  it("are merged from another worker's port", () => {
    const rig = new Rig({ guest: { offload: true }, plain: {} }, { workers: 2 });
    introduce(rig, "guest");
    const { guest } = pass(rig, model(packet(), SIZE));
    expect(hex(guest)).toEqual(hex([unfinished(merged(packet(), SIZE)).frame]));
  });

  it("are mirrored as they came, and then go on as they are", () => {
    const rig = makeLab({ ids: { monitor: true } });
    rig.addMirror("watch", { from: ["plain"], direction: "in", to: "ids" });
    const segments = model(packet(), SIZE);
    const { ids, guest } = pass(rig, segments);
    expect([hex(ids), hex(guest)]).toEqual([hex(segments), hex(segments)]);
  });

  it("are one record where a mirror sees them leave", () => {
    const rig = makeLab({ ids: { monitor: true } });
    rig.addMirror("watch", { from: ["guest"], direction: "out", to: "ids" });
    const { ids } = pass(rig, model(packet(), SIZE));
    expect(hex(ids)).toEqual(hex([unfinished(merged(packet(), SIZE)).frame]));
  });

  it("are left alone on the way to a port that takes finished frames only", () => {
    const rig = new Rig({ plain: {}, other: {}, guest: { offload: true } });
    introduce(rig, "other");
    const segments = model(packet(), SIZE);
    expect(hex(pass(rig, segments)["other"])).toEqual(hex(segments));
    expect(rig.count("plain").merged).toBe(0);
  });

  it("are left alone where nobody knows where they go", () => {
    const rig = new Rig({ plain: {}, guest: { offload: true } });
    expectAsCame(rig, model(packet(), SIZE));
  });

  it("are left alone where they came behind headers", () => {
    const rig = makeLab({ other: { offload: true } });
    const segments = model(packet(), SIZE);
    for (const frame of segments) rig.injectBehind("other", Buffer.alloc(10), frame);
    rig.settle();
    expect(hex(rig.outputs()["guest"])).toEqual(hex(segments));
    expect(rig.count("other").merged).toBe(0);
  });

  it("longer than a port lets out are dropped there, each", () => {
    const rig = makeLab({ narrow: { offload: true, mtu: SIZE + 51 } });
    introduce(rig, "narrow");
    expect(pass(rig, model(packet({ payload: payload(900) }), SIZE))).toEqual({});
    expect(rig.drops("narrow")).toEqual({ mtu: 3 });
  });
});

describe("of three segments, none is merged where the second", () => {
  const train = (fields: Partial<Packet> = {}) => model(packet({ payload: payload(900), ...fields }), SIZE);

  it.each<[string, number, string]>([
    ["has another type of service", 1, "04"],
    ["may be fragmented, and the others not", 6, "0000"],
    ["is a first fragment", 6, "2000"],
    ["is a later fragment", 6, "0001"],
    ["has another TTL", 8, "3f"],
    ["is of another protocol", 9, "84"],
    ["is from another address", 15, "09"],
    ["is to another address", 19, "09"],
    ["leaves a gap", 24, "00000001"],
    ["acknowledges more", 28, "00000001"],
    ["has reserved bits", 32, "82"],
    ["says FIN", 33, "11"],
    ["says SYN", 33, "12"],
    ["says RST", 33, "14"],
    ["says URG", 33, "30"],
    ["says ECE", 33, "50"],
    ["says CWR", 33, "90"],
    ["acknowledges nothing", 33, "00"],
    ["has another window", 34, "2001"],
    ["has an urgent pointer", 38, "0001"],
    ["has other options", 40, "02"],
    ["has another last option", 51, "02"],
  ])("%s", (_, at, bytes) => {
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, odd(two, at, bytes), three]);
  });

  it.each<[string, number, string]>([
    ["has another traffic class", 0, "6002"],
    ["has another flow label", 3, "46"],
    ["has another hop limit", 7, "3f"],
    ["is from another address", 23, "09"],
    ["is to another address", 39, "09"],
  ])("%s, over IPv6", (_, at, bytes) => {
    const [one, two, three] = train({ ip: 6 }) as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, odd(two, at, bytes), three]);
  });

  it.each<[string, Partial<Packet>]>([
    ["has IP options", { ipOptions: 4 }],
    ["has a longer TCP header", { tcpOptions: 16 }],
    ["has none of the options", { tcpOptions: 0 }],
  ])("%s", (_, fields) => {
    const [one, , three] = train() as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, train(fields)[1]!, three]);
  });

  it.each<[string, number]>([
    ["is wrong at its end", 351], ["is wrong in its header", 16 + 34], ["has a wrong IP header", 24],
  ])("%s", (_, at) => {
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    two[at]! ^= 0x40;
    expectAsCame(makeLab(), [one, two, three]);
  });

  it("is wrong, over IPv6", () => {
    const [one, two, three] = train({ ip: 6 }) as [Buffer, Buffer, Buffer];
    two[380]! ^= 1;
    expectAsCame(makeLab(), [one, two, three]);
  });

  it("is a fragment, and so are the others", () => {
    expectAsCame(makeLab(), train().map((frame) => odd(frame, 6, "2000")));
  });

  it("comes again", () => {
    const [one, , three] = train() as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, one, three]);
  });

  it("comes too late", () => {
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, three, two]);
  });

  it("has an ID out of turn, and all may be fragmented", () => {
    const [one, two, three] = train().map((frame) => odd(frame, 6, "0000")) as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, odd(two, 4, "0007"), three]);
  });

  it("carries nothing", () => {
    const [one, , three] = train() as [Buffer, Buffer, Buffer];
    const empty = frameOf(packet({ sequence: 0xffffff00 + SIZE, payload: payload(0) }));
    expectAsCame(makeLab(), [one, empty, three]);
  });

  it.each(["0000", "fffd"])("has padding behind it, %s", (padding) => { // fffd leaves the sum of the longer one right
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    expectAsCame(makeLab(), [one, Buffer.concat([two, Buffer.from(padding, "hex")]), three]);
  });

  it("comes from another MAC", () => {
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    two[11] = 9;
    expectAsCame(makeLab(), [one, two, three]);
  });

  it("has another priority in its tag", () => {
    const rig = new Rig({ plain: { vlan: trunk([10]) }, guest: { vlan: trunk([10]), offload: true } });
    introduce(rig, "guest", "8100000a");
    const [one, , three] = train({ tags: "8100000a" }) as [Buffer, Buffer, Buffer];
    expectAsCame(rig, [one, train({ tags: "8100600a" })[1]!, three]);
  });

  it.each(["0806", "88b5", "8100"])("has frames of type %s before and behind it", (type) => {
    const [one, two, three] = train() as [Buffer, Buffer, Buffer];
    const stranger = Buffer.from(`020000000001020000000002${type}`.padEnd(120, "0"), "hex");
    const rig = new Rig({ plain: { vlan: { mode: "tunnel", vid: 1 } }, guest: { vlan: trunk([1], 1), offload: true } });
    introduce(rig, "guest");
    expectAsCame(rig, [one, stranger, two, stranger, three]);
  });
});

describe("a merge", () => {
  it("ends with PSH", () => {
    const rig = makeLab();
    const segments = model(packet({ payload: payload(1200) }), SIZE);
    segments[1] = odd(segments[1]!, 33, "18");
    const { guest } = pass(rig, segments);
    expect(guest!.map((frame) => frame.length)).toEqual([666, 666]);
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
  });

  it("ends with a segment that is shorter", () => {
    const rig = makeLab();
    const segments = model(packet({ payload: payload(700) }), SIZE);
    const more = model(packet({ sequence: 0xffffff00 + 700, id: 1, payload: payload(200) }), 100);
    const { guest } = pass(rig, [...segments, ...more]);
    expect(guest!.map((frame) => frame.length)).toEqual([766, 266]);
    expect(hex(apart(rig, guest))).toEqual(hex([...segments, ...more]));
  });

  it("begins anew behind a first segment that is wrong", () => {
    const rig = makeLab();
    const segments = model(packet({ payload: payload(900) }), SIZE);
    segments[0]![300]! ^= 1;
    const { guest } = pass(rig, segments);
    expect(guest!.map((frame) => frame.length)).toEqual([366, 666]);
    expect(hex(apart(rig, guest))).toEqual(hex(segments));
  });

  it("does not begin with a segment that is longer than those before", () => {
    const rig = makeLab();
    const [short] = model(packet({ payload: payload(100) }), 100) as [Buffer];
    const rest = model(packet({ sequence: 0xffffff00 + 100, payload: payload(900), id: 0xffff }), SIZE);
    const { guest } = pass(rig, [short, ...rest]);
    expect(guest!.map((frame) => frame.length)).toEqual([166, 966]);
    expect(hex(apart(rig, guest))).toEqual(hex([short, ...rest]));
  });
});
