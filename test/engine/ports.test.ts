// What every kind of port owes the switch, for the kinds that need no privileges, each through a real engine: a link
// that comes up, frames both ways in their order, and the whole account at the end. Then what only streams owe.
// (Devices: test/system.) Read first: src/port/port.ts, and qemu's net/stream.c for the framing.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine.js";
import { SECTION, enhancedBlock, interfaceBlock, pcapRecord, wordsLE } from "../core/codec.js";
import { findAddon } from "../../src/port/addon.js";
import {
  canStream, collect, feed, feedInStep, framed, linkOf, listen, network, numbered, port, scratch, startEngine,
  StreamListener, StreamPeer, until,
} from "./lab.js";

const COUNT = 500;
const PCAP_HEADER = wordsLE(0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1);
const describeStream = describe.skipIf(!canStream());

const texts = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => Buffer.from(frame).toString("hex"));

/** One kind of port: how it is written in a configuration, and its far end. */
interface Kind {
  attachment: object;
  /** Makes ready what has to be there before the engine is. */
  before?(frames: Uint8Array[]): void | Promise<void>;
  /** Sends frames into the switch; absent: `before` has seen to it. */
  send?(engine: Engine, frames: Uint8Array[]): Promise<void>;
  /** What has come out; absent: nothing can. */
  received?(engine: Engine): Uint8Array[] | Promise<Uint8Array[]>;
}

function memory(): Kind {
  const taken: Uint8Array[] = [];
  return {
    attachment: { memory: true },
    send: (engine, frames) => feed(engine, "subject", frames),
    received: (engine) => {
      taken.push(...engine.memory("lab", "subject").receive());
      return taken;
    },
  };
}

function pcap(): Kind {
  const folder = scratch();
  const [read, write] = [join(folder, "in.pcap"), join(folder, "out.pcap")];
  return {
    attachment: { pcap: { read, write } },
    before: (frames) => { writeFileSync(read, pcapFile(frames)); },
    received: () => framesOf(readFileSync(write)),
  };
}

function pcapFile(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat([PCAP_HEADER, ...frames.map((frame) => pcapRecord(frame))]);
}

/** The frames of a pcap file. */
function framesOf(file: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = PCAP_HEADER.length; at + 16 <= file.length;) {
    const length = file.readUInt32LE(at + 8);
    frames.push(file.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

function listening(): Kind {
  const path = join(scratch(), "s");
  let peer: StreamPeer | undefined;
  const dialled = async (): Promise<StreamPeer> => peer ??= await StreamPeer.dial(path);
  return {
    attachment: { stream: path },
    send: async (_engine, frames) => (await dialled()).send(frames),
    received: async () => (await dialled()).frames,
  };
}

function dialling(): Kind {
  const path = join(scratch(), "s");
  let listener: StreamListener;
  return {
    attachment: { stream: path, connect: true },
    before: async () => { listener = await StreamListener.at(path); },
    send: async (_engine, frames) => {
      await until(() => listener.peers.length > 0);
      await listener.peers[0]!.send(frames);
    },
    received: () => listener.peers[0]?.frames ?? [],
  };
}

const kinds: [string, () => Kind][] = [["memory", memory], ["pcap", pcap]];
if (findAddon()) kinds.push(["a stream that listens", listening], ["a stream that dials", dialling]);

describe.each(kinds)("%s", (_, make) => {
  it("brings up its link and carries frames both ways, in order", async () => {
    const [incoming, outgoing] = [numbered(COUNT, 1), numbered(COUNT, 2)];
    const kind = make();
    await kind.before?.(incoming);
    const engine = await startEngine(network({ subject: kind.attachment, probe: { memory: true } }));
    const probe = collect(engine, "probe");
    await kind.send?.(engine, incoming);
    await until(() => probe.length >= COUNT, "frames into the switch");
    expect(texts(probe)).toEqual(texts(incoming));
    await until(() => linkOf(engine, "subject") === "up");
    await feed(engine, "probe", outgoing);
    await expect.poll(async () => (await kind.received!(engine)).length).toBe(COUNT);
    expect(texts(await kind.received!(engine))).toEqual(texts(outgoing));
    expect(port(engine, "subject")).toMatchObject({ rx: { frames: COUNT }, tx: { frames: COUNT }, drops: {} });
  });
});

describe("a generator", () => {
  it("makes its frames, and forgets what it gets", async () => {
    const engine = await startEngine(network({ subject: { generator: { frames: 1000 } }, probe: { memory: true } }));
    await until(() => port(engine, "subject").rx.frames === 1000);
    await feed(engine, "probe", numbered(10));
    await until(() => port(engine, "subject").tx.frames === 10);
    expect(port(engine, "subject")).toMatchObject({ link: "up", drops: {} });
  });
});

describe("a capture file", () => {
  it("is played as often as it is told, however short it is", async () => {
    const read = join(scratch(), "in.pcap");
    writeFileSync(read, pcapFile(numbered(1, 1, 1500)));
    // Thousands of rounds go many times round the ring, whose end cuts records in two.
    const engine = await startEngine(network({ subject: { pcap: { read, loop: 5000 } }, probe: { memory: true } }));
    await until(() => port(engine, "subject").rx.frames === 5000);
    await until(() => linkOf(engine, "subject") === "down");
  });

  it("with packets that are not Ethernet says so once for each interface, and plays the others", async () => {
    const read = join(scratch(), "in.pcapng");
    const [frame] = numbered(1);
    const packets = [0, 1, 0, 1].map((face) => enhancedBlock(frame!, face));
    writeFileSync(read, Buffer.concat([SECTION, interfaceBlock(276), interfaceBlock(1), ...packets]));
    const engine = await startEngine(network({ probe: { memory: true } }));
    const events = listen(engine);
    await engine.apply(network({ probe: { memory: true }, subject: { pcap: { read, loop: 3 } } }));
    await until(() => events.some((event) => event.event === "port" && event.link === "down"));
    expect(port(engine, "subject").rx.frames).toBe(6);
    const said = events.filter((event) => event.event === "port" && event.why.includes("is not Ethernet"));
    const why = expect.stringContaining("interface 0") as string;
    expect(said).toMatchObject([{ port: "subject", link: "up", why }]);
  });

  it("does not play the FCS that its header tells of", async () => {
    const read = join(scratch(), "in.pcap");
    const header = Buffer.from(PCAP_HEADER);
    header.writeUInt32LE(2 << 28 | 1 << 26 | 1, 20);
    const [frame] = numbered(1, 1, 100);
    const record = pcapRecord(frame!);
    record.writeUInt32LE(frame!.length, 12); // nothing is cut off
    writeFileSync(read, Buffer.concat([header, record]));
    const engine = await startEngine(network({ subject: { pcap: { read } }, probe: { memory: true } }));
    await until(() => linkOf(engine, "subject") === "down");
    expect(port(engine, "subject").rx).toEqual({ frames: 1, bytes: frame!.length - 4 });
  });

  it("that is cut short gives what is whole in it", async () => {
    const read = join(scratch(), "in.pcap");
    writeFileSync(read, pcapFile(numbered(3)).subarray(0, -1));
    const engine = await startEngine(network({ subject: { pcap: { read } }, probe: { memory: true } }));
    await until(() => linkOf(engine, "subject") === "down");
    expect(port(engine, "subject").rx.frames).toBe(2);
  });
});

describe("a memory port", () => {
  it("refuses what there is no room for, and takes all that it did not refuse", async () => {
    const engine = await startEngine(network({ subject: { memory: true }, probe: { memory: true } }));
    const probe = collect(engine, "probe");
    const frames = numbered(3000, 1, 1500);
    const sent = engine.memory("lab", "subject").sendBatch(frames);
    expect(sent).toBeLessThan(frames.length);
    await until(() => port(engine, "subject").rx.frames === sent);
    await until(() => probe.length + (port(engine, "probe").drops["queue-full"] ?? 0) === sent);
  });

  it("that nobody reads loses its own frames, and others lose none", async () => {
    const engine = await startEngine(network({
      subject: { memory: true }, slow: { memory: true }, probe: { memory: true },
    }));
    const probe = collect(engine, "probe");
    await feedInStep(engine, "subject", numbered(1000, 1, 1000), probe);
    expect(port(engine, "slow").drops["queue-full"]).toBeGreaterThan(0);
    expect(port(engine, "probe").drops).toEqual({});
  });

  it.each([0, 65537])("takes no frame of %i bytes", async (length) => {
    const engine = await startEngine(network({ subject: { memory: true } }));
    expect(() => engine.memory("lab", "subject").send(new Uint8Array(length))).toThrow(RangeError);
  });
});

describeStream("a stream", () => {
  it("takes the next peer when one has gone", async () => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({ subject: { stream: path }, probe: { memory: true } }));
    const events = listen(engine);
    const probe = collect(engine, "probe");
    for (let round = 1; round <= 3; round++) {
      const peer = await StreamPeer.dial(path);
      await until(() => linkOf(engine, "subject") === "up");
      await peer.send(numbered(10));
      await until(() => probe.length === 10 * round);
      peer.socket.destroy();
      await until(() => linkOf(engine, "subject") === "down");
    }
    const links = events.filter((event) => event.event === "port").map((event) => event.link);
    expect(links).toEqual(["up", "down", "up", "down", "up", "down"]);
  });

  it("that dials waits for its peer, and dials again when that has gone", async () => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({ subject: { stream: path, connect: true }, probe: { memory: true } }));
    expect(linkOf(engine, "subject")).toBe("down");
    const probe = collect(engine, "probe");
    for (let round = 1; round <= 2; round++) {
      const listener = await StreamListener.at(path);
      await until(() => linkOf(engine, "subject") === "up");
      await until(() => listener.peers.length === 1);
      await listener.peers[0]!.send(numbered(10));
      await until(() => probe.length === 10 * round);
      listener.close();
      await until(() => linkOf(engine, "subject") === "down");
    }
  });

  it.each([
    ["listens", 1], ["listens", 2], ["dials", 1], ["dials", 2],
  ] as const)("that %s takes all of a peer that sends and closes at once (workers: %i)", async (side, workers) => {
    const path = join(scratch(), "s");
    const listener = side === "dials" ? await StreamListener.at(path) : undefined;
    const subject = listener ? { stream: path, connect: true } : { stream: path };
    const engine = await startEngine(network({ subject, sink: { generator: { frames: 1 } } }), workers);
    if (listener) await until(() => listener.peers.length === 1);
    const peer = listener?.peers[0] ?? await StreamPeer.dial(path);
    const bytes = Buffer.concat(numbered(4000, 1, 8).map(framed)); // the socket holds them all: the peer need not wait
    peer.socket.end(bytes, () => { peer.socket.destroy(); });
    await until(() => port(engine, "subject").rx.frames === 4000, "all that the peer sent");
    const sunk = (): number => port(engine, "sink").tx.frames + (port(engine, "sink").drops["queue-full"] ?? 0);
    await until(() => sunk() === 4000, "all of it at the other port"); // the lane to its worker may overflow
    expect(port(engine, "subject").drops).toEqual({});
    if (!listener) await until(() => linkOf(engine, "subject") === "down");
  });

  it("puts frames together that come a byte at a time", async () => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({ subject: { stream: path }, probe: { memory: true } }));
    const probe = collect(engine, "probe");
    const peer = await StreamPeer.dial(path);
    peer.socket.setNoDelay(true);
    for (const byte of Buffer.concat(numbered(3).map(framed))) await peer.write(Uint8Array.of(byte));
    await until(() => probe.length === 3);
    expect(texts(probe)).toEqual(texts(numbered(3)));
  });

  it.each([0, 65537, 0x47455420, 0xffffffff])("hangs up on a length of %i and serves the next peer", async (length) => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({ subject: { stream: path }, probe: { memory: true } }));
    const probe = collect(engine, "probe");
    const rude = await StreamPeer.dial(path);
    const lie = Buffer.alloc(64);
    lie.writeUInt32BE(length);
    await rude.write(Buffer.concat([framed(numbered(1)[0]!), lie]));
    await until(() => rude.closed, "the rude peer is hung up on");
    expect(port(engine, "subject").drops).toEqual({ malformed: 1 });
    const polite = await StreamPeer.dial(path);
    await polite.send(numbered(5));
    await until(() => probe.length === 6);
    expect(port(engine, "subject").drops).toEqual({ malformed: 1 });
  });

  it("whose peer stalls loses its own frames, and others lose none", async () => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({
      subject: { stream: path }, source: { memory: true }, probe: { memory: true },
    }));
    const probe = collect(engine, "probe");
    const peer = await StreamPeer.dial(path);
    await until(() => linkOf(engine, "subject") === "up");
    peer.socket.pause();
    const frames = numbered(4000, 1, 1000);
    await feedInStep(engine, "source", frames, probe);
    expect(port(engine, "subject").drops["queue-full"]).toBeGreaterThan(0);
    expect([port(engine, "probe").drops, port(engine, "source").drops]).toEqual([{}, {}]);
    const { drops, tx } = port(engine, "subject");
    expect(tx.frames + drops["queue-full"]!).toBe(4000);
    peer.socket.resume();
    await until(() => peer.frames.length === tx.frames, "what was not lost arrives");
  });

  it("leaves no socket behind", async () => {
    const path = join(scratch(), "s");
    const engine = await startEngine(network({ subject: { stream: path } }));
    expect(existsSync(path)).toBe(true);
    await engine.stop();
    expect(existsSync(path)).toBe(false);
  });
});
