// RFC 6888 through the real core, and what happens where ports or table are exhausted: limits for each host, fairness,
// the log, eviction.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { A, B, C, OUT, R, S, connect, dgram, said, seg } from "./nat-rig.js";
import { ping } from "./packet.js";
import { RouterRig, type Seen } from "./rig.js";

const CAPACITY = 1024;

/** Lets a host speak to so many remotes, from one port or from one for each; in batches, without a look at each. */
function scan(rig: RouterRig, host: string, count: number, ports: "one" | "many" = "one"): Record<string, Seen[]> {
  const frames = Array.from({ length: count }, (_, i) => {
    const from = `${host}:${ports === "one" ? 4000 : 1024 + i}`;
    return rig.frame(dgram(from, `198.51.${i >> 8}.${i & 255}:9`), host);
  });
  const answers: Record<string, Seen[]> = {};
  for (let at = 0; at < frames.length; at += 256) {
    for (const [name, seen] of Object.entries(rig.sendFrame(rig.wireOf(host), ...frames.slice(at, at + 256)))) {
      (answers[name] ??= []).push(...seen);
    }
  }
  return answers;
}

describe("rfc6888-req04 ports of a host", () => {
  it("are limited, which is told, and others have theirs", () => {
    const rig = new RouterRig({ nat: { host: { ports: 3 } } });
    const answers = scan(rig, "10.0.10.5", 10, "many");
    expect([rig.takenPorts, rig.drops()["nat-limit"]]).toEqual([3, 7]);
    expect(answers["a10"]!.map(({ icmp }) => [icmp!.type, icmp!.code])).toEqual(Array(7).fill([3, 13]));
    expect(said(rig.outbound(dgram(B, R)))).toBe(`${OUT}:1000 > ${R}`);
  });

  it("count once for many remotes, and for each protocol", () => {
    const rig = new RouterRig({ nat: { host: { ports: 2 } } });
    scan(rig, "10.0.10.5", 20);
    expect(said(rig.outbound(seg(A, R, "S")))).toBe(`${OUT}:1000 > ${R}`);
    expect(said(rig.outbound(ping({ from: "10.0.10.5:1", to: "198.51.100.9" })))).toBe("nat-limit");
  });

  it("come back with the end of their sessions", () => {
    const rig = new RouterRig({ nat: { host: { ports: 2 } } });
    scan(rig, "10.0.10.5", 2, "many");
    rig.jump(305);
    rig.wait(5);
    expect(said(rig.outbound(dgram(A, R)))).toBe(`${OUT}:1000 > ${R}`);
  });
});

it("rfc6888-req05 new sessions a second are limited, old ones go on", () => {
  const rig = new RouterRig({ nat: { host: { rate: 5 } } });
  rig.outbound(dgram(A, R));
  scan(rig, "10.0.10.5", 20);
  expect([rig.sessions, rig.drops()["nat-limit"]]).toEqual([5, 16]);
  expect(said(rig.outbound(dgram(A, R)))).toBe(`${OUT}:1000 > ${R}`);
  expect(said(rig.outbound(dgram(B, R)))).not.toBe("nat-limit");
  rig.jump(1);
  expect(said(rig.outbound(dgram(A, S)))).toBe(`${OUT}:1000 > ${S}`);
});

describe("rfc6888-req12 log", () => {
  /** Events that have not been read. */
  function events(rig: RouterRig): unknown[] {
    const { shared } = rig.rig;
    const text = (at: number) => [...shared.bytes.subarray(at, at + 4)].join(".");
    const port = (at: number) => shared.bytes[at]! * 256 + shared.bytes[at + 1]!;
    const written = shared.shards.flatMap((shard) => Array.from(
      { length: shared.word(shard + layout.SESSION_HEAD) },
      (_, i) => shard + layout.SESSION_EVENTS + i * layout.SESSION_EVENT_SIZE));
    return written.map((at) => {
      const end = (address: number, index: number) =>
        `${text(at + address)}:${port(at + layout.SESSION_INSIDE_PORT + index * 2)}`;
      return [
        shared.word(at) === layout.SESSION_CREATED ? "created" : "destroyed",
        shared.bytes[at + layout.SESSION_PROTOCOL], end(layout.SESSION_INSIDE, 0), end(layout.SESSION_OUTSIDE, 1),
        end(layout.SESSION_REMOTE, 2), shared.double(at + layout.SESSION_TIME),
      ];
    });
  }

  const LOGGED = { nat: { log: "/run/nat.log", filtering: "endpoint-independent" } };

  it("says who had which outside endpoint, towards whom, when", () => {
    const rig = new RouterRig(LOGGED);
    rig.rig.shared.setDouble(layout.HEADER_EPOCH, 1e12);
    rig.outbound(dgram(B, R));
    rig.inbound(seg(S, `${OUT}:1000`, "S")); // of no mapping
    rig.inbound(dgram(S, `${OUT}:1000`));
    const began = 1e12 + rig.rig.now;
    rig.jump(400);
    rig.wait(5);
    const logged = events(rig);
    expect(logged.slice(0, 2)).toEqual([
      ["created", 17, B, `${OUT}:1000`, R, began], ["created", 17, B, `${OUT}:1000`, S, began],
    ]);
    expect(logged.slice(2).map((each) => (each as unknown[]).slice(0, 5)).sort()).toEqual([
      ["destroyed", 17, B, `${OUT}:1000`, S], ["destroyed", 17, B, `${OUT}:1000`, R],
    ]);
    expect((logged[2] as number[])[5]).toBeGreaterThanOrEqual(began + 400_000);
  });

  it("has the time of what the host ends, too", () => {
    const rig = new RouterRig(LOGGED);
    rig.rig.shared.setDouble(layout.HEADER_EPOCH, 1e12);
    rig.outbound(dgram(A, R));
    rig.wait(10);
    rig.rig.host.endSessions(rig.router.index);
    expect(events(rig)).toEqual([
      ["created", 17, A, `${OUT}:1000`, R, 1e12 + 1000], ["destroyed", 17, A, `${OUT}:1000`, R, 1e12 + rig.rig.now],
    ]);
  });

  it("is not kept where nobody asked for it, and counts what nobody reads", () => {
    const silent = new RouterRig();
    silent.outbound(dgram(A, R));
    expect(events(silent)).toEqual([]);
    const rig = new RouterRig(LOGGED);
    const { shared } = rig.rig;
    for (const shard of shared.shards) shared.setWord(shard + layout.SESSION_HEAD, layout.SESSION_EVENTS_MAX);
    rig.outbound(dgram(A, R));
    expect(shared.shards.map((shard) => shared.word(shard + layout.SESSION_LOST)).sort().at(-1)).toBe(1);
  });
});

describe("fairness", () => {
  it("a host that scans leaves sessions to the others", () => {
    const rig = new RouterRig();
    scan(rig, "10.0.10.5", 4000);
    expect(rig.sessions).toBeLessThan(CAPACITY);
    for (const host of [B, C]) expect(said(rig.outbound(dgram(host, R)))).toMatch(/^203/);
    connect(rig, "10.0.10.6:2000");
    expect(said(rig.outbound(seg("10.0.10.6:2000", R, "PA")))).toBe(`${OUT}:2000 > ${R}`);
  });

  it("a host cannot be many by the sources that it writes", () => {
    const rig = new RouterRig();
    for (let host = 1; host <= 250; host++) {
      const frames = Array.from({ length: 60 }, (_, i) =>
        rig.frame(dgram(`198.18.0.${host}:${1000 + i}`, `192.0.2.1:${i + 1}`), "10.0.10.66"));
      rig.sendFrame("a10", ...frames);
    }
    expect([rig.sessions, rig.drops()]).toEqual([0, { spoofed: 15_000 }]);
  });

  it("two that scan leave some, too", () => {
    const rig = new RouterRig();
    for (const host of ["10.0.10.5", "10.0.20.7"]) scan(rig, host, 2000);
    expect(said(rig.outbound(dgram(B, R)))).toBe(`${OUT}:1000 > ${R}`);
  });

  it("a host that takes ports leaves some to the others", () => {
    const rig = new RouterRig();
    takeAllPorts(rig, 96);
    scan(rig, "10.0.10.5", 200, "many");
    expect(rig.mappings).toBeLessThan(90);
    expect(said(rig.outbound(dgram(B, R)))).toMatch(/^203/);
    rig.rig.host.endSessions(rig.router.index);
    giveAllPorts(rig);
  });
});

// Each worker has a table of its own, and makes room in that one only: what is said here is said of one.
const ONE = { workers: 1 };
const BEHIND = [{ to: "10.0.0.0/20", via: "10.0.10.9" }];

describe("rfc5508-req08, rfc6888-req11 exhaustion", () => {
  it("of ports: nat-no-port, ICMP 3/13, and old sessions live", () => {
    const rig = new RouterRig({}, { natCapacity: 4096 });
    rig.outbound(dgram(A, R));
    takeAllPorts(rig);
    const { a10 } = rig.send(dgram(B, R));
    expect(a10![0]).toMatchObject({ icmp: { type: 3, code: 13 } });
    expect(rig.drops()).toMatchObject({ "nat-no-port": 1 });
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${A}`);
    expect(said(rig.outbound(seg(B, R, "S")))).toBe(`${OUT}:1000 > ${R}`); // TCP has ports of its own
    giveAllPorts(rig);
  });

  it.each([1, 2])("of the table: hosts that were refused have a chance afterwards (%i workers)", (workers) => {
    const rig = new RouterRig({ nat: { host: { ports: 0 } } }, { workers, natCapacity: 8 });
    const begin = (host: number, remote: string): string => said(rig.outbound(dgram(`10.0.10.${host}:2000`, remote)));
    for (let host = 0; host < workers; host++) {
      for (let remote = 0; remote < 8; remote++) begin(10 + host, `198.51.100.${20 + remote}:80`);
    }
    for (let host = 0; host < 3; host++) expect(begin(100 + host, R)).toBe("nat-limit");
    expect(rig.count(layout.HOST_SLAB)).toBe(workers);
    rig.rig.host.endSessions(rig.router.index);
    for (let host = 0; host < 4; host++) expect(begin(100 + host, R)).toMatch(/^203/);
  });

  it("of the table: nat-limit, and old sessions live", () => {
    const rig = new RouterRig({ routes: BEHIND }, ONE);
    fill(rig);
    expect(rig.sessions).toBe(CAPACITY);
    expect(said(rig.outbound(dgram(B, S)))).toBe("nat-limit");
    expect(Object.keys(rig.send(dgram("10.0.1.1:1000", R), "10.0.10.5"))).toEqual(["up"]);
  });

  it("oldest-idle: of the table, the idle go for new ones", () => {
    const rig = new RouterRig({ routes: BEHIND, nat: { exhausted: "oldest-idle" } }, ONE);
    fill(rig);
    rig.jump(30);
    for (let i = 0; i < 200; i++) {
      expect(said(rig.outbound(dgram(`10.0.10.${i % 100 + 100}:${2000 + i}`, S)))).toMatch(/^203/);
    }
    expect(rig.sessions).toBe(CAPACITY);
  });

  it("oldest-idle: who has just sent keeps its session", () => {
    const rig = new RouterRig({ nat: { exhausted: "oldest-idle" } }, ONE);
    const all = Array.from({ length: CAPACITY }, (_, i) => `10.0.10.${i % 100 + 100}:${1000 + i}`);
    const active = all.filter((_, i) => i % 2 === 0);
    for (const inside of all) rig.outbound(dgram(inside, R));
    rig.jump(30);
    for (const inside of active) rig.outbound(dgram(inside, R));
    for (const inside of all.slice(0, CAPACITY / 4)) rig.outbound(dgram(inside, S));
    const answers = active.map((inside) => said(rig.inbound(dgram(R, `${OUT}:${inside.split(":")[1]}`))));
    expect(answers).toEqual(active.map((inside) => `${R} > ${inside}`));
  });

  it("oldest-idle: a host whose own last session goes has the new one", () => {
    const rig = new RouterRig({ routes: BEHIND, nat: { exhausted: "oldest-idle" } }, ONE);
    rig.outbound(dgram(A, R));
    rig.jump(30);
    fill(rig, CAPACITY - 1);
    for (let i = 0; i < 50; i++) {
      expect(said(rig.outbound(dgram(A, `198.51.100.${i + 1}:7`)))).toMatch(/^203/);
      rig.jump(1);
    }
    expect(rig.sessions).toBe(CAPACITY);
  });

  it("oldest-idle: of ports", () => {
    const rig = new RouterRig({ nat: { exhausted: "oldest-idle" } }, ONE);
    rig.outbound(dgram(A, R));
    takeAllPorts(rig);
    expect(said(rig.outbound(dgram(B, R)))).toBe(`${OUT}:1000 > ${R}`); // what A had
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${B}`);
    giveAllPorts(rig);
  });
});

/** Fills the table with sessions of as many hosts, which are behind a router inside, so that none has too many. */
function fill(rig: RouterRig, count = CAPACITY): void {
  const frames = Array.from({ length: count }, (_, i) => {
    const from = `10.0.${1 + (i >> 7)}.${1 + (i & 127)}`;
    return rig.frame(dgram(`${from}:1000`, R), "10.0.10.5");
  });
  for (let at = 0; at < count; at += 256) rig.sendFrame("a10", ...frames.slice(at, at + 256));
}

const UDP_PORTS = layout.OUTSIDE_PORTS + layout.OUTSIDE_PORTS_SIZE;
let kept = new Uint8Array(0);
let held = 0;

/** As if mappings of other hosts had all ports of UDP, but for the last `but`, a multiple of eight. */
function takeAllPorts(rig: RouterRig, but = 0): void {
  const { shared } = rig.rig;
  kept = shared.bytes.slice(UDP_PORTS, UDP_PORTS + layout.OUTSIDE_PORTS_SIZE);
  held = shared.word(layout.OUTSIDES + layout.OUTSIDE_USED + 4);
  shared.bytes.fill(255, UDP_PORTS, UDP_PORTS + layout.OUTSIDE_PORTS_SIZE - but / 8);
  shared.setWord(layout.OUTSIDES + layout.OUTSIDE_USED + 4, 65535 - but);
}

/** Gives back what takeAllPorts took. */
function giveAllPorts(rig: RouterRig): void {
  rig.rig.shared.bytes.set(kept, UDP_PORTS);
  rig.rig.shared.setWord(layout.OUTSIDES + layout.OUTSIDE_USED + 4, held);
}
