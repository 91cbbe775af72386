// What happens to TAP devices under the product's hands: they move, go down, are deleted and come back, outlive it or
// go with it. And what it says where it may not have them.

import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import type { PortStatus } from "../../src/api.js";
import { testFrame, testMac } from "../model/frames.js";
import { expectUnbroken, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { TAPLOOM, type MacEvent } from "./product.js";
import { Running, until } from "./running.js";

const NOBODY = "65534";

const can = privileged("TAP devices of the product", "ethtool", "ping", "python3", "setpriv");

describe.skipIf(!can)("TAP devices", () => {
  const lab = useLab();

  it("follows a MAC that moves to another port with its next frame", async () => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    const product = await lab().plugged({ a: { access: 10 }, b: { access: 10 }, c: { access: 10 } });
    const { events, close } = await product.follow();
    const [wireA, wireB, wireC] = await Promise.all([a.wire(), b.wire(), c.wire()]);
    const [mobile, peer] = [testMac(0x77), testMac(0x78)];
    const hello = testFrame({ source: mobile });
    const letter = testFrame({ source: peer, destination: mobile });
    const end = testFrame({ source: peer });

    wireA.send(hello);
    await wireC.before(hello);
    wireC.send(letter, end);
    expect(await wireA.before(end)).toEqual([Buffer.from(letter)]);
    expect(await wireB.before(end)).toEqual([Buffer.from(hello)]);
    expect(await product.places(mobile)).toEqual(["10 a"]);

    wireB.send(hello);
    await wireC.before(hello);
    wireC.send(letter, end);
    expect(await wireB.before(end)).toEqual([Buffer.from(letter)]);
    expect(await wireA.before(end)).toEqual([Buffer.from(hello)]);
    expect(await product.places(mobile)).toEqual(["10 b"]);
    const moved: MacEvent = { event: "mac", switch: "lab", port: "b", vlan: 10, mac: mobile, what: "moved", from: "a" };
    await until("the event", () => events.some((event) => isDeepStrictEqual(event, moved)));
    close();
  });

  it.each(["1", "2"])("lets the others go on when a device is deleted, and takes it back (%s workers)", async (n) => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    const product = await lab().plugged({ a: {}, b: {}, c: {} }, "--workers", n);
    expect(await a.reaches(c)).toBe(true);
    const pings = a.stream(b, 1500);
    await until("pings to pass", () => a.counter("rx_packets") > 100);
    c.isCounted = false; // the port goes on counting, the next device begins anew
    c.run("ip", "link", "delete", "dev", c.name);
    await product.untilLink("c", "down");
    expect(product.links("c").at(-1)).toMatchObject({ link: "down", why: "the device was deleted", code: "EBADFD" });
    expect(await product.places(c.mac)).toEqual([]);
    const shown = JSON.parse(await product.run("show", "ports", "--json")) as PortStatus[];
    expect(shown.map(({ name, kind, device, link }) => [name, kind, device, link].join(" ")))
      .toEqual(["a tap a up", "b tap b up", "c tap c down"]);
    await expectUnbroken(pings);

    lab().host.run("ip", "tuntap", "add", "dev", c.name, "mode", "tap");
    lab().host.run("ip", "link", "set", "dev", c.name, "up");
    await product.untilLink("c", "up");
    c.plug();
    expect(await a.reaches(c)).toBe(true);
  });

  it("goes down and up with the guest's end", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: {}, b: {} });
    expect(await a.reaches(b)).toBe(true);
    b.run("ip", "link", "set", "dev", b.name, "down");
    await product.untilLink("b", "down");
    expect(await a.misses(b)).toBe(true);
    const before = product.links("b").length;
    b.run("ip", "link", "set", "dev", b.name, "up");
    await until("the event", () => product.links("b").length > before);
    expect(product.links("b").slice(-2).map(({ link }) => link)).toEqual(["down", "up"]);
    expect(await a.reaches(b)).toBe(true);
  });

  it("leaves persistent devices as it found them, also where it is killed, and starts again on them", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const { host } = lab();
    const look = (): string[] => [
      // Whether frames have headers is no matter: who opens a device says it anew.
      host.run("ip", "tuntap", "show").replaceAll(" vnet_hdr", "").split("\n").sort().join("\n"),
      ...["a", "b"].map((name) => host.run("cat", `/sys/class/net/${name}/mtu`).trim()),
    ];
    for (const { name } of [a, b]) {
      host.run("ip", "tuntap", "add", "dev", name, "mode", "tap", "user", NOBODY);
      host.run("ip", "link", "set", "dev", name, "mtu", "1400");
    }
    const found = look();
    expect(found[0]).toContain(`user ${NOBODY}`);
    const killed = await lab().up({ ports: { a: { tap: "a" }, b: { tap: "b" } } });
    await killed.running.end("SIGKILL");
    expect(look()).toEqual(found);

    const next = await lab().up({ ports: { a: { tap: "a" }, b: { tap: "b", mtu: 1300 } } });
    expect(look().slice(1)).toEqual(["1400", "1300"]);
    for (const [mtu, there] of [[1350, "1350"], [undefined, "1400"], [1320, "1320"]] as const) {
      lab().write({ ports: { a: { tap: "a" }, b: { tap: "b", mtu } } });
      await next.run("apply", lab().config);
      expect(look().slice(1)).toEqual(["1400", there]);
    }
    await next.stop();
    expect(look()).toEqual(found);
    expect(host.run("ethtool", "-k", "a")).toMatch(/^tcp-segmentation-offload: off/m); // a next owner may not know them

    await lab().up({ ports: { a: { tap: "a" }, b: { tap: "b" } } });
    for (const guest of [a, b]) guest.plug();
    expect(await a.reaches(b)).toBe(true);
  });

  it("takes the devices along that it made, wherever they are", async () => {
    const a = lab().guest("a");
    const product = await lab().up({ ports: { a: { tap: "a" }, b: { tap: "b" } } });
    a.plug();
    await product.untilLink("a", "up");
    await product.stop();
    expect(a.run("ip", "-br", "link")).not.toMatch(/^a\b/m);
    expect(lab().host.run("ip", "-br", "link")).not.toMatch(/^b\b/m);
  });

  it("sets the MTU, and drops by name what is longer than a port takes", async () => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    const product = await lab().plugged({ a: { mtu: 9000 }, b: { mtu: 9000 }, c: { mtu: 1400 } });
    expect([a, b, c].map((guest) => guest.run("cat", `/sys/class/net/${guest.name}/mtu`).trim()))
      .toEqual(["9000", "9000", "1400"]);
    const large = ["-c", "2", "-i", "0.2", "-W", "0.5", "-M", "do", "-s", "8000"];
    expect(await a.reaches(b)).toBe(true);
    expect(await a.start("ping", ...large, b.address).ended).toBe(0);
    expect(await a.reaches(c)).toBe(true);
    expect(await a.start("ping", ...large, c.address).ended).toBe(1);
    expect((await product.port("c")).drops).toEqual({ mtu: 2 });
  });

  it("says which privilege it needs and how to grant it, where it has none", async () => {
    lab().write({ ports: { a: { tap: "a" } } });
    const none = ["--bounding-set=-all", "--inh-caps=-all", process.execPath, TAPLOOM];
    const up = [...none, "up", lab().config, "--control", lab().control];
    const refused = new Running(lab().host.start("setpriv", up), "taploom up");
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toMatch(
      /^error: port lab\/a: tap "a": opening it needs CAP_NET_ADMIN: .*setcap cap_net_admin.*\n$/,
    );
  });

  it("opens a device that was made for its user without any privilege", async () => {
    const guest = lab().guest("a");
    lab().host.run("ip", "tuntap", "add", "dev", "a", "mode", "tap", "user", "0");
    lab().write({ ports: { a: { tap: "a" } } });
    const none = ["--bounding-set=-all", "--inh-caps=-all", process.execPath, TAPLOOM];
    const up = [...none, "up", lab().config, "--control", lab().control];
    const running = new Running(lab().host.start("setpriv", up), "taploom up");
    await running.until(/^ready$/m);
    guest.plug();
    expect(await running.end("SIGTERM")).toBe(0);
  });

  it("uses under 1 % of a core with nothing to do", async () => {
    for (const name of ["a", "b", "c"]) lab().guest(name);
    const product = await lab().plugged({ a: {}, b: {}, c: {} });
    const cpuMs = (): number => {
      const files = lab().host.run("sh", "-c", `cat /proc/${product.pid}/task/*/schedstat`).trim().split("\n");
      return files.reduce((sum, line) => sum + Number(line.split(" ")[0]) / 1e6, 0);
    };
    let share = 1;
    await until(() => `the engine to be idle: it uses ${(share * 100).toFixed(2)} % of a core`, async () => {
      const [used, began] = [cpuMs(), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 3000));
      share = (cpuMs() - used) / (performance.now() - began);
      return share < 0.01;
    });
  });
});
