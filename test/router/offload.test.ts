// Packets of which their sender left something undone, through a router: what comes out is what would have come out of
// the same packets finished, however many in one they were. Read first: assembly/router/undone.ts, RFC 3022 4.1.

import { describe, expect, it } from "vitest";
import { differences, translated } from "../model/nat-rewrite.js";
import { GSO, headerOf, split, unfinished, type Merged } from "../model/merged.js";
import { A, C, OUT, R } from "./nat-rig.js";
import { reassemble, endpoint, parse, parseIp, tcp, udp, type IpOptions, type Payload } from "./packet.js";
import { RouterRig, packetIn, type RouterRigOptions, type RouterSpec, type Seen } from "./rig.js";

type Fields = IpOptions & { from: string; to: string; payload?: Payload; seq?: number; flags?: string; mss?: number };

const noise = (length: number, seed = 0) =>
  Uint8Array.from({ length }, (_, i) => (i * 73 + seed * 31 + (i >> 3)) & 255);

const KINDS = [["udp", udp], ["tcp", tcp]] as const;
type Make = (typeof KINDS)[number][1];

/** A router between wires whose devices take frames behind headers, where they are named. */
function makeRig(offload: readonly string[], spec: RouterSpec = {}, options: RouterRigOptions = {}): RouterRig {
  const rig = new RouterRig(spec, options);
  for (const name of offload) {
    const { port } = rig.rig.end(name);
    rig.rig.workers[port.worker]!.setOffload(port.index, true);
  }
  return rig;
}

/** The frame in which a host sends a packet, with its checksum left to be completed. `size`: of the segments in it. */
function undone(rig: RouterRig, packet: Uint8Array, size = 0): Merged {
  const isTcp = packet[9] === 6;
  const frame = Buffer.from(rig.frame(packet, packet.subarray(12, 16).join(".")));
  const gso = size === 0 ? GSO.none : isTcp ? GSO.tcp4 : GSO.udp;
  const start = 14 + (packet[0]! & 15) * 4;
  return unfinished({ frame, gso, size, flags: 1, start, offset: isTcp ? 16 : 6 });
}

/** Sends such a frame, and returns what came out, by wire. */
function send(rig: RouterRig, packet: Uint8Array, size = 0): Record<string, Seen[]> {
  const wire = rig.wireOf(packet.subarray(12, 16).join("."));
  const item = undone(rig, packet, size);
  rig.rig.injectBehind(wire, headerOf(item, 0), item.frame);
  return rig.sendFrame(wire);
}

/** A frame as the wire has it once whoever got it behind a header has done what that says; not for merged ones. */
function completed(rig: RouterRig, { frame, ...parsed }: Seen): Uint8Array {
  const header = Buffer.from(rig.rig.headerOf(frame)!);
  expect([header[0], header[1]]).toEqual([1, GSO.none]);
  const [start, offset] = [header.readUInt16LE(6), header.readUInt16LE(8)];
  const done = Buffer.from(packetIn({ frame, ...parsed }));
  let sum = 0;
  for (let i = start - 14; i < done.length; i += 2) sum += (done[i]! << 8) + (done[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  done.writeUInt16BE(~sum & 0xffff || 0xffff, start - 14 + offset);
  return done;
}

/** Asserts that packets are what the reference makes of others. */
function expectLike(packets: readonly Uint8Array[], before: readonly Uint8Array[], from = `${OUT}:1000`): void {
  expect(packets).toHaveLength(before.length);
  packets.forEach((packet, i) => {
    expect(parseIp(packet).faults).toEqual([]);
    expect(differences(translated(before[i]!, { from: endpoint(from), hop: true }), packet)).toEqual([]);
  });
}

/** The packets that a merged one of so many bytes stands for. */
function parts(make: Make, fields: Fields, bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => make({
    ...fields, id: (fields.id ?? 0) + i, payload: bytes.subarray(i * size, (i + 1) * size),
    ...(make === tcp ? { seq: (fields.seq ?? 0) + i * size } : {}),
  }));
}

const LENGTHS = [...Array.from({ length: 40 }, (_, i) => i), 255, 256, 1023, 1459, 1460];

describe.each(KINDS)("%s whose checksum is left to be completed", (_, make) => {
  it("is translated, first by the slow path, then by the fast one, and completed where it leaves", () => {
    const rig = makeRig(["a10"]);
    for (const length of LENGTHS) {
      const packet = make({ from: A, to: R, payload: noise(length) });
      expectLike(send(rig, packet)["up"]!.map(packetIn), [packet]);
    }
  });

  it("is translated and left so where it may leave so", () => {
    const rig = makeRig(["a10", "up"]);
    for (const length of LENGTHS) {
      const packet = make({ from: A, to: R, payload: noise(length) });
      expectLike(send(rig, packet)["up"]!.map((each) => completed(rig, each)), [packet]);
    }
  });

  it("is translated with every number of options in the header", () => {
    const rig = makeRig(["a10"]);
    for (let words = 1; words <= 10; words++) {
      const packet = make({ from: A, to: R, payload: noise(13), ipOptions: new Uint8Array(words * 4).fill(1) });
      expectLike(send(rig, packet)["up"]!.map(packetIn), [packet]);
    }
  });

  it("is translated inwards, too", () => {
    const rig = makeRig(["up"]);
    rig.outbound(make({ from: A, to: R }));
    for (const length of LENGTHS) {
      const back = send(rig, make({ from: R, to: `${OUT}:1000`, payload: noise(length) }))["a10"]!;
      expect(back.map(({ faults, payload }) => [faults, payload])).toEqual([[[], noise(length)]]);
      const { to } = (back[0]!.udp ?? back[0]!.tcp)!;
      expect(to).toBe(A);
    }
  });

  it("is completed before it is fragmented", () => {
    const rig = makeRig(["a10"], { uplink: { mtu: 576 } });
    const packet = make({ from: A, to: R, payload: noise(1400) });
    const whole = reassemble(send(rig, packet)["up"]!.map(packetIn));
    expect(parseIp(whole).faults).toEqual([]);
    expect(parseIp(whole).payload).toEqual(noise(1400));
  });

  it("is quoted as it is by an ICMP error, which is right itself", () => {
    const rig = makeRig(["a10"]);
    const { a10 } = send(rig, make({ from: A, to: R, ttl: 1, payload: noise(100) }));
    expect(a10!.map(({ faults, icmp }) => [faults, icmp!.type])).toEqual([[[], 11]]);
    expect(Buffer.from(rig.rig.headerOf(a10![0]!.frame)!).toString("hex")).toBe("00".repeat(10));
  });
});

describe.each(KINDS)("many in one of %s", (_, make) => {
  const bytes = noise(5000);
  const fields: Fields = { from: A, to: R, id: 0xfffe };

  it("are translated whole, first by the slow path, then by the fast one, and split where they leave", () => {
    const rig = makeRig(["a10"]);
    for (let i = 0; i < 3; i++) {
      const { up } = send(rig, make({ ...fields, payload: bytes }), 700);
      expectLike(up!.map(packetIn), parts(make, fields, bytes, 700));
    }
  });

  it("leave whole where they may, also through an MTU that is theirs one by one only", () => {
    const rig = makeRig(["a10", "up"]);
    for (let i = 0; i < 3; i++) {
      const { up } = send(rig, make({ ...fields, df: true, payload: bytes }), 1400);
      expect(up!.map(({ payload }) => payload)).toEqual([bytes]);
      const [{ frame, ip }] = up as [Seen];
      const header = Buffer.from(rig.rig.headerOf(frame)!);
      expect(ip).toMatchObject({ from: OUT, ttl: 63 });
      // What they are once their addressee has them: the checksum still covers the pseudo-header only.
      const wanted = undone(rig, make({ ...fields, from: `${OUT}:1000`, payload: bytes }), 1400);
      const at = wanted.start + wanted.offset;
      expect(Buffer.from(frame).readUInt16BE(at)).toBe(wanted.frame.readUInt16BE(at));
      expect([header[1], header.readUInt16LE(4)]).toEqual([wanted.gso, 1400]);
    }
  });

  it("are routed between VLANs without translation, whole and split", () => {
    for (const offload of [["a10"], ["a10", "a20"]]) {
      const rig = makeRig(offload, { uplink: false });
      const { a20 } = send(rig, make({ ...fields, to: C, payload: bytes }), 700);
      if (offload.length === 2) expect(a20!.map(({ payload }) => payload)).toEqual([bytes]);
      else expectLike(a20!.map(packetIn), parts(make, { ...fields, to: C }, bytes, 700), A);
    }
  });

  it("are translated on another worker's router", () => {
    const rig = makeRig(["a10", "b10"], {}, { workers: 2 });
    for (let i = 0; i < 2; i++) {
      for (const from of [A, "10.0.10.6:1000"]) {
        if (from !== A) rig.places.set("10.0.10.6", "b10");
        const { up } = send(rig, make({ ...fields, from, payload: bytes }), 700);
        const [first] = up as [Seen];
        const outside = (first.udp ?? first.tcp)!.from;
        expectLike(up!.map(packetIn), parts(make, { ...fields, from }, bytes, 700), outside);
      }
    }
  });

  it("are refused where each is too long for the way on, and may not be fragmented", () => {
    const rig = makeRig(["a10"], { uplink: { mtu: 576 } });
    const { a10, up } = send(rig, make({ ...fields, df: true, payload: bytes }), 700);
    expect(up).toBeUndefined();
    expect(a10!.map(({ faults, icmp }) => [faults, icmp!.type, icmp!.code])).toEqual([[[], 3, 4]]);
  });

  it("are fragmented one by one where they may be", () => {
    const rig = makeRig(["a10"], { uplink: { mtu: 576 } });
    const { up } = send(rig, make({ ...fields, id: 1, payload: bytes }), 1000);
    const ids = [...new Set(up!.map(({ ip }) => ip!.id))];
    const wholes = ids.map((id) => reassemble(up!.filter(({ ip }) => ip!.id === id).map(packetIn)));
    expect(wholes.map((each) => parseIp(each).faults)).toEqual([[], [], [], [], []]);
    expect(Buffer.concat(wholes.map((each) => parseIp(each).payload))).toEqual(Buffer.from(bytes));
  });

  it("reach the router itself one by one", () => {
    const rig = makeRig(["a10"], {}, {});
    const { a10 } = send(rig, make({ ...fields, to: "10.0.10.1:9", payload: bytes }), 1000);
    expect(a10!.every(({ faults }) => faults.length === 0)).toBe(true);
    expect(a10!.map(({ icmp, tcp: segment }) => icmp?.type ?? segment?.flags))
      .toEqual(Array(5).fill(make === udp ? 3 : "R"));
  });
});

describe("segments of TCP that come one by one", () => {
  const bytes = noise(5000);
  const segments = (to = R): Uint8Array[] => parts(tcp, { from: A, to, id: 0xfffe }, bytes, 700);

  /** Lets them enter in one batch, and returns what left, by wire. */
  function sendAll(rig: RouterRig, packets: readonly Uint8Array[]): Record<string, Seen[]> {
    return rig.sendFrame(rig.wireOf("10.0.10.5"), ...packets.map((each) => rig.frame(each, "10.0.10.5")));
  }

  /** The packets in what left, segmented again. */
  function apart(rig: RouterRig, left: readonly Seen[]): Uint8Array[] {
    const [{ frame }] = left as [Seen];
    expect(left).toHaveLength(1);
    return split(Buffer.from(frame), Buffer.from(rig.rig.headerOf(frame)!)).map((each) => each.subarray(14));
  }

  it.each([["a10", 1], ["a10", 2], ["b10", 2]])(
    "are translated one by one, and leave as one where they may (from %s, %i workers)", (wire, workers) => {
      const rig = makeRig(["up"], {}, { workers });
      rig.places.set("10.0.10.5", wire);
      for (let i = 0; i < 3; i++) {
        const { up } = sendAll(rig, segments());
        expectLike(apart(rig, up!), segments());
      }
    });

  it("are routed between VLANs, and leave as one", () => {
    const rig = makeRig(["a20"], { uplink: false });
    const { a20 } = sendAll(rig, segments(C));
    expectLike(apart(rig, a20!), segments(C), A);
  });

  it("leave as they are where they may not", () => {
    const rig = makeRig(["a20"]);
    expectLike(sendAll(rig, segments())["up"]!.map(packetIn), segments());
  });
});

it("clamps the MSS of a SYN whose checksum is left to be completed", () => {
  const rig = makeRig(["a10"], { nat: { mss: "path" }, uplink: { mtu: 1400 } });
  const { up } = send(rig, tcp({ from: A, to: R, flags: "S", mss: 1460 }));
  expect(up!.map(({ faults, tcp: syn }) => [faults, syn!.mss])).toEqual([[[], 1360]]);
});

it.each(["10.0.10.1:53", "255.255.255.255:67"])("hands its services what is complete (%s)", (to) => {
  const dhcp = { range: "10.0.10.100-10.0.10.199" };
  const rig = makeRig(["a10", "b10"], { interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", dhcp }] });
  send(rig, udp({ from: A, to, payload: noise(40) }));
  const [length] = [rig.rig.end("/@edge").pipe!.waiting];
  const handed = rig.rig.end("/@edge").pipe!.span().slice(8, length); // behind its length and port
  expect(parse(handed).faults).toEqual([]);
  expect(parse(handed).payload).toEqual(noise(40));
});
