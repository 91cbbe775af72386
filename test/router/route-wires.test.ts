// A router among switches: tags, hubs, mirrors, other workers, other routers. Read IEEE 802.1Q 6.9, 8.8.2.

import { describe, expect, it } from "vitest";
import { configFromValue } from "../../src/config/parse.js";
import { interfaceKey, planRouter } from "../../src/engine/router-plan.js";
import { access, trunk } from "../core/rig.js";
import { ether, fragmentsOf, parse, parseIp, ping, reassemble, tcp, udp } from "./packet.js";
import { arpFrame, neighbor, outputs, raw } from "./raw.js";
import { ROUTER_MAC, RouterRig, packetIn, type Seen } from "./rig.js";

const OTHER_MAC = "02:00:00:00:00:02";
const packets = (seen: Record<string, Seen[]>, name: string) => (seen[name] ?? []).filter(({ ip }) => ip !== undefined);

/** Another router on the rig's switch. */
function addRouter(rig: RouterRig, name: string, spec: Record<string, unknown>): void {
  const ports = { p: { memory: true, access: 1 } };
  const config = configFromValue({ switches: { lab: { ports } }, routers: { [name]: spec } }).routers[name]!;
  const inner = { attachment: { kind: "memory" }, isolated: false, monitor: false, macs: [] } as const;
  const add = (on: string, port: string, vid: number, role: "router" | "services") =>
    rig.rig.addInner(on, port, { ...inner, macs: [], vlan: access(vid) }, role);
  const interfaces = new Map(config.interfaces.map((one) =>
    [interfaceKey(one), add(one.switch, `@${name}.${one.vid}`, one.vid, "router")]));
  const services = add("", `@${name}`, 1, "services");
  const router = rig.tables.add();
  rig.tables.write(router, planRouter(name, { ...config, mac: OTHER_MAC }, { interfaces, services }));
  rig.rig.settle();
  rig.rig.outputs();
}

describe.each([1, 2, 3])("with %i workers", (workers) => {
  it("translates both ways, pings and says errors across lanes", () => {
    const rig = new RouterRig({}, { workers });
    for (let round = 0; round < 3; round++) {
      const [out] = packets(rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", payload: "hello" })), "up");
      expect(out).toMatchObject({ ip: { from: "203.0.113.2" }, faults: [] });
      const [back] = packets(rig.send(udp({ from: "192.0.2.1:9", to: "203.0.113.2:1000" })), "a10");
      expect(back).toMatchObject({ ip: { to: "10.0.10.5" }, faults: [] });
      expect(packets(rig.send(ping({ from: "10.0.20.5:1", to: "10.0.20.1" })), "a20")[0]!.icmp!.type).toBe(0);
      expect(packets(rig.send(udp({ from: "10.0.20.5:1", to: "10.0.10.5:9", ttl: 1 })), "a20")[0]!.icmp!.type).toBe(11);
      expect(packets(rig.send(udp({ from: "10.0.20.5:1", to: "10.0.10.5:9" })), "a10")).toHaveLength(1);
    }
  });

  it("fragments and gathers fragments across lanes", () => {
    const rig = new RouterRig({ uplink: { mtu: 576 } }, { workers });
    const payload = Uint8Array.from({ length: 3000 }, (_, i) => i * 7);
    const parts = fragmentsOf(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", id: 5, payload }), 1500).reverse();
    const came = parts.flatMap((part) => packets(rig.send(part), "up")).map(packetIn);
    expect(parseIp(reassemble(came))).toMatchObject({ payload, faults: [] });
  });

  it("keeps the order of a burst", () => {
    const rig = new RouterRig({}, { workers });
    const frames = Array.from({ length: 400 }, (_, i) =>
      rig.frame(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", payload: `${i}` }), "10.0.10.5"));
    rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
    for (let at = 0; at < frames.length; at += 100) {
      const came = packets(rig.sendFrame("a10", ...frames.slice(at, at + 100)), "up");
      expect(came.map(({ payload }) => Number(new TextDecoder().decode(payload))))
        .toEqual(Array.from({ length: 100 }, (_, i) => at + i));
    }
  });

  it("mirrors show a routed frame as it was and as it is", () => {
    const rig = new RouterRig({}, { workers });
    rig.rig.addPort("ids", { monitor: true });
    rig.rig.addPort("ids2", { monitor: true });
    rig.rig.addMirror("before", { from: ["a10"], direction: "in", to: "ids" });
    rig.rig.addMirror("after", { from: ["a20"], direction: "out", to: "ids2" });
    rig.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9" }));
    const packet = udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9", payload: "watched", ttl: 9 });
    const seen = rig.send(packet);
    expect(seen["ids"]!.map(({ frame }) => frame)).toEqual([rig.frame(packet, "10.0.10.5")]);
    expect(seen["ids2"]!.map(({ frame }) => frame)).toEqual(seen["a20"]!.map(({ frame }) => frame));
    expect(seen["a20"]![0]).toMatchObject({ ip: { ttl: 8 }, faults: [] });
  });

  it("mirrors show a translated frame on both sides, and what the router answers", () => {
    const rig = new RouterRig({}, { workers });
    rig.rig.addPort("ids", { monitor: true });
    rig.rig.addMirror("all", { from: ["a10"], direction: "both", to: "ids" });
    rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
    const packet = udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", payload: "out" });
    const seen = rig.send(packet);
    expect(seen["ids"]!.map(({ frame }) => frame)).toEqual([rig.frame(packet, "10.0.10.5")]);
    expect(packets(seen, "up")[0]).toMatchObject({ ip: { from: "203.0.113.2" }, faults: [] });
    const asked = ping({ from: "10.0.10.5:1", to: "10.0.10.1" });
    const answered = rig.send(asked);
    expect(answered["ids"]!.map(({ frame }) => frame))
      .toEqual([rig.frame(asked, "10.0.10.5"), answered["a10"]![0]!.frame]);
  });

  it("pops and pushes tags between a trunk and an access port", () => {
    const rig = new RouterRig({}, { workers });
    rig.rig.addPort("t", { vlan: trunk([10, 20]) });
    rig.places.set("10.0.10.50", "t");
    const packet = udp({ from: "10.0.10.50:1", to: "10.0.20.9:9", payload: "tagged" });
    const tagged = ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.50"), vlan: 10 }, packet);
    const [out] = packets(rig.sendFrame("t", tagged), "a20");
    expect(out!.ether).toEqual({ to: rig.macOf("10.0.20.9"), from: ROUTER_MAC, type: 0x0800 });
    expect(out).toMatchObject({ faults: [], ip: { ttl: 63 } });
    const [back] = packets(rig.send(udp({ from: "10.0.20.9:9", to: "10.0.10.50:1" })), "t");
    expect(back!.ether).toEqual({ to: rig.macOf("10.0.10.50"), from: ROUTER_MAC, vlan: 10, type: 0x0800 });
    expect(back!.faults).toEqual([]);
  });

  it("routes on a trunk from one VLAN to the other", () => {
    const rig = new RouterRig({}, { workers });
    rig.rig.addPort("t", { vlan: trunk([10, 20]) });
    rig.places.set("10.0.10.50", "t").set("10.0.20.50", "t");
    const packet = udp({ from: "10.0.10.50:1", to: "10.0.20.50:9", payload: "tagged" });
    const [out] = packets(rig.sendFrame("t", ether(
      { to: ROUTER_MAC, from: rig.macOf("10.0.10.50"), vlan: 10 }, packet)), "t");
    expect(out).toMatchObject({ ether: { vlan: 20, to: rig.macOf("10.0.20.50") }, faults: [] });
    const [over] = packets(rig.sendFrame("t", ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.50"), vlan: 10 },
      udp({ from: "10.0.10.50:1", to: "10.0.20.50:9", ttl: 1 }))), "t");
    expect(over).toMatchObject({ ether: { vlan: 10, to: rig.macOf("10.0.10.50") }, icmp: { type: 11 }, faults: [] });
    const [pong] = packets(rig.sendFrame("t", ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.50"), vlan: 10 },
      ping({ from: "10.0.10.50:1", to: "10.0.10.1" }))), "t");
    expect(pong).toMatchObject({ ether: { vlan: 10 }, icmp: { type: 0 }, faults: [] });
  });

  it("works on a switch that does not learn", () => {
    const rig = new RouterRig({}, { workers });
    rig.rig.changeSwitch("lab", { learning: false, agingSeconds: 300 });
    const seen = rig.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9" }));
    expect(packets(seen, "a20")).toHaveLength(1);
    const pong = rig.send(ping({ from: "10.0.10.5:1", to: "10.0.10.1" }));
    expect(packets(pong, "a10").filter(({ icmp }) => icmp?.type === 0)).toHaveLength(1);
    expect(packets(rig.send(udp({ from: "10.0.10.5:1", to: "192.0.2.1:9" })), "up")).toHaveLength(1);
  });

  it("routes from router to router through a VLAN that they share", () => {
    const rig = new RouterRig({ nat: false, routes: [{ to: "10.0.30.0/24", via: "10.0.20.2" }] }, { workers });
    rig.rig.addPort("a30", { vlan: access(30) });
    rig.places.set("10.0.30.9", "a30").set("10.0.20.2", "none");
    addRouter(rig, "other", {
      interfaces: [{ switch: "lab", vlan: 20, address: "10.0.20.2/24" },
        { switch: "lab", vlan: 30, address: "10.0.30.1/24" }],
      routes: [{ to: "10.0.10.0/24", via: "10.0.20.1" }],
    });
    const [there] = packets(rig.send(udp({ from: "10.0.10.5:1", to: "10.0.30.9:9", payload: "far" })), "a30");
    expect(there).toMatchObject({ ether: { from: OTHER_MAC }, ip: { ttl: 62 }, faults: [] });
    const answer = udp({ from: "10.0.30.9:9", to: "10.0.10.5:1" });
    const back = ether({ to: OTHER_MAC, from: rig.macOf("10.0.30.9") }, answer);
    expect(packets(rig.sendFrame("a30", back), "a10")[0]).toMatchObject({ ip: { ttl: 62 }, faults: [] });
    const [hop] = packets(rig.send(udp({ from: "10.0.10.5:1", to: "10.0.30.9:9", ttl: 2 })), "a10");
    expect(hop).toMatchObject({ ip: { from: "10.0.20.2" }, icmp: { type: 11 } });
  });

  it("routers that point at each other let a packet end", () => {
    const rig = new RouterRig({ nat: false, routes: [{ to: "10.99.0.0/16", via: "10.0.20.2" }] }, { workers });
    addRouter(rig, "other", {
      interfaces: [{ switch: "lab", vlan: 20, address: "10.0.20.2/24" }],
      routes: [{ to: "10.99.0.0/16", via: "10.0.20.1" }, { to: "10.0.10.0/24", via: "10.0.20.1" }],
    });
    rig.places.set("10.0.20.2", "none");
    rig.send(udp({ from: "10.0.10.5:1", to: "10.99.0.9:9", ttl: 255 }));
    expect(rig.drops()).toEqual({ spoofed: 1 }); // back at the first one, it comes from where its sender is not
    const far = udp({ from: "172.16.0.9:1", to: "10.99.0.9:9", ttl: 255 });
    rig.sendFrame("a10", ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.5") }, far));
    expect(rig.drops()).toMatchObject({ spoofed: 1, ttl: 1 });
  });
});

it("ignores what a flood brings that is for others", () => {
  const rig = new RouterRig();
  const packet = udp({ from: "10.0.10.5:1", to: "10.0.20.9:9" });
  const frame = ether({ to: "02:77:77:77:77:77", from: rig.macOf("10.0.10.5") }, packet);
  expect(Object.keys(raw(rig, "a10", frame))).toEqual(["b10"]);
  expect(rig.drops()).toEqual({});
});

it("the same networks stand in two routers without touching", () => {
  const rig = new RouterRig({ uplink: false, interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }] });
  rig.rig.addPort("x110", { vlan: access(110) });
  addRouter(rig, "other", { interfaces: [{ switch: "lab", vlan: 110, address: "10.0.10.1/24" }] });
  raw(rig, "a10", arpFrame(rig, { op: 1, from: "10.0.10.5", target: "10.0.10.1" }));
  const request = arpFrame(rig, { op: 1, from: "10.0.10.5", target: "10.0.10.1", mac: "02:55:55:55:55:55" });
  const seen = raw(rig, "x110", request);
  expect(Object.keys(seen)).toEqual(["x110"]);
  expect(seen["x110"]![0]!.arp).toMatchObject({ senderMac: OTHER_MAC });
  expect(neighbor(rig, "10.0.10.5")).toBe(rig.macOf("10.0.10.5"));
  const pong = raw(rig, "x110",
    ether({ to: OTHER_MAC, from: "02:55:55:55:55:55" }, ping({ from: "10.0.10.5:1", to: "10.0.10.1" })));
  expect(Object.keys(pong)).toEqual(["x110"]);
});

it("a jumbo frame is routed whole where the links take it", () => {
  const rig = new RouterRig({
    interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", mtu: 9000 },
      { switch: "lab", vlan: 20, address: "10.0.20.1/24", mtu: 9000 }],
  });
  const packet = tcp({ from: "10.0.10.5:1", to: "10.0.20.9:9", payload: new Uint8Array(8900) });
  expect(packets(rig.send(packet), "a20")[0]).toMatchObject({ faults: [], ip: { totalLength: 8940 } });
});

it("rfc1812 stalled ports lose frames, never slots, and the others go on", () => {
  const rig = new RouterRig();
  rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
  rig.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9" }));
  rig.rig.end("up").stalled = true;
  const packet = udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" });
  const flood = Array.from({ length: 200 }, () => rig.frame(packet, "10.0.10.5"));
  for (let i = 0; i < 20; i++) {
    rig.rig.inject("a10", ...flood);
    rig.rig.turn();
    rig.rig.turn();
  }
  expect(rig.drops()["queue-full"]).toBeGreaterThan(1000);
  const seen = raw(rig, "a10", rig.frame(udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9" }), "10.0.10.5"));
  expect(packets(seen, "a20")).toHaveLength(1);
});

it("no slots left: what must be copied is lost as no-buffer, and comes back afterwards", () => {
  const rig = new RouterRig({ uplink: { mtu: 576 } });
  rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
  for (const name of ["up", "a20", "b10"]) rig.rig.end(name).stalled = true;
  const flood = Array.from({ length: 200 }, (_, i) => i % 2 === 0
    ? rig.frame(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", id: i, payload: new Uint8Array(4000) }), "10.0.10.5")
    : arpFrame(rig, { op: 1, from: "10.0.10.6", target: "10.0.10.9" }));
  for (let i = 0; i < 30; i++) {
    rig.rig.inject("a10", ...flood);
    rig.rig.turn();
  }
  expect((rig.drops()["no-buffer"] ?? 0) + (rig.drops()["queue-full"] ?? 0)).toBeGreaterThan(100);
  for (const name of ["up", "a20", "b10"]) rig.rig.end(name).stalled = false;
  rig.rig.settle();
  outputs(rig);
  expect(packets(rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" })), "up")).toHaveLength(1);
});

it.each([60, 3600, 86_400, 86_400 * 60])("works on after a sleep of %i seconds", (seconds) => {
  const rig = new RouterRig();
  rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" }));
  rig.silent.add("10.0.20.9");
  rig.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9" }));
  rig.send(fragmentsOf(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9", payload: new Uint8Array(3000) }), 1500)[1]!);
  rig.jump(seconds);
  expect(packets(rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:9" })), "up")).toHaveLength(1);
  rig.wait(10);
  expect(rig.rig.counters.waiting()).toBe(0);
  expect(parse(rig.send(ping({ from: "10.0.10.5:1", to: "10.0.10.1" }))["a10"]![0]!.frame).faults).toEqual([]);
});
