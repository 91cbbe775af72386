// The engine as its users see it: changes while frames flow, what it refuses, captures, events, and its end.
// Read first: src/engine.ts, src/engine/fabric.ts.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "../../src/api.js";
import { Engine, type EngineOptions } from "../../src/engine.js";
import { findAddon } from "../../src/port/addon.js";
import { testFrame, testMac } from "../model/frames.js";
import {
  canStream, collect, feed, feedInStep, linkOf, listen, network, numbered, numberOf, port, scratch, startEngine,
  StreamPeer, until,
} from "./lab.js";

const memory = { memory: true };
const itStream = it.skipIf(!canStream());
const names = (engine: Engine): string[] => engine.ports().map((each) => each.name);

describe("apply", () => {
  it("adds, changes and removes while the ports that stay lose no frame", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    const got = collect(engine, "b");
    const frames = numbered(20_000);
    const flow = feedInStep(engine, "a", frames, got);
    for (let round = 0; round < 20; round++) {
      await engine.apply(network({ a: memory, b: memory, [`c${round}`]: memory, d: { ...memory, access: 1 + round } }));
    }
    const applied = await engine.apply(network({ a: memory, b: memory }));
    expect(applied).toEqual({
      added: [], removed: ["lab/c19", "lab/d"], changed: [], unchanged: ["lab/a", "lab/b"],
    });
    await flow;
    await until(() => got.length === 20_000);
    expect(got.map(numberOf)).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
    expect([port(engine, "a").drops, port(engine, "b").drops]).toEqual([{}, {}]);
  });

  it("changes nothing where one of many devices cannot be had", async () => {
    const before = network({ a: memory, b: { ...memory, access: 2 } });
    const engine = await startEngine(before);
    const bad = network({
      a: { ...memory, access: 2 }, c: memory, file: { pcap: { read: join(scratch(), "missing.pcap") } },
    });
    await expect(engine.apply(bad)).rejects.toThrow(/missing\.pcap.*no such file/s);
    expect(engine.config()).toEqual(before);
    expect(names(engine)).toEqual(["a", "b"]);
    expect(port(engine, "a").vlan).toBe("access 1");
    await expect(engine.apply(before)).resolves.toMatchObject({ added: [], removed: [], changed: [] });
  });

  it("changes nothing where there is no room for all that comes", async () => {
    const before = { ...network({ a: memory, b: memory }), fdbCapacity: 64 };
    const engine = await startEngine(before);
    const macs = Array.from({ length: 65 }, (_, i) => `02:00:00:00:01:${i.toString(16).padStart(2, "0")}`);
    const crowded = { ...network({ a: memory, b: memory, c: memory, d: { ...memory, macs } }), fdbCapacity: 64 };
    await expect(engine.apply(crowded)).rejects.toThrow(/no room/);
    expect(engine.config()).toEqual(before);
    expect(names(engine)).toEqual(["a", "b"]);
    const got = collect(engine, "b");
    await feed(engine, "a", numbered(10));
    await until(() => got.length === 10);
  });

  it("makes room for as many ports as a file may have", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`c${i}`, memory]));
    await engine.apply(network({ a: memory, b: memory, ...many }));
    const got = collect(engine, "c899");
    for (const [i, frame] of numbered(10).entries()) {
      await feed(engine, "a", [frame]); // floods to all, one after the other: of more at once, some would not fit
      await until(() => got.length === i + 1);
    }
    await engine.apply(network({ a: memory, b: memory }));
    expect(names(engine)).toEqual(["a", "b"]);
  });

  itStream("moves a device from one port to another, and back where that fails", async () => {
    const folder = scratch();
    const path = join(folder, "s");
    const engine = await startEngine(network({ old: { stream: path }, probe: memory }));
    await engine.apply(network({ new: { stream: path }, probe: memory }));
    expect(names(engine).sort()).toEqual(["new", "probe"]);
    const peer = await StreamPeer.dial(path);
    const probe = collect(engine, "probe");
    await peer.send(numbered(5));
    await until(() => probe.length === 5);
    expect(port(engine, "new").rx.frames).toBe(5);
  });

  it("does not remove a port that a mirror needs, and says which", async () => {
    const ports = { a: memory, b: memory, ids: { ...memory, monitor: true } };
    const engine = await startEngine(network(ports, { mirrors: { watch: { from: ["a"], to: "ids" } } }));
    await expect(engine.removePort("lab", "ids")).rejects.toThrow("port lab/ids: mirror watch copies to it; apply");
    await expect(engine.removePort("lab", "a")).rejects.toThrow("port lab/a: mirror watch copies from it; apply");
    await engine.removePort("lab", "b");
    expect(names(engine)).toEqual(["a", "ids"]);
  });

  it("keeps mirrors working when a port of theirs gets another attachment", async () => {
    const folder = scratch();
    const mirrors = { watch: { from: ["a"], to: "ids" } };
    const engine = await startEngine(network({ a: memory, b: memory, ids: { ...memory, monitor: true } }, { mirrors }));
    const count = async (): Promise<number> => {
      const before = port(engine, "ids").tx.frames;
      await feed(engine, "b", numbered(10));
      await until(() => port(engine, "a").tx.frames >= 10);
      await until(() => port(engine, "b").rx.frames % 10 === 0);
      await until(() => port(engine, "ids").tx.frames - before >= 10); // another worker may have it
      return port(engine, "ids").tx.frames - before;
    };
    expect(await count()).toBe(10);
    const file = (name: string): object => ({ pcap: { write: join(folder, name) } });
    const ids = { monitor: true, ...memory };
    await engine.apply(network({ a: file("a.pcap"), b: memory, ids }, { mirrors }));
    expect(await count()).toBe(10);
    const into = { monitor: true, ...file("ids.pcap") };
    await engine.apply(network({ a: file("a.pcap"), b: memory, ids: into }, { mirrors }));
    await feed(engine, "b", numbered(10));
    await until(() => port(engine, "ids").tx.frames === 10);
  });

  it("takes turns with itself", async () => {
    const engine = await startEngine(network({ a: memory }));
    await Promise.all(Array.from({ length: 10 }, (_, i) => engine.apply(network({ a: memory, [`b${i}`]: memory }))));
    expect(names(engine).sort()).toEqual(["a", "b9"]);
  });

  it("is refused once the engine has stopped", async () => {
    const engine = await startEngine(network({ a: memory }));
    await engine.stop();
    await expect(engine.apply(network({ b: memory }))).rejects.toMatchObject({ code: "STOPPED" });
  });
});

describe("start", () => {
  it("that fails leaves nothing running", async () => {
    const folder = scratch();
    const path = join(folder, "s");
    const config = network({
      ...(findAddon() ? { a: { stream: path } } : {}), b: { pcap: { read: join(folder, "missing.pcap") } },
    });
    await expect(Engine.start(config, { workers: 2 })).rejects.toMatchObject({ code: "PCAP" });
    mkdirSync(path); // the path is free again
  });

  it.each([0, 17, 1.5])("is refused with %d workers", async (workers) => {
    await expect(Engine.start(network({}), { workers })).rejects.toMatchObject({ code: "WORKERS" });
  });

  it("is refused with a way of waiting that there is not", async () => {
    const options = { poll: "never" } as unknown as EngineOptions;
    await expect(Engine.start(network({}), options)).rejects.toMatchObject({
      code: "POLL", message: "poll \"never\": it must be adaptive, busy or blocking",
    });
  });
});

describe("stop", () => {
  it("may be called twice, and tells the same", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    await feed(engine, "a", numbered(100));
    await until(() => port(engine, "b").tx.frames === 100);
    const [first, second] = await Promise.all([engine.stop(), engine.stop()]);
    expect(second).toEqual(first);
    expect(first.totals).toMatchObject({ rx: { frames: 100 }, tx: { frames: 100 }, unaccounted: 0 });
    expect(first.fdb.entries).toBe(1);
  });

  it("ends captures that run", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    const reading = read(engine.capture("lab", "a", {}, new AbortController().signal));
    await until(() => engine.ports().some((each) => each.kind === "capture"));
    await engine.stop();
    await expect(reading).resolves.toBeInstanceOf(Buffer);
  });

  it("accounts for what still flows", async () => {
    const engine = await startEngine(network({ load: { generator: {} }, a: memory, b: memory }), 2);
    await until(() => port(engine, "load").rx.frames > 10_000);
    const { totals } = await engine.stop();
    expect(totals).toMatchObject({ unaccounted: 0, queued: 0 });
  });
});

describe("flush", () => {
  it("forgets a switch, a VLAN, or a port", async () => {
    const engine = await startEngine(network({ a: memory, b: { ...memory, access: 2 }, c: memory }));
    const learn = async (): Promise<void> => {
      for (const [i, name] of ["a", "b", "c"].entries()) {
        // A worker that finds another one learning learns from a later frame.
        while (!engine.fdb().some((entry) => entry.port === name)) await feed(engine, name, numbered(3, i + 1));
      }
    };
    await learn();
    expect(engine.flush("lab", { port: "a" })).toBe(1);
    expect(engine.fdb().map((entry) => entry.port)).toEqual(["c", "b"]);
    await learn();
    expect(engine.flush("lab", { vlan: 2 })).toBe(1);
    expect(engine.flush("lab")).toBe(2);
    expect(() => engine.flush("none")).toThrow(/there is none; there are: lab/);
  });
});

describe("events", () => {
  it("tell of ports and of MACs", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }, { aging: "1s" }));
    const events = listen(engine);
    await feed(engine, "a", numbered(1, 7));
    await until(() => events.some((event) => event.event === "mac" && event.what === "learned"));
    await feed(engine, "b", numbered(1, 7));
    await until(() => events.some((event) => event.event === "mac" && event.what === "aged"));
    await engine.apply(network({ a: memory, b: memory, c: memory }));
    await until(() => events.some((event) => event.event === "change"));
    const mac = { event: "mac", switch: "lab", vlan: 1, mac: testMac(7) };
    const expected = [
      { ...mac, port: "a", what: "learned" },
      { ...mac, port: "b", what: "moved", from: "a" },
      { ...mac, port: "b", what: "aged" },
      { event: "port", switch: "lab", port: "c", link: "up" },
      { event: "change", by: "library", added: ["lab/c"] },
    ];
    expect(events.filter((event: EngineEvent) => event.event !== "lost")).toMatchObject(expected);
  });
});

describe("a capture", () => {
  it("is a pcapng file of the port's frames, both ways, which tshark reads where there is one", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    const stop = new AbortController();
    const capture = engine.capture("lab", "a", { snaplen: 64 }, stop.signal)[Symbol.asyncIterator]();
    const header = Buffer.from((await capture.next()).value as Uint8Array); // from now on it sees every frame
    const reading = read({ [Symbol.asyncIterator]: () => capture }, header, 20, stop);
    await feed(engine, "a", numbered(10, 1));
    await until(() => port(engine, "b").tx.frames === 10);
    await feed(engine, "b", numbered(10, 2, 1000));
    const file = await reading;
    const packets = packetsOf(file);
    const lengths = [...Array<number>(10).fill(74), ...Array<number>(10).fill(1014)];
    expect(packets.map(({ length }) => length)).toEqual(lengths);
    expect(packets.map(({ frame }) => frame.length)).toEqual(Array(20).fill(64));
    expect(packets.map(({ frame }) => numberOf(frame)).slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { ms } of packets) expect(Math.abs(ms - Date.now())).toBeLessThan(60_000);
    expect(tshark(file)).toBe(tsharkPath ? 20 : undefined);
    await until(() => !engine.ports().some((each) => each.kind === "capture"));
  });

  it("ends when its port goes", async () => {
    const engine = await startEngine(network({ a: memory, b: memory }));
    const reading = read(engine.capture("lab", "a", {}, new AbortController().signal));
    await until(() => engine.ports().some((each) => each.kind === "capture"));
    await engine.apply(network({ b: memory }));
    await expect(reading).resolves.toBeInstanceOf(Buffer);
    expect(linkOf(engine, "b")).toBe("up");
  });
});

/** Reads a capture to its end, or until it has so many packets; then it is aborted. */
async function read(
  capture: AsyncIterable<Uint8Array>, header = Buffer.alloc(0), count = Infinity, stop?: AbortController,
): Promise<Buffer> {
  let file = header;
  for await (const bytes of capture) {
    file = Buffer.concat([file, bytes]);
    if (packetsOf(file).length >= count) stop?.abort();
  }
  return file;
}

interface Packet {
  ms: number;
  /** Of the frame as it was, before a cut. */
  length: number;
  frame: Buffer;
}

/** The packets of a pcapng file as far as it is whole; throws where it is not one (draft-ietf-opsawg-pcapng 3, 4). */
function packetsOf(file: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at + 12 <= file.length;) {
    const total = file.readUInt32LE(at + 4);
    if (at + total > file.length) break;
    if (total < 12 || total % 4 !== 0 || file.readUInt32LE(at + total - 4) !== total) throw new Error(`block at ${at}`);
    if (at === 0) expect([file.readUInt32LE(0), file.readUInt32LE(8)]).toEqual([0x0a0d0d0a, 0x1a2b3c4d]);
    if (file.readUInt32LE(at) === 6) {
      const micros = file.readUInt32LE(at + 12) * 2 ** 32 + file.readUInt32LE(at + 16);
      const frame = file.subarray(at + 28, at + 28 + file.readUInt32LE(at + 20));
      packets.push({ ms: micros / 1000, length: file.readUInt32LE(at + 24), frame });
    }
    at += total;
  }
  return packets;
}

const tsharkPath = ["/usr/bin/tshark", "/usr/local/bin/tshark"].find((path) => {
  try {
    execFileSync(path, ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

/** How many packets tshark finds in a file; undefined where there is no tshark. */
function tshark(file: Buffer): number | undefined {
  if (!tsharkPath) return undefined;
  const path = join(scratch(), "capture.pcapng");
  writeFileSync(path, file);
  const lines = execFileSync(tsharkPath, ["-r", path], { stdio: ["ignore", "pipe", "ignore"] }).toString();
  return lines.trim().split("\n").length;
}

it("survives an unknown destination before and after every change", async () => {
  const engine = await startEngine(network({ a: memory, b: memory }));
  const got = collect(engine, "b");
  for (let i = 0; i < 5; i++) {
    await feed(engine, "a", [testFrame({ destination: testMac(99), source: testMac(i) })]);
    await engine.apply(network({ a: memory, b: memory }, { learning: i % 2 === 0 }));
  }
  await until(() => got.length === 5);
});
