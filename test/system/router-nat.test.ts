// Translation as both sides see it: transfers through it, the addresses and ports that servers see, forwards, static
// and while it runs, and guests that meet outside. With two workers, so that frames change threads.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ask, scan, serve } from "./echo.js";
import { expectUnbroken, MUCH, shareLab, transfer } from "./lab.js";
import { privileged } from "./namespace.js";
import { edge, populate, ROUTER, type World } from "./router-lab.js";
import { until } from "./running.js";

const ECHO = 7;
const HOST_PORTS_MAX = 300;
const nat = { log: "sessions.ndjson", host: { ports: HOST_PORTS_MAX } }; // the log lies beside the configuration
const forwards = [
  "tcp 8080 -> 10.0.10.6:80", "udp 8080 -> 10.0.10.6:80", "tcp 9000-9003 -> 10.0.10.6:7000",
  "tcp 5301 -> 10.0.10.6", "udp 5301 -> 10.0.10.6", `1:1 ${ROUTER.second} -> 10.0.20.5`,
];

const can = privileged("translation", "iperf3", "ping", "python3");

describe.skipIf(!can)("a router's translation", () => {
  let world: World;
  const lab = shareLab(async (lab) => {
    world = populate(lab);
    await lab.join(edge({ router: { forwards, nat } }), "--workers", "2");
    const { b, c, gateway, far } = world;
    for (const protocol of ["tcp", "udp"] as const) {
      for (const station of [gateway, far, c]) await serve(station, protocol, ECHO);
      await serve(b, protocol, 80, 7000, 7001, 7002, 7003);
    }
  });

  it.each(["tcp", "udp"] as const)("keeps a guest's port where it is free, whomever it asks (%s)", async (protocol) => {
    const { a, b, gateway, far } = world;
    expect(await ask(a, protocol, gateway.address, ECHO, 40_000)).toBe(`${ROUTER.outside}:40000`);
    expect(await ask(a, protocol, far.address, ECHO, 40_000)).toBe(`${ROUTER.outside}:40000`);
    const other = await ask(b, protocol, gateway.address, ECHO, 40_000);
    expect(other).toMatch(/^203\.0\.113\.2:\d+$/);
    expect(other).not.toBe(`${ROUTER.outside}:40000`);
    expect(Number(other!.split(":")[1]) % 2).toBe(0); // RFC 4787 REQ-4
  });

  it("does not translate between VLANs", async () => {
    const { a, c } = world;
    expect(await ask(a, "tcp", c.address, ECHO, 41_000)).toBe("10.0.10.5:41000");
    expect(await ask(a, "udp", c.address, ECHO, 41_000)).toBe("10.0.10.5:41000");
  });

  it("carries transfers of several guests at once, both ways", async () => {
    const { a, b, c, gateway, far } = world;
    for (const way of [[], ["--reverse"]]) {
      const moved = await Promise.all([
        a.transfer(gateway, MUCH, ...way), b.transfer(far, MUCH, ...way),
        c.transfer(gateway, MUCH, "--port", "5202", ...way),
      ]);
      expect(Math.min(...moved)).toBeGreaterThan(1e6);
      const datagrams = ["--udp", "--bitrate", "8M", "--length", "1000"];
      expect(await a.transfer(far, { seconds: 1 }, ...datagrams, ...way)).toBeGreaterThan(8e5);
    }
  });

  it.each(["tcp", "udp"] as const)("lets nothing in that nobody asked for (%s)", async (protocol) => {
    const { gateway } = world;
    expect(await ask(gateway, protocol, ROUTER.outside, 40_001)).toBe(undefined);
  });

  it("forwards ports and ranges, and shows servers who asks", async () => {
    const { gateway, far } = world;
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await ask(gateway, protocol, ROUTER.outside, 8080, 50_000)).toBe(`${gateway.address}:50000`);
      expect(await ask(far, protocol, ROUTER.outside, 8080, 50_001)).toBe(`${far.address}:50001`);
    }
    const range = [9000, 9001, 9002, 9003].map((port) => ask(far, "tcp", ROUTER.outside, port));
    for (const seen of await Promise.all(range)) expect(seen).toContain(far.address);
    expect(await ask(far, "tcp", ROUTER.outside, 9004)).toBe(undefined);
  });

  it("carries transfers to a forwarded port", async () => {
    const { b, far } = world;
    const outside = { address: ROUTER.outside, start: b.start.bind(b) };
    const port = ["--port", "5301"];
    expect(await transfer(far, outside, MUCH, ...port)).toBeGreaterThan(1e6);
    expect(await transfer(far, outside, MUCH, ...port, "--reverse")).toBeGreaterThan(1e6);
    const inFragments = ["--udp", "--bitrate", "8M", "--length", "4000"];
    expect(await transfer(far, outside, { seconds: 1 }, ...port, ...inFragments)).toBeGreaterThan(5e5);
  });

  it.each(["tcp", "udp"] as const)("lets guests meet by the outside address (%s)", async (protocol) => {
    const { a, b, c } = world;
    for (const guest of [a, b]) {
      expect(await ask(guest, protocol, ROUTER.outside, 8080)).toMatch(/^203\.0\.113\.2:\d+$/);
    }
    expect(await ask(c, protocol, ROUTER.outside, 8080, 42_000)).toBe(`${ROUTER.second}:42000`);
    expect(await ask(a, protocol, ROUTER.second, ECHO)).toMatch(/^203\.0\.113\.2:\d+$/);
  });

  it("gives a guest an address of its own", async () => {
    const { c, gateway, far } = world;
    for (const protocol of ["tcp", "udp"] as const) {
      expect(await ask(c, protocol, gateway.address, ECHO, 40_000)).toBe(`${ROUTER.second}:40000`);
      expect(await ask(far, protocol, ROUTER.second, ECHO, 50_002)).toBe(`${far.address}:50002`);
    }
    expect(await gateway.reaches(ROUTER.second)).toBe(true);
  });

  it("loses no session while the router changes around it, and others come and go", async () => {
    const { a, b, gateway } = world;
    expect(await b.reaches(gateway)).toBe(true);
    const pings = b.stream(gateway, 2500);
    const transfer = a.transfer(gateway, { seconds: 4 });
    const interfaces = ["10.0.10.1/24", "10.0.20.1/24", "10.0.30.1/24"]
      .map((address, index) => ({ switch: "lab", vlan: 10 * (index + 1), address }));
    const wider = edge({ router: { nat, forwards: [...forwards, "udp 7777 -> 10.0.10.5"], interfaces, dns: {} } });
    const other = { interfaces: [{ switch: "lab", vlan: 40, address: "10.0.10.1/24" }] };
    for (const config of [{ ...wider, routers: { ...wider.routers, other } }, edge({ router: { forwards, nat } })]) {
      lab().writeWhole(config);
      await lab().product!.run("apply", lab().config);
    }
    expect(pings.status).toBe(undefined); // all that was under load
    await expectUnbroken(pings);
    expect(await transfer).toBeGreaterThan(10e6);
  });

  it("publishes a port and takes it back while it runs", async () => {
    const { a, far } = world;
    const server = await serve(a, "tcp", 81);
    const rule = "tcp 8181 -> 10.0.10.5:81";
    const product = lab().product!;
    expect(await ask(far, "tcp", ROUTER.outside, 8181)).toBe(undefined);
    await product.run("forward", "add", "edge", rule);
    expect(await ask(far, "tcp", ROUTER.outside, 8181, 50_003)).toBe(`${far.address}:50003`);
    const taken = product.start("forward", "add", "edge", "tcp 8181 -> 10.0.10.6:81");
    expect(await taken.ended).toBe(2);
    expect(taken.stderr).toContain("8181");
    await product.run("forward", "remove", "edge", rule);
    expect(await ask(far, "tcp", ROUTER.outside, 8181)).toBe(undefined);
    await server.end();
  });

  it("shows sessions, and logs who had which port", async () => {
    const { b, gateway } = world;
    const outside = await ask(b, "udp", gateway.address, ECHO, 44_000);
    const session = { router: "edge", protocol: "udp", inside: "10.0.10.6:44000", outside, remote: "203.0.113.1:7" };
    expect(await lab().product!.show("nat")).toContainEqual(expect.objectContaining({ ...session, state: "open" }));
    const log = (): string => readFileSync(join(lab().folder, nat.log), "utf8");
    await until(() => `the session in ${log()}`, () => log().includes(JSON.stringify(session).slice(1, -1)));
  });

  it("stops a guest that scans at its limit, and nobody else", async () => {
    const { a, b, c, gateway } = world;
    await scan(a, gateway.address, 2000);
    expect(await ask(b, "tcp", gateway.address, ECHO)).toContain(ROUTER.outside);
    expect(await c.reaches(gateway)).toBe(true);
    const held = (await lab().product!.show("nat")).filter(({ inside }) => inside.startsWith("10.0.10.5:"));
    expect(new Set(held.map(({ inside, protocol }) => `${protocol} ${inside}`)).size).toBe(HOST_PORTS_MAX);
    const drops = (await lab().product!.show("stats")).totals.drops;
    expect(drops["nat-limit"]).toBeGreaterThan(0);
  });
});
