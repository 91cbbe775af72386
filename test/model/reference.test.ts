// The reference model against what is known without it: the VLAN table, and cases written by hand.

import { describe, expect, it } from "vitest";
import {
  cTag, looksTagged, outerTag, popTag, pushTag, sTag, tagText, tagsOf, testFrame, testMac, type Tag,
} from "./frames.js";
import { ReferenceSwitch, type ReferencePort, type ReferenceResult, type ReferenceVlan } from "./reference.js";
import { STACK_TABLE } from "./stack-table.js";
import { VLAN_TABLE, VLAN_TABLE_PORTS } from "./vlan-table.js";

const access = (vid: number): ReferenceVlan => ({ mode: "access", vid });
const A = testMac(0xa);
const B = testMac(0xb);

function port(vlan: ReferenceVlan, more: Partial<ReferencePort> = {}): ReferencePort {
  return { vlan, isolated: false, monitor: false, macs: [], ...more };
}

function makeSwitch(ports: Record<string, ReferencePort>, learning = true): ReferenceSwitch {
  return new ReferenceSwitch({ learning, agingSeconds: 300, ports });
}

/** Three access ports of one VLAN. */
function makeTrio(learning = true): ReferenceSwitch {
  return makeSwitch({ a: port(access(1)), b: port(access(1)), c: port(access(1)) }, learning);
}

function reached(result: ReferenceResult): string[] {
  return result.outputs.map((output) => output.port);
}

const tagTexts = (tags: readonly Tag[]): string => tags.map(tagText).join(" ") || "untagged";

describe.each([["VLANs", VLAN_TABLE], ["stacks of tags", STACK_TABLE]])("the table of %s", (_, table) => {
  it.each(table.map((row, index) => ({ index, name: `${row.from}, ${tagTexts(row.tags)}` })))(
    "row $index: $name",
    ({ index }) => {
      const row = table[index]!;
      const ports = Object.entries(VLAN_TABLE_PORTS).map(([name, vlan]) => [name, port(vlan)]);
      const result = makeSwitch(Object.fromEntries(ports)).input(row.from, testFrame({ tags: row.tags }), 0);
      const seen = result.outputs.map(({ port, frame }) => `${port} ${tagTexts(tagsOf(frame))}`);
      const wanted = row.copies.map(({ port, tags }) => `${port} ${tagTexts(tags)}`);
      expect(seen.sort()).toEqual(wanted.sort());
      expect(result.drop).toBe(row.copies.length === 0 ? "vlan" : undefined);
      for (const { port, frame } of result.outputs) {
        const { tags } = row.copies.find((copy) => copy.port === port)!;
        expect(frame).toEqual(testFrame({ tags }));
      }
    },
  );
});

describe("tags", () => {
  const trunks = { a: port({ mode: "trunk", vids: "all" }), b: port({ mode: "trunk", vids: "all" }) };

  it("keeps TPID, PCP and DEI from trunk to trunk", () => {
    const frame = testFrame({ tags: [sTag(4094, 5, true), cTag(7, 3)] });
    expect(makeSwitch(trunks).input("a", frame, 0).outputs).toEqual([{ port: "b", frame }]);
  });

  it("gives a priority-tagged frame the PVID and keeps the rest of its tag", () => {
    const lab = makeSwitch({ a: port(access(10)), b: port({ mode: "trunk", vids: [10] }) });
    const [output] = lab.input("a", testFrame({ tags: [sTag(0, 6, true)] }), 0).outputs;
    expect(output?.frame).toEqual(testFrame({ tags: [sTag(10, 6, true)] }));
  });

  it("does not take VID 4095 on a trunk of all", () => {
    expect(makeSwitch(trunks).input("a", testFrame({ tags: [cTag(4095)] }), 0).drop).toBe("vlan");
  });

  it("takes a tag with the native VID only where the list has it", () => {
    const lab = makeSwitch({ a: port({ mode: "trunk", vids: [20], native: 10 }), b: port(access(10)) });
    expect(lab.input("a", testFrame({ tags: [cTag(10)] }), 0).drop).toBe("vlan");
    expect(reached(lab.input("a", testFrame(), 0))).toEqual(["b"]);
  });

  it("carries every frame through a tunnel unchanged", () => {
    const lab = makeSwitch({ a: port({ mode: "tunnel", vid: 5 }), b: port({ mode: "tunnel", vid: 5 }) });
    for (const tags of [[], [cTag(0, 7)], [cTag(9)], [sTag(9), cTag(3)]]) {
      const frame = testFrame({ tags });
      expect(lab.input("a", frame, 0).outputs).toEqual([{ port: "b", frame }]);
    }
  });
});

describe("a customer's tag", () => {
  const tunnel = { mode: "tunnel", vid: 5 } as const;
  const ports = { a: port(tunnel), b: port(access(5)), c: port({ mode: "trunk", vids: [6], native: 5 }) };

  it("that entered a tunnel reaches no native and no access port", () => {
    expect(makeSwitch(ports).input("a", testFrame({ tags: [cTag(9)] }), 0).drop).toBe("vlan");
    expect(reached(makeSwitch(ports).input("a", testFrame({ tags: [cTag(0)] }), 0))).toEqual(["b", "c"]);
  });

  it("is no way to an access port either where the destination is known", () => {
    const lab = makeSwitch(ports);
    lab.input("b", testFrame({ source: B }), 0);
    expect(lab.input("a", testFrame({ destination: B, tags: [cTag(9)] }), 0).drop).toBe("vlan");
    expect(reached(lab.input("a", testFrame({ destination: B }), 0))).toEqual(["b"]);
  });

  it.each([
    [[]], [[cTag(0)]], [[sTag(0), cTag(0)]],
  ])("that came from a trunk behind its tag reaches no access port", (before) => {
    const lab = makeSwitch({ a: port({ mode: "trunk", vids: [5] }), b: port(access(5)) });
    expect(lab.input("a", testFrame({ tags: [sTag(5), ...before, cTag(9)] }), 0).drop).toBe("vlan");
    expect(reached(lab.input("a", testFrame({ tags: [sTag(5), ...before] }), 0))).toEqual(["b"]);
  });

  it("makes a flood to access ports alone a drop", () => {
    const lab = makeSwitch({ a: port(tunnel), b: port(access(5)) });
    expect(lab.input("a", testFrame({ tags: [cTag(9)] }), 0).drop).toBe("vlan");
  });
});

describe("learning", () => {
  it("sends to the one port where a MAC was seen, and floods before", () => {
    const lab = makeTrio();
    expect(reached(lab.input("a", testFrame({ source: A, destination: B }), 0))).toEqual(["b", "c"]);
    expect(reached(lab.input("b", testFrame({ source: B, destination: A }), 0))).toEqual(["a"]);
    expect(reached(lab.input("a", testFrame({ source: A, destination: B }), 0))).toEqual(["b"]);
  });

  it("follows a MAC that moves", () => {
    const lab = makeTrio();
    lab.input("a", testFrame({ source: A }), 0);
    lab.input("b", testFrame({ source: A }), 1);
    expect(reached(lab.input("c", testFrame({ source: B, destination: A }), 2))).toEqual(["b"]);
  });

  it("forgets at the aging time, counted from the last frame", () => {
    const lab = makeTrio();
    lab.input("a", testFrame({ source: A }), 0);
    lab.input("a", testFrame({ source: A }), 100);
    expect(lab.entries(399)).toHaveLength(1);
    expect(lab.entries(400)).toHaveLength(0);
    expect(reached(lab.input("c", testFrame({ source: B, destination: A }), 399))).toEqual(["a"]);
    expect(reached(lab.input("c", testFrame({ source: B, destination: A }), 400))).toEqual(["a", "b"]);
  });

  it("keeps VLANs apart", () => {
    const lab = makeSwitch({
      t: port({ mode: "trunk", vids: "all" }), a: port(access(1)), b: port(access(2)), c: port(access(2)),
    });
    lab.input("a", testFrame({ source: A }), 0);
    expect(reached(lab.input("b", testFrame({ source: B, destination: A }), 0))).toEqual(["t", "c"]);
  });

  it("never moves a static MAC, nor ages or flushes it", () => {
    const lab = makeSwitch({ a: port(access(1), { macs: [A] }), b: port(access(1)), c: port(access(1)) });
    expect(reached(lab.input("b", testFrame({ source: A }), 0))).toEqual(["a", "c"]);
    lab.flush();
    expect(reached(lab.input("c", testFrame({ source: B, destination: A }), 9999))).toEqual(["a"]);
  });

  it("keeps a trunk's static MACs in its native and in its listed VLANs", () => {
    const lab = makeSwitch({
      t: port({ mode: "trunk", vids: [2, 3], native: 1 }, { macs: [A] }), a: port({ mode: "trunk", vids: "all" }),
    });
    expect(lab.entries(0).map((entry) => entry.vid)).toEqual([1, 2, 3]);
  });

  it.each(["00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"])(
    "forwards from %s and does not learn it",
    (source) => {
      const lab = makeTrio();
      expect(reached(lab.input("a", testFrame({ source }), 0))).toEqual(["b", "c"]);
      expect(lab.entries(0)).toEqual([]);
    },
  );

  it("learns nothing as a hub", () => {
    const lab = makeTrio(false);
    lab.input("a", testFrame({ source: A }), 0);
    expect(reached(lab.input("b", testFrame({ source: B, destination: A }), 0))).toEqual(["a", "c"]);
  });

  it("forgets a port whose link went down and floods past it", () => {
    const lab = makeTrio();
    lab.input("a", testFrame({ source: A }), 0);
    lab.setLink("a", "down");
    expect(reached(lab.input("b", testFrame({ source: B, destination: A }), 0))).toEqual(["c"]);
    lab.setLink("a", "up");
    expect(reached(lab.input("b", testFrame({ source: B, destination: A }), 0))).toEqual(["a", "c"]);
  });
});

describe("drops", () => {
  const pair = { a: port(access(1)), b: port(access(1)) };

  it("same-port: a frame for a MAC on its own port", () => {
    const lab = makeTrio();
    lab.input("a", testFrame({ source: B }), 0);
    expect(lab.input("a", testFrame({ source: A, destination: B }), 0).drop).toBe("same-port");
  });

  it("same-port: a flood in a VLAN without others", () => {
    expect(makeSwitch({ a: port(access(1)), b: port(access(2)) }).input("a", testFrame(), 0).drop).toBe("same-port");
  });

  it("isolated: unicast and flood between isolated ports, where nobody else is", () => {
    const lab = makeSwitch({ a: port(access(1), { isolated: true }), b: port(access(1), { isolated: true }) });
    expect(lab.input("a", testFrame({ source: A }), 0).drop).toBe("isolated");
    expect(lab.input("b", testFrame({ source: B, destination: A }), 0).drop).toBe("isolated");
  });

  it("lets an isolated port reach the others", () => {
    const isolated = port(access(1), { isolated: true });
    const lab = makeSwitch({ a: isolated, b: isolated, c: port(access(1)) });
    expect(reached(lab.input("a", testFrame({ source: A }), 0))).toEqual(["c"]);
    expect(reached(lab.input("c", testFrame({ source: B }), 0))).toEqual(["a", "b"]);
  });

  it("reserved-mac: after learning the source", () => {
    const lab = makeSwitch(pair);
    expect(lab.input("a", testFrame({ source: A, destination: "01:80:c2:00:00:0f" }), 0).drop).toBe("reserved-mac");
    expect(lab.entries(0)).toMatchObject([{ mac: A, port: "a" }]);
    expect(reached(lab.input("a", testFrame({ source: A, destination: "01:80:c2:00:00:10" }), 0))).toEqual(["b"]);
  });

  it("monitor: frames that come out of a monitor port, which no flood reaches either", () => {
    const lab = makeSwitch({ ...pair, ids: port(access(1), { monitor: true }) });
    expect(lab.input("ids", testFrame(), 0).drop).toBe("monitor");
    expect(reached(lab.input("a", testFrame(), 0))).toEqual(["b"]);
  });

  it.each([0, 13])("malformed: a frame of %i bytes", (length) => {
    expect(makeSwitch(pair).input("a", new Uint8Array(length), 0).drop).toBe("malformed");
  });

  it("malformed: a tag without its EtherType", () => {
    const frame = testFrame({ tags: [cTag(0)], payload: new Uint8Array() });
    expect(makeSwitch(pair).input("a", frame.subarray(0, 17), 0).drop).toBe("malformed");
    expect(makeSwitch(pair).input("a", frame, 0).drop).toBeUndefined();
  });

  it("malformed: one byte more than 65536", () => {
    const frame = testFrame({ payload: new Uint8Array(65522) });
    expect(makeSwitch(pair).input("a", frame, 0).drop).toBeUndefined();
    expect(makeSwitch(pair).input("a", Uint8Array.from([...frame, 0]), 0).drop).toBe("malformed");
  });

  it("mtu: the copies that are too long, of a frame that others get", () => {
    const trunk: ReferenceVlan = { mode: "trunk", vids: [1] };
    const lab = makeSwitch({ a: port(access(1)), b: port(trunk, { mtu: 100 }), c: port(access(1), { mtu: 99 }) });
    const result = lab.input("a", testFrame({ payload: new Uint8Array(100) }), 0);
    expect(reached(result)).toEqual(["b"]);
    expect(result.lost).toEqual([{ port: "c", reason: "mtu" }]);
    expect(result.drop).toBeUndefined();
  });

  it("mtu: an inner tag counts", () => {
    const tunnel: ReferenceVlan = { mode: "tunnel", vid: 1 };
    const lab = makeSwitch({ a: port(tunnel), b: port(tunnel, { mtu: 100 }) });
    const result = lab.input("a", testFrame({ tags: [cTag(3)], payload: new Uint8Array(100) }), 0);
    expect(result).toEqual({ outputs: [], lost: [{ port: "b", reason: "mtu" }] });
  });
});

describe("frames of tests", () => {
  it("push and pop are each other's inverse", () => {
    const frame = testFrame();
    const pushed = pushTag(frame, sTag(4095, 7, true));
    expect(pushed).toEqual(testFrame({ tags: [sTag(4095, 7, true)] }));
    expect(outerTag(pushed)).toEqual(sTag(4095, 7, true));
    expect(popTag(pushed)).toEqual(frame);
  });

  it("sees no tag in an untagged frame, nor in one that is cut off", () => {
    expect(outerTag(testFrame())).toBeUndefined();
    const cut = testFrame({ tags: [cTag(1)] }).subarray(0, 15);
    expect(looksTagged(cut)).toBe(true);
    expect(outerTag(cut)).toBeUndefined();
  });
});
