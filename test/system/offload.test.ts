// What a guest's kernel leaves undone, on the way to ports of every kind: segments of 64 KiB pass whole between TAPs,
// and whatever the way, every byte of a known TCP and UDP stream arrives. On a veth the receiving kernel checks sums.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Guest, MUCH, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { python } from "./python.js";
import { Product } from "./product.js";

const STREAM = fileURLToPath(new URL("stream.py", import.meta.url));
const PIECE = 1392;
const BYTES = { tcp: 8e6, udp: 400 * PIECE, uso: 600 * PIECE };
const VIA_10 = "10.0.10.1";

const can = privileged("offloads of TAPs", "ethtool", "iperf3", "ping", "python3", "tcpdump");

describe.skipIf(!can)("offloads", () => {
  const lab = useLab();

  /** That every byte of streams of each kind arrives. */
  async function expectStreams(from: Guest, to: Guest, address: string): Promise<void> {
    const sink = to.start(python(), STREAM, "take", ...Object.keys(BYTES));
    await sink.until(/ready/);
    await from.start(python(), STREAM, "give", address, ...Object.entries(BYTES).flat().map(String)).result();
    const same = Object.entries(BYTES).map(([kind, bytes]) => `${kind}: same ${bytes}`);
    expect((await sink.result()).trim().split("\n").slice(1)).toEqual(same);
  }

  /** A machine behind a veth of the host's, whose kernel checks the sums of what it receives. */
  function machine(name: string): Guest {
    const guest = lab().guest(name);
    guest.isCounted = false;
    lab().host.run("ip", "link", "add", `host-${name}`, "type", "veth", "peer", "name", name);
    lab().host.run("ip", "link", "set", "dev", `host-${name}`, "up");
    lab().host.run("ethtool", "-K", `host-${name}`, "gro", "off");
    return guest;
  }

  async function start(config: object, guests: Guest[], workers = "1"): Promise<Product> {
    writeFileSync(lab().config, JSON.stringify(config));
    const product = Product.begin(lab().host, lab().config, lab().control, ["--workers", workers]);
    lab().product = product;
    await product.ready();
    for (const guest of guests) {
      guest.plug();
      await product.untilLink(guest.name, "up");
    }
    return product;
  }

  /** Moves a guest to another network, with a way out of it. */
  function settle(guest: Guest, address: string, gateway?: string): void {
    guest.run("ip", "address", "flush", "dev", guest.name);
    guest.run("ip", "address", "add", `${address}/24`, "dev", guest.name);
    if (gateway) guest.run("ip", "route", "add", "default", "via", gateway);
  }

  const pair = (): Guest[] => [lab().guest("a"), lab().guest("b")];
  const tap = (name: string, vlan: object = {}) => ({ tap: name, ...vlan });

  it.each(["1", "2"])("lets segments longer than the MTU pass whole between TAPs (%s workers)", async (workers) => {
    const [a, b] = pair() as [Guest, Guest];
    await start({ switches: { lab: { ports: { a: tap("a"), b: tap("b") } } } }, [a, b], workers);
    expect(a.run("ethtool", "-k", "a")).toMatch(/^tcp-segmentation-offload: on$/m);
    expect(a.run("cat", "/sys/class/net/a/mtu").trim()).toBe("1500");
    const watch = b.start("tcpdump", "-nn", "-c", "5", "-Q", "in", "-i", "b", "greater 30000");
    await watch.until(/listening on/);
    expect(await a.transfer(b, MUCH)).toBeGreaterThan(5e6);
    await watch.result();
  });

  it("carries streams between TAPs", async () => {
    const [a, b] = pair() as [Guest, Guest];
    await start({ switches: { lab: { ports: { a: tap("a"), b: tap("b") } } } }, [a, b], "2");
    await expectStreams(a, b, b.address);
  });

  it("carries streams between a TAP and one with an MTU", async () => {
    const [a, b] = pair() as [Guest, Guest];
    await start({ switches: { lab: { ports: { a: tap("a"), b: tap("b", { mtu: 1500 }) } } } }, [a, b]);
    await expectStreams(a, b, b.address);
  });

  it("carries streams between a TAP and a machine on an interface", async () => {
    const [a, m] = [lab().guest("a"), machine("m")];
    await start({ switches: { lab: { ports: { a: tap("a"), m: { interface: "host-m" } } } } }, [a, m]);
    await expectStreams(a, m, m.address);
    await expectStreams(m, a, a.address);
  });

  it.each([["interface", "2"], ["stream", "1"]])("carries streams between switches, tagged, by %s ports", async (
    kind, workers,
  ) => {
    const [a, b] = pair() as [Guest, Guest];
    lab().host.run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right");
    for (const name of ["left", "right"]) lab().host.run("ip", "link", "set", "dev", name, "up");
    const path = join(lab().folder, "trunk.sock");
    const [left, right] = kind === "interface" ? [{ interface: "left" }, { interface: "right" }]
      : [{ stream: path }, { stream: path, connect: true }];
    const ports = (name: string, trunk: object) =>
      ({ ports: { [name]: tap(name, { access: 10 }), trunk: { ...trunk, trunk: [10] } } });
    const product = await start({ switches: { one: ports("a", left), two: ports("b", right) } }, [a, b], workers);
    await expectStreams(a, b, b.address);
    await expectStreams(b, a, a.address);
    const trunks = (await product.show("ports")).filter(({ name }) => name === "trunk");
    for (const { merged } of trunks) expect(merged).toBeGreaterThan(100); // of some 5,700 segments
  });

  it.each([["tap", "1"], ["interface", "2"]])("carries streams routed to a port of kind %s", async (kind, workers) => {
    const a = lab().guest("a");
    const b = kind === "tap" ? lab().guest("b") : machine("b");
    const ports = {
      a: tap("a", { access: 10 }), b: kind === "tap" ? tap("b", { access: 20 }) : { interface: "host-b", access: 20 },
    };
    const interfaces = [
      { switch: "lab", vlan: 10, address: `${VIA_10}/24` }, { switch: "lab", vlan: 20, address: "10.0.20.1/24" },
    ];
    await start({ switches: { lab: { ports } }, routers: { edge: { interfaces } } }, [a, b], workers);
    settle(a, "10.0.10.2", VIA_10);
    settle(b, "10.0.20.2", "10.0.20.1");
    await expectStreams(a, b, "10.0.20.2");
    await expectStreams(b, a, "10.0.10.2");
  });

  it.each([["tap", "2"], ["interface", "1"]])("carries streams translated to an uplink of kind %s", async (
    kind, workers,
  ) => {
    const a = lab().guest("a");
    const out = kind === "tap" ? lab().guest("out") : machine("out");
    const device = kind === "tap" ? { tap: "out" } : { interface: "host-out" };
    const uplink = { ...device, address: "203.0.113.2/24", gateway: "203.0.113.1" };
    const forwards = ["tcp 5001 -> 10.0.10.2:5001", "udp 5001 -> 10.0.10.2:5001"];
    const interfaces = [{ switch: "lab", vlan: 10, address: `${VIA_10}/24` }];
    const routers = { edge: { interfaces, uplink, forwards } };
    await start({ switches: { lab: { ports: { a: tap("a", { access: 10 }) } } }, routers }, [a], workers);
    out.isCounted = false; // an uplink is no port of a switch
    out.plug();
    settle(a, "10.0.10.2", VIA_10);
    settle(out, "203.0.113.1");
    await expectStreams(a, out, "203.0.113.1");
    await expectStreams(out, a, "203.0.113.2");
  });
});
