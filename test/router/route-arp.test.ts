// ARP of a router: who is answered, who is asked and how often, what waits meanwhile, and what nobody can make it
// believe. Read RFC 826, RFC 1122 2.3.2, RFC 5227 1.1.

import { expect, it, vi } from "vitest";
import * as layout from "../../src/core/layout.js";
import { Numbers } from "../../src/core/registry.js";
import { parse, udp } from "./packet.js";
import { BROADCAST, arpFrame, neighbor, neighbors, outputs, raw, rawWait, waiting } from "./raw.js";
import { ROUTER_MAC, RouterRig } from "./rig.js";

const toInside = (to: string, from = "10.0.10.5:1000", payload = "x") => udp({ from, to: `${to}:9`, payload });

function questions(seen: Record<string, { arp?: { op: number; targetIp: string } }[]>, name: string): string[] {
  return (seen[name] ?? []).filter(({ arp }) => arp?.op === 1).map(({ arp }) => arp!.targetIp);
}

it.each([
  ["a10", "10.0.10.5", "10.0.10.1"],
  ["a20", "10.0.20.5", "10.0.20.1"],
  ["up", "203.0.113.1", "203.0.113.2"],
  ["up", "203.0.113.1", "203.0.113.3"],
])("rfc826 answers on %s for %s who asks for %s", (name, from, target) => {
  const rig = new RouterRig({ uplink: { address: ["203.0.113.2/24", "203.0.113.3"] } });
  const seen = raw(rig, name, arpFrame(rig, { op: 1, from, target }));
  expect(seen[name]).toHaveLength(1);
  expect(seen[name]![0]).toMatchObject({
    ether: { to: rig.macOf(from), from: ROUTER_MAC },
    arp: { op: 2, senderMac: ROUTER_MAC, senderIp: target, targetMac: rig.macOf(from), targetIp: from },
  });
});

it.each([
  ["another interface's address", "a10", "10.0.10.5", "10.0.20.1"],
  ["an outside address, inside", "a10", "10.0.10.5", "203.0.113.2"],
  ["a host's address", "a10", "10.0.10.5", "10.0.10.6"],
  ["an inside address, outside", "up", "203.0.113.1", "10.0.10.1"],
])("rfc826 does not answer for %s", (_, name, from, target) => {
  const rig = new RouterRig();
  expect(raw(rig, name, arpFrame(rig, { op: 1, from, target }))[name]).toBeUndefined();
});

it("rfc5227 answers a probe, whose sender has no address yet, and learns nothing from it", () => {
  const rig = new RouterRig();
  const probe = arpFrame(rig, { op: 1, from: "0.0.0.0", target: "10.0.10.1" });
  const [answer] = raw(rig, "a10", probe)["a10"]!;
  expect(answer!.arp).toMatchObject({ op: 2, senderIp: "10.0.10.1", targetIp: "0.0.0.0" });
  expect(neighbors(rig)).toBe(0);
});

it("rfc5227 announces its addresses on all links", () => {
  const rig = new RouterRig({ uplink: { address: ["203.0.113.2/24", "203.0.113.3"] } });
  rig.announce();
  rig.rig.settle();
  const seen = outputs(rig);
  const announced = (name: string) => (seen[name] ?? []).map(({ arp, ether }) => {
    expect(arp).toMatchObject({ op: 1, senderMac: ROUTER_MAC, senderIp: arp!.targetIp });
    expect(ether!.to).toBe(BROADCAST);
    return arp!.senderIp;
  });
  expect(announced("a10")).toEqual(["10.0.10.1"]);
  expect(announced("a20")).toEqual(["10.0.20.1"]);
  expect(announced("up")).toEqual(["203.0.113.2", "203.0.113.3"]);
});

it("rfc1122 2.3.2 asks once a second, three times, then says host unreachable for each that waits", () => {
  const rig = new RouterRig();
  const frames = [0, 1, 2].map((i) => rig.frame(toInside("10.0.20.9", "10.0.10.5:1000", `${i}`), "10.0.10.5"));
  expect(questions(raw(rig, "a10", ...frames), "a20")).toEqual(["10.0.20.9"]);
  expect(waiting(rig)).toBe(3);
  expect(questions(rawWait(rig, 1), "a20")).toHaveLength(1);
  expect(questions(rawWait(rig, 1), "a20")).toHaveLength(1);
  const end = rawWait(rig, 2);
  expect(questions(end, "a20")).toEqual([]);
  expect(end["a10"]!.map(({ icmp, ip }) => [ip!.from, icmp!.type, icmp!.code])).toEqual(
    [0, 1, 2].map(() => ["10.0.10.1", 3, 1]));
  expect(end["a10"]!.map(({ icmp }) => String.fromCharCode(icmp!.about!.payload[0]!))).toEqual(["0", "1", "2"]);
  expect(rig.drops()).toEqual({ "no-neighbor": 3 });
  expect(waiting(rig)).toBe(0);
});

it("rfc1122 2.3.2.2 asks no more while packets go on to come, and counts nothing twice", () => {
  const rig = new RouterRig();
  let asked = 0;
  for (let i = 0; i < 60; i++) {
    rig.rig.turn(100);
    asked += questions(raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5")), "a20").length;
  }
  expect(asked).toBeLessThanOrEqual(4); // three, and perhaps one after the pause
  rawWait(rig, 20);
  expect(neighbor(rig, "10.0.20.9")).toBeUndefined();
});

it("rfc1812 5.3.12 asks again when a neighbor that did not answer is wanted later", () => {
  const rig = new RouterRig();
  raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5"));
  rawWait(rig, 5);
  const soon = raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5"));
  expect(questions(soon, "a20")).toEqual([]);
  expect(soon["a10"]![0]!.icmp).toMatchObject({ type: 3, code: 1 });
  rawWait(rig, 6);
  expect(questions(raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5")), "a20")).toEqual(["10.0.20.9"]);
});

it("rfc1122 2.3.2.2 keeps sixteen frames for a neighbor, in order, and drops the others", () => {
  const rig = new RouterRig();
  const frames = Array.from({ length: 20 }, (_, i) =>
    rig.frame(toInside("10.0.20.9", "10.0.10.5:1000", String.fromCharCode(65 + i)), "10.0.10.5"));
  raw(rig, "a10", ...frames);
  expect(rig.drops()).toEqual({ "no-neighbor": 4 });
  const answer = arpFrame(rig, { op: 2, from: "10.0.20.9", target: "10.0.20.1" });
  const came = raw(rig, "a20", answer)["a20"]!;
  expect(came.map(({ payload }) => String.fromCharCode(payload[0]!)).join("")).toBe("ABCDEFGHIJKLMNOP");
  expect(came.every(({ ether }) => ether!.to === rig.macOf("10.0.20.9"))).toBe(true);
});

it.each([
  ["an answer", { op: 2, target: "203.0.113.2" }],
  ["a question", { op: 1, target: "203.0.113.2" }],
])("keeps the order of what waits, what comes in one batch with %s, and what comes later", (_, says) => {
  const numbered = (rig: RouterRig, id: number) =>
    rig.frame(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", id, payload: "x" }), "10.0.10.5");
  const rig = new RouterRig();
  rig.silent.add("203.0.113.1");
  raw(rig, "a10", numbered(rig, 1), numbered(rig, 2));
  rig.rig.inject("up", arpFrame(rig, { from: "203.0.113.1", ...says }));
  rig.rig.inject("a10", numbered(rig, 3), numbered(rig, 4));
  rig.rig.settle();
  rig.rig.inject("a10", numbered(rig, 5));
  rig.rig.settle();
  const seen = outputs(rig)["up"]!;
  expect(seen.flatMap(({ ip }) => ip?.id ?? [])).toEqual([1, 2, 3, 4, 5]);
  expect(seen.filter(({ arp }) => arp?.op === 2)).toHaveLength(says.op === 1 ? 1 : 0);
});

it("answers who asks, and lets go what waits for it, where there is no room to wait", () => {
  const rig = new RouterRig();
  rig.silent.add("203.0.113.1");
  rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
  const { shared } = rig.rig;
  const slabs = shared.shards.map((shard) => shard + layout.PENDING_SLAB);
  for (const slab of slabs) shared.setWord(slab + layout.SLAB_LIMIT, shared.word(slab + layout.SLAB_COUNT));
  rig.rig.inject("up", arpFrame(rig, { op: 1, from: "203.0.113.1", target: "203.0.113.2" }));
  rig.rig.settle();
  const seen = outputs(rig)["up"]!;
  expect(seen.filter(({ arp }) => arp?.op === 2)).toHaveLength(1);
  expect(seen.filter(({ ip }) => ip)).toHaveLength(1);
});

it("rfc1122 2.3.2.1 asks a neighbor in use again after a minute, by unicast, and keeps it when it answers", () => {
  const rig = new RouterRig();
  rig.send(toInside("10.0.20.9"));
  const seen: Record<string, unknown>[] = [];
  for (let second = 0; second < 70; second++) {
    raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5"));
    rig.rig.turn(1000);
    rig.rig.settle();
    const asked = (outputs(rig)["a20"] ?? []).filter(({ arp }) => arp?.op === 1);
    seen.push(...asked.map(({ ether }) => ({ ...ether })));
    if (asked.length > 0) raw(rig, "a20", arpFrame(rig, { op: 2, from: "10.0.20.9", target: "10.0.20.1" }));
  }
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ to: rig.macOf("10.0.20.9") });
});

it("rfc1122 2.3.2.1 asks all before it gives up one that moved to another MAC", () => {
  const rig = new RouterRig();
  rig.send(toInside("10.0.20.9"));
  const to: string[] = [];
  for (let second = 0; second < 64; second++) {
    raw(rig, "a10", rig.frame(toInside("10.0.20.9"), "10.0.10.5"));
    rig.rig.turn(1000);
    rig.rig.settle();
    to.push(...(outputs(rig)["a20"] ?? []).filter(({ arp }) => arp?.op === 1).map(({ ether }) => ether!.to));
  }
  expect(to.slice(0, 3)).toEqual([rig.macOf("10.0.20.9"), rig.macOf("10.0.20.9"), BROADCAST]);
});

it("rfc1122 2.3.2.1 forgets a neighbor that nobody uses", () => {
  const rig = new RouterRig();
  rig.send(toInside("10.0.20.9"));
  expect(neighbor(rig, "10.0.20.9")).toBe(rig.macOf("10.0.20.9"));
  rawWait(rig, 590);
  expect(neighbor(rig, "10.0.20.9")).toBeDefined();
  rawWait(rig, 30);
  expect(neighbor(rig, "10.0.20.9")).toBeUndefined();
});

it("rfc826 learns who asks for it", () => {
  const rig = new RouterRig();
  raw(rig, "a10", arpFrame(rig, { op: 1, from: "10.0.10.7", target: "10.0.10.1" }));
  expect(neighbor(rig, "10.0.10.7")).toBe(rig.macOf("10.0.10.7"));
  const seen = raw(rig, "a20", rig.frame(toInside("10.0.10.7", "10.0.20.5:1"), "10.0.20.5"));
  expect(seen["a10"]!.map(({ ip }) => ip?.to)).toEqual(["10.0.10.7"]);
});

it.each([
  ["a request for another", { op: 1, from: "10.0.10.7", target: "10.0.10.8" }],
  ["an announcement", { op: 1, from: "10.0.10.7", target: "10.0.10.7" }],
  ["an answer that it did not ask for", { op: 2, from: "10.0.10.7", target: "10.0.10.1" }],
])("rfc826 does not learn from %s", (_, fields) => {
  const rig = new RouterRig();
  raw(rig, "a10", arpFrame(rig, fields));
  expect(neighbors(rig)).toBe(0);
});

it.each([
  ["our own address", { op: 2, from: "10.0.20.1", target: "10.0.20.1" }, "spoofed"],
  ["our own MAC", { op: 2, from: "10.0.20.9", target: "10.0.20.1", mac: ROUTER_MAC }, "spoofed"],
  ["a group's MAC", { op: 2, from: "10.0.20.9", target: "10.0.20.1", mac: "01:00:5e:00:00:01" }, "spoofed"],
  ["no MAC", { op: 2, from: "10.0.20.9", target: "10.0.20.1", mac: "00:00:00:00:00:00" }, "spoofed"],
  ["a strange network", { op: 1, from: "10.9.9.9", target: "10.0.20.1" }, undefined],
])("rfc826 believes no sender with %s", (_, fields, reason) => {
  const rig = new RouterRig();
  rig.send(toInside("10.0.20.9"));
  raw(rig, "a20", arpFrame(rig, fields));
  expect(neighbor(rig, "10.0.20.9")).toBe(rig.macOf("10.0.20.9"));
  expect(neighbors(rig)).toBe(1);
  expect(rig.drops()).toEqual(reason ? { [reason]: 1 } : {});
});

it("a guest that scans does not keep others from being found, and takes bounded room", () => {
  const rig = new RouterRig({
    interfaces: [
      { switch: "lab", vlan: 10, address: "10.0.10.1/24" }, { switch: "lab", vlan: 20, address: "10.20.0.1/16" },
    ],
  });
  rig.places.set("10.20.200.200", "a20");
  for (let i = 0; i < 8; i++) {
    const scan = Array.from({ length: 200 }, (_, j) =>
      rig.frame(toInside(`10.20.${i + 1}.${j + 1}`), "10.0.10.5"));
    raw(rig, "a10", ...scan);
  }
  expect(neighbors(rig)).toBeLessThanOrEqual(256);
  expect(waiting(rig)).toBeLessThanOrEqual(768);
  const seen = rig.send(toInside("10.20.200.200", "10.0.10.6:1000"));
  expect(seen["a20"]!.filter(({ ip }) => ip?.to === "10.20.200.200")).toHaveLength(1);
  raw(rig, "a20", arpFrame(rig, { op: 1, from: "10.20.77.77", target: "10.20.0.1" }));
  expect(neighbor(rig, "10.20.77.77")).toBeDefined();
});

it("takes no free record for a neighbor's to make room, on an interface whose port is number 0 either", () => {
  const took = vi.spyOn(Numbers.prototype, "take").mockImplementationOnce(() => 0); // as after the last number
  const rig = new RouterRig({
    interfaces: [
      { switch: "lab", vlan: 10, address: "10.0.10.1/21" }, { switch: "lab", vlan: 20, address: "10.0.20.1/24" },
    ],
  });
  took.mockRestore();
  const reach = (address: string) => rig.send(toInside(address, "10.0.20.5:1000"));
  for (let i = 2; i < 200; i++) reach(`10.0.10.${i}`); // who answers
  for (let i = 1; i < 250; i++) reach(`10.0.9.${i}`); // and who does not
  rawWait(rig, 700);
  for (let i = 1; i < 250; i++) reach(`10.0.11.${i}`);
  for (let i = 1; i < 250; i++) reach(`10.0.12.${i}`);
  expect(neighbors(rig)).toBe(rig.count(layout.NEIGHBOR_SLAB));
});

it("many that ask for the router do not fill its table: the idlest makes room", { timeout: 30_000 }, () => {
  // Each worker's table is as large as one's alone; so many frames for each of them take too long here.
  const rig = new RouterRig({ interfaces: [{ switch: "lab", vlan: 10, address: "10.0.0.1/8" }] }, { workers: 1 });
  for (let i = 0; i < 65_535 + 600; i += 200) {
    const frames = Array.from({ length: 200 }, (_, j) => {
      const from = `10.${1 + ((i + j) >> 16)}.${((i + j) >> 8) & 255}.${(i + j) & 255}`;
      return arpFrame(rig, { op: 1, from, target: "10.0.0.1" });
    });
    rig.rig.inject("a10", ...frames);
    rig.rig.settle();
    rig.rig.outputs();
  }
  expect(neighbors(rig)).toBe(65_535);
  raw(rig, "a10", arpFrame(rig, { op: 1, from: "10.9.9.9", target: "10.0.0.1" }));
  expect(neighbor(rig, "10.9.9.9")).toBe(rig.macOf("10.9.9.9"));
});

it("a frame that cannot be answered, from a group's MAC, is dropped", () => {
  const rig = new RouterRig();
  const frame = arpFrame(rig, { op: 1, from: "10.0.10.7", target: "10.0.10.1" });
  frame[6] = 0x01;
  expect(parse(frame).ether!.from.startsWith("01")).toBe(true);
  expect(raw(rig, "a10", frame)["a10"]).toBeUndefined();
  expect(rig.drops()).toEqual({ malformed: 1 });
});
