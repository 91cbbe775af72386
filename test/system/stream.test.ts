// Ports on Unix stream sockets: QEMU's own -netdev stream at the other end, a cable between two switches, and peers
// that do not behave.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cTag, sTag, testFrame, testMac } from "../model/frames.js";
import { expectUnbroken, MUCH, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { relay } from "./qemu.js";
import { until } from "./running.js";

/** A frame behind its length, as QEMU sends it. */
function framed(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => undefined); // hung up on: that is what some tests are about
  await once(socket, "connect");
  return socket;
}

describe.skipIf(!privileged("stream ports", "iperf3", "ping", "python3"))("a stream port", () => {
  const lab = useLab();
  const path = (): string => join(lab().folder, "guest.sock");

  it("takes a guest's frames a byte at a time, and another guest when that one has gone", async () => {
    const tap = lab().guest("tap");
    const product = await lab().up({ ports: { tap: { tap: "tap" }, vm: { stream: path() } } });
    tap.plug();
    await product.untilLink("tap", "up");
    const wire = await tap.wire();
    for (const number of [1, 2]) {
      const peer = await dial(path());
      await product.untilLink("vm", "up");
      const [slow, fast] = [testFrame({ source: testMac(number) }), testFrame({ source: testMac(number + 10) })];
      for (const byte of framed(slow)) {
        peer.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      peer.write(Buffer.concat([framed(fast), framed(slow)]));
      await wire.before(slow);
      expect(await wire.before(slow)).toEqual([Buffer.from(fast)]);
      const answer = testFrame({ source: testMac(99), destination: testMac(number) });
      const answered = once(peer, "data");
      wire.send(answer);
      expect(await answered).toEqual([framed(answer)]);
      peer.destroy();
      await product.untilLink("vm", "down");
    }
  });

  it.each([["nothing", 0], ["more than a frame", 65_537], ["all there is", 0xffffffff]])(
    "hangs up on a peer that announces %s, counts it, and lives on", async (_, length) => {
      const product = await lab().up({ ports: { vm: { stream: path() } } });
      const peer = await dial(path());
      await product.untilLink("vm", "up");
      const announced = Buffer.alloc(4);
      announced.writeUInt32BE(length);
      peer.write(announced);
      await once(peer.resume(), "close");
      await product.untilLink("vm", "down");
      expect((await product.port("vm")).drops).toEqual({ malformed: 1 });
      (await dial(path())).write(framed(testFrame()));
      await until("the next peer's frame", async () => (await product.port("vm")).rx.frames === 2);
    });

  it("loses its own frames where its reader stalls, and nobody else's", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().up({ ports: { a: { tap: "a" }, b: { tap: "b" }, vm: { stream: path() } } });
    for (const guest of [a, b]) guest.plug();
    for (const { name } of [a, b]) await product.untilLink(name, "up");
    const stalled = (await dial(path())).pause();
    await product.untilLink("vm", "up");
    const [wireA, wireB] = [await a.wire(), await b.wire()];
    const frames = Array.from({ length: 3000 }, (_, i) => testFrame({ payload: new Uint8Array(1400).fill(i) }));
    const end = testFrame();
    for (let sent = 0; sent < frames.length; sent += 300) {
      const batch = frames.slice(sent, sent + 300);
      wireA.send(...batch, end);
      expect((await wireB.before(end)).length).toBe(batch.length);
    }
    const { drops } = await product.port("vm");
    expect(drops["queue-full"]).toBeGreaterThan(0);
    expect((await product.port("b")).drops).toEqual({});
    stalled.destroy();
  });

  it.each(["1", "2"])("is a cable from VLAN to VLAN, one end listening, one dialling (%s workers)", async (workers) => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const near = { a: { tap: "a", access: 10 }, up: { stream: path(), connect: true, trunk: [10] } };
    const product = await lab().up({ ports: near }, "--workers", workers);
    expect(await product.port("up")).toMatchObject({ link: "down" }); // nobody listens yet: it goes on dialling
    await product.run("port", "add", "lab", "down", JSON.stringify({ stream: path(), tunnel: 77 }));
    await product.run("port", "add", "lab", "b", JSON.stringify({ tap: "b", trunk: [77] }));
    for (const guest of [a, b]) guest.plug();
    for (const name of ["a", "b", "up", "down"]) await product.untilLink(name, "up");
    const [wireA, wireB] = [await a.wire(), await b.wire()];
    const [there, back] = [testFrame({ source: testMac(1) }), testFrame({ source: testMac(2) })];
    wireA.send(there);
    await wireB.before(testFrame({ source: testMac(1), tags: [sTag(77), cTag(10)] }));
    wireB.send(testFrame({ source: testMac(2), tags: [sTag(77, 3), cTag(10, 5)] }));
    await wireA.before(back);
  });
});

describe.skipIf(!privileged("a stream port of QEMU's", "iperf3", "ping", "qemu-system-x86_64"))("QEMU", () => {
  const lab = useLab();

  it("carries ping and TCP through its -netdev stream", async () => {
    const [tap, vm] = [lab().guest("tap"), lab().guest("vm")];
    const path = join(lab().folder, "qemu.sock");
    const product = await lab().up({ ports: { tap: { tap: "tap" }, vm: { stream: path } } });
    tap.plug();
    const qemu = relay(vm.namespace, vm, `stream,server=off,addr.type=unix,addr.path=${path}`);
    await product.untilLink("vm", "up");
    vm.configure();
    expect(await tap.reaches(vm)).toBe(true);
    await expectUnbroken(tap.stream(vm, 200));
    expect(await tap.transfer(vm, MUCH)).toBeGreaterThan(1e6);
    expect(await tap.transfer(vm, MUCH, "--reverse")).toBeGreaterThan(1e6);
    await qemu.end();
    await product.untilLink("vm", "down");
  });

  it("has its network again when an engine that was killed is started again, where QEMU listens", async () => {
    const [tap, vm] = [lab().guest("tap"), lab().guest("vm")];
    const path = join(lab().folder, "qemu.sock");
    const qemu = relay(vm.namespace, vm, `stream,server=on,addr.type=unix,addr.path=${path}`);
    const config = { switches: { lab: { ports: { tap: { tap: "tap" }, vm: { stream: path, connect: true } } } } };
    for (const end of ["killed", "running"]) {
      const product = await lab().begin(config);
      tap.plug(); // its device is gone with the engine that made it; the guest's is QEMU's
      for (const port of ["tap", "vm"]) await product.untilLink(port, "up");
      vm.configure();
      expect(await tap.reaches(vm)).toBe(true);
      if (end === "killed") await product.running.end("SIGKILL");
    }
    expect(qemu.status).toBe(undefined);
    await qemu.end();
  });
});
