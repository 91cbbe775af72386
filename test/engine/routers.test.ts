// Routers in an engine: how they come, change and go while packets flow, through the library's face. What the core does
// with packets is tested in test/router.
// Read first: src/engine/routers.ts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import type { Engine } from "../../src/engine.js";
import { arp, ether, parse, ping, tcp, udp, type Parsed } from "../router/packet.js";
import { canStream, scratch, startEngine, until } from "./lab.js";

const MAC = "02:00:00:00:00:01";
const memory = { memory: true };
const inside = { switch: "lab", vlan: 10, address: "10.0.10.1/24" };
const other = { switch: "lab", vlan: 20, address: "10.0.20.1/24" };
const uplink = { ...memory, address: "203.0.113.2/24", gateway: "203.0.113.1" };

/** A network with one router, "edge", in the words of the file. */
function withRouter(router: object, more: object = {}): Config {
  const ports = { a: { ...memory, access: 10 }, b: { ...memory, access: 20 } };
  const value = { switches: { lab: { ports } }, routers: { edge: { mac: MAC, ...router } }, ...more };
  return parseConfig(JSON.stringify(value), "test");
}

/** A host at a memory port: answers ARP for its address, and remembers what came. */
class Host {
  readonly seen: Parsed[] = [];
  readonly mac: string;

  constructor(readonly engine: Engine, readonly on: [string, string], readonly address: string) {
    this.mac = `02:aa:${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}`;
    engine.memory(...on).onFrames((frames) => { for (const frame of frames) this.#take(parse(frame)); });
  }

  #take(frame: Parsed): void {
    const { arp: question } = frame;
    if (question?.op !== 1 || question.targetIp !== this.address) {
      this.seen.push(frame);
      return;
    }
    const { senderMac, senderIp } = question;
    const { mac, address } = this;
    const answer = arp({ op: 2, senderMac: mac, senderIp: address, targetMac: senderMac, targetIp: senderIp });
    this.#put(ether({ to: senderMac, from: this.mac, type: 0x0806 }, answer));
  }

  send(packet: Uint8Array): void {
    this.#put(ether({ to: MAC, from: this.mac }, packet));
  }

  #put(frame: Uint8Array): void {
    this.engine.memory(...this.on).send(frame);
  }

  /** Waits for a UDP datagram, and gives where it came from. */
  async udpFrom(): Promise<string> {
    await until(() => this.seen.some(({ udp: datagram }) => datagram !== undefined), `UDP at ${this.address}`);
    return this.seen.splice(0).find(({ udp: datagram }) => datagram)!.udp!.from;
  }
}

function hosts(engine: Engine): { a: Host; world: Host } {
  return { a: new Host(engine, ["lab", "a"], "10.0.10.5"), world: new Host(engine, ["edge", "uplink"], "203.0.113.1") };
}

describe("a router", () => {
  it("comes with apply, translates, and goes again", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside], uplink }));
    const { a, world } = hosts(engine);
    a.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
    expect(await world.udpFrom()).toBe("203.0.113.2:1000");
    world.send(udp({ from: "203.0.113.1:53", to: "203.0.113.2:1000" }));
    expect(await a.udpFrom()).toBe("203.0.113.1:53");
    const applied = await engine.apply({ ...withRouter({ interfaces: [inside] }), routers: {} });
    expect(applied.removed).toEqual(["edge", "edge/uplink"]);
    expect(engine.ports().map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("keeps sessions while interfaces and forwards come and go", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside], uplink }));
    const { a, world } = hosts(engine);
    a.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
    await world.udpFrom();
    await engine.apply(withRouter({ interfaces: [inside, other], uplink, forwards: ["udp 8080 -> 10.0.10.5:80"] }));
    await engine.apply(withRouter({ interfaces: [inside, other], uplink, forwards: [] }));
    world.send(udp({ from: "203.0.113.1:53", to: "203.0.113.2:1000" }));
    expect(await a.udpFrom()).toBe("203.0.113.1:53");
  });

  it("ends the sessions of an interface that goes, also those that nobody has answered", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside, other], uplink }));
    const { world } = hosts(engine);
    const b = new Host(engine, ["lab", "b"], "10.0.20.5");
    b.send(udp({ from: "10.0.20.5:1000", to: "203.0.113.1:53" }));
    await world.udpFrom();
    await engine.apply(withRouter({ interfaces: [inside], uplink }));
    expect([...engine.nat()]).toEqual([]);
    world.send(udp({ from: "203.0.113.1:53", to: "203.0.113.2:1000" }));
    await until(() => (engine.stats().totals.drops["nat-filtered"] ?? 0) === 1);
    expect(world.seen.filter((frame) => frame.udp)).toEqual([]);
  });

  it("publishes a forward, and takes it back", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside], uplink }));
    const { a, world } = hosts(engine);
    await engine.apply(withRouter({ interfaces: [inside], uplink, forwards: ["udp 8080 -> 10.0.10.5:80"] }));
    world.send(udp({ from: "203.0.113.1:999", to: "203.0.113.2:8080" }));
    expect(await a.udpFrom()).toBe("203.0.113.1:999");
    await engine.apply(withRouter({ interfaces: [inside], uplink }));
    world.send(udp({ from: "203.0.113.1:999", to: "203.0.113.2:8080" }));
    await until(() => (engine.stats().totals.drops["nat-filtered"] ?? 0) === 1);
    expect(a.seen.filter((frame) => frame.udp)).toEqual([]);
  });

  it("ends what waits for a neighbor when it goes", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside, other] }));
    const a = new Host(engine, ["lab", "a"], "10.0.10.5");
    a.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.99:53" }));
    await until(() => engine.stats().totals.queued === 1);
    await engine.apply({ ...withRouter({ interfaces: [inside, other] }), routers: {} });
    await until(() => engine.stats().totals.queued === 0);
    expect(engine.stats().totals.drops).toMatchObject({ "no-route": 1 });
  });

  it("answers pings on each of its addresses, with any number of workers", async () => {
    const engine = await startEngine(withRouter({ interfaces: [inside, other], uplink }), 3);
    const { a } = hosts(engine);
    const own = ["10.0.10.1", "10.0.20.1", "203.0.113.2"];
    for (const address of own) a.send(ping({ from: "10.0.10.5:7", to: `${address}:7` }));
    await until(() => a.seen.filter(({ icmp }) => icmp?.type === 0).length === 3);
    const answers = a.seen.filter(({ icmp }) => icmp).map(({ ip, faults }) => [ip!.from, faults]);
    expect(answers).toEqual(own.map((address) => [address, []]));
  });

  it("changes its outside address: old sessions end, forwards follow", async () => {
    const forwards = ["udp 8080 -> 10.0.10.5:80"];
    const engine = await startEngine(withRouter({ interfaces: [inside], uplink, forwards }));
    const { a, world } = hosts(engine);
    a.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
    await world.udpFrom();
    const moved = { ...uplink, address: "203.0.113.7/24" };
    await engine.apply(withRouter({ interfaces: [inside], uplink: moved, forwards }));
    world.send(udp({ from: "203.0.113.1:5", to: "203.0.113.7:8080" }));
    expect(await a.udpFrom()).toBe("203.0.113.1:5");
    a.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
    expect(await world.udpFrom()).toBe("203.0.113.7:1000");
  });

  it("gives leases, and takes an uplink's address from a router of its own kind", async () => {
    const config = parseConfig(JSON.stringify({
      switches: { lab: { ports: { a: { ...memory, access: 10 } } } },
      routers: { isp: { interfaces: [{ ...inside, dhcp: { range: "10.0.10.100-10.0.10.110" } }] } },
    }), "test");
    const isp = await startEngine(config);
    const engine = await startEngine(withRouter({ interfaces: [other], uplink: { ...memory, address: "dhcp" } }));
    const [here, there] = [engine.memory("edge", "uplink"), isp.memory("lab", "a")];
    const cable = [
      here.onFrames((frames) => { there.sendBatch(frames); }),
      there.onFrames((frames) => { here.sendBatch(frames); }),
    ];
    const b = new Host(engine, ["lab", "b"], "10.0.20.5");
    await until(() => {
      b.send(ping({ from: "10.0.20.5:7", to: "10.0.10.1:7" }));
      return b.seen.some(({ icmp, ip }) => icmp?.type === 0 && ip!.from === "10.0.10.1");
    }, "a ping through an uplink with a lease");
    for (const direction of cable) direction.stop(); // one engine stops before the other
  });
});

it.each([
  ["end with the engine, and the log says so", {}, ["created", "destroyed"]],
  ["last where a state file keeps them", { state: "state" }, ["created"]],
])("sessions %s", async (_, more, expected) => {
  const folder = scratch();
  const file = join(folder, "nat.ndjson");
  const kept = Object.fromEntries(Object.entries(more).map(([key, name]) => [key, join(folder, name)]));
  const engine = await startEngine(withRouter({ interfaces: [inside], uplink, nat: { log: file } }, kept));
  const guest = new Host(engine, ["lab", "a"], "10.0.10.5");
  const remote = new Host(engine, ["edge", "uplink"], "203.0.113.1");
  guest.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
  await remote.udpFrom();
  await engine.stop();
  const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as { event: string });
  expect(lines.map(({ event }) => event)).toEqual(expected);
});

it("a capture on a router's uplink sees what passes there", async () => {
  const engine = await startEngine(withRouter({ interfaces: [inside], uplink }));
  const stop = new AbortController();
  const capture = engine.capture("edge", "uplink", { filter: "udp" }, stop.signal)[Symbol.asyncIterator]();
  await capture.next(); // the file's header
  const guest = new Host(engine, ["lab", "a"], "10.0.10.5");
  const remote = new Host(engine, ["edge", "uplink"], "203.0.113.1");
  guest.send(udp({ from: "10.0.10.5:1000", to: "203.0.113.1:53" }));
  await remote.udpFrom();
  const block = Buffer.from((await capture.next()).value as Uint8Array);
  const frame = parse(block.subarray(28, 28 + block.readUInt32LE(20)));
  expect(frame.udp).toMatchObject({ from: "203.0.113.2:1000", to: "203.0.113.1:53" });
  stop.abort();
});

describe("where an apply fails late", () => {
  it.runIf(canStream())("a router keeps its interfaces", async () => {
    const file = join(scratch(), "late");
    const config = (interfaces: object[], late: object) => {
      const ports = { a: { ...memory, access: 10 }, b: { ...memory, access: 20 }, late };
      return withRouter({ interfaces }, { switches: { lab: { ports } } });
    };
    const engine = await startEngine(config([inside, other], { pcap: { write: file }, monitor: true }));
    await expect(engine.apply(config([inside], { stream: file }))).rejects.toThrow("already");
    expect(engine.config().routers["edge"]!.interfaces).toHaveLength(2);
    expect(engine.routers()).toMatchObject([{ name: "edge" }]);
    const guest = new Host(engine, ["lab", "b"], "10.0.20.5");
    guest.send(ping({ from: "10.0.20.5:7", to: "10.0.20.1" }));
    await until(() => guest.seen.some(({ icmp }) => icmp?.type === 0), "an answer to ping");
  });

  it("a forward works on, and none of the new ones is left", async () => {
    const config = (forwards: string[]) =>
      withRouter({ interfaces: [inside], uplink, forwards }, { nat: { capacity: 1024 } });
    const engine = await startEngine(config(["udp 8080 -> 10.0.10.5:80"]));
    const guest = new Host(engine, ["lab", "a"], "10.0.10.5");
    const remote = new Host(engine, ["edge", "uplink"], "203.0.113.1");
    await expect(engine.apply(config(["tcp 1000-9999 -> 10.0.10.6"]))).rejects.toThrow("no room");
    expect(engine.config().routers["edge"]!.forwards).toMatchObject([{ protocol: "udp", port: 8080 }]);
    remote.send(udp({ from: "203.0.113.1:53", to: "203.0.113.2:8080" }));
    expect(await guest.udpFrom()).toBe("203.0.113.1:53");
    await engine.apply(config(["udp 1000-1399 -> 10.0.10.6"]));
  });
});

describe("a session from outside", () => {
  const forwards = ["tcp 8080 -> 10.0.20.5:80"];
  const before = { interfaces: [inside, other], uplink, forwards };

  const two = { ...uplink, address: ["203.0.113.2/24", "203.0.113.3"] };

  it.each<[string, object]>([
    ["another interface that goes", { ...before, interfaces: [other] }],
    ["another outside address that comes", { ...before, uplink: two }],
    ["a 1:1 address of somebody else", {
      ...before, uplink: two, forwards: [...forwards, "1:1 203.0.113.3 -> 10.0.20.9"],
    }],
    ["another forward, a long one", { ...before, forwards: [...forwards, "tcp 9000-9999 -> 10.0.20.6"] }],
  ])("outlives %s", async (_, after) => {
    const engine = await startEngine(withRouter(before));
    const b = new Host(engine, ["lab", "b"], "10.0.20.5");
    const world = new Host(engine, ["edge", "uplink"], "203.0.113.1");
    const segment = (flags: string) => tcp({ from: "203.0.113.1:999", to: "203.0.113.2:8080", flags });
    const seenAt = (flags: string) => until(() => b.seen.some((frame) => frame.tcp?.flags === flags), flags);
    world.send(segment("S"));
    await seenAt("S");
    await engine.apply(withRouter(after));
    await engine.apply(withRouter(before));
    world.send(segment("PA"));
    await seenAt("PA");
  });
});
