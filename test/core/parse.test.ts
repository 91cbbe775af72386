// Parse and VLAN in, through the real core: which frames a port takes, and why it does not take the others.
// One malformed case a test. Read first: assembly/element/parse.ts, IEEE 802.1Q 6.9.

import { describe, expect, it } from "vitest";
import type { Vlan } from "../../src/config/model.js";
import { cTag, sTag, testFrame, type Tag } from "../model/frames.js";
import { access, Rig, trunk, tunnel } from "./rig.js";

/** A port in some mode, and beside it a trunk that shows with which tag a frame is inside. */
function makePair(vlan: Vlan): Rig {
  return new Rig({ a: { vlan }, inside: { vlan: trunk("all") } });
}

const tagged = (...tags: Tag[]): Uint8Array => testFrame({ tags });

describe("a port takes", () => {
  it.each<[string, Vlan, Tag[], Tag[]]>([
    ["untagged at access", access(10), [], [cTag(10)]],
    ["priority-tagged at access", access(10), [cTag(0, 5, true)], [cTag(10, 5, true)]],
    ["a service priority tag at access", access(10), [sTag(0, 3)], [sTag(10, 3)]],
    ["a tag behind a priority tag at access", access(10), [cTag(0), cTag(7)], [cTag(10), cTag(7)]],
    ["the highest VID at access", access(4094), [], [cTag(4094)]],
    ["a listed VID at a trunk", trunk([10, 20]), [cTag(20, 7, true)], [cTag(20, 7, true)]],
    ["a service tag at a trunk", trunk([10]), [sTag(10, 1)], [sTag(10, 1)]],
    ["two tags at a trunk", trunk([10]), [sTag(10), cTag(4095)], [sTag(10), cTag(4095)]],
    ["untagged at a native trunk", trunk([10], 99), [], [cTag(99)]],
    ["priority-tagged at a native trunk", trunk([10], 99), [cTag(0, 2)], [cTag(99, 2)]],
    ["VID 1 at a trunk of all", trunk("all"), [cTag(1)], [cTag(1)]],
    ["VID 4094 at a trunk of all", trunk("all"), [cTag(4094)], [cTag(4094)]],
    ["untagged at a tunnel", tunnel(30), [], [sTag(30)]],
    ["tagged at a tunnel", tunnel(30), [cTag(5, 6)], [sTag(30), cTag(5, 6)]],
    ["priority-tagged at a tunnel", tunnel(30), [cTag(0, 6)], [sTag(30), cTag(0, 6)]],
    ["twice tagged at a tunnel", tunnel(30), [sTag(30), cTag(4095)], [sTag(30), sTag(30), cTag(4095)]],
  ])("%s", (_, vlan, tags, inside) => {
    expect(makePair(vlan).pass("a", tagged(...tags))).toEqual({ inside: [tagged(...inside)] });
  });

  it("a stack of twenty tags, of which the first decides", () => {
    const stack = Array.from({ length: 19 }, (_, i) => (i % 2 ? sTag(i) : cTag(i)));
    const frame = tagged(cTag(10), ...stack);
    expect(makePair(trunk([10])).pass("a", frame)).toEqual({ inside: [frame] });
    expect(makePair(tunnel(3)).pass("a", frame)).toEqual({ inside: [tagged(sTag(3), cTag(10), ...stack)] });
  });

  it("all 4094 VLANs at once", () => {
    const rig = makePair(trunk("all"));
    const frames = Array.from({ length: 4096 }, (_, vid) => tagged(cTag(vid)));
    rig.inject("a", ...frames);
    rig.settle();
    expect(rig.outputs().inside).toEqual(frames.slice(1, 4095));
    expect(rig.count("a").dropsIn).toEqual({ vlan: 2 });
  });

  it("VLANs of its switch and of no other", () => {
    const rig = makePair(access(10));
    rig.addSwitch("other");
    rig.addPort("far", { on: "other", vlan: trunk("all") });
    expect(rig.pass("a", testFrame())).toEqual({ inside: [tagged(cTag(10))] });
  });

  it("what it is told to take from now on", () => {
    const rig = makePair(access(10));
    rig.changePort("a", { vlan: trunk([20]) });
    expect(rig.pass("a", tagged(cTag(20)))).toEqual({ inside: [tagged(cTag(20))] });
    expect(rig.pass("a", testFrame())).toEqual({});
    expect(rig.drops("a")).toEqual({ vlan: 1 });
  });

  it("a frame of 14 bytes, and one of 65,536", () => {
    const rig = makePair(tunnel(1));
    rig.addPort("b", { vlan: tunnel(1) });
    for (const length of [14, 65536]) {
      const frame = testFrame({ payload: new Uint8Array(length - 14) });
      expect(rig.pass("a", frame).b).toEqual([frame]);
    }
  });
});

describe("a port drops as vlan", () => {
  it.each<[string, Vlan, Tag[]]>([
    ["its own VID at access", access(10), [cTag(10)]],
    ["another VID at access", access(10), [cTag(11)]],
    ["a service tag at access", access(10), [sTag(10)]],
    ["untagged at a trunk", trunk([10]), []],
    ["priority-tagged at a trunk", trunk([10]), [cTag(0)]],
    ["a VID that is not listed", trunk([10, 20]), [cTag(15)]],
    ["the native VID tagged, where it is not listed", trunk([10], 99), [cTag(99)]],
    ["VID 4095 at a trunk of all", trunk("all"), [cTag(4095)]],
    ["VID 4095 at access", access(1), [cTag(4095)]],
  ])("%s", (_, vlan, tags) => {
    const rig = makePair(vlan);
    expect(rig.pass("a", tagged(...tags))).toEqual({});
    expect(rig.drops("a")).toEqual({ vlan: 1 });
    expect(rig.fdb()).toEqual([]);
  });
});

describe("malformed", () => {
  const lengths = Array.from({ length: 14 }, (_, length) => length);

  it.each(lengths)("a frame of %i bytes", (length) => {
    for (const vlan of [access(1), trunk("all", 1), tunnel(1)]) {
      const rig = makePair(vlan);
      expect(rig.pass("a", testFrame().subarray(0, length))).toEqual({});
      expect(rig.drops("a")).toEqual({ malformed: 1 });
      expect(rig.count("a").rx).toEqual({ frames: 1, bytes: length });
    }
  });

  it.each([14, 15, 16, 17])("a tag cut off at %i bytes", (length) => {
    for (const tag of [cTag(0), cTag(10), sTag(10)]) {
      const rig = makePair(trunk("all", 1));
      rig.pass("a", tagged(cTag(10))); // what lies in the slot from before must not count
      rig.outputs();
      expect(rig.pass("a", tagged(tag).subarray(0, length))).toEqual({});
      expect(rig.drops("a")).toEqual({ malformed: 1 });
    }
  });

  it("a frame of 65,537 bytes", () => {
    for (const vlan of [access(1), tunnel(1)]) {
      const rig = makePair(vlan);
      expect(rig.pass("a", testFrame({ payload: new Uint8Array(65523) }))).toEqual({});
      expect(rig.drops("a")).toEqual({ malformed: 1 });
    }
  });

  it("what a tag at 18 bytes is not: it has its EtherType, and nothing after it", () => {
    const frame = testFrame({ tags: [cTag(10)], payload: new Uint8Array() });
    expect(frame).toHaveLength(18);
    expect(makePair(trunk([10])).pass("a", frame)).toEqual({ inside: [frame] });
  });
});

describe("a tag that is cut off in a tunnel", () => {
  it.each([14, 15])("at %i bytes may name a VLAN once it is padded, whatever lay in its slot before", (length) => {
    const rig = makePair(tunnel(1));
    rig.addPort("b", { vlan: access(1) });
    rig.addPort("c", { vlan: tunnel(1) });
    const cut = tagged(cTag(9)).subarray(0, length);
    // One frame with an inner VID, and one without, in every slot that the cut one may find itself in.
    for (const before of [cTag(9), cTag(0)]) {
      rig.inject("a", ...Array.from({ length: 2048 }, () => tagged(before)));
      rig.settle();
      rig.outputs();
      const { b, c } = rig.pass("a", cut);
      expect({ b, c }).toEqual({ b: undefined, c: [cut] });
    }
  });
});

describe("monitor", () => {
  it("ports' own frames never enter", () => {
    const rig = makePair(access(1));
    rig.addPort("ids", { vlan: trunk("all", 1), monitor: true });
    expect(rig.pass("ids", testFrame())).toEqual({});
    expect(rig.pass("ids", tagged(cTag(5)))).toEqual({});
    expect(rig.drops("ids")).toEqual({ monitor: 2 });
  });

  it("ports' runts are malformed like others'", () => {
    const rig = new Rig({ ids: { monitor: true } });
    rig.pass("ids", new Uint8Array(3));
    expect(rig.drops("ids")).toEqual({ malformed: 1 });
  });
});
