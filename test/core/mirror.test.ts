// Mirrors through the real core: what a monitor port gets, in which shape, and what it costs whom.
// Read first: assembly/element/mirror.ts, `copy` in assembly/egress.ts.

import { describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac } from "../model/frames.js";
import { access, Rig, trunk, tunnel, type PortSpec } from "./rig.js";

const A = testMac(0xa);
const B = testMac(0xb);
const atA = testFrame({ source: A });
const fromAtoB = testFrame({ source: A, destination: B });
const fromBtoA = testFrame({ source: B, destination: A });

function makeLab(more: Record<string, PortSpec> = {}): Rig {
  return new Rig({ a: {}, b: {}, ids: { monitor: true }, ...more });
}

/** Frames that go both ways between a and b, both known. */
function talk(rig: Rig): Record<string, Uint8Array[]> {
  rig.pass("a", atA);
  rig.pass("b", fromBtoA);
  rig.inject("a", fromAtoB);
  rig.settle();
  rig.inject("b", fromBtoA);
  rig.settle();
  return rig.outputs();
}

describe("a mirror of a port", () => {
  it.each([["in", [fromAtoB]], ["out", [fromBtoA]], ["both", [fromAtoB, fromBtoA]]] as const)(
    "copies what goes %s",
    (direction, copies) => {
      const rig = makeLab();
      talk(rig);
      rig.addMirror("watch", { from: ["a"], direction, to: "ids" });
      const { a, b, ids } = talk(rig);
      expect({ a, b }).toEqual({ a: [fromBtoA], b: [fromAtoB] });
      expect(ids).toEqual(direction === "in" ? [fromAtoB] : direction === "out" ? [fromBtoA] : copies);
    },
  );

  it("copies a frame once, though it enters and leaves through its ports", () => {
    const rig = makeLab({ c: {} });
    rig.addMirror("watch", { from: ["a", "b", "c"], to: "ids" });
    expect(rig.pass("a", atA)).toEqual({ b: [atA], c: [atA], ids: [atA] });
    expect(rig.count("a").copies).toBe(2);
  });

  it("copies for every mirror of its own", () => {
    const rig = makeLab({ ids2: { monitor: true } });
    rig.addMirror("one", { from: ["a"], to: "ids" });
    rig.addMirror("two", { from: ["b"], to: "ids2" });
    rig.addMirror("three", { from: ["a"], direction: "in", to: "ids" });
    expect(rig.pass("a", atA)).toEqual({ b: [atA], ids: [atA, atA], ids2: [atA] });
  });

  it("shows frames as they are on that port's wire", () => {
    const rig = makeLab({ t: { vlan: trunk([1]) } });
    rig.addMirror("watch", { from: ["t"], to: "ids" });
    expect(rig.pass("a", atA).ids).toEqual([testFrame({ source: A, tags: [cTag(1)] })]);
    const tagged = testFrame({ source: B, tags: [sTag(1, 5, true), cTag(7)] });
    expect(rig.pass("t", tagged).ids).toEqual([tagged]);
  });

  it("shows what enters though it is dropped", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], to: "ids" });
    const stranger = testFrame({ tags: [cTag(99)] });
    expect(rig.pass("a", stranger)).toEqual({ ids: [stranger] });
    expect(rig.drops("a")).toEqual({ vlan: 1 });
    expect(rig.pass("a", testFrame().subarray(0, 13))).toEqual({});
    expect(rig.drops("a")).toEqual({ vlan: 1, malformed: 1 });
  });

  it("does not show what was too long to leave", () => {
    const rig = makeLab({ c: { mtu: 68 } });
    rig.addMirror("watch", { from: ["c"], direction: "out", to: "ids" });
    const long = testFrame({ payload: new Uint8Array(69) });
    expect(rig.pass("a", long)).toEqual({ b: [long] });
  });

  it("ends when it is removed", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], vlans: [1], to: "ids" });
    expect(rig.pass("a", atA).ids).toEqual([atA]);
    rig.removeMirror("watch");
    expect(rig.pass("a", atA)).toEqual({ b: [atA] });
  });

  it("costs nothing while its monitor port is down", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], to: "ids" });
    rig.link("ids", false);
    expect(rig.pass("a", atA)).toEqual({ b: [atA] });
    expect(rig.count("a").copies).toBe(0);
    expect(rig.drops("ids")).toEqual({});
  });

  it("survives a port's change of VLAN", () => {
    const rig = makeLab({ c: { vlan: access(2) } });
    rig.addMirror("watch", { from: ["a"], to: "ids" });
    rig.changePort("a", { vlan: access(2) });
    expect(rig.pass("a", atA)).toEqual({ c: [atA], ids: [atA] });
  });
});

describe("a mirror of a VLAN", () => {
  it("copies what enters it anywhere, once, and nothing of other VLANs", () => {
    const rig = makeLab({ c: { vlan: access(2) }, t: { vlan: trunk("all") } });
    rig.addMirror("watch", { vlans: [1], to: "ids" });
    expect(rig.pass("a", atA).ids).toEqual([atA]);
    const tagged = testFrame({ source: B, tags: [cTag(1)] });
    expect(rig.pass("t", tagged).ids).toEqual([tagged]);
    expect(rig.pass("c", atA).ids).toBeUndefined();
  });

  it("and of ports in it makes one copy", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a", "b"], vlans: [1], to: "ids" });
    expect(rig.pass("a", atA).ids).toEqual([atA]);
  });

  it("that has no port yet waits for the first", () => {
    const rig = makeLab();
    rig.addMirror("watch", { vlans: [7], to: "ids" });
    rig.addPort("c", { vlan: access(7) });
    rig.addPort("d", { vlan: access(7) });
    expect(rig.pass("c", atA)).toEqual({ d: [atA], ids: [atA] });
  });
});

describe("a copy", () => {
  const long = testFrame({ source: A, payload: new Uint8Array(1000).fill(7) });

  it.each([14, 15, 16, 17, 18, 64, 1013, 5000])("is cut to a snaplen of %i, and the traffic is not", (snaplen) => {
    const rig = makeLab({ t: { vlan: trunk([1]) }, u: { vlan: tunnel(1) } });
    rig.addMirror("watch", { from: ["t"], to: "ids", snaplen });
    const wire = testFrame({ source: A, tags: [cTag(1)], payload: long.subarray(14) });
    const { b, t, u, ids } = rig.pass("a", long);
    expect({ b, t, u }).toEqual({ b: [long], t: [wire], u: [long] });
    expect(ids).toEqual([wire.subarray(0, snaplen)]);
    expect(rig.count("ids").tx).toEqual({ frames: 1, bytes: Math.min(snaplen, wire.length) });
  });

  it("beyond the mirror's rate is dropped and counted as rate, and the traffic is not", () => {
    const rig = makeLab();
    // 20 ms' worth at once: 80,000 bits, ten frames of 1,000 bytes.
    rig.addMirror("watch", { from: ["a"], to: "ids", rate: { unit: "bps", value: 4_000_000 } });
    const frame = testFrame({ payload: new Uint8Array(986) });
    rig.inject("a", ...Array.from({ length: 25 }, () => frame));
    rig.settle();
    const { b, ids } = rig.outputs();
    expect([b?.length, ids?.length]).toEqual([25, 10]);
    expect(rig.drops("ids")).toEqual({ rate: 15 });
    expect(rig.drops("a")).toEqual({});
    rig.turn(2);
    expect(rig.pass("a", frame).ids).toHaveLength(1);
    expect(rig.pass("a", frame).ids).toBeUndefined();
  });

  it("is paid for by what is left of it after the cut", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], to: "ids", snaplen: 100, rate: { unit: "bps", value: 4_000_000 } });
    rig.inject("a", ...Array.from({ length: 150 }, () => long));
    rig.settle();
    expect(rig.outputs().ids).toHaveLength(100);
  });

  it("counts frames where the rate does", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], to: "ids", rate: { unit: "pps", value: 1000 } });
    rig.inject("a", ...Array.from({ length: 30 }, () => long));
    rig.settle();
    expect(rig.outputs().ids).toHaveLength(20);
  });

  it("that a slow monitor port has no room for is its own loss", () => {
    const rig = makeLab();
    rig.addMirror("watch", { from: ["a"], to: "ids" });
    rig.end("ids").stalled = true;
    for (let i = 0; i < 3000; i++) rig.inject("a", atA);
    rig.settle();
    expect(rig.outputs().b).toHaveLength(3000);
    expect(Object.keys(rig.drops("ids"))).toEqual(["queue-full"]);
    expect([rig.drops("a"), rig.drops("b")]).toEqual([{}, {}]);
  });
});
