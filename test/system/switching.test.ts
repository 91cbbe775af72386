// Guests on TAP devices, as users connect them: who reaches whom, TCP, and tags on the wire. With one worker and with
// two, where frames change threads between ports.

import { describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac, type Tag } from "../model/frames.js";
import { MUCH, useLab } from "./lab.js";
import { privileged } from "./namespace.js";

const MEGABYTE = 1e6;

/** A broadcast of the tests' own EtherType. */
function frame(...tags: Tag[]): Buffer {
  return Buffer.from(testFrame({ source: testMac(1), tags }));
}

/** The frame that is sent behind others: where it arrives, they have arrived or never will. */
function last(...tags: Tag[]): Buffer {
  return Buffer.from(testFrame({ source: testMac(2), tags, payload: new Uint8Array(100).fill(0xff) }));
}

const can = privileged("switching between TAP devices", "iperf3", "ping", "python3");

describe.skipIf(!can).each(["1", "2"])("switching with --workers %s", (workers) => {
  const lab = useLab();

  it("carries ping and TCP within a VLAN, and nothing across", async () => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    const ports = { a: { access: 10 }, b: { access: 10 }, c: { access: 20 } };
    const product = await lab().plugged(ports, "--workers", workers);
    expect(await a.reaches(b)).toBe(true);
    expect(await a.misses(c)).toBe(true);
    expect(await a.transfer(b, MUCH)).toBeGreaterThan(10 * MEGABYTE);
    expect(await a.transfer(b, MUCH, "--reverse")).toBeGreaterThan(10 * MEGABYTE);
    expect(await product.places(a.mac)).toEqual(["10 a"]);
    expect(await product.places(b.mac)).toEqual(["10 b"]);
    expect(JSON.parse(await product.run("show", "stats", "--json"))).toMatchObject({ workers: Number(workers) });
    const { length } = (await product.run("show", "ports")).trim().split("\n");
    expect(length).toBeGreaterThan(3); // a table for people: its head, and a line for each port
    expect(c.counter("rx_packets")).toBe(0);
  });

  it("gives each copy the tag of its port, keeps priorities, and takes no foreign VLAN", async () => {
    const guests = ["access", "trunk", "core"].map((name) => lab().guest(name));
    const ports = { access: { access: 10 }, trunk: { trunk: [10, 20], native: 20 }, core: { trunk: "all" } };
    const product = await lab().plugged(ports, "--workers", workers);
    const [access, trunk, core] = await Promise.all(guests.map((guest) => guest.wire()));

    access!.send(frame(), frame(cTag(0, 6)), frame(cTag(10)), last());
    for (const wire of [trunk!, core!]) {
      expect(await wire.before(last(cTag(10)))).toEqual([frame(cTag(10)), frame(cTag(10, 6))]);
    }

    trunk!.send(frame(cTag(10, 5)), frame(cTag(20, 3, true)), frame(), frame(cTag(0, 2)), frame(cTag(30, 7)));
    trunk!.send(frame(cTag(10), cTag(77, 4)), last(cTag(10)));
    expect(await access!.before(last())).toEqual([frame()]); // no customer's tag
    expect(await core!.before(last(cTag(10)))).toEqual([
      frame(cTag(10, 5)), frame(cTag(20, 3, true)), frame(cTag(20)), frame(cTag(20, 2)), frame(cTag(10), cTag(77, 4)),
    ]);

    core!.send(frame(cTag(20, 1)), frame(cTag(4094)), frame(), last(cTag(20)));
    expect(await trunk!.before(last())).toEqual([frame()]);
    expect((await product.port("access")).drops).toEqual({ vlan: 1 });
    expect((await product.port("trunk")).drops).toEqual({ vlan: 1 });
  });

  it("carries a customer's frames through a tunnel as they are, whatever tags they have", async () => {
    const guests = ["west", "east", "core"].map((name) => lab().guest(name));
    const ports = { west: { tunnel: 300 }, east: { tunnel: 300 }, core: { trunk: [300] } };
    await lab().plugged(ports, "--workers", workers);
    const [west, east, core] = await Promise.all(guests.map((guest) => guest.wire()));
    const customers = [[], [cTag(10, 5)], [cTag(300)], [cTag(10, 1), cTag(20, 2)], [sTag(7, 3)]]
      .map((tags) => frame(...tags));

    west!.send(...customers, last());
    expect(await east!.before(last())).toEqual(customers);
    await core!.before(last(sTag(300)));

    core!.send(frame(sTag(300, 4), cTag(10, 5)), frame(sTag(301), cTag(10)), last(sTag(300)));
    for (const wire of [west!, east!]) expect(await wire.before(last())).toEqual([frame(cTag(10, 5))]);
  });
});
