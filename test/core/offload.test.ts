// Frames of which their sender left something undone, through the real core: they pass whole between ports that take
// such, and are finished for the others. Segments are held against the model, lies are told one a case.
// Read first: assembly/offload.ts, assembly/finish.ts, `sendUnlike` in assembly/egress.ts.

import { describe, expect, it } from "vitest";
import type { PortConfig } from "../../src/config/model.js";
import {
  ACK, CWR, ECN, FIN, GSO, PSH, forged, frameOf, headerOf, merged, model, packet, payload, unfinished, type Merged,
  type Packet,
} from "../model/merged.js";
import { access, Rig, trunk, type PortSpec } from "./rig.js";

const HEADER_NONE = "00000000000000000000";

const hex = (frames: readonly Uint8Array[] = []) => frames.map((frame) => Buffer.from(frame).toString("hex"));

/** The header that a sender writes, with a hint that can be. */
const header = (item: Merged, hint = 54) => headerOf(item, hint);

function pass(rig: Rig, from: string, item: Merged, hint?: number): Record<string, Uint8Array[]> {
  rig.injectBehind(from, header(item, hint), item.frame);
  rig.settle();
  return rig.outputs();
}

/** A guest whose device has offloads, one that has not. */
function makeLab(more: Record<string, PortSpec> = {}): Rig {
  return new Rig({ guest: { offload: true }, plain: {}, ...more });
}

/** The model's segments behind another tag, or none. */
function retagged(item: Packet, size: number, tags: string): string[] {
  return hex(model({ ...item, tags }, size));
}

describe("a merged frame", () => {
  it("passes whole, with its header, to a port that takes such", () => {
    const rig = new Rig({ guest: { offload: true }, other: { offload: true } });
    const item = unfinished(merged(packet({ payload: payload(60_000) }), 1448));
    const { other } = pass(rig, "guest", item);
    expect(hex(other)).toEqual(hex([item.frame]));
    expect(hex([rig.headerOf(other![0]!)!])).toEqual(hex([header(item)]));
  });

  it.each<[string, Partial<Packet>, number]>([
    ["TCP over IPv4, its ID and sequence number running over", {}, 300],
    ["TCP over IPv6", { ip: 6 }, 300],
    ["UDP over IPv4", { protocol: "udp" }, 300],
    ["UDP over IPv6", { ip: 6, protocol: "udp" }, 300],
    ["no tail", { payload: payload(900) }, 300],
    ["a tail of one byte", { payload: payload(901) }, 300],
    ["segments of odd length", { payload: payload(999) }, 333],
    ["segments of one byte", { payload: payload(9) }, 1],
    ["one segment only", { payload: payload(300) }, 300],
    ["FIN, PSH and CWR together", { flags: ACK | FIN | PSH | CWR }, 300],
    ["IPv4 options", { ipOptions: 8 }, 300],
    ["TCP without options", { tcpOptions: 0 }, 300],
    ["as many TCP options as there can be", { tcpOptions: 40, ip: 6 }, 300],
    ["as long as there can be", { payload: payload(65535 - 66) }, 1448],
    ["as many segments of one byte as UDP_SEGMENT allows", { payload: payload(128), protocol: "udp" }, 1],
    ["the least MSS of Linux, 48, with timestamps", { payload: payload(36 * 200) }, 36],
    ["an MSS of 536 (RFC 9293)", { payload: payload(65535 - 66) }, 536],
  ])("is split for a port that takes none: %s", (_, fields, size) => {
    const rig = makeLab();
    const { plain } = pass(rig, "guest", unfinished(merged(packet(fields), size)));
    expect(hex(plain)).toEqual(hex(model(packet(fields), size)));
    expect(rig.count("guest").copies).toBe(plain!.length - 1);
  });

  it("is split into every size, at every length", () => {
    const rig = makeLab();
    for (let length = 1; length <= 40; length++) {
      for (let size = 1; size <= length; size++) {
        const item = packet({ payload: payload(length), protocol: length % 2 ? "tcp" : "udp", tcpOptions: 0 });
        const { plain } = pass(rig, "guest", unfinished(merged(item, size)), 42);
        expect(hex(plain)).toEqual(hex(model(item, size)));
      }
    }
  });

  it.each<[string, PortSpec, PortSpec, string, string]>([
    ["gets the tag of a trunk", { vlan: access(10) }, { vlan: trunk([10]) }, "", "8100000a"],
    ["loses it at an access port", { vlan: trunk([10]) }, { vlan: access(10) }, "8100600a", ""],
    ["keeps it from trunk to trunk", { vlan: trunk([10]) }, { vlan: trunk([10]) }, "8100600a", "8100600a"],
    ["gets another for its priority tag", { vlan: access(10) }, { vlan: trunk([10]) }, "81006000", "8100600a"],
  ])("%s, whole and split", (_, from, to, came, left) => {
    const rig = new Rig({ guest: { ...from, offload: true }, plain: to, other: { ...to, offload: true } });
    const item = packet({ tags: came });
    const whole = unfinished(merged(item, 300));
    const { plain, other } = pass(rig, "guest", whole);
    expect(hex(plain)).toEqual(retagged(item, 300, left));
    const wanted = unfinished(merged({ ...item, tags: left }, 300));
    expect(hex(other)).toEqual(hex([wanted.frame]));
    expect(hex([rig.headerOf(other![0]!)!])).toEqual(hex([header(wanted)]));
  });

  it("starts the checksums of its segments anew, also where it says nothing of one", () => {
    const rig = makeLab();
    const { plain } = pass(rig, "guest", merged(packet(), 300, { flags: 0, start: 0, offset: 0 }));
    expect(hex(plain)).toEqual(hex(model(packet(), 300)));
  });

  it("stays without a checksum where UDP over IPv4 came without", () => {
    const item = forged(packet({ protocol: "udp" }), 40, "0000");
    const { plain } = pass(makeLab(), "guest", { ...item, flags: 0, start: 0, offset: 0 });
    expect(hex(plain).map((frame) => frame.slice(80, 84))).toEqual(["0000", "0000", "0000", "0000"]);
  });

  it("is split behind IPv6 extension headers", () => {
    const inner = frameOf(packet({ ip: 6 }));
    const options = Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]); // hop by hop: padding, then TCP
    const grow = (frame: Buffer) => {
      const grown = Buffer.concat([frame.subarray(0, 54), options, frame.subarray(54)]);
      grown[20] = 0;
      grown.writeUInt16BE(grown.length - 54, 18);
      return grown;
    };
    const item = { ...merged(packet({ ip: 6 }), 300), frame: grow(inner), start: 62 };
    const { plain } = pass(makeLab(), "guest", item, 94);
    expect(hex(plain)).toEqual(hex(model(packet({ ip: 6 }), 300).map(grow)));
  });

  it("is flooded whole to some and split for others", () => {
    const rig = makeLab({ other: { offload: true }, third: {} });
    const item = unfinished(merged(packet(), 300));
    const { plain, other, third } = pass(rig, "guest", item);
    const segments = hex(model(packet(), 300));
    expect([hex(plain), hex(other), hex(third)]).toEqual([segments, hex([item.frame]), segments]);
  });

  it("is split towards a port of another worker", () => {
    const rig = new Rig({ guest: { offload: true }, far: {}, near: {} }, { workers: 2 });
    const { far, near } = pass(rig, "guest", unfinished(merged(packet(), 300)));
    expect([hex(far), hex(near)]).toEqual([hex(model(packet(), 300)), hex(model(packet(), 300))]);
  });

  it("is one record in a capture", () => {
    const rig = makeLab({ ids: { monitor: true } });
    rig.addMirror("watch", { from: ["plain"], direction: "out", to: "ids" });
    const item = unfinished(merged(packet(), 300));
    const { ids, plain } = pass(rig, "guest", item);
    expect(hex(ids)).toEqual(hex([item.frame]));
    expect(hex(plain)).toEqual(hex(model(packet(), 300)));
  });

  it("loses what there are no slots for, by name", () => {
    const rig = makeLab({ stalled: {} });
    rig.end("stalled").stalled = true;
    rig.end("plain").stalled = true;
    const item = unfinished(merged(packet({ payload: payload(36_000) }), 36));
    for (let i = 0; i < 3; i++) rig.injectBehind("guest", header(item), item.frame);
    for (let i = 0; i < 5; i++) rig.turn();
    expect(rig.drops("plain")["no-buffer"] ?? 0).toBeGreaterThan(0);
    rig.end("plain").stalled = false;
    rig.end("stalled").stalled = false;
    rig.settle();
    rig.outputs();
    expect(pass(rig, "guest", unfinished(merged(packet(), 300)))["plain"]).toHaveLength(4); // and then goes on
  });

  it("counts as long as its longest segment against an MTU", () => {
    const mtu = (bytes: number): Partial<PortConfig> => ({ mtu: bytes });
    const rig = makeLab({ narrow: { offload: true, ...mtu(351) }, wide: { offload: true, ...mtu(352) } });
    const item = unfinished(merged(packet(), 300)); // 20 + 32 + 300 bytes each
    const outputs = pass(rig, "guest", item);
    expect(Object.keys(outputs).sort()).toEqual(["plain", "wide"]);
    expect(rig.drops("narrow")).toEqual({ mtu: 1 });
  });
});

describe("a checksum that is left to be completed", () => {
  const plainItem = (fields: Partial<Packet>) => merged(packet(fields), 0, { gso: GSO.none });

  it("is completed for a port that takes none, at every length", () => {
    const rig = makeLab();
    for (let length = 0; length < 70; length++) {
      const fields: Partial<Packet> = { payload: payload(length), protocol: length % 3 ? "tcp" : "udp" };
      const { plain } = pass(rig, "guest", unfinished(plainItem(fields)), 0);
      expect(hex(plain)).toEqual(hex([frameOf(packet(fields))]));
    }
    expect(rig.count("guest").copies).toBe(0);
  });

  it.each([4, 8, 12, 16, 20, 36, 40])("is completed wherever it begins (%i bytes of options)", (ipOptions) => {
    const fields = { ipOptions, payload: payload(1400) };
    const { plain } = pass(makeLab(), "guest", unfinished(plainItem(fields)), 0);
    expect(hex(plain)).toEqual(hex([frameOf(packet(fields))]));
  });

  it("passes as it is, with its header, to a port that takes such", () => {
    const rig = new Rig({ guest: { offload: true }, other: { offload: true } });
    const item = unfinished(plainItem({ ip: 6, protocol: "udp" }));
    const { other } = pass(rig, "guest", item, 0);
    expect(hex(other)).toEqual(hex([item.frame]));
    expect(hex([rig.headerOf(other![0]!)!])).toEqual(hex([header(item, 0)]));
  });

  it("is completed in copies, where others have the frame as it is", () => {
    const rig = makeLab({ other: { offload: true }, third: {}, tagged: { vlan: trunk([1]) } });
    const item = unfinished(plainItem({}));
    const { plain, other, third, tagged } = pass(rig, "guest", item, 0);
    const whole = hex([frameOf(packet())]);
    expect([hex(plain), hex(third), hex(other)]).toEqual([whole, whole, hex([item.frame])]);
    expect(hex(tagged)).toEqual(hex([frameOf(packet({ tags: "81000001" }))]));
  });

  it("is no business of a frame that comes without a header", () => {
    const rig = makeLab({ other: { offload: true } });
    const frame = frameOf(packet());
    const { other, guest } = rig.pass("plain", frame);
    expect([hex(other), hex(guest)]).toEqual([hex([frame]), hex([frame])]);
    expect(rig.headerOf(other![0]!)).toBeUndefined();
  });
});

describe("a header", () => {
  const tcp = packet();
  const tcp6 = packet({ ip: 6 });
  const udp = packet({ protocol: "udp" });
  const one = merged(tcp, 0, { gso: GSO.none });

  it("that says nothing takes nothing away", () => {
    const rig = makeLab({ other: { offload: true } });
    const item = { ...one, flags: 2, start: 0xffff, offset: 0xffff }; // checked already, by whoever sent it
    const { plain, other } = pass(rig, "guest", item, 0);
    expect([hex(plain), hex(other)]).toEqual([hex([item.frame]), hex([item.frame])]);
  });

  it("with ECN beside TCP is believed", () => {
    const { plain } = pass(makeLab(), "guest", unfinished(merged(tcp, 300, { gso: GSO.tcp4 | ECN })));
    expect(plain).toHaveLength(4);
  });

  it.each<[string, Merged, number?]>([
    ["has its checksum past the frame", { ...one, start: one.frame.length - 17 }, 0],
    ["has its checksum start past the frame", { ...one, start: 0xffff }, 0],
    ["has its checksum stand past the frame", { ...one, offset: 0xffff }, 0],
    ["has its checksum start in the Ethernet header", { ...one, start: 13 }, 0],
    ["has its checksum start in a tag", { ...merged(packet({ tags: "81000000" }), 0, { gso: 0 }), start: 17 }, 0],
    ["has headers longer than the frame", one, one.frame.length + 1],
    ["has segments of 0 bytes", merged(tcp, 0)],
    ["has segments longer than the frame", merged(tcp, 1002)],
    ["would become more than 128 segments of one byte", merged(packet({ payload: payload(129) }), 1)],
    ["would become more than 128 of 35 bytes", merged(packet({ payload: payload(35 * 128 + 1), protocol: "udp" }), 35)],
    ["is of the old kind of UDP offload", merged(udp, 300, { gso: GSO.udp4 })],
    ["is of a kind that nobody knows", merged(tcp, 300, { gso: 77 })],
    ["has ECN beside UDP", merged(udp, 300, { gso: GSO.udp | ECN })],
    ["has ECN beside nothing", merged(tcp, 300, { gso: ECN })],
    ["says TCP over IPv4 and is IPv6", merged(tcp6, 300, { gso: GSO.tcp4 })],
    ["says TCP over IPv6 and is IPv4", merged(tcp, 300, { gso: GSO.tcp6 })],
    ["says TCP and is UDP", merged(udp, 300, { gso: GSO.tcp4 })],
    ["says UDP and is TCP", merged(tcp, 300, { gso: GSO.udp })],
    ["has its checksum start elsewhere, as a tunnel", merged(tcp, 300, { start: 84 })],
    ["has its checksum at another offset", merged(tcp, 300, { offset: 6 })],
    ["is merged and neither IPv4 nor IPv6", forged(tcp, 12, "0806")],
    ["is merged, with another version in its IPv4 header", forged(tcp, 14, "65")],
    ["is merged, with another version in its IPv6 header", forged(tcp6, 14, "45")],
    ["is merged, with an IPv4 header that is too short", forged(tcp, 14, "44")],
    ["is merged, and shorter than its IPv4 header says", forged(tcp, 16, "ffff")],
    ["is merged, and longer than its IPv4 header says", forged(tcp, 16, "0100")],
    ["is merged, and shorter than its IPv6 header says", forged(tcp6, 18, "ffff")],
    ["is merged, and a jumbogram", forged(tcp6, 18, "0000")],
    ["is merged, and a first fragment", forged(tcp, 20, "2000")],
    ["is merged, and a later fragment", forged(tcp, 20, "0001")],
    ["is merged, with IPv6 extension headers without end", forged(tcp6, 20, "00")],
    ["is merged, with a TCP header that is too short", forged(tcp, 34 + 12, "40")],
    ["is merged, with a TCP header past the frame",
      forged(packet({ payload: payload(10), tcpOptions: 0 }), 46, "f0", 3)],
  ])("is a lie where it %s", (_, item, hint) => {
    const rig = makeLab({ other: { offload: true }, ids: { monitor: true, offload: true } });
    rig.addMirror("watch", { from: ["guest"], to: "ids" });
    const { ids, ...others } = pass(rig, "guest", item, hint ?? 54);
    expect(others).toEqual({});
    expect(rig.drops("guest")).toEqual({ malformed: 1 });
    expect(hex(ids)).toEqual(hex([item.frame])); // it did arrive, and nobody is to believe its header
    expect(hex([rig.headerOf(ids![0]!)!])).toEqual([HEADER_NONE]);
  });

  it("is a lie wherever the frame ends inside its headers", () => {
    const rig = makeLab();
    const items = [tcp, tcp6, udp, packet({ tags: "81000001" })].map((item) => merged(item, 300));
    for (const item of items) {
      for (let length = 18; length < 100; length++) {
        rig.injectBehind("guest", header(item, 0), item.frame.subarray(0, length));
      }
    }
    rig.settle();
    expect(rig.outputs()).toEqual({});
    expect(rig.drops("guest")).toEqual({ malformed: 4 * 82 });
  });
});
