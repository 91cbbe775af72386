// Packets through a router, by the tools that people look at networks with: ping, traceroute, and transfers over paths
// that are narrower than they seem.

import { describe, expect, it } from "vitest";
import { expectUnbroken, MUCH, shareLab, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { edge, garbage, NARROW_MTU, populate, ROUTER, type World } from "./router-lab.js";

const HEADERS = 28; // IPv4 and ICMP: what a ping is longer than its data

/** Replies to pings that may not be fragmented, of so many bytes as IPv4 packets. */
function unfragmented(mtu: number, to: string): string[] {
  return ["-M", "do", "-c", "2", "-i", "0.2", "-W", "2", "-s", String(mtu - HEADERS), to];
}

const can = privileged("routing", "ip", "iperf3", "ping", "traceroute", "python3");

describe.skipIf(!can)("a router", () => {
  let world: World;
  const lab = shareLab((lab) => {
    world = populate(lab);
    return lab.join(edge());
  });

  it("answers pings, and carries them between VLANs and out", async () => {
    const { a, b, c, gateway, far } = world;
    const reached = [ROUTER.ten, ROUTER.twenty, ROUTER.outside, c, gateway, far.address].map((to) => a.reaches(to));
    expect(await Promise.all([...reached, b.reaches(c), c.reaches(far.address), gateway.reaches(ROUTER.outside)]))
      .not.toContain(false);
  });

  it("says host unreachable where nobody answers to ARP", async () => {
    const { a } = world;
    const absent = ["10.0.20.99", "203.0.113.99"].map((to) => a.start("ping", "-n", "-c", "1", "-w", "8", to));
    for (const ping of absent) {
      expect(await ping.ended).not.toBe(0);
      expect(ping.stdout).toContain(`From ${ROUTER.ten} icmp_seq=1 Destination Host Unreachable`);
    }
  });

  it("drops what comes from outside for inside addresses", async () => {
    const { gateway, a } = world;
    gateway.run("ip", "route", "add", "10.0.10.0/24", "via", ROUTER.outside);
    try {
      expect(await gateway.misses(a)).toBe(true);
    } finally {
      gateway.run("ip", "route", "delete", "10.0.10.0/24");
    }
  });

  const probes: [string, string[]][] = [["UDP", []], ["ICMP", ["-I"]], ["TCP", ["-T", "-p", "81"]]];

  it.each(probes)("is seen by traceroute with %s", async (_, how) => {
    const { a, far } = world;
    const trace = await a.start("traceroute", "-n", "-q", "1", "-m", "5", ...how, far.address).result();
    const hops = trace.split("\n").slice(1, -1).map((line) => line.trim().split(/\s+/)[1]);
    expect(hops).toEqual([ROUTER.ten, "203.0.113.1", far.address]);
  });

  it("tells a guest of a narrow link far away, and TCP gets through it", async () => {
    const { a, far } = world;
    expect(await a.reaches(far.address)).toBe(true);
    const wide = a.start("ping", ...unfragmented(1500, far.address));
    expect(await wide.ended).not.toBe(0);
    expect(wide.stdout + wide.stderr).toMatch(new RegExp(`From 203\\.0\\.113\\.1 .*mtu ?= ?${NARROW_MTU}`));
    await a.start("ping", ...unfragmented(NARROW_MTU, far.address)).result();
    a.run("ip", "route", "flush", "cache");
    expect(await a.transfer(far, MUCH)).toBeGreaterThan(1e6);
    expect(await a.transfer(far, MUCH, "--reverse")).toBeGreaterThan(1e6);
  });

  it("carries pings and datagrams in fragments, between VLANs and out, both ways", async () => {
    const { a, c, gateway, far } = world;
    for (const to of [c.address, gateway.address, far.address]) {
      await a.start("ping", "-c", "5", "-i", "0.1", "-s", "4000", to).result();
    }
    for (const way of [[], ["--reverse"]]) {
      const datagrams = ["--udp", "--length", "4000", "--bitrate", "4M", ...way];
      expect(await a.transfer(gateway, { seconds: 1 }, ...datagrams)).toBeGreaterThan(3e5);
    }
  });

  it("carries on for others while a guest sends garbage to it", async () => {
    const { a, b, c } = world;
    expect(await b.reaches(c)).toBe(true);
    const mac = /lladdr (\S+)/.exec(b.run("ip", "neigh", "show", ROUTER.ten))![1]!;
    const pings = b.stream(c, 1500);
    const wire = await a.wire();
    for (let batch = 0; batch < 30; batch++) {
      wire.send(...garbage(mac, a, batch, 100));
      await new Promise((resolve) => setTimeout(resolve, 50)); // while the pings run
    }
    await wire.close();
    await expectUnbroken(pings);
    expect(await a.reaches(c)).toBe(true);
    expect(lab().product!.running.stderr).toBe("");
  });
});

describe.skipIf(!can)("a router whose uplink is narrow", () => {
  const lab = useLab();

  it("tells a guest so, and TCP gets through it", async () => {
    const { a, gateway } = populate(lab());
    await lab().join(edge({ uplink: { mtu: 1280 } }));
    expect(await a.reaches(gateway)).toBe(true);
    const wide = a.start("ping", ...unfragmented(1500, gateway.address));
    expect(await wide.ended).not.toBe(0);
    expect(wide.stdout + wide.stderr).toMatch(/From 10\.0\.10\.1 .*mtu ?= ?1280/);
    await a.start("ping", ...unfragmented(1280, gateway.address)).result();
    a.run("ip", "route", "flush", "cache");
    expect(await a.transfer(gateway, MUCH)).toBeGreaterThan(1e6);
    expect(await a.transfer(gateway, MUCH, "--reverse")).toBeGreaterThan(1e6);
  });
});

describe.skipIf(!can)("routers", () => {
  const lab = useLab();
  const interfaceOf = (vlan: number): object => ({ switch: "lab", vlan, address: "10.0.10.1/24" });

  it("keep a network to the host where they have no uplink", async () => {
    const seat = (host: number): object => ({ address: `10.0.10.${host}/24`, gateway: "10.0.10.1" });
    const [a, b] = [lab().guest("a", seat(5)), lab().guest("b", seat(6))];
    const ports = { a: { tap: "a", access: 10 }, b: { tap: "b", access: 10 } };
    await lab().join({ switches: { lab: { ports } }, routers: { host: { interfaces: [interfaceOf(10)] } } });
    expect(await a.reaches(b)).toBe(true);
    expect(await a.reaches("10.0.10.1")).toBe(true);
    const outwards = a.start("ping", "-n", "-c", "1", "-w", "2", "203.0.113.1");
    expect(await outwards.ended).not.toBe(0);
    expect(outwards.stdout).toContain("From 10.0.10.1 icmp_seq=1 Destination Net Unreachable");
  });

  it("keep networks of the same addresses apart, each with a way out of its own", async () => {
    const seat = { address: "10.0.10.5/24", gateway: "10.0.10.1" };
    const [a, b] = [lab().guest("a", seat), lab().guest("b", seat)];
    const [east, west] = [lab().guest("east", { address: "203.0.113.1/24" }),
      lab().guest("west", { address: "203.0.113.1/24" })];
    const ports = { a: { tap: "a", access: 10 }, b: { tap: "b", access: 20 } };
    const router = (vlan: number, tap: string, address: string): object =>
      ({ interfaces: [interfaceOf(vlan)], uplink: { tap, address, gateway: "203.0.113.1" } });
    await lab().join({
      switches: { lab: { ports } },
      routers: { one: router(10, "east", "203.0.113.7/24"), two: router(20, "west", "203.0.113.8/24") },
    });
    const seen = [east, west].map((guest) => guest.start("tcpdump", "-n", "-l", "-c", "1", "-i", guest.name, "icmp"));
    for (const sniffer of seen) await sniffer.until(/listening/);
    expect(await Promise.all([a.reaches(east), b.reaches(west)])).toEqual([true, true]);
    expect(await seen[0]!.result()).toContain("IP 203.0.113.7 > 203.0.113.1");
    expect(await seen[1]!.result()).toContain("IP 203.0.113.8 > 203.0.113.1");
    expect(await Promise.all([a.transfer(east, MUCH), b.transfer(west, MUCH)]).then((bytes) => Math.min(...bytes)))
      .toBeGreaterThan(1e6);
  });
});
