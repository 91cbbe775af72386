// Routing between the links of a router: where packets go, and which go nowhere. Read RFC 1812 4.2, 5.2, 5.3.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { WORKERS } from "../workers.js";
import { ether, fragmentsOf, icmp, icmpError, ip, parseIp, ping, reassemble, tcp, udp } from "./packet.js";
import { BROADCAST, arpFrame, raw } from "./raw.js";
import { ROUTER_MAC, RouterRig, packetIn, type Seen } from "./rig.js";

const SIDES = [["with NAT", {}], ["without NAT", { nat: false }]] as const;

/** What came out of a wire, without ARP. */
function packets(seen: Record<string, Seen[]>, name: string): Seen[] {
  return (seen[name] ?? []).filter(({ ip: header }) => header !== undefined);
}

describe.each(SIDES)("%s", (_, spec) => {
  it("rfc1812 5.2 routes between inside networks, untranslated, TTL one less", () => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: "10.0.10.5:1000", to: "10.0.20.9:9", payload: "hello", ttl: 17 });
    const [seen] = packets(rig.send(packet), "a20");
    expect(seen).toMatchObject({
      ether: { from: ROUTER_MAC, to: rig.macOf("10.0.20.9") }, ip: { from: "10.0.10.5", to: "10.0.20.9", ttl: 16 },
      faults: [],
    });
    expect(seen!.frame).toHaveLength(14 + packet.length);
  });

  it("rfc1812 5.2.4.3 takes the longest prefix", () => {
    const rig = new RouterRig({
      ...spec,
      routes: [{ to: "10.1.0.0/16", via: "10.0.20.2" }, { to: "10.1.2.0/24", via: "10.0.10.2" },
        { to: "10.1.2.3/32", via: "10.0.20.3" }],
    });
    const hop = (to: string) => Object.values(rig.send(udp({ from: "10.0.20.5:1", to: `${to}:9` })))
      .flat().filter(({ ip: header }) => header).map(({ ether: { to: mac } = { to: "" } }) => mac);
    expect(hop("10.1.9.9")).toEqual([rig.macOf("10.0.20.2")]);
    expect(hop("10.1.2.9")).toEqual([rig.macOf("10.0.10.2")]);
    expect(hop("10.1.2.3")).toEqual([rig.macOf("10.0.20.3")]);
    expect(hop("192.0.2.1")).toEqual([rig.macOf("203.0.113.1")]);
    expect(hop("203.0.113.77")).toEqual([rig.macOf("203.0.113.77")]);
  });

  it("rfc1812 4.2.2.11, rfc2644 drops directed broadcasts", () => {
    const rig = new RouterRig(spec);
    const seen = rig.send(udp({ from: "10.0.10.5:1", to: "10.0.20.255:9" }));
    expect(Object.values(seen).flat()).toEqual([]);
    expect(rig.drops()).toEqual({ "no-route": 1 });
  });

  it("rfc1812 5.3.4 does not forward what came to all on the link", () => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: "10.0.10.5:1", to: "10.0.20.9:9" });
    const seen = rig.sendFrame("a10", ether({ to: BROADCAST, from: rig.macOf("10.0.10.5") }, packet));
    expect(packets(seen, "a20")).toEqual([]);
    expect(packets(seen, "a10")).toEqual([]);
  });

  it("rfc1812 5.3.4 does not forward it either where there is a session for it", () => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: "10.0.20.5:1", to: "192.0.2.1:9" });
    rig.send(packet);
    const seen = rig.sendFrame("a20", ether({ to: BROADCAST, from: rig.macOf("10.0.20.5") }, packet));
    expect(packets(seen, "up")).toEqual([]);
  });

  it.each([
    ["this network", "0.1.2.3"], ["loopback", "127.0.0.1"], ["multicast", "224.0.0.5"], ["class E", "240.0.0.1"],
    ["everybody", "255.255.255.255"], ["its own address", "10.0.10.1"], ["another of its addresses", "10.0.20.1"],
    ["its outside address", "203.0.113.2"], ["a link's broadcast address", "10.0.10.255"],
    ["a network that is elsewhere", "10.0.20.77"],
  ])("rfc1812 5.3.7 drops a packet from %s", (_name, source) => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: `${source}:1`, to: "192.0.2.1:9" });
    const frame = ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.5") }, packet);
    expect(Object.values(rig.sendFrame("a10", frame)).flat()).toEqual([]);
    expect(rig.drops()).toEqual({ spoofed: 1 });
  });

  it("rfc1812 5.3.8 drops a packet from outside with an inside address", () => {
    const rig = new RouterRig(spec);
    const frame = rig.frame(udp({ from: "10.0.20.77:1", to: "203.0.113.2:9" }), "203.0.113.1");
    expect(Object.values(rig.sendFrame("up", frame)).flat()).toEqual([]);
    expect(rig.drops()).toEqual({ spoofed: 1 });
  });

  it.each(["127.0.0.1", "240.0.0.1", "0.0.0.0"])("rfc1812 5.3.7 does not forward to %s", (to) => {
    const rig = new RouterRig(spec);
    expect(Object.values(rig.send(udp({ from: "10.0.10.5:1", to: `${to}:9` }))).flat()).toEqual([]);
    expect(rig.drops()).toEqual({ "no-route": 1 });
  });

  it.each(["224.0.0.1", "239.1.2.3", "255.255.255.255", "10.0.10.255"])("rfc1812 5.2.1 keeps %s on its link", (to) => {
    const rig = new RouterRig(spec);
    const frame = ether({ to: BROADCAST, from: rig.macOf("10.0.10.5") }, udp({ from: "10.0.10.5:1", to: `${to}:9` }));
    const seen = rig.sendFrame("a10", frame);
    expect(Object.keys(seen)).toEqual(["b10"]);
  });

  it("rfc1812 5.3.1 says time exceeded from the address at which the packet came, as traceroute asks", () => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: "10.0.20.5:40000", to: "192.0.2.1:33434", ttl: 1, payload: "probe" });
    const [seen] = packets(rig.send(packet), "a20");
    expect(seen).toMatchObject({
      ip: { from: "10.0.20.1", to: "10.0.20.5" }, icmp: { type: 11, code: 0 }, faults: [],
      ether: { to: rig.macOf("10.0.20.5") },
    });
    expect(packetIn(seen!).subarray(28)).toEqual(packet);
    expect(rig.drops()).toEqual({ ttl: 1 });
    const next = rig.send(udp({ from: "10.0.20.5:40000", to: "192.0.2.1:33435", ttl: 2 }));
    expect(packets(next, "up")[0]!.ip!.ttl).toBe(1);
  });

  it("rfc1812 5.2.7.1 says net unreachable where no route leads", () => {
    const rig = new RouterRig({ ...spec, uplink: false });
    const [seen] = packets(rig.send(udp({ from: "10.0.10.5:1", to: "192.0.2.1:9" })), "a10");
    expect(seen).toMatchObject({ ip: { from: "10.0.10.1" }, icmp: { type: 3, code: 0 }, faults: [] });
    expect(rig.drops()).toEqual({ "no-route": 1 });
  });

  it("rfc1812 5.2.7.1 says host unreachable where nobody answers", () => {
    const rig = new RouterRig(spec);
    rig.silent.add("10.0.20.9");
    rig.send(udp({ from: "10.0.10.5:1", to: "10.0.20.9:9" }));
    const [seen] = packets(rig.wait(4), "a10");
    expect(seen).toMatchObject({ ip: { from: "10.0.10.1" }, icmp: { type: 3, code: 1 }, faults: [] });
  });

  it.each([["10.0.20.9", "a20"], ["192.0.2.1", "up"]])("rfc1191 4 says which MTU would fit on the way to %s", (to) => {
    const rig = new RouterRig({
      ...spec, uplink: { mtu: 1280 },
      interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" },
        { switch: "lab", vlan: 20, address: "10.0.20.1/24", mtu: 1280 }],
    });
    const packet = udp({ from: "10.0.10.5:1", to: `${to}:9`, df: true, payload: new Uint8Array(1253) });
    const [seen] = packets(rig.send(packet), "a10");
    expect(seen).toMatchObject({ ip: { from: "10.0.10.1" }, icmp: { type: 3, code: 4, rest: 1280 }, faults: [] });
    expect(seen!.ip!.totalLength).toBe(576);
    expect(packetIn(seen!).subarray(28)).toEqual(packet.subarray(0, 548));
    expect(rig.drops()).toEqual({ mtu: 1 });
    const fits = udp({ from: "10.0.10.5:1", to: `${to}:9`, df: true, payload: new Uint8Array(1252) });
    expect(packets(rig.send(fits), to.startsWith("10") ? "a20" : "up")).toHaveLength(1);
  });

  it.each([1280, 1000, 577, 576])("rfc791 fragments what is too long for a link of %i bytes", (mtu) => {
    const rig = new RouterRig({ ...spec, uplink: { mtu } });
    const payload = Uint8Array.from({ length: 4000 }, (_byte, i) => i * 7);
    const packet = udp({ from: "10.0.10.5:1", to: "192.0.2.1:9", id: 77, payload });
    const came = packets(rig.send(packet), "up").map(packetIn);
    expect(came.length).toBeGreaterThan(3);
    expect(came.every((one) => one.length <= mtu)).toBe(true);
    const whole = parseIp(reassemble(came));
    expect(whole).toMatchObject({ ip: { to: "192.0.2.1", id: 77, ttl: 63, df: false }, faults: [] });
    expect(whole.payload).toEqual(payload);
  });

  it("rfc791 fragments a fragment again", () => {
    const rig = new RouterRig({ ...spec, uplink: { mtu: 576 } });
    const payload = Uint8Array.from({ length: 4000 }, (_byte, i) => i * 3);
    const parts = fragmentsOf(udp({ from: "10.0.10.5:1", to: "192.0.2.1:9", id: 9, payload }), 1500);
    const came = parts.flatMap((part) => packets(rig.send(part), "up")).map(packetIn);
    expect(parseIp(reassemble(came))).toMatchObject({ payload, faults: [] });
  });

  it("rfc791 3.1 leaves options without the copied flag to the first fragment", () => {
    const rig = new RouterRig({ ...spec, uplink: { mtu: 576 } });
    const ipOptions = Uint8Array.from([7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 0]); // record route; router alert, copied
    const packet = udp({ from: "10.0.10.5:1", to: "192.0.2.1:9", id: 9, ipOptions, payload: new Uint8Array(1000) });
    const [first, ...others] = packets(rig.send(packet), "up").map(packetIn);
    expect([...first!.subarray(20, 32)]).toEqual([...ipOptions]);
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) {
      expect([...other.subarray(20, 32)]).toEqual([1, 1, 1, 1, 1, 1, 1, 0x94, 4, 0, 0, 0]);
      expect(parseIp(other).faults).toEqual([]);
    }
  });

  it("forwards options and padding as they are", () => {
    const rig = new RouterRig(spec);
    const packet = udp({ from: "10.0.10.5:1", to: "10.0.20.9:9", ipOptions: Uint8Array.from([0x94, 4, 0, 0]) });
    const [seen] = packets(rig.sendFrame("a10",
      ether({ to: ROUTER_MAC, from: rig.macOf("10.0.10.5"), pad: 60 }, packet)), "a20");
    expect(seen).toMatchObject({ faults: [], ip: { headerLength: 24, totalLength: packet.length } });
  });
});

describe("rfc1122 3.2.2 says nothing about", () => {
  const quoted = udp({ from: "192.0.2.1:9", to: "10.0.10.5:1" });
  it.each([
    ["an ICMP error", icmpError({ from: "10.0.10.5", to: "192.0.2.1", about: quoted, ttl: 1 })],
    ["a later fragment", udp({ from: "10.0.10.5:1", to: "192.0.2.1:9", offset: 80, ttl: 1 })],
    ["an ICMP message of no bytes", ip({ from: "10.0.10.5", to: "192.0.2.1", protocol: 1, ttl: 1 })],
  ])("%s", (_, packet) => {
    const rig = new RouterRig({ nat: false });
    expect(packets(rig.send(packet), "a10")).toEqual([]);
    expect(rig.drops()).toEqual({ ttl: 1 });
  });

  it.each([
    ["a broadcast", ether({ to: BROADCAST, from: "02:aa:0a:00:0a:05" },
      udp({ from: "10.0.10.5:1", to: "10.0.10.1:9" }))],
    ["a sender that is no host", ether({ to: ROUTER_MAC, from: "02:aa:0a:00:0a:05" },
      udp({ from: "127.0.0.1:1", to: "10.0.10.1:9" }))],
    ["a frame from a group", ether({ to: ROUTER_MAC, from: "01:00:5e:00:00:05" },
      udp({ from: "10.0.10.5:1", to: "10.0.10.1:9" }))],
  ])("%s", (_, frame) => {
    const rig = new RouterRig();
    expect(packets(rig.sendFrame("a10", frame), "a10")).toEqual([]);
  });
});

describe("rfc1812 4.3.2.8", () => {
  const late = udp({ from: "10.0.10.5:1", to: "192.0.2.1:9", ttl: 1 });
  const closed = udp({ from: "10.0.10.5:1", to: "10.0.10.1:9" });
  const long = (from: string) => udp({ from: `${from}:1`, to: "192.0.2.1:9", df: true, payload: new Uint8Array(1000) });
  const times = (count: number, rig: RouterRig, packet: Uint8Array) =>
    Array.from({ length: count }, () => rig.frame(packet, "10.0.10.5"));

  it("bounds how many errors it sends, and begins again later", () => {
    const rig = new RouterRig();
    const frames = times(250, rig, late);
    expect(packets(rig.sendFrame("a10", ...frames), "a10")).toHaveLength(100);
    rig.rig.turn(500);
    expect(packets(rig.sendFrame("a10", ...frames), "a10")).toHaveLength(50);
    expect(rig.drops()).toEqual({ ttl: 500 });
  });

  it.each([["late packets", late], ["probes of closed ports", closed]])(
    "path MTU discovery and traceroute of a neighbor work whatever %s provoke", (_, packet) => {
      const rig = new RouterRig({ uplink: { mtu: 576 } });
      rig.places.set("10.0.10.6", "b10");
      rig.sendFrame("a10", ...times(250, rig, packet));
      expect(packets(rig.send(long("10.0.10.6")), "b10")[0]).toMatchObject({ icmp: { type: 3, code: 4 } });
      const traced = udp({ from: "10.0.10.6:1", to: "192.0.2.1:33434", ttl: 1 });
      expect(packets(rig.send(traced), "b10")[0]).toMatchObject({ icmp: { type: 11 } });
    });

  it("they work also where the neighbor makes up its addresses, and those it provokes stay bounded", () => {
    const rig = new RouterRig({ uplink: { mtu: 576 } });
    rig.places.set("10.0.10.6", "b10");
    let told = 0;
    for (let host = 10; host < 250; host++) {
      const packet = udp({ from: `10.0.10.${host}:1`, to: "192.0.2.1:9", ttl: 1 });
      const frames = Array.from({ length: 10 }, () => rig.frame(packet, "10.0.10.5"));
      told += packets(rig.sendFrame("a10", ...frames), "a10").length;
    }
    expect(told).toBeLessThanOrEqual(800 * WORKERS);
    const traced = udp({ from: "10.0.10.6:1", to: "192.0.2.1:33434", ttl: 1 });
    expect(packets(rig.send(traced), "b10")[0]).toMatchObject({ icmp: { type: 11 } });
    expect(packets(rig.send(long("10.0.10.6")), "b10")[0]).toMatchObject({ icmp: { type: 3, code: 4 } });
  });

  it("a guest's own late packets and closed ports do not use up what its path MTU discovery needs", () => {
    const rig = new RouterRig({ uplink: { mtu: 576 } });
    rig.sendFrame("a10", ...times(250, rig, late), ...times(250, rig, closed));
    expect(packets(rig.send(long("10.0.10.5")), "a10")[0]).toMatchObject({ icmp: { type: 3, code: 4 } });
  });
});

it("rfc1812 5.2.7.1 a translated packet's error goes to who sent it, about what it sent", () => {
  const rig = new RouterRig({ uplink: { mtu: 576 } });
  const packet = tcp({ from: "10.0.10.5:1000", to: "192.0.2.1:80", flags: "S" });
  rig.send(packet);
  const big = tcp({ from: "10.0.10.5:1000", to: "192.0.2.1:80", df: true, payload: new Uint8Array(1000) });
  const [seen] = packets(rig.send(big), "a10");
  expect(seen).toMatchObject({ icmp: { type: 3, code: 4, rest: 576 }, faults: [] });
  expect(packetIn(seen!).subarray(28)).toEqual(big.subarray(0, 548));
});

it("rfc1191 an inbound packet of a session too long for the inside is answered outside", () => {
  const rig = new RouterRig({
    interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", mtu: 576 }],
  });
  rig.send(udp({ from: "10.0.10.5:1000", to: "192.0.2.1:80" }));
  const big = udp({ from: "192.0.2.1:80", to: "203.0.113.2:1000", df: true, payload: new Uint8Array(1000) });
  const [seen] = packets(rig.send(big), "up");
  expect(seen).toMatchObject({ ip: { from: "203.0.113.2", to: "192.0.2.1" }, icmp: { type: 3, code: 4, rest: 576 } });
  expect(packetIn(seen!).subarray(28)).toEqual(big.subarray(0, 548));
});

it("host-only: routes between its networks and to nowhere else", () => {
  const rig = new RouterRig({ uplink: false });
  expect(packets(rig.send(ping({ from: "10.0.10.5:1", to: "10.0.20.9" })), "a20")).toHaveLength(1);
  expect(packets(rig.send(ping({ from: "10.0.10.5:1", to: "10.0.10.1" })), "a10")[0]!.icmp!.type).toBe(0);
});

it("does not look for TCP options in a later fragment", () => {
  const rig = new RouterRig({ nat: { mss: 536 } });
  const segment = Uint8Array.from({ length: 40 }, (_, i) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa0, 2][i] ?? 0);
  segment.set([2, 4, 0xff, 0xff], 20);
  const packet = ip({ from: "10.0.10.5", to: "10.0.20.9", protocol: 6, offset: 800, payload: segment });
  const [seen] = packets(rig.send(packet), "a20");
  expect(packetIn(seen!).subarray(20)).toEqual(segment);
});

it("rfc3021 a link of two has no broadcast address", () => {
  const rig = new RouterRig({ uplink: { address: "203.0.113.3/31", gateway: "203.0.113.2" } });
  const seen = rig.send(ping({ from: "203.0.113.2:1", to: "203.0.113.3" }), "203.0.113.1");
  expect(packets(seen, "up")[0]).toMatchObject({ icmp: { type: 0 } });
});

it("what is not IPv4 or ARP ends at the router", () => {
  const rig = new RouterRig();
  const frame = ether({ to: ROUTER_MAC, from: "02:aa:0a:00:0a:05", type: 0x86dd }, new Uint8Array(40));
  expect(rig.sendFrame("a10", frame)).toEqual({});
  expect(rig.drops()).toEqual({});
});

it("an unknown ICMP type passes between inside networks", () => {
  const rig = new RouterRig();
  expect(packets(rig.send(icmp({ from: "10.0.10.5", to: "10.0.20.9", type: 42 })), "a20")).toHaveLength(1);
});

it("an interface whose address is not known yet forwards nothing", () => {
  const rig = new RouterRig({ uplink: { address: "dhcp", gateway: undefined } });
  raw(rig, "up", rig.frame(udp({ from: "198.51.100.1:1", to: "10.0.10.5:9" }), "203.0.113.1"));
  raw(rig, "up", arpFrame(rig, { op: 1, from: "203.0.113.1", target: "0.0.0.0" }));
  expect(rig.count(layout.FLOW_SLAB)).toBe(0);
});
