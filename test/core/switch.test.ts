// Learning, forwarding and sending out, through the real core: who gets a frame, and in which shape.
// Read first: assembly/element/{learn,forward,emit}.ts, assembly/egress.ts, IEEE 802.1Q 8.6 to 8.8.

import { describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac, type Tag } from "../model/frames.js";
import { access, Rig, trunk, tunnel, type PortSpec, type RigOptions } from "./rig.js";

const A = testMac(0xa);
const B = testMac(0xb);
const C = testMac(0xc);

const from = (source: string, destination?: string): Uint8Array =>
  testFrame({ source, ...(destination === undefined ? {} : { destination }) });

function makeTrio(options: RigOptions = {}, c: PortSpec = {}): Rig {
  return new Rig({ a: {}, b: {}, c }, options);
}

describe("learning", () => {
  it("leads known unicast to its one port and floods the rest", () => {
    const rig = makeTrio();
    expect(Object.keys(rig.pass("a", from(A, B)))).toEqual(["b", "c"]);
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a"]);
    expect(Object.keys(rig.pass("a", from(A, B)))).toEqual(["b"]);
    expect(rig.count("a")).toMatchObject({ copies: 1, dropsIn: {} });
  });

  it("follows a MAC that moves, there and back", () => {
    const rig = makeTrio();
    for (const port of ["a", "b", "a"]) {
      rig.pass(port, from(A));
      expect(rig.fdb()).toEqual([`1 ${A} ${port}`]);
      expect(Object.keys(rig.pass("c", from(C, A)))).toEqual([port]);
      rig.host.flushPort(rig.end("c").port.index, 0);
    }
  });

  it("keeps VLANs and switches apart", () => {
    const rig = new Rig({ a: { vlan: access(1) }, b: { vlan: access(2) }, t: { vlan: trunk("all") } });
    rig.addSwitch("other");
    rig.addPort("x", { on: "other" });
    for (const port of ["a", "b", "x"]) rig.pass(port, from(A));
    expect(rig.fdb()).toEqual([`1 ${A} a`, `1 ${A} x`, `2 ${A} b`]);
  });

  it.each(["00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"])(
    "never takes %s for a source",
    (source) => {
      const rig = makeTrio();
      expect(Object.keys(rig.pass("a", from(source)))).toEqual(["b", "c"]);
      expect(rig.fdb()).toEqual([]);
    },
  );

  it("does not happen in a hub, where every frame goes everywhere", () => {
    const rig = makeTrio({ learning: false });
    rig.pass("a", from(A));
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a", "c"]);
    expect(rig.fdb()).toEqual([]);
  });

  it("ends when a switch becomes a hub, and begins again", () => {
    const rig = makeTrio();
    rig.pass("a", from(A));
    rig.changeSwitch("lab", { learning: false, agingSeconds: 300 });
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a", "c"]);
    rig.changeSwitch("lab", { learning: true, agingSeconds: 300 });
    rig.pass("a", from(A));
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a"]);
  });

  it("is forgotten with the link", () => {
    const rig = makeTrio();
    rig.pass("a", from(A));
    rig.link("a", false);
    expect(rig.fdb()).toEqual([]);
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["c"]);
    rig.link("a", true);
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a", "c"]);
  });

  it("is forgotten with the port", () => {
    const rig = makeTrio();
    rig.pass("a", from(A));
    rig.removePort("a");
    expect(rig.fdb()).toEqual([]);
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["c"]);
  });
});

describe("static MACs", () => {
  it("are never moved, aged or flushed", () => {
    const rig = new Rig({ a: { macs: [A] }, b: {}, c: {} }, { agingSeconds: 10 });
    expect(Object.keys(rig.pass("b", from(A)))).toEqual(["a", "c"]);
    rig.host.flushSwitch(0, 0);
    rig.host.flushPort(rig.end("a").port.index, 0);
    for (let second = 0; second < 100; second++) rig.turn(1000);
    expect(rig.fdb()).toEqual([`1 ${A} a *`]);
    expect(Object.keys(rig.pass("c", from(C, A)))).toEqual(["a"]);
  });

  it("take the place of what was learned elsewhere", () => {
    const rig = makeTrio();
    rig.pass("b", from(A));
    rig.changePort("a", { macs: [A] });
    expect(rig.fdb()).toEqual([`1 ${A} a *`]);
    rig.changePort("a", { macs: [] });
    expect(rig.fdb()).toEqual([]);
  });

  it("lead nowhere in a hub, not even after a switch became one", () => {
    const rig = new Rig({ a: { macs: [A] }, b: {}, c: {} });
    rig.changeSwitch("lab", { learning: false, agingSeconds: 300 });
    expect(Object.keys(rig.pass("b", from(B, A)))).toEqual(["a", "c"]);
    rig.addPort("d", { macs: [B] });
    expect(Object.keys(rig.pass("c", from(C, B)))).toEqual(["a", "b", "d"]);
    rig.changeSwitch("lab", { learning: true, agingSeconds: 300 });
    expect(Object.keys(rig.pass("b", from(C, A)))).toEqual(["a"]);
    expect(Object.keys(rig.pass("b", from(C, B)))).toEqual(["d"]);
  });

  it("live in every VLAN that their trunk names", () => {
    const rig = new Rig({ t: { vlan: trunk([2, 3], 9), macs: [A] } });
    expect(rig.fdb()).toEqual([2, 3, 9].map((vid) => `${vid} ${A} t *`));
  });
});

describe("a flood", () => {
  it("reaches every other member once, each with its own tag", () => {
    const rig = new Rig({
      a: { vlan: access(10) }, b: { vlan: access(10) }, other: { vlan: access(20) },
      all: { vlan: trunk("all") }, list: { vlan: trunk([20]) }, native: { vlan: trunk([20], 10) },
      tunnel: { vlan: tunnel(10) }, ids: { vlan: access(10), monitor: true },
    });
    expect(rig.pass("a", testFrame())).toEqual({
      b: [testFrame()], all: [testFrame({ tags: [cTag(10)] })], native: [testFrame()], tunnel: [testFrame()],
    });
    expect(rig.count("a")).toMatchObject({ rx: { frames: 1, bytes: 60 }, copies: 3 });
  });

  it("reaches ports in every word of the members' set", () => {
    const rig = new Rig();
    const names = Array.from({ length: 200 }, (_, i) => `p${i}`);
    for (const name of names) rig.addPort(name);
    expect(Object.keys(rig.pass("p77", testFrame()))).toEqual(names.filter((name) => name !== "p77"));
  });

  it("of which nobody is left is dropped as same-port", () => {
    const rig = new Rig({ a: {}, b: { vlan: access(2) } });
    expect(rig.pass("a", testFrame())).toEqual({});
    expect(rig.drops("a")).toEqual({ "same-port": 1 });
  });

  it("goes past ports whose link is down", () => {
    const rig = makeTrio();
    rig.link("b", false);
    expect(Object.keys(rig.pass("a", testFrame()))).toEqual(["c"]);
    expect(rig.count("b").dropsOut).toEqual({});
  });
});

describe("known unicast", () => {
  it("never goes back to where it came from", () => {
    const rig = makeTrio();
    rig.pass("a", from(B));
    expect(rig.pass("a", from(A, B))).toEqual({});
    expect(rig.drops("a")).toEqual({ "same-port": 1 });
  });

  it.each(["01:80:c2:00:00:00", "01:80:c2:00:00:0f"])("for %s is not forwarded, though its source is learned", (to) => {
    const rig = makeTrio();
    expect(rig.pass("a", from(A, to))).toEqual({});
    expect(rig.drops("a")).toEqual({ "reserved-mac": 1 });
    expect(rig.fdb()).toEqual([`1 ${A} a`]);
  });

  it.each(["01:80:c2:00:00:10", "01:80:c2:00:01:00", "01:80:c2:01:00:00"])("for %s is an ordinary group", (to) => {
    expect(Object.keys(makeTrio().pass("a", from(A, to)))).toEqual(["b", "c"]);
  });
});

describe("isolation", () => {
  const isolated = { isolated: true };

  it("keeps isolated ports from each other, and from nobody else", () => {
    const rig = new Rig({ a: isolated, b: isolated, c: {} });
    expect(Object.keys(rig.pass("a", from(A)))).toEqual(["c"]);
    expect(Object.keys(rig.pass("c", from(C)))).toEqual(["a", "b"]);
    expect(rig.pass("b", from(B, A))).toEqual({});
    expect(rig.drops("b")).toEqual({ isolated: 1 });
    expect(Object.keys(rig.pass("b", from(B, C)))).toEqual(["c"]);
    expect(Object.keys(rig.pass("c", from(C, B)))).toEqual(["b"]);
  });

  it("is the reason where only it kept a flood from everybody", () => {
    const rig = new Rig({ a: isolated, b: isolated });
    rig.pass("a", testFrame());
    expect(rig.drops("a")).toEqual({ isolated: 1 });
  });

  it("is not the reason where the only one left is down", () => {
    const rig = new Rig({ a: isolated, b: {} });
    rig.link("b", false);
    rig.pass("a", testFrame());
    expect(rig.drops("a")).toEqual({ "same-port": 1 });
  });

  it("is told by the port's settings of now", () => {
    const rig = new Rig({ a: isolated, b: isolated });
    rig.changePort("b", { isolated: false });
    expect(Object.keys(rig.pass("a", testFrame()))).toEqual(["b"]);
  });
});

describe("tags on the way out", () => {
  it("keep TPID, PCP and DEI from trunk to trunk", () => {
    const rig = new Rig({ a: { vlan: trunk("all") }, b: { vlan: trunk("all") } });
    for (const tag of [cTag(7, 3), cTag(7, 0, true), sTag(4094, 7, true)]) {
      const frame = testFrame({ tags: [tag, cTag(5, 1)] });
      expect(rig.pass("a", frame)).toEqual({ b: [frame] });
    }
  });

  it("are taken off for access, native and tunnel ports", () => {
    const rig = new Rig({
      a: { vlan: trunk("all") }, b: { vlan: access(7) }, c: { vlan: trunk([1], 7) }, d: { vlan: tunnel(7) },
    });
    for (const tag of [cTag(7, 3), sTag(7, 5)]) {
      const bare = [testFrame()];
      expect(rig.pass("a", testFrame({ tags: [tag] }))).toEqual({ b: bare, c: bare, d: bare });
    }
  });

  it("are taken off a frame with another VLAN's tag inside for tunnels only", () => {
    const ports = {
      a: { vlan: trunk("all") }, b: { vlan: access(7) }, c: { vlan: trunk([1], 7) }, d: { vlan: tunnel(7) },
    };
    for (const outer of [cTag(7), sTag(7)]) {
      for (const inner of [[cTag(3)], [sTag(3)], [cTag(0), cTag(3)], [sTag(0), sTag(0), cTag(3)]]) {
        const rig = new Rig(ports);
        expect(rig.pass("a", testFrame({ tags: [outer, ...inner] }))).toEqual({ d: [testFrame({ tags: inner })] });
      }
    }
  });

  it("of priority inside a VLAN's name none, and go along everywhere", () => {
    const rig = new Rig({ a: { vlan: trunk("all") }, b: { vlan: access(7) }, c: { vlan: trunk([1], 7) } });
    const inside = testFrame({ tags: [cTag(0, 5)] });
    expect(rig.pass("a", testFrame({ tags: [cTag(7), cTag(0, 5)] }))).toEqual({ b: [inside], c: [inside] });
  });

  it("leave the customer's in a tunnel untouched, and out of sight of access and native ports", () => {
    const rig = new Rig({
      a: { vlan: tunnel(5) }, b: { vlan: tunnel(5) }, c: { vlan: access(5) }, d: { vlan: trunk([6], 5) },
    });
    const frame = testFrame({ source: A, tags: [cTag(9, 4, true)] });
    expect(rig.pass("a", frame)).toEqual({ b: [frame] });
    rig.pass("c", from(C));
    expect(rig.pass("a", testFrame({ destination: C, tags: [cTag(9)] }))).toEqual({});
    expect(rig.drops("a")).toEqual({ vlan: 1 });
  });

  it("inside keep a flood from everybody: dropped as vlan", () => {
    const rig = new Rig({ a: { vlan: access(100) }, t: { vlan: trunk([10, 100], 100) } });
    expect(rig.pass("a", testFrame({ tags: [cTag(0), cTag(7)] }))).toEqual({});
    expect(rig.drops("a")).toEqual({ vlan: 1 });
    expect(rig.pass("a", testFrame({ tags: [cTag(0)] }))).toEqual({ t: [testFrame()] });
  });
});

describe("reserved addresses", () => {
  const numbers = Array.from({ length: 16 }, (_, i) => i.toString(16).padStart(2, "0"));
  const ofCustomers = ["00", "0b", "0c", "0d", "0f"];
  const network = {
    c1: { vlan: tunnel(100) }, c2: { vlan: tunnel(100) }, net: { vlan: trunk([100]) },
    guest: { vlan: access(100) }, native: { vlan: trunk([7], 100) },
  };

  function cross(at: keyof typeof network, tags: Tag[]): { reached: Record<string, string[]>; rig: Rig } {
    const rig = new Rig(network);
    const reached: Record<string, string[]> = {};
    for (const number of numbers) {
      const frame = testFrame({ destination: `01:80:c2:00:00:${number}`, tags });
      for (const port of Object.keys(rig.pass(at, frame))) (reached[port] ??= []).push(number);
    }
    return { reached, rig };
  }

  it("of customers cross tunnels and the provider's trunks, the provider's own do not (IEEE 802.1Q table 8-2)", () => {
    const { reached, rig } = cross("c1", []);
    expect(reached).toEqual({ c2: ofCustomers, net: ofCustomers });
    expect(rig.drops("c1")).toEqual({ "reserved-mac": 11 });
  });

  it("of customers come out of the provider's trunks into tunnels", () => {
    expect(cross("net", [sTag(100)]).reached).toEqual({ c1: ofCustomers, c2: ofCustomers });
  });

  it.each<[keyof typeof network, Tag[]]>([
    ["net", [cTag(100)]], ["guest", []], ["guest", [sTag(0)]], ["native", []], ["native", [sTag(0)]],
  ])("stay where no provider carries them (table 8-1): at %s", (at, tags) => {
    const { reached, rig } = cross(at, tags);
    expect(reached).toEqual({});
    expect(rig.drops(at)).toEqual({ "reserved-mac": 16 });
  });
});

describe("mtu", () => {
  const payload = (bytes: number): Uint8Array => testFrame({ payload: new Uint8Array(bytes) });

  it("drops the copies that are too long, tag not counted, and no others", () => {
    const rig = new Rig({ a: {}, b: { mtu: 100 }, c: { mtu: 99 }, t: { vlan: trunk([1]), mtu: 100 } });
    expect(Object.keys(rig.pass("a", payload(100)))).toEqual(["b", "t"]);
    expect(rig.count("c").dropsOut).toEqual({ mtu: 1 });
    expect(rig.pass("a", payload(101))).toEqual({});
    expect(rig.count("a")).toMatchObject({ copies: 4, dropsIn: {} });
  });

  it("counts a customer's tag", () => {
    const rig = new Rig({ a: { vlan: tunnel(1) }, b: { vlan: tunnel(1), mtu: 100 } });
    rig.pass("a", testFrame({ tags: [cTag(3)], payload: new Uint8Array(100) }));
    expect(rig.count("b").dropsOut).toEqual({ mtu: 1 });
  });

  it("is 65,536 bytes with the tag where nothing is said, for no peer takes more", () => {
    const rig = new Rig({ a: {}, b: {}, t: { vlan: trunk([1]) } });
    expect(Object.keys(rig.pass("a", payload(65536 - 14)))).toEqual(["b"]);
    expect(rig.count("t").dropsOut).toEqual({ mtu: 1 });
    expect(Object.keys(rig.pass("a", payload(65536 - 18)))).toEqual(["b", "t"]);
  });
});

describe("a batch", () => {
  it("of thousands arrives in order at every port", () => {
    const rig = makeTrio();
    const frames = Array.from({ length: 5000 }, (_, i) => testFrame({ payload: Uint8Array.from([i >> 8, i & 255]) }));
    rig.inject("a", ...frames);
    rig.settle();
    expect(rig.outputs()).toEqual({ b: frames, c: frames });
  });
});
