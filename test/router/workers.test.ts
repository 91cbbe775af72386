// A router on several workers: hosts on wires of all of them, sessions with the workers that their hosts have, and
// answers that come in elsewhere than they are looked for. What a host sees is what one worker does. Read first:
// assembly/router/whose.ts.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { readNeighbors } from "../../src/core/neighbors.js";
import { readSessions } from "../../src/core/nat.js";
import { OUT, R, S, dgram, portOf, said, seen, seg } from "./nat-rig.js";
import { fragmentsOf, icmpError, parseIp, ping, reassemble, udp } from "./packet.js";
import { arpFrame, raw } from "./raw.js";
import { RouterRig, packetIn, type RouterSpec } from "./rig.js";

const HOSTS = [5, 6, 7, 8, 9, 10].flatMap((host) => [`10.0.10.${host}`, `10.0.20.${host}`]);
const OPEN = { nat: { filtering: "endpoint-independent" } };

/** An inside endpoint for each host, each with a port of its own. */
const ends = HOSTS.map((host, i) => ({ host, port: 2000 + i, end: `${host}:${2000 + i}`, out: `${OUT}:${2000 + i}` }));
const pairs = ends.flatMap((from) => ends.filter((to) => to !== from).map((to) => ({ from, to })));

/** Puts some hosts on a wire of another worker. */
function spread(rig: RouterRig): RouterRig {
  for (const host of HOSTS.filter((_, i) => i % 4 === 0)) rig.places.set(host, "b10");
  return rig;
}

/** How many sessions each worker has. */
const shares = ({ rig: { shared } }: RouterRig) =>
  shared.shards.map((shard) => shared.word(shard + layout.FLOW_SLAB + layout.SLAB_COUNT));

it("a frame that another worker received is rewritten where it lies", () => {
  const rig = new RouterRig({}, { workers: 2 });
  for (const { end } of ends) rig.outbound(dgram(end, R));
  const before = [0, 1].map((worker) => rig.rig.freeSlots(worker));
  rig.rig.end("up").stalled = true;
  for (const { host, end } of ends) rig.rig.inject(rig.wireOf(host), rig.frame(dgram(end, R), host));
  rig.rig.settle();
  const held = [0, 1].map((worker) => before[worker]! - rig.rig.freeSlots(worker));
  const received = [0, 1].map((worker) =>
    HOSTS.filter((host) => rig.rig.end(rig.wireOf(host)).port.worker === worker).length);
  expect(held).toEqual(received);
});

const KINDS = [2, 3, 4].flatMap((workers) => [{ workers, devices: false }, { workers, devices: true }]);

describe.each(KINDS)("$workers workers (devices: $devices)", ({ workers, devices }) => {
  const make = (spec: RouterSpec = {}) => spread(new RouterRig(spec, { workers, devices }));

  it("have the sessions of their own hosts, whose ports and answers are as ever", () => {
    const rig = make();
    for (const { end, out } of ends) {
      expect(said(rig.outbound(dgram(end, R)))).toBe(`${out} > ${R}`);
      expect(said(rig.outbound(seg(end, R, "S")))).toBe(`${out} > ${R}`);
      expect(said(rig.inbound(dgram(R, out)))).toBe(`${R} > ${end}`);
      expect(said(rig.inbound(seg(R, out, "SA")))).toBe(`${R} > ${end}`);
    }
    const served = HOSTS.map((host) => rig.rig.end(rig.wireOf(host)).port.worker);
    expect(shares(rig)).toEqual(shares(rig).map((_, worker) => 2 * served.filter((one) => one === worker).length));
    expect(shares(rig).filter((sessions) => sessions > 0).length).toBeGreaterThan(1);
  });

  it("translate pings, and what is said about packets, both ways", () => {
    const rig = make();
    for (const { host, end, port, out } of ends) {
      rig.outbound(ping({ from: `${host}:${port}`, to: "198.51.100.9" }));
      expect(said(rig.inbound(ping({ from: "198.51.100.9", to: out, type: 0 })))).toMatch(`> ${host} icmp 0`);
      const sent = dgram(out, R);
      rig.outbound(dgram(end, R));
      const told = seen(rig.inbound(icmpError({ from: "198.51.100.1", to: OUT, code: 1, about: sent })));
      expect([told.ip!.to, told.icmp!.about!.udp!.from]).toEqual([host, end]);
      const answer = dgram(R, end);
      const back = seen(rig.outbound(icmpError({ from: host, to: "198.51.100.9", code: 3, about: answer })));
      expect([back.ip!.from, back.icmp!.about!.udp!.to]).toEqual([OUT, out]);
    }
  });

  it("never give one port to two hosts", () => {
    const rig = make();
    const ports = HOSTS.map((host) => portOf(rig.outbound(dgram(`${host}:1001`, R))));
    expect(new Set(ports).size).toBe(HOSTS.length);
    expect(ports.every((port) => port % 2 === 1 && port < 1024)).toBe(true);
    rig.rig.host.endSessions(rig.router.index);
    expect(rig.takenPorts).toBe(0);
  });

  it("bring fragments to where their first one's session is, in any order", () => {
    const rig = make();
    for (const [i, { host, end, out }] of ends.entries()) {
      rig.outbound(dgram(end, R));
      const payload = Uint8Array.from({ length: 4000 }, (_, at) => at + i);
      for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
        const id = 100 * (i + 1) + order[0]!;
        const parts = fragmentsOf(udp({ from: R, to: out, id, payload }), 1500);
        const came = order.flatMap((part) => Object.values(rig.send(parts[part]!, "203.0.113.1")).flat());
        const whole = parseIp(reassemble(came.filter((one) => one.ip).map(packetIn)));
        expect(whole).toMatchObject({ ip: { to: host }, udp: { to: end }, faults: [] });
        expect(whole.payload).toEqual(payload);
      }
    }
  });

  it("let each host reach each other one by its outside endpoint, and tell it where it is gone", () => {
    const rig = make(OPEN);
    for (const { end } of ends) rig.outbound(dgram(end, R));
    for (const { from, to } of pairs) {
      const there = seen(rig.outbound(dgram(from.end, to.out)));
      expect([there.udp!.from, there.udp!.to, there.ip!.ttl]).toEqual([from.out, to.end, 63]);
      const back = seen(rig.outbound(dgram(to.end, from.out)));
      expect([back.udp!.from, back.udp!.to, back.ip!.ttl]).toEqual([to.out, from.end, 63]);
      const about = dgram(from.out, to.end);
      const told = seen(rig.outbound(icmpError({ from: to.host, to: OUT, code: 3, about })));
      expect([told.ip!.from, told.ip!.to, told.icmp!.about!.udp!.to]).toEqual([OUT, from.host, to.out]);
    }
  });

  it("tell a host that whom it speaks to by the outside address is not there", () => {
    const rig = make({ forwards: HOSTS.map((_, i) => `udp ${8000 + i} -> 10.0.10.${100 + i}:80`) });
    HOSTS.forEach((_, i) => rig.silent.add(`10.0.10.${100 + i}`));
    for (const [i, { host, end }] of ends.entries()) {
      const to = `${OUT}:${8000 + (i + 1) % HOSTS.length}`;
      const wire = rig.wireOf(host);
      const told = [...rig.send(dgram(end, to))[wire] ?? [], ...rig.wait(6)[wire] ?? []].filter(({ icmp }) => icmp);
      expect(told).toMatchObject([{ ip: { to: host }, icmp: { type: 3, code: 1, about: { udp: { from: end, to } } } }]);
    }
  });

  it("find forwards and 1:1 addresses of all hosts", () => {
    const uplink = { address: [`${OUT}/24`, ...HOSTS.map((_, i) => `203.0.113.${20 + i}`)] };
    const rig = make({ uplink, forwards: [
      ...HOSTS.slice(0, 6).map((host, i) => `tcp ${8000 + i} -> ${host}:80`),
      ...HOSTS.slice(6).map((host, i) => `1:1 203.0.113.${20 + i} -> ${host}`),
    ] });
    for (const [i, host] of HOSTS.slice(0, 6).entries()) {
      expect(said(rig.inbound(seg(R, `${OUT}:${8000 + i}`, "S")))).toBe(`${R} > ${host}:80`);
      expect(said(rig.outbound(seg(`${host}:80`, R, "SA")))).toBe(`${OUT}:${8000 + i} > ${R}`);
    }
    for (const [i, host] of HOSTS.slice(6).entries()) {
      const own = `203.0.113.${20 + i}`;
      expect(said(rig.inbound(dgram(R, `${own}:7`)))).toBe(`${R} > ${host}:7`);
      expect(said(rig.inbound(ping({ from: "198.51.100.9:8", to: own })))).toMatch(`> ${host} icmp 8`);
      expect(said(rig.outbound(dgram(`${host}:9`, S)))).toBe(`${own}:9 > ${S}`);
    }
  });

  it("keep the order of every flow, both ways at once", () => {
    const rig = make();
    for (const { end, out } of ends) {
      rig.outbound(dgram(end, R));
      rig.inbound(dgram(R, out)); // all neighbors are known: frames wait for nobody
    }
    const numbers = Array.from({ length: 60 }, (_, i) => i);
    for (const number of numbers) {
      for (const { host, end, out } of ends) {
        rig.rig.inject(rig.wireOf(host), rig.frame(dgram(end, R, `${number}`), host));
        rig.rig.inject("up", rig.frame(dgram(R, out, `${number}`), "203.0.113.1"));
      }
    }
    const came = new Map<string, number[]>();
    for (const { udp: datagram, payload } of Object.values(rig.sendFrame("up")).flat()) {
      const flow = `${datagram!.from} ${datagram!.to}`;
      came.set(flow, [...came.get(flow) ?? [], Number(Buffer.from(payload).toString())]);
    }
    expect(came.size).toBe(2 * ends.length);
    for (const sent of came.values()) expect(sent).toEqual(numbers);
  });

  it("answer an ARP request once, learn from it all, and show each neighbor once", () => {
    const rig = make();
    for (const { host } of ends) {
      const wire = rig.wireOf(host);
      const target = host.startsWith("10.0.10.") ? "10.0.10.1" : "10.0.20.1";
      expect(raw(rig, wire, arpFrame(rig, { op: 1, from: host, target }))[wire]).toHaveLength(1);
      rig.outbound(dgram(`${host}:1`, R));
    }
    const known = [...readNeighbors(rig.rig.shared, rig.rig.now / 1000)].map(({ address }) => address);
    expect(known.sort()).toEqual([...HOSTS, "203.0.113.1"].sort());
  });

  it("let sessions come back to another number of workers", () => {
    const rig = make(OPEN);
    for (const { end } of ends) rig.outbound(dgram(end, R));
    rig.outbound(dgram(ends[0]!.end, ends[1]!.out));
    for (const others of [1, workers + 1]) {
      rig.restart(others);
      expect([...readSessions(rig.rig.shared, rig.rig.now / 1000)].length).toBeGreaterThanOrEqual(ends.length);
      for (const { end, out } of ends) {
        expect(said(rig.inbound(dgram(R, out)))).toBe(`${R} > ${end}`);
        expect(said(rig.outbound(dgram(end, S)))).toBe(`${out} > ${S}`);
      }
      expect(said(rig.outbound(dgram(ends[0]!.end, ends[1]!.out)))).toBe(`${ends[0]!.out} > ${ends[1]!.end}`);
    }
  });
});
