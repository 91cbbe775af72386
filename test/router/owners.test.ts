// Which of several workers has an inside host: the one that began with it, for as long as there is something of the
// host. Read first: assembly/table/owner.ts.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { OUT, R, S, dgram, said } from "./nat-rig.js";
import { parse } from "./packet.js";
import { RouterRig, type RouterRigOptions, type RouterSpec } from "./rig.js";

const HOST = "10.0.10.5";
const END = `${HOST}:2000`;
const [HERE, THERE] = ["a10", "b10"]; // wires of worker 0 and of worker 1
const FORWARD = { forwards: [`udp 8000 -> ${HOST}:80`] };

const make = (spec: RouterSpec = {}, options: RouterRigOptions = {}) => new RouterRig(spec, { workers: 2, ...options });

/** How many sessions each worker has. */
const shares = ({ rig: { shared } }: RouterRig) =>
  shared.shards.map((shard) => shared.word(shard + layout.FLOW_SLAB + layout.SLAB_COUNT));

/** Frames that ever went by the lane from a worker to another. */
const crossed = ({ rig: { shared } }: RouterRig, from: number, to: number) =>
  shared.word(layout.LANES + (from * layout.WORKERS_MAX + to) * layout.LANE_SIZE + layout.RING_HEAD);

/** Lays a datagram of the host down at a wire. */
const lay = (rig: RouterRig, wire: string, to: string) => { rig.rig.inject(wire, rig.frame(dgram(END, to), HOST)); };

it("whoever receives from a host has it", () => {
  for (const [worker, wire] of [HERE, THERE].entries()) {
    const rig = make();
    rig.places.set(HOST, wire);
    expect(said(rig.outbound(dgram(END, R)))).toBe(`${OUT}:2000 > ${R}`);
    expect(said(rig.inbound(dgram(R, `${OUT}:2000`)))).toBe(`${R} > ${END}`);
    expect(shares(rig)[worker]).toBe(1);
    expect(crossed(rig, worker, 1 - worker)).toBeLessThan(8); // questions for neighbors, which all hear
  }
});

it("a host that moves keeps what it has, where it is", () => {
  const rig = make();
  for (const wire of [HERE, THERE, HERE, THERE]) {
    rig.places.set(HOST, wire);
    expect(said(rig.outbound(dgram(END, R)))).toBe(`${OUT}:2000 > ${R}`);
    expect(said(rig.outbound(dgram(END, S)))).toBe(`${OUT}:2000 > ${S}`);
    expect(said(rig.inbound(dgram(R, `${OUT}:2000`)))).toBe(`${R} > ${END}`);
    expect(shares(rig)).toEqual([2, 0]);
  }
});

it("a host of which nothing is left is whose it is next", () => {
  const rig = make();
  rig.outbound(dgram(END, R));
  rig.places.set(HOST, THERE);
  rig.outbound(dgram(END, R));
  expect(shares(rig)).toEqual([1, 0]);
  rig.rig.host.endSessions(rig.router.index);
  rig.outbound(dgram(END, R));
  expect(shares(rig)).toEqual([0, 1]);
  rig.wait(700);
  expect(shares(rig)).toEqual([0, 0]);
  rig.places.set(HOST, HERE);
  rig.outbound(dgram(END, R));
  expect(shares(rig)).toEqual([1, 0]);
});

it("a forward keeps its host with one worker, with sessions or without", () => {
  const rig = make(FORWARD);
  rig.inbound(dgram(R, `${OUT}:8000`));
  const [before, ...others] = [HERE, THERE, HERE].map((wire) => {
    rig.places.set(HOST, wire);
    rig.rig.host.endSessions(rig.router.index);
    rig.outbound(dgram(END, R));
    return shares(rig);
  });
  expect(others).toEqual([before, before]);
});

it("a packet that comes to a worker whose host has become another's goes there", () => {
  const rig = make();
  for (const wire of [THERE, HERE]) { // both workers know the gateway then, and worker 0 has the host
    rig.rig.host.endSessions(rig.router.index);
    rig.places.set(HOST, wire);
    rig.outbound(dgram(END, R));
  }
  lay(rig, THERE, R);
  rig.rig.turnOf(1); // hands it to worker 0, which has the host
  rig.rig.host.endSessions(rig.router.index);
  lay(rig, THERE, S);
  rig.rig.turnOf(1); // begins with the host
  expect(shares(rig)).toEqual([0, 1]);
  rig.rig.settle();
  expect(shares(rig)).toEqual([0, 2]);
  const came = rig.rig.outputs()["up"]!.map((frame) => parse(frame).udp);
  const words = came.map((udp) => `${udp?.from} > ${udp?.to}`).sort();
  expect(words).toEqual([R, S].map((to) => `${OUT}:2000 > ${to}`).sort());
  expect(rig.drops()["nat-limit"] ?? 0).toBe(0);
});

it("hairpins come back with both of their hosts, and forwards", () => {
  const hosts = Array.from({ length: 6 }, (_, i) => [`10.0.10.${20 + i}:2000`, `10.0.10.${60 + 3 * i}:3000`] as const);
  const forwards = hosts.map(([, to], i) => `udp ${8000 + i} -> ${to}`);
  const rig = make({ nat: { filtering: "endpoint-independent" }, forwards });
  for (const [i, [from, to]] of hosts.entries()) {
    expect(said(rig.outbound(dgram(from, `${OUT}:${8000 + i}`)))).toMatch(`> ${to}`);
  }
  const before = shares(rig).reduce((sum, each) => sum + each);
  rig.restart();
  expect(shares(rig).reduce((sum, each) => sum + each)).toBe(before);
});

it("a packet from outside whose host has become another worker's goes there", () => {
  const rig = make({ uplink: { address: [`${OUT}/24`, "203.0.113.7"] }, forwards: [`1:1 203.0.113.7 -> ${HOST}`] });
  const { worker: up } = rig.rig.end("up").port;
  const begin = (wire: string): void => {
    rig.rig.host.endSessions(rig.router.index);
    rig.places.set(HOST, wire);
    rig.outbound(dgram(END, R));
  };
  for (const wire of up === 0 ? [HERE, THERE] : [THERE, HERE]) begin(wire); // whoever has not the uplink has the host
  rig.rig.inject("up", rig.frame(dgram(R, "203.0.113.7:80"), "198.51.100.9"));
  rig.rig.turnOf(up);
  rig.rig.host.endSessions(rig.router.index);
  lay(rig, up === 0 ? HERE : THERE, S);
  rig.rig.turnOf(up);
  expect(shares(rig)[up]).toBe(1);
  rig.rig.settle();
  expect(rig.drops()["nat-filtered"] ?? 0).toBe(0);
  expect(shares(rig)[up]).toBe(2);
});

describe("a worker whose sessions are half taken", () => {
  it("gives new hosts to the one that has fewest, until all are full", () => {
    const rig = make({ nat: { host: { ports: 0 } } }, { natCapacity: 32 });
    const hosts = Array.from({ length: 64 }, (_, i) => `10.0.10.${10 + i}`);
    const taken = hosts.map((host) => rig.outbound(dgram(`${host}:2000`, R))).filter(({ kind }) => kind === "forward");
    expect(taken.length).toBeGreaterThan(60);
    expect(Math.min(...shares(rig))).toBeGreaterThan(28);
    for (const host of hosts.slice(0, 60)) expect(rig.outbound(dgram(`${host}:2000`, R)).kind).toBe("forward");
  });
});
