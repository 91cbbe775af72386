// TAPs with several queues, served by as many workers: many flows at once, of which each keeps its order and none is
// lost without a reason, also while the network changes under them. (How the kernel shares flows out:
// test/system/steering.test.ts.)

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { MUCH, useLab, type Guest } from "./lab.js";
import { privileged } from "./namespace.js";
import { python } from "./python.js";
import { Product } from "./product.js";

const FLOWS = fileURLToPath(new URL("flows.py", import.meta.url));
const ADDRESSES = 6; // of a guest: UDP is shared out by addresses
const wide = (name: string, queues = 2): object => ({ [name]: { tap: name, queues } });

interface Came {
  flows: number;
  frames: number;
  wrong: string[];
}

const can = privileged("TAPs with several queues", "iperf3", "ping", "python3", "setpriv");

describe.skipIf(!can)("TAPs with several queues", () => {
  const lab = useLab();

  /** Gives a guest its addresses, and tells it where those of another are: what waits in a kernel for ARP may be passed
   *  by what is sent when the answer comes. */
  function settle(guest: Guest, other: Guest): string {
    const own = addressesOf(guest).map((address) => `address replace ${address}/16 dev ${guest.name}`);
    const others = addressesOf(other)
      .map((address) => `neighbor replace ${address} lladdr ${other.mac} dev ${guest.name} nud permanent`);
    guest.namespace.ip(...own, ...others);
    return addressesOf(guest).join();
  }

  /** Flows from one guest to another, both ways; `meanwhile` happens to the network. */
  async function expectOrder(a: Guest, b: Guest, seconds: number, meanwhile: () => Promise<void>): Promise<void> {
    const addresses = new Map([[a, settle(a, b)], [b, settle(b, a)]]);
    const sinks = [a, b].map((guest) => guest.start(python(), FLOWS, "take"));
    for (const sink of sinks) await sink.until(/ready/);
    const sources = [[a, b], [b, a]].map(([from, to]) =>
      from!.start(python(), FLOWS, "give", String(seconds), addresses.get(from!)!, addresses.get(to!)!));
    await meanwhile();
    for (const [index, source] of sources.entries()) {
      const gave = JSON.parse(await source.result()) as Came;
      const came = JSON.parse((await sinks[1 - index]!.result()).split("\n")[1]!) as Came;
      expect(came).toMatchObject({ flows: gave.flows, wrong: [] });
      expect(came.frames).toBeGreaterThan(gave.frames / 10);
    }
  }

  it("carry many flows in order while other ports come and go", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: { queues: 2 }, b: { queues: 2 } }, "--workers", "2");
    expect(a.run("ls", "/sys/class/net/a/queues").match(/tx-/g)).toHaveLength(2);
    const ports = { ...wide("a"), ...wide("b") };
    await expectOrder(a, b, 4, async () => {
      for (let round = 0; round < 4; round++) {
        lab().write({ ports: { ...ports, ...(round % 2 ? { c: { tap: "c" } } : wide("d")) } });
        await product.run("apply", lab().config);
        await product.run("port", "add", "lab", "e", JSON.stringify({ tap: "e", queues: 1 + round % 2 }));
        await product.run("port", "remove", "lab", "e");
      }
    });
    const { switches } = JSON.parse(await product.run("show", "config", "--json")) as
      { switches: { lab: { ports: Record<string, object> } } };
    expect(switches.lab.ports["a"]).toMatchObject({ tap: "a", queues: 2 });
  });

  it("carry many flows in order between ports of one, two and three queues", async () => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    await lab().plugged({ a: { queues: 3 }, b: {}, c: { queues: 2 } }, "--workers", "4");
    await expectOrder(a, b, 1, async () => undefined);
    await expectOrder(a, c, 1, async () => undefined);
  });

  it("carry TCP by several connections", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    await lab().plugged({ a: { queues: 2 }, b: { queues: 2 } }, "--workers", "2");
    expect(await a.transfer(b, MUCH, "-P", "4")).toBeGreaterThan(10e6);
    expect(await a.transfer(b, MUCH, "-P", "4", "-R")).toBeGreaterThan(10e6);
  });

  it("keep flows in order while their own queues change", async () => {
    const [a, b] = [machine("a"), machine("b")];
    const ports = (queues: number): object => ({ ports: { ...wide("tap-a", queues), ...wide("tap-b", 3 - queues) } });
    const product = await lab().up(ports(1), "--workers", "2");
    for (const name of ["tap-a", "tap-b"]) await product.untilLink(name, "up");
    await expectOrder(a, b, 5, async () => {
      for (let round = 0; round < 5; round++) {
        lab().write(ports(1 + (round + 1) % 2));
        const applied = JSON.parse(await product.run("apply", lab().config, "--json")) as { changed: string[] };
        expect(applied.changed).toEqual(["lab/tap-a", "lab/tap-b"]);
        for (const name of ["tap-a", "tap-b"]) await product.untilLink(name, "up");
      }
    });
  });

  it("go down and up, are lost and come back as one", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: { queues: 2 }, b: { queues: 2 } }, "--workers", "2");
    b.run("ip", "link", "set", "dev", b.name, "down");
    await product.untilLink("b", "down");
    b.run("ip", "link", "set", "dev", b.name, "up");
    await product.untilLink("b", "up");
    await expectOrder(a, b, 1, async () => undefined);

    b.isCounted = false; // the next device begins anew
    b.run("ip", "link", "delete", "dev", b.name);
    await product.untilLink("b", "down");
    lab().host.run("ip", "tuntap", "add", "dev", b.name, "mode", "tap", "multi_queue");
    lab().host.run("ip", "link", "set", "dev", b.name, "up");
    await product.untilLink("b", "up");
    expect(lab().host.run("ls", "/sys/class/net/b/queues").match(/tx-/g)).toHaveLength(2);
    b.plug();
    await expectOrder(a, b, 1, async () => undefined);
    expect(product.links("b").map(({ link }) => link).slice(-4)).toEqual(["down", "up", "down", "up"]);
  });

  it("need a device that was made for them, and workers", async () => {
    const { host } = lab();
    host.run("ip", "tuntap", "add", "dev", "narrow", "mode", "tap");
    const refused = async (...workers: string[]): Promise<string> => {
      const product = Product.begin(host, lab().config, lab().control, workers);
      expect(await product.running.ended).toBe(1);
      return (JSON.parse(product.running.stderr) as { msg: string }).msg;
    };
    lab().write({ ports: wide("narrow") });
    expect(await refused("--workers", "2"))
      .toMatch(/tap "narrow": a device of that name .*made with one queue \(ip tuntap add .*multi_queue/);
    expect(await refused("--workers", "1"))
      .toMatch(/port lab\/narrow: 2 queues, and one worker .*--workers 2, or write queues: 1/);
    expect(host.run("ip", "tuntap", "show")).toMatch(/^narrow: tap/m);
  });

  it("work where the kernel takes no programs", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const config = { switches: { lab: { ports: { ...wide("a"), ...wide("b") } } } };
    lab().writeWhole(config);
    const drop = ["--bounding-set", "-sys_admin,-bpf", "--inh-caps", "-sys_admin,-bpf"];
    const product = Product.begin(lab().host, lab().config, lab().control, ["--workers", "2"], ["setpriv", ...drop]);
    lab().product = await product.ready();
    await lab().joinTo(product);
    expect(await a.reaches(b)).toBe(true);
    expect(await a.transfer(b, MUCH, "-P", "4")).toBeGreaterThan(10e6);
  });

  /** A machine on a bridge with a device that outlives whoever has it open: the port's, `tap-NAME`. */
  function machine(name: string): Guest {
    const { host } = lab();
    const guest = lab().guest(name);
    guest.isCounted = false;
    host.run("ip", "tuntap", "add", "dev", `tap-${name}`, "mode", "tap", "multi_queue");
    host.run("ip", "link", "add", `host-${name}`, "type", "veth", "peer", "name", name);
    host.run("ip", "link", "add", `bridge-${name}`, "type", "bridge", "mcast_snooping", "0");
    for (const member of [`tap-${name}`, `host-${name}`]) {
      host.run("ip", "link", "set", "dev", member, "master", `bridge-${name}`, "up");
    }
    host.run("ip", "link", "set", "dev", `bridge-${name}`, "up");
    return guest.plug();
  }
});

function addressesOf({ address }: Guest): string[] {
  return Array.from({ length: ADDRESSES }, (_, i) => address.replace(".0.", `.${i}.`));
}
