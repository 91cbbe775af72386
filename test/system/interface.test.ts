// Bridging onto an existing device of the host: a veth, whose other end is a machine on the physical network.

import { beforeEach, describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac, type Tag } from "../model/frames.js";
import { expectUnbroken, type Guest, MUCH, useLab } from "./lab.js";
import { privileged } from "./namespace.js";

const frame = (...tags: Tag[]): Buffer => Buffer.from(testFrame({ source: testMac(1), tags }));
const last = (...tags: Tag[]): Buffer =>
  Buffer.from(testFrame({ source: testMac(2), tags, payload: new Uint8Array(100).fill(0xff) }));

const can = privileged("bridging onto a device of the host", "iperf3", "ping", "python3", "tcpdump");

describe.skipIf(!can).each(["1", "2"])("an interface port with --workers %s", (workers) => {
  const lab = useLab();
  let vm: Guest;
  let machine: Guest;

  beforeEach(() => {
    vm = lab().guest("vm");
    machine = lab().guest("machine");
    machine.isCounted = false; // its device is no TAP: it counts what its kernel makes of frames, not frames
    lab().host.run("ip", "link", "add", "lan", "type", "veth", "peer", "name", "machine");
    lab().host.run("ip", "link", "set", "dev", "lan", "up");
  });

  async function bridge(vlan: object): Promise<void> {
    const ports = { vm: { tap: "vm", ...vlan }, lan: { interface: "lan", ...vlan } };
    const product = await lab().up({ ports }, "--workers", workers);
    for (const guest of [vm, machine]) guest.plug();
    for (const port of ["vm", "lan"]) await product.untilLink(port, "up");
  }

  it("carries ping and TCP both ways, with checksums and segments that were left to a card", async () => {
    await bridge({ access: 10 });
    expect(await vm.reaches(machine)).toBe(true);
    await expectUnbroken(vm.stream(machine, 200));
    expect(await vm.transfer(machine, MUCH)).toBeGreaterThan(5e6);
    expect(await vm.transfer(machine, MUCH, "--reverse")).toBeGreaterThan(5e6);
  });

  it("keeps tags as they are, and does not take in what it sent", async () => {
    await bridge({ trunk: "all", native: 1 });
    const [inside, outside] = [await vm.wire(), await machine.wire()];
    const frames = [frame(), frame(cTag(10, 5)), frame(cTag(20), cTag(30, 2)), frame(cTag(40), sTag(50))];
    outside.send(...frames, last());
    expect(await inside.before(last())).toEqual(frames);
    inside.send(...frames, last());
    expect(await outside.before(last())).toEqual(frames);
    const [ports, counts] = [await lab().product!.show("ports"), { vm: frames.length + 1, lan: frames.length + 1 }];
    expect(Object.fromEntries(ports.map(({ name, rx }) => [name, rx.frames]))).toEqual(counts);
  });
});

describe.skipIf(!can).each(["1", "2"])("frames that come in merged, with --workers %s", (workers) => {
  const lab = useLab();
  const sane = 100e6 / 8; // bytes a second: what any machine does, and far more than what retries get through

  /** A machine behind a veth of the host's, with every offload that a veth has by itself. */
  function machine(name: string): Guest {
    const guest = lab().guest(name);
    guest.isCounted = false;
    lab().host.run("ip", "link", "add", `host-${name}`, "type", "veth", "peer", "name", name);
    lab().host.run("ip", "link", "set", "dev", `host-${name}`, "up");
    return guest;
  }

  async function start(ports: Record<string, object>, guests: Guest[]): Promise<void> {
    const product = await lab().up({ ports }, "--workers", workers);
    for (const guest of guests) guest.plug();
    for (const port of Object.keys(ports)) await product.untilLink(port, "up");
    expect(await guests[0]!.reaches(guests[1]!)).toBe(true);
  }

  /** TCP both ways, during which no frame that arrives at a machine is longer than an MTU of 1500 allows. */
  async function expectSane(one: Guest, other: Guest, watched = [one, other]): Promise<void> {
    const watches = watched.map((guest) =>
      guest.start("tcpdump", "-nn", "-c", "1", "-Q", "in", "-i", guest.name, "greater 1515"));
    for (const watch of watches) await watch.until(/listening on/);
    for (const options of [[], ["--reverse"]]) {
      expect(await one.transfer(other, { seconds: 1 }, ...options)).toBeGreaterThan(sane);
    }
    for (const watch of watches) {
      expect([watch.status, watch.stdout]).toEqual([undefined, ""]);
      await watch.end();
    }
    for (const { drops } of await lab().product!.show("ports")) expect(drops).not.toHaveProperty("mtu");
  }

  it("are segments again between two interfaces", async () => {
    const [one, other] = [machine("one"), machine("other")];
    const ports = { one: { interface: "host-one", access: 10 }, other: { interface: "host-other", access: 10 } };
    await start(ports, [one, other]);
    await expectSane(one, other);
  });

  it("are no longer than an MTU one by one, at a TAP that takes them merged and behind an interface", async () => {
    const [far, vm] = [machine("far"), lab().guest("vm")];
    const ports = { far: { interface: "host-far", trunk: "all", native: 1 }, vm: { tap: "vm", access: 1, mtu: 1500 } };
    await start(ports, [far, vm]);
    await expectSane(vm, far, [far]); // at the TAP, what is merged shows as one
  });
});
