// Bridging onto an existing device of the host: a veth, whose other end is a machine on the physical network.

import { beforeEach, describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac, type Tag } from "../model/frames.js";
import { expectUnbroken, type Guest, useLab } from "./lab.js";
import { privileged } from "./namespace.js";

const frame = (...tags: Tag[]): Buffer => Buffer.from(testFrame({ source: testMac(1), tags }));
const last = (...tags: Tag[]): Buffer =>
  Buffer.from(testFrame({ source: testMac(2), tags, payload: new Uint8Array(100).fill(0xff) }));

const can = privileged("bridging onto a device of the host", "iperf3", "ping", "python3");

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
    expect(await vm.transfer(machine, 1)).toBeGreaterThan(5e6);
    expect(await vm.transfer(machine, 1, "--reverse")).toBeGreaterThan(5e6);
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
