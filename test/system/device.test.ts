// The addon on real devices: TAPs, and packet sockets on TAPs and veths. A packet socket on a TAP sees what was
// written into the TAP, and what it sends can be read from the TAP: that is how the other end is looked at.

import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PollerEvent } from "../../src/port/addon.js";
import { loadAddon, Rig, type Turn } from "../native/rig.js";
import { frame, isOurs } from "./experiment.js";
import { inNamespace, Namespace } from "./namespace.js";

const TAP = 0;
const PACKET = 1;
const PEER = 2;
const TAG = 0x8100a00a; // priority 5, VLAN 10
const OUTER = 0x88a80014; // 802.1ad, VLAN 20
const QUEUE_FULL = 3;
const MTU_EXCEEDED = 4;

const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

const mtuOf = (name: string): number => Number(/ mtu (\d+) /.exec(ip("link", "show", name))![1]);

const tagged = (bytes: Buffer, tag: number) => {
  const inserted = Buffer.alloc(4);
  inserted.writeUInt32BE(tag);
  return Buffer.concat([bytes.subarray(0, 12), inserted, bytes.subarray(12)]);
};

const addon = loadAddon("the addon on devices")!;

describe.skipIf(!addon)("the addon on devices", () => inNamespace(import.meta.url, () => {
  let rig: Rig;
  let tap: string;
  let tests = 0;

  beforeEach(() => {
    rig = new Rig(addon);
    tap = `tap${tests++}`;
  });
  afterEach(() => rig.poller.close());

  function attachDevice(port: number, name: string, mtu: number): void {
    const { fd, offload } = addon.openTap(name, mtu);
    rig.poller.attach(port, offload ? "tap-offload" : "tap", fd, 0, -1);
  }

  /** Turns until `count` frames of ours have come in on the port. */
  function receive(port: number, count: number): Buffer[] {
    const ours = (turn: Turn) =>
      turn.frames.filter((item) => item.port === port && isOurs(item.bytes)).map((item) => item.bytes);
    return ours(rig.turnUntil((turn) => ours(turn).length >= count));
  }

  function quiet(port: number): void {
    for (let i = 0; i < 3; i++) {
      const frames = rig.turn(20).frames.filter((item) => item.port === port && isOurs(item.bytes));
      expect(frames).toEqual([]);
    }
  }

  function attachTap(mtu = 1500): void {
    attachDevice(TAP, tap, mtu);
    ip("link", "set", tap, "up");
    rig.until(TAP, "up");
  }

  function attachPacket(port: number, name: string): void {
    rig.poller.attach(port, "packet", addon.openPacket(name).fd, 0, -1);
    rig.until(port, "up");
  }

  describe("TAP", () => {
    it("makes a device, sets its MTU, and takes it along when it is closed", () => {
      const opened = addon.openTap(tap, 9000);
      expect(opened).toMatchObject({ created: true, mtu: 1500 });
      expect([addon.deviceIndex(tap) > 0, mtuOf(tap)]).toEqual([true, 9000]);
      addon.setTapMtu(opened.fd, 1400);
      expect(mtuOf(tap)).toBe(1400);
      expect(() => addon.openTap(tap, 0)).toThrow(expect.objectContaining({ code: "EBUSY" }));
      addon.close(opened.fd);
      expect(addon.deviceIndex(tap)).toBe(0);
    });

    it.each(["one_queue", "multi_queue"])("attaches to a persistent device and leaves it as it was (%s)", (flag) => {
      ip("tuntap", "add", tap, "mode", "tap", flag);
      const opened = addon.openTap(tap, 0);
      expect(opened).toMatchObject({ created: false, mtu: 1500 });
      addon.close(opened.fd);
      expect(addon.deviceIndex(tap)).toBeGreaterThan(0);
      ip("link", "delete", tap);
    });

    it("does not take a device of another kind", () => {
      expect(() => addon.openTap("lo", 0)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    });

    it("sends and receives batches, tags pushed and popped, copies cut", () => {
      attachTap();
      attachPacket(PACKET, tap);
      const [plain, long] = [frame(60), frame(1514, 3)];
      rig.send(TAP, plain);
      rig.send(TAP, long, { tag: TAG });
      rig.send(TAP, tagged(long, TAG), { pop: 4 });
      rig.send(TAP, tagged(long, TAG), { pop: 4, tag: OUTER });
      rig.send(TAP, tagged(plain, TAG), { tag: OUTER });
      rig.send(TAP, long, { cutTo: 100 });
      expect(receive(PACKET, 6)).toEqual([
        plain,
        tagged(long, TAG),
        long,
        tagged(long, OUTER),
        tagged(tagged(plain, TAG), OUTER),
        long.subarray(0, 100),
      ]);
      expect([rig.waiting(TAP), rig.failure(TAP)]).toEqual([0, undefined]);

      const sent = Array.from({ length: 200 }, (_, i) => frame(60 + i * 7, i));
      for (const bytes of sent) rig.send(PACKET, bytes);
      expect(receive(TAP, sent.length)).toEqual(sent);
      rig.send(PACKET, long, { tag: TAG });
      expect(receive(TAP, 1)).toEqual([tagged(long, TAG)]);
    });

    it("tells when it goes down and comes up, and fails what it cannot send meanwhile", () => {
      attachTap();
      ip("link", "set", tap, "down");
      rig.send(TAP, frame(60));
      rig.send(TAP, frame(60));
      expect(rig.turn().events).toEqual([{ port: TAP, what: "down", why: "EIO" }]);
      expect([rig.waiting(TAP), rig.failure(TAP), rig.failure(TAP, 1)]).toEqual([0, QUEUE_FULL, QUEUE_FULL]);
      const idle = performance.now();
      expect(rig.turn(50).events).toEqual([]);
      expect(performance.now() - idle).toBeGreaterThan(40); // it sleeps, though it wants to know
      const began = performance.now();
      ip("link", "set", tap, "up");
      expect(rig.turn(3000).events).toEqual([{ port: TAP, what: "up", why: "" }]);
      expect(performance.now() - began).toBeLessThan(1000);
    });

    it("notices within a second or so that it went down, with nothing to send", () => {
      attachTap();
      ip("link", "set", tap, "down");
      expect(rig.until(TAP, "down").why).toBe("ENETDOWN");
    });

    it("tells when the device is deleted, and has room for another one", () => {
      attachTap();
      rig.turn();
      ip("link", "delete", tap);
      expect(rig.turn(3000).events).toEqual([{ port: TAP, what: "gone", why: "EBADFD" }]);
      attachTap();
    });

    it("tells when it finds the device deleted in sending", () => {
      attachTap();
      ip("link", "delete", tap);
      rig.send(TAP, frame(60));
      expect(rig.turn().events).toEqual([{ port: TAP, what: "gone", why: "EBADFD" }]);
      expect([rig.waiting(TAP), rig.failure(TAP)]).toEqual([0, QUEUE_FULL]);
    });

    it("is known by its fd when it has another name, is in another namespace, or was deleted", () => {
      const other = new Namespace("other");
      try {
        const { fd } = addon.openTap(tap, 1400);
        ip("link", "set", tap, "name", "renamed");
        ip("link", "add", tap, "mtu", "1300", "type", "veth", "peer", "name", `${tap}b`);
        addon.setTapMtu(fd, 2000);
        expect([addon.tapName(fd), mtuOf("renamed"), mtuOf(tap)]).toEqual(["renamed", 2000, 1300]);
        ip("link", "set", "renamed", "netns", other.name);
        expect(() => addon.setTapMtu(fd, 3000)).toThrow(expect.objectContaining({ code: "EXDEV" }));
        expect(addon.tapName(fd)).toBe("renamed");
        other.run("ip", "link", "delete", "renamed");
        expect(() => addon.setTapMtu(fd, 3000)).toThrow(expect.objectContaining({ code: "EBADFD" }));
        expect(addon.tapName(fd)).toBe("");
        addon.close(fd);
      } finally {
        other.remove();
        ip("link", "delete", tap);
      }
    });

    it("stays attached when the device moves to another namespace", () => {
      const other = new Namespace("other");
      try {
        attachTap();
        ip("link", "set", tap, "netns", other.name);
        rig.until(TAP, "down");
        other.run("ip", "address", "add", "10.9.8.1/24", "dev", tap);
        other.run("ip", "link", "set", tap, "up");
        rig.until(TAP, "up");
        const asksWho = arpRequest();
        rig.send(TAP, asksWho);
        const answers = ({ bytes }: { bytes: Buffer }) => bytes.subarray(0, 6).equals(asksWho.subarray(6, 12));
        rig.turnUntil((turn) => turn.frames.some(answers));
      } finally {
        other.remove();
      }
      expect(rig.until(TAP, "gone").why).toBe("EBADFD"); // a virtual device goes with its namespace
    });

    it("gives every device its share when each has more than fits a turn", () => {
      attachTap();
      attachPacket(PACKET, tap);
      const second = `${tap}b`;
      attachDevice(PEER, second, 0);
      ip("link", "set", second, "up");
      rig.until(PEER, "up");
      rig.poller.attach(3, "packet", addon.openPacket(second).fd, 0, -1);
      for (let i = 0; i < 250; i++) {
        rig.send(PACKET, frame(60));
        rig.send(3, frame(60));
      }
      const counts = [TAP, PEER].map((port) => rig.turn().frames.filter((item) => item.port === port).length);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(60);
    });
  });

  describe("packet socket", () => {
    beforeEach(() => {
      ip("link", "add", `${tap}a`, "type", "veth", "peer", "name", `${tap}b`);
      for (const end of ["a", "b"]) ip("link", "set", tap + end, "up");
      attachPacket(PACKET, `${tap}a`);
      attachPacket(PEER, `${tap}b`);
    });
    afterEach(() => {
      if (addon.deviceIndex(`${tap}a`)) ip("link", "delete", `${tap}a`);
    });

    it("does not take in what it sent, nor what others sent through its device", () => {
      rig.send(PACKET, frame(200));
      expect(receive(PEER, 1)).toEqual([frame(200)]);
      quiet(PACKET);
      const bystander = new Rig(addon);
      bystander.poller.attach(PACKET, "packet", addon.openPacket(`${tap}a`).fd, 0, -1);
      bystander.send(PACKET, frame(300));
      bystander.turn();
      expect(receive(PEER, 1)).toEqual([frame(300)]);
      quiet(PACKET);
      bystander.poller.close();
    });

    it("puts tags back that the kernel took off, of either kind, and leaves inner ones alone", () => {
      const stacked = tagged(tagged(frame(60), TAG), OUTER);
      const frames = [tagged(frame(1514), TAG), tagged(frame(1510), OUTER), stacked, frame(60)];
      for (const bytes of frames) rig.send(PACKET, bytes);
      expect(receive(PEER, frames.length)).toEqual(frames);
    });

    it("sends and receives more frames than one system call takes", () => {
      const sent = Array.from({ length: 250 }, (_, i) => frame(60 + i, i));
      for (const bytes of sent) rig.send(PACKET, bytes, { tag: TAG });
      expect(receive(PEER, sent.length)).toEqual(sent.map((bytes) => tagged(bytes, TAG)));
    });

    it("fails a frame that is longer than the device takes, and sends the others", () => {
      rig.send(PACKET, frame(100, 1));
      rig.send(PACKET, frame(2000));
      rig.send(PACKET, frame(100, 2));
      expect(receive(PEER, 2)).toEqual([frame(100, 1), frame(100, 2)]);
      expect([rig.waiting(PACKET), rig.failure(PACKET, 1), rig.failure(PACKET)]).toEqual([0, MTU_EXCEEDED, undefined]);
    });

    describe("whose peer leaves work to its card", () => {
      beforeEach(() => {
        ip("address", "add", "10.9.7.1/24", "dev", `${tap}b`);
        ip("neighbor", "add", "10.9.7.2", "lladdr", "02:00:00:00:00:0a", "dev", `${tap}b`);
      });

      /** Sends bytes in one call, with `option` set before; returns the datagrams that come of it, `count` of them. */
      function datagrams(length: number, count: number, option = ""): Buffer[] {
        const script = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); ${option}
s.sendto(b"x" * ${length}, ("10.9.7.2", 9))`;
        execFileSync("python3", ["-c", script]);
        const udp = (turn: Turn) => turn.frames.map(({ bytes }) => bytes)
          .filter((bytes) => bytes.readUInt16BE(12) === 0x0800 && bytes[23] === 17);
        return udp(rig.turnUntil((turn) => udp(turn).length >= count));
      }

      it("completes checksums", () => {
        const [datagram] = datagrams(101, 1);
        expect([datagram!.length, udpSum(datagram!)]).toEqual([14 + 20 + 8 + 101, 0xffff]);
      });

      it("takes apart datagrams that were merged", () => {
        const UDP_SEGMENT = 103; // <linux/udp.h>
        const came = datagrams(30_001, 31, `s.setsockopt(socket.IPPROTO_UDP, ${UDP_SEGMENT}, 1000)`);
        expect(came.map((bytes) => bytes.length - 42)).toEqual([...Array<number>(30).fill(1000), 1]);
        expect(came.map(udpSum)).toEqual(came.map(() => 0xffff));
      });
    });

    it("tells when its device goes down and comes up", () => {
      ip("link", "set", `${tap}a`, "down");
      expect(rig.until(PACKET, "down").why).toBe("ENETDOWN");
      rig.send(PACKET, frame(60));
      rig.turn();
      expect([rig.waiting(PACKET), rig.failure(PACKET)]).toEqual([0, QUEUE_FULL]);
      ip("link", "set", `${tap}a`, "up");
      rig.until(PACKET, "up");
      rig.send(PACKET, frame(60));
      expect(receive(PEER, 1)).toEqual([frame(60)]);
    });

    it("tells when its device loses its carrier and gets it back", () => {
      ip("link", "set", `${tap}b`, "down");
      expect(rig.until(PACKET, "down").why).toBe("ENOLINK");
      ip("link", "set", `${tap}b`, "up");
      rig.turnUntil(({ events }) => events.filter((event) => event.what === "up").length === 2);
    });

    it.each(["up", "down"])("tells when its device is deleted while it is %s", (state) => {
      if (state === "down") {
        ip("link", "set", `${tap}a`, "down");
        rig.until(PACKET, "down");
      }
      ip("link", "delete", `${tap}a`);
      const gone = new Map<number, PollerEvent>();
      rig.turnUntil(({ events }) => {
        for (const event of events) if (event.what === "gone") gone.set(event.port, event);
        return gone.size === 2;
      });
      expect(gone.get(PACKET)!.why).toBe("ENODEV");
    });

    it("takes no device without Ethernet frames, nor the loopback device", () => {
      const { fd } = addon.openTap(`${tap}c`, 0);
      ip("tuntap", "add", `${tap}d`, "mode", "tun");
      expect(() => addon.openPacket(`${tap}d`)).toThrow(expect.objectContaining({ code: "EPROTOTYPE" }));
      expect(() => addon.openPacket("lo")).toThrow(expect.objectContaining({ code: "EPROTOTYPE" }));
      const { fd: socket, index } = addon.openPacket(`${tap}c`);
      expect(addon.deviceName(index)).toBe(`${tap}c`);
      for (const open of [socket, fd]) addon.close(open);
      ip("link", "delete", `${tap}d`);
    });

    it("needs a device that is there", () => {
      expect(() => addon.openPacket("nowhere")).toThrow(expect.objectContaining({ code: "ENODEV" }));
    });
  });
}));

/** Who has 10.9.8.1? Tell 10.9.8.2 (RFC 826). */
function arpRequest(): Buffer {
  const header = "ffffffffffff02000000000b0806";
  const body = "0001080006040001" + "02000000000b0a090802" + "0000000000000a090801";
  return Buffer.concat([Buffer.from(header + body, "hex"), Buffer.alloc(18)]);
}

/** Ones' complement sum of a UDP datagram in an Ethernet frame, with its pseudo header: 0xffff where it is right. */
function udpSum(bytes: Buffer): number {
  const udp = bytes.subarray(34);
  const pseudo = Buffer.concat([bytes.subarray(26, 34), Buffer.from([0, 17, udp.length >> 8, udp.length & 0xff])]);
  const padded = Buffer.concat([pseudo, udp, Buffer.alloc(udp.length % 2)]);
  let sum = 0;
  for (let i = 0; i < padded.length; i += 2) sum += padded.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
