// The addon through its contract, as far as that needs no privileges: streams, the doorbell, errors.

import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as layout from "../../assembly/layout.js";
import { ADDON, GEOMETRY, loadAddon, MEMORY_SIZE, Rig } from "./rig.js";

const addon = loadAddon("the poller's streams");

const PORT = 3;

describe.skipIf(!addon)("the addon", () => {
  let rig: Rig;
  let directory: string;
  let path: string;
  const peers: Socket[] = [];

  beforeEach(() => {
    rig = new Rig(addon!);
    directory = mkdtempSync(join(tmpdir(), "taploom-poller-"));
    path = join(directory, "port.sock");
  });
  afterEach(() => {
    rig.poller.close();
    for (const peer of peers.splice(0)) peer.destroy();
    rmSync(directory, { recursive: true });
  });

  /** A peer of a port that listens, once the port says that it is up. */
  async function peerOf(port: number): Promise<Socket> {
    const peer = connect(path);
    peers.push(peer);
    await once(peer, "connect");
    rig.until(port, "up");
    return peer;
  }

  /** What a peer has received, once it is `length` bytes. */
  async function reads(peer: Socket, length: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    peer.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
    const until = Date.now() + 20_000;
    while (Buffer.concat(chunks).length < length && Date.now() < until) {
      rig.turn();
      await sleep(1);
    }
    return Buffer.concat(chunks);
  }

  /** Takes bytes from the port's pipe as they come in, until they are `length`. */
  async function takes(port: number, length: number): Promise<Buffer> {
    let bytes = Buffer.alloc(0);
    for (const end = Date.now() + 20_000; bytes.length < length && Date.now() < end;) {
      rig.turn();
      bytes = Buffer.concat([bytes, rig.take(port)]);
      await sleep(0);
    }
    return bytes;
  }

  const pattern = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  const listen = () => rig.poller.attach(PORT, "stream", -1, rig.pipe(PORT), addon!.listen(path));

  describe("streams", () => {
    it("listens with mode 0600", () => {
      listen();
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });

    it("moves bytes both ways, round the ends of the rings", async () => {
      listen();
      const peer = await peerOf(PORT);
      const sent = pattern(20_000);
      peer.write(sent);
      expect((await takes(PORT, sent.length)).equals(sent)).toBe(true);

      let given = rig.give(PORT, sent);
      const answer = reads(peer, sent.length);
      while (given < sent.length) {
        await sleep(1);
        given += rig.give(PORT, sent.subarray(given));
      }
      expect((await answer).equals(sent)).toBe(true);
    });

    it("stops reading while the core takes nothing, and loses nothing by it", async () => {
      listen();
      const peer = await peerOf(PORT);
      const sent = pattern(3 * GEOMETRY.pipeSize);
      peer.write(sent);
      await sleep(20);
      for (let i = 0; i < 5; i++) rig.turn();
      const began = performance.now();
      rig.turn(50);
      expect(performance.now() - began).toBeGreaterThan(40); // it waits, though the peer has more to say
      expect((await takes(PORT, sent.length)).equals(sent)).toBe(true);
    });

    it("keeps what a stalled peer does not read, without spinning, and sends it when it reads again", async () => {
      listen();
      const peer = await peerOf(PORT);
      peer.pause();
      const chunk = pattern(GEOMETRY.pipeSize);
      let given = 0;
      for (let stalled = 0; stalled < 5;) {
        const count = rig.give(PORT, chunk.subarray(given % chunk.length));
        given += count;
        stalled = count === 0 ? stalled + 1 : 0;
        rig.turn();
      }
      const began = performance.now();
      rig.turn(50);
      expect(performance.now() - began).toBeGreaterThan(40);
      const bytes = await reads(peer, given);
      expect(bytes.length).toBe(given);
      expect(bytes.subarray(-100).equals(pattern(given % chunk.length || chunk.length).subarray(-100))).toBe(true);
    });

    it("takes in what a peer said before it went, then says that it closed", async () => {
      listen();
      const peer = await peerOf(PORT);
      peer.write("the last words", () => peer.destroy());
      await once(peer, "close");
      rig.give(PORT, pattern(100)); // nobody is there to read it
      expect((await takes(PORT, 14)).toString()).toBe("the last words");
      expect(rig.until(PORT, "gone")).toEqual({ port: PORT, what: "gone", why: "closed" });
    });

    /** A peer that said 1,000 bytes and closed, of which the poller knows all; and the next one, which waits. */
    async function partedPeer(): Promise<void> {
      listen();
      const peer = await peerOf(PORT);
      peer.end(pattern(1000), () => peer.destroy());
      await once(peer, "close");
      const next = connect(path);
      peers.push(next);
      await once(next, "connect");
      for (let i = 0; i < 5; i++) expect(rig.turn().events).toEqual([]);
    }

    it("keeps what a peer said before it went until the core has taken it, without spinning", async () => {
      await partedPeer();
      expect(rig.take(PORT, 400).equals(pattern(1000).subarray(0, 400))).toBe(true);
      const began = performance.now();
      expect(rig.turn(50).events).toEqual([]);
      expect(performance.now() - began).toBeGreaterThan(40);
      expect(rig.take(PORT).equals(pattern(1000).subarray(400))).toBe(true);
      expect(rig.turn(1000).events).toEqual([{ port: PORT, what: "gone", why: "closed" }]);
      rig.until(PORT, "up");
    });

    it.each([["closed", "hungry"], ["fault", "fault"]] as const)(
      "hangs up on a peer that went (%s) where the core can take no more of it: %s", async (why, says) => {
        await partedPeer();
        rig[says](PORT);
        expect(rig.turn(1000).events).toEqual([{ port: PORT, what: "gone", why }]);
        rig.until(PORT, "up");
        expect(rig.take(PORT).length).toBe(0);
        expect(rig.memory.readUInt32LE(rig.pipe(PORT) + layout.PIPE_HUNGRY)).toBe(0);
      });

    it("does not take the core for hungry that has not seen the last bytes", async () => {
      listen();
      const peer = await peerOf(PORT);
      peer.write("half");
      const head = () => rig.memory.readUInt32LE(rig.pipe(PORT) + layout.PIPE_IN_HEAD);
      rig.turnUntil(() => head() === 4);
      rig.hungry(PORT);
      peer.end(" and half", () => peer.destroy());
      await once(peer, "close");
      for (let i = 0; i < 5; i++) expect(rig.turn().events).toEqual([]);
      expect(rig.take(PORT).toString()).toBe("half and half");
      expect(rig.until(PORT, "gone").why).toBe("closed");
    });

    it("answers a peer that says no more but reads, and hangs up once the core has taken all", async () => {
      listen();
      const peer = await peerOf(PORT);
      peer.end("question");
      await once(peer, "finish");
      for (let i = 0; i < 5; i++) expect(rig.turn().events).toEqual([]);
      rig.give(PORT, Buffer.from("answer"));
      expect((await reads(peer, 6)).toString()).toBe("answer");
      expect(rig.take(PORT).toString()).toBe("question");
      expect(rig.until(PORT, "gone").why).toBe("closed");
      await once(peer, "close");
    });

    it("keeps what a peer said that went without reading its own", async () => {
      listen();
      const peer = connect(path).pause();
      peers.push(peer);
      await once(peer, "connect");
      rig.until(PORT, "up");
      rig.give(PORT, pattern(100));
      rig.turn();
      peer.write("the last words", () => peer.destroy());
      await once(peer, "close");
      for (let i = 0; i < 5; i++) expect(rig.turn().events).toEqual([]);
      expect(rig.take(PORT).toString()).toBe("the last words");
      expect(rig.until(PORT, "gone").why).toBe("ECONNRESET");
    });

    it("accepts one peer at a time, the next one from the start", async () => {
      listen();
      const first = await peerOf(PORT);
      first.write("half a fra");
      await takes(PORT, 10);
      const second = connect(path);
      peers.push(second);
      await once(second, "connect");
      expect(rig.turn(20).events).toEqual([]);
      first.destroy();
      rig.until(PORT, "gone");
      rig.until(PORT, "up");
      second.write("anew");
      expect((await takes(PORT, 4)).toString()).toBe("anew");
      expect(rig.memory.readUInt32LE(rig.pipe(PORT))).toBe(4);
    });

    it("does not let the next peer in before it was told that the last one went", async () => {
      listen();
      const peer = await peerOf(PORT);
      peers.push(connect(path));
      peer.destroy();
      for (let i = 0; i < 5; i++) {
        rig.poller.turn(5);
        await sleep(1);
      }
      expect(rig.poller.events().map((event) => event.what)).toEqual(["gone"]);
      rig.until(PORT, "up");
    });

    it("hangs up where the core found a fault", async () => {
      listen();
      const peer = await peerOf(PORT);
      rig.fault(PORT);
      expect(rig.turn().events).toEqual([{ port: PORT, what: "gone", why: "fault" }]);
      await once(peer, "close");
      expect((await peerOf(PORT)).destroyed).toBe(false);
    });

    it("hangs up on impossible cursors", async () => {
      listen();
      await peerOf(PORT);
      rig.memory.writeUInt32LE(0x12345678, rig.pipe(PORT) + 128);
      rig.touch(PORT);
      expect(rig.turn().events).toEqual([{ port: PORT, what: "gone", why: "fault" }]);
    });

    it("dials, and is free for another attachment once the peer went", async () => {
      const server = createServer((peer) => peer.end("bye")).listen(path);
      await once(server, "listening");
      for (let round = 0; round < 2; round++) {
        rig.poller.attach(PORT, "stream", addon!.connect(path), rig.pipe(PORT), -1);
        rig.until(PORT, "up");
        expect((await takes(PORT, 3)).toString()).toBe("bye");
        expect(rig.until(PORT, "gone").why).toBe("closed");
      }
      server.close();
    });

    it("closes both on detaching", async () => {
      listen();
      const peer = await peerOf(PORT);
      rig.poller.detach(PORT);
      await once(peer, "close");
      expect(() => addon!.connect(path)).toThrow(expect.objectContaining({ code: "ECONNREFUSED" }));
    });
  });

  describe("turns", () => {
    it("fails frames for a port that has nothing attached", () => {
      rig.send(5, pattern(60));
      rig.turn();
      expect([rig.waiting(5), rig.failure(5)]).toEqual([0, 3]);
    });

    it("waits as long as it was asked to", () => {
      const began = performance.now();
      expect(rig.turn(60)).toEqual({ frames: [], events: [], rung: false });
      expect(performance.now() - began).toBeGreaterThan(50);
    });

    it("wakes when the doorbell is rung from another thread", async () => {
      const script = `const { workerData } = require("node:worker_threads");
        const addon = require(workerData.addon);
        setTimeout(() => addon.ring(workerData.doorbell), 30);`;
      const worker = new Worker(script, { eval: true, workerData: { addon: ADDON, doorbell: rig.poller.doorbell } });
      expect(rig.turn(20_000).rung).toBe(true);
      expect(rig.turn().rung).toBe(false);
      await worker.terminate();
    });
  });

  it("closes what a thread leaves behind when it ends", async () => {
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const script = `const { workerData } = require("node:worker_threads");
      const addon = require(workerData.addon);
      const poller = addon.createPoller(new Uint8Array(workerData.memory), workerData.geometry);
      poller.attach(0, "stream", -1, workerData.pipe, addon.listen(workerData.path));
      poller.turn(0);`;
    const memory = new SharedArrayBuffer(MEMORY_SIZE);
    const workerData = { addon: ADDON, memory, geometry: GEOMETRY, pipe: rig.pipe(0), path };
    const before = descriptors();
    await once(new Worker(script, { eval: true, workerData }), "exit");
    expect(descriptors()).toBeLessThanOrEqual(before);
    expect(() => addon!.connect(path)).toThrow(expect.objectContaining({ code: "ECONNREFUSED" }));
  });

  describe("errors", () => {
    const code = (name: string) => expect.objectContaining({ code: name }) as Error;

    it("names what failed", () => {
      expect(() => addon!.connect(path)).toThrow(`connecting to "${path}": No such file or directory`);
      expect(() => addon!.connect(path)).toThrow(code("ENOENT"));
      expect(() => addon!.connect("x".repeat(108))).toThrow(code("ENAMETOOLONG"));
      addon!.close(addon!.listen(path));
      expect(() => addon!.listen(path)).toThrow(code("EADDRINUSE"));
      expect(() => addon!.connect(path)).toThrow(code("ECONNREFUSED"));
      expect(() => addon!.close(-1)).toThrow(code("EBADF"));
    });

    it("knows which names a device cannot have, and which there are", () => {
      expect(() => addon!.openTap("", 0)).toThrow(code("EINVAL"));
      expect(() => addon!.openTap("tap%d", 0)).toThrow(code("EINVAL"));
      expect(() => addon!.openTap("sixteen-bytes-xx", 0)).toThrow(code("ENAMETOOLONG"));
      expect(() => addon!.openPacket("no-such-device")).toThrow(expect.objectContaining({
        code: expect.stringMatching(/^(ENODEV|EPERM)$/) as string, // EPERM: without privileges nobody looks
      }));
      expect(addon!.deviceIndex("no-such-device")).toBe(0);
      expect(addon!.deviceIndex("lo")).toBe(1);
      expect([addon!.deviceName(1), addon!.deviceName(99_999_999)]).toEqual(["lo", ""]);
      expect(addon!.tapName(-1)).toBe("");
      expect(() => addon!.setTapMtu(-1, 1500)).toThrow(code("EBADF"));
    });

    it("refuses arguments of the wrong type", () => {
      expect(() => addon!.openTap(5 as unknown as string, 0)).toThrow(code("ERR_INVALID_ARG_TYPE"));
      expect(() => addon!.connect(undefined as unknown as string)).toThrow(TypeError);
      expect(() => addon!.createPoller([] as unknown as Uint8Array, GEOMETRY)).toThrow('"memory" must be a Uint8Array');
      expect(() => rig.poller.attach(0, "pcap" as "tap", 0, 0, -1)).toThrow('"kind" must be "tap", "tap-offload", ');
      expect(() => rig.poller.turn("soon" as unknown as number)).toThrow('"timeout" must be a 32-bit integer');
    });

    it("refuses to attach what it cannot watch, and leaves that to the caller", () => {
      const fd = addon!.listen(path);
      expect(() => rig.poller.attach(8, "stream", -1, rig.pipe(0), fd)).toThrow(code("ERANGE"));
      expect(() => rig.poller.attach(0, "stream", -1, MEMORY_SIZE - 8, fd)).toThrow(code("ERANGE"));
      expect(() => rig.poller.attach(0, "tap", -1, 0, -1)).toThrow(code("EBADF"));
      expect(() => rig.poller.attach(0, "tap", 9999, 0, -1)).toThrow(code("EBADF"));
      expect(() => rig.poller.attachSender(8, "tap", fd)).toThrow(code("ERANGE"));
      expect(() => rig.poller.attachSender(0, "tap", 9999)).toThrow(code("EBADF"));
      expect(() => rig.poller.attachSender(0, "stream" as "tap", fd)).toThrow(code("EINVAL"));
      rig.poller.attach(0, "stream", -1, rig.pipe(0), fd);
      expect(() => rig.poller.attach(0, "stream", -1, rig.pipe(0), fd)).toThrow(code("EEXIST"));
      expect(() => rig.poller.attachSender(0, "tap", fd)).toThrow(code("EEXIST"));
    });

    it.each(Object.keys(GEOMETRY))("refuses a geometry whose %s does not fit", (field) => {
      const memory = new Uint8Array(new SharedArrayBuffer(MEMORY_SIZE));
      const wrong = { ...GEOMETRY, [field]: field === "headroom" ? 3 : 0xfffffffc };
      expect(() => addon!.createPoller(memory, wrong)).toThrow(/^geometry: ".*" does not fit the memory/);
      const missing = { ...GEOMETRY, [field]: undefined };
      expect(() => addon!.createPoller(memory, missing as never)).toThrow(`"${field}" must be an integer`);
    });

    it("refuses a memory that is one byte too short", () => {
      expect(() => addon!.createPoller(new Uint8Array(MEMORY_SIZE - 1), GEOMETRY)).toThrow('"slots"');
    });

    it("says so when a poller is used after it was closed", () => {
      rig.poller.close();
      expect(() => rig.poller.turn(0)).toThrow(code("EBADF"));
      rig.poller.close();
    });
  });
});
