// A device that one poller receives from and another sends to as well, as the workers of an engine do: frames, links,
// and who lets go of it when. (One poller alone with a device: device.test.ts.)

import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon, Rig, type Turn } from "../native/rig.js";
import { frame, isOurs } from "./experiment.js";
import { inNamespace } from "./namespace.js";

const DEVICE = 0;
const FAR = 1; // where what was sent can be seen, and sent from
const QUEUE_FULL = 3;

const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

const addon = loadAddon("senders on devices")!;

describe.skipIf(!addon)("senders on devices", () => inNamespace(import.meta.url, () => {
  let receiver: Rig;
  let sender: Rig;
  let name: string;
  let tests = 0;

  beforeEach(() => {
    receiver = new Rig(addon);
    sender = new Rig(addon);
    name = `dev${tests++}`;
  });
  afterEach(() => {
    receiver.poller.close();
    sender.poller.close();
  });

  /** Turns the receiver until `count` frames of ours have come in on the port. */
  function receive(port: number, count: number): Buffer[] {
    const ours = (turn: Turn) => turn.frames
      .filter((item) => item.port === port && isOurs(item.bytes))
      .map((item) => item.bytes);
    return ours(receiver.turnUntil((turn) => ours(turn).length >= count));
  }

  function attachPacket(port: number, device: string): void {
    receiver.poller.attach(port, "packet", addon.openPacket(device).fd, 0, -1);
    receiver.until(port, "up");
  }

  function expectShared(): void {
    const sent = Array.from({ length: 100 }, (_, i) => frame(60 + i, i));
    for (const bytes of sent) sender.send(DEVICE, bytes);
    expect(sender.turn().frames).toEqual([]);
    expect(receive(FAR, 100)).toEqual(sent);
    receiver.send(DEVICE, frame(1000));
    expect(receive(FAR, 1)).toEqual([frame(1000)]);
    receiver.send(FAR, frame(200));
    expect(receive(DEVICE, 1)).toEqual([frame(200)]);
    receiver.send(FAR, frame(201));
    expect(receive(DEVICE, 1)).toEqual([frame(201)]);
    const idle = performance.now();
    expect(sender.turn(50).frames).toEqual([]);
    expect(performance.now() - idle).toBeGreaterThan(40);
  }

  describe("on a TAP", () => {
    beforeEach(() => {
      const { fd, offload } = addon.openTap(name, 0);
      const kind = offload ? "tap-offload" : "tap";
      sender.poller.attachSender(DEVICE, kind, addon.duplicate(fd));
      receiver.poller.attach(DEVICE, kind, fd, 0, -1);
      ip("link", "set", name, "up");
      receiver.until(DEVICE, "up");
    });

    it("send beside the receiver, and take nothing in", () => {
      attachPacket(FAR, name);
      expectShared();
    });

    it.each(["receiver", "sender"] as const)("keep it there until both have let go of it, the %s first", (first) => {
      const [one, other] = first === "receiver" ? [receiver, sender] : [sender, receiver];
      one.poller.detach(DEVICE);
      expect(addon.deviceIndex(name)).toBeGreaterThan(0);
      other.poller.detach(DEVICE);
      expect(addon.deviceIndex(name)).toBe(0);
    });

    it("leave the receiver's wait alone once it has let go, whatever comes then", () => {
      attachPacket(FAR, name);
      receiver.poller.detach(DEVICE);
      receiver.send(FAR, frame(60));
      receiver.turn();
      receiver.turn(100); // what the kernel says by itself may come meanwhile
      const idle = performance.now();
      receiver.turn(50);
      expect(performance.now() - idle).toBeGreaterThan(40);
    });

    it("find it down, and up again", () => {
      sender.send(DEVICE, frame(60));
      sender.until(DEVICE, "up");
      ip("link", "set", name, "down");
      sender.send(DEVICE, frame(60));
      expect(sender.turn().events).toEqual([{ port: DEVICE, what: "down", why: "EIO" }]);
      expect([sender.waiting(DEVICE), sender.failure(DEVICE)]).toEqual([0, QUEUE_FULL]);
      const idle = performance.now();
      expect(sender.turn(50).events).toEqual([]);
      expect(performance.now() - idle).toBeGreaterThan(40);
      ip("link", "set", name, "up");
      expect(sender.turn(3000).events).toEqual([{ port: DEVICE, what: "up", why: "" }]);
    });

    it.each([1, 0])("find it deleted, with %i frames to send", (frames) => {
      sender.send(DEVICE, frame(60));
      sender.until(DEVICE, "up");
      ip("link", "delete", name);
      if (frames > 0) sender.send(DEVICE, frame(60));
      expect(sender.until(DEVICE, "gone").why).toBe("EBADFD");
      expect(sender.waiting(DEVICE)).toBe(0);
    });
  });

  it("send through a packet socket, too", () => {
    ip("link", "add", `${name}a`, "type", "veth", "peer", "name", `${name}b`);
    for (const end of ["a", "b"]) ip("link", "set", name + end, "up");
    const { fd } = addon.openPacket(`${name}a`);
    sender.poller.attachSender(DEVICE, "packet", addon.duplicate(fd));
    receiver.poller.attach(DEVICE, "packet", fd, 0, -1);
    attachPacket(FAR, `${name}b`);
    expectShared();
    ip("link", "delete", `${name}a`);
  });
}));
