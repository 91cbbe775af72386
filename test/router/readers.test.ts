// What the host reads of the routers' tables while the core writes them: sessions, what hosts hold, neighbors.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { readHoldings, readSessions, type Session } from "../../src/core/nat.js";
import { readNeighbors } from "../../src/core/neighbors.js";
import { GRACE } from "./nat-rig.js";
import { ping, tcp, udp } from "./packet.js";
import { RouterRig } from "./rig.js";

const [INSIDE, REMOTE] = ["10.0.10.5:1000", "198.51.100.9:53"];

function sessions(rig: RouterRig): Session[] {
  return [...readSessions(rig.rig.shared, rig.rig.now / 1000)];
}

function shake(rig: RouterRig): void {
  const [to, outside] = ["198.51.100.9:80", "203.0.113.2:1000"];
  rig.outbound(tcp({ from: INSIDE, to, flags: "S" }));
  rig.inbound(tcp({ from: to, to: outside, flags: "SA", seq: 100, ack: 1 }));
  rig.outbound(tcp({ from: INSIDE, to, flags: "A", seq: 1, ack: 101 }));
}

describe("sessions", () => {
  it("are nobody's at first", () => {
    expect(sessions(new RouterRig())).toEqual([]);
  });

  it("UDP that the inside began", () => {
    const rig = new RouterRig();
    rig.outbound(udp({ from: INSIDE, to: REMOTE }));
    expect(sessions(rig)).toEqual([{
      router: rig.router.index, protocol: "udp", inside: INSIDE, outside: "203.0.113.2:1000", remote: REMOTE,
      state: "open", expires: 300,
    }]);
  });

  it("a query of ICMP has its identifier for a port", () => {
    const rig = new RouterRig();
    rig.outbound(ping({ from: "10.0.10.5:7", to: "198.51.100.9:7" }));
    expect(sessions(rig)).toMatchObject([{
      protocol: "icmp", inside: "10.0.10.5:7", outside: "203.0.113.2:7", remote: "198.51.100.9:7", expires: 60,
    }]);
  });

  it("one that the outside began, by a forward", () => {
    const rig = new RouterRig({ forwards: ["tcp 8080 -> 10.0.10.5:80"] });
    rig.inbound(tcp({ from: "198.51.100.9:999", to: "203.0.113.2:8080", flags: "S" }));
    expect(sessions(rig)).toMatchObject([{
      inside: "10.0.10.5:80", outside: "203.0.113.2:8080", remote: "198.51.100.9:999", state: "opening",
    }]);
  });

  it("one between two inside hosts, by the outside address", () => {
    const rig = new RouterRig({ forwards: ["udp 8080 -> 10.0.10.5:80"] }, { workers: 1 }); // else two: workers.test.ts
    rig.outbound(udp({ from: "10.0.20.9:999", to: "203.0.113.2:8080" }));
    expect(sessions(rig)).toMatchObject([{
      inside: "10.0.20.9:999", outside: "203.0.113.2:999", remote: "203.0.113.2:8080",
    }]);
  });

  it("TCP opens, is established, and closes", () => {
    const rig = new RouterRig();
    rig.outbound(tcp({ from: INSIDE, to: "198.51.100.9:80", flags: "S" }));
    expect(sessions(rig)).toMatchObject([{ protocol: "tcp", state: "opening", expires: 240 }]);
    shake(rig);
    expect(sessions(rig)).toMatchObject([{ state: "established", expires: 7440 }]);
    rig.outbound(tcp({ from: INSIDE, to: "198.51.100.9:80", flags: "FA", seq: 1, ack: 101 }));
    expect(sessions(rig)).toMatchObject([{ state: "established" }]);
    rig.inbound(tcp({ from: "198.51.100.9:80", to: "203.0.113.2:1000", flags: "FA", seq: 101, ack: 2 }));
    expect(sessions(rig)).toMatchObject([{ state: "closing", expires: 240 }]);
  });

  it("have the less to live the longer they are silent, and are gone after that", () => {
    const rig = new RouterRig();
    rig.outbound(udp({ from: INSIDE, to: REMOTE }));
    rig.jump(299);
    expect(sessions(rig)).toMatchObject([{ expires: 1 }]);
    rig.jump(1 + GRACE);
    expect(sessions(rig)).toEqual([]);
    expect(rig.sessions).toBe(1); // its record is still there
  });

  it("a record that is not whole yet is left out", () => {
    const rig = new RouterRig();
    rig.outbound(udp({ from: INSIDE, to: REMOTE }));
    const { shared } = rig.rig;
    const record = shared.word(layout.FLOW_SLAB + layout.SLAB_RECORDS) + layout.FLOW_SIZE;
    const timeout = shared.word(record + layout.HALF_TIMEOUT);
    shared.setWord(record + layout.HALF_TIMEOUT, 0);
    expect(sessions(rig)).toEqual([]);
    shared.setWord(record + layout.HALF_TIMEOUT, timeout);
    expect(sessions(rig)).toHaveLength(1);
  });

  it("may come and go between two steps of a walk", () => {
    const rig = new RouterRig();
    for (let port = 1000; port < 1010; port++) rig.outbound(udp({ from: `10.0.10.5:${port}`, to: REMOTE }));
    const walk = readSessions(rig.rig.shared, rig.rig.now / 1000);
    const seen = [walk.next().value as Session];
    rig.rig.host.endSessions(rig.router.index);
    rig.outbound(udp({ from: "10.0.10.5:2000", to: REMOTE }));
    seen.push(...walk);
    expect(seen.map(({ inside }) => inside)).toEqual(["10.0.10.5:1000", "10.0.10.5:2000"]);
  });
});

it("what hosts hold is summed by their router", () => {
  const rig = new RouterRig();
  rig.outbound(udp({ from: INSIDE, to: REMOTE }));
  rig.outbound(udp({ from: INSIDE, to: "198.51.100.10:53" }));
  rig.outbound(udp({ from: "10.0.20.5:1", to: REMOTE }));
  expect([...readHoldings(rig.rig.shared)]).toEqual([[rig.router.index, { hosts: 2, sessions: 3, mappings: 2 }]]);
  rig.rig.host.endSessions(rig.router.index);
  expect(readHoldings(rig.rig.shared).size).toBe(0);
});

describe("neighbors", () => {
  const known = (rig: RouterRig) => [...readNeighbors(rig.rig.shared, rig.rig.now / 1000)]
    .map(({ port, ...rest }) => ({ on: rig.rig.registry.byIndex.get(port)!.name, ...rest }));

  it("one that has answered, and one that is asked", () => {
    const rig = new RouterRig();
    rig.silent.add("10.0.20.9");
    rig.outbound(udp({ from: INSIDE, to: "10.0.20.9:1" }));
    rig.outbound(udp({ from: INSIDE, to: "10.0.20.8:1" }));
    rig.jump(5);
    expect(known(rig)).toEqual(expect.arrayContaining([
      { on: "@edge.20", address: "10.0.20.9", mac: "", state: "asked", age: 5 },
      { on: "@edge.20", address: "10.0.20.8", mac: rig.macOf("10.0.20.8"), state: "reachable", age: 5 },
    ]));
  });

  it("one that does not answer has failed", () => {
    const rig = new RouterRig();
    rig.silent.add("10.0.20.9");
    rig.outbound(udp({ from: INSIDE, to: "10.0.20.9:1" }));
    rig.wait(6);
    expect(known(rig)).toEqual(expect.arrayContaining([
      expect.objectContaining({ address: "10.0.20.9", mac: "", state: "failed" }),
    ]));
  });

  it("one that was silent for a minute is stale", () => {
    const rig = new RouterRig();
    rig.outbound(udp({ from: INSIDE, to: "10.0.20.8:1" }));
    rig.jump(60);
    expect(known(rig).find(({ address }) => address === "10.0.20.8")).toMatchObject({ state: "stale", age: 60 });
  });

  it("those of an interface that goes are gone, records linked into each other included", () => {
    const rig = new RouterRig();
    for (let host = 10; host < 15; host++) rig.outbound(udp({ from: INSIDE, to: `10.0.20.${host}:1` }));
    const { index } = rig.rig.registry.port("lab", "@edge.20");
    rig.rig.host.forgetNeighbors(index);
    expect(known(rig).filter(({ on }) => on === "@edge.20")).toEqual([]);
  });

  it("that have gone are not taken for others that may go once the clock is past their idle time", () => {
    const rig = new RouterRig();
    for (const address of ["10.0.20.9", "10.0.20.10", "10.0.20.11"]) {
      rig.silent.add(address);
      rig.outbound(udp({ from: INSIDE, to: `${address}:1` }));
    }
    rig.wait(20);
    expect(known(rig)).toEqual([]);
    rig.jump(700);
    rig.wait(3);
    expect(rig.rig.shared.word(layout.NEIGHBOR_SLAB + layout.SLAB_COUNT)).toBe(0);
  });
});
