// What is for the router itself: pings, closed ports, and what its services get and send. Read RFC 1122 3.2.2,
// RFC 9293 3.10.7.1, RFC 5382 REQ-4.

import { describe, expect, it } from "vitest";
import type { Pipe } from "../../src/core/pipe.js";
import { ether, icmp, ip, parse, ping, tcp, udp, type Parsed } from "./packet.js";
import { BROADCAST, outputs, raw } from "./raw.js";
import { ROUTER_MAC, RouterRig } from "./rig.js";

const pipeOf = (rig: RouterRig): Pipe => rig.rig.end("/@edge").pipe!;
const indexOf = (rig: RouterRig, name: string) => rig.rig.end(name).port.index;

/** What the services got: at which interface, by which port its sender's switch got it, and the frame. */
function handed(rig: RouterRig): (Parsed & { port: number; from: number })[] {
  return pipeOf(rig).receiveAt().map(({ at, from, frame }) => ({ port: at, from, ...parse(frame) }));
}

/** Hands bytes to the core as services do, round the end of the ring. */
function write(rig: RouterRig, bytes: Uint8Array): void {
  const pipe = pipeOf(rig);
  for (let at = 0; at < bytes.length;) {
    const space = pipe.space();
    const part = bytes.subarray(at, at + space.length);
    space.set(part);
    pipe.fill(part.length);
    at += part.length;
  }
}

function record(port: number, frame: Uint8Array, length = frame.length): Uint8Array {
  const bytes = new Uint8Array(8 + frame.length);
  new DataView(bytes.buffer).setUint32(0, length);
  new DataView(bytes.buffer).setUint32(4, port, true);
  bytes.set(frame, 8);
  return bytes;
}

it.each([
  ["its own link", "10.0.10.5", "10.0.10.1", "a10"], ["another link", "10.0.10.5", "10.0.20.1", "a10"],
  ["the outside address, inside", "10.0.10.5", "203.0.113.2", "a10"],
  ["the outside address, outside", "198.51.100.7", "203.0.113.2", "up"],
  ["a second outside address", "198.51.100.7", "203.0.113.3", "up"],
])("rfc1122 3.2.2.6 answers a ping of %s", (_, from, to, name) => {
  const rig = new RouterRig({ uplink: { address: ["203.0.113.2/24", "203.0.113.3"] } });
  const payload = Uint8Array.from({ length: 57 }, (_byte, i) => i);
  const seen = rig.send(ping({ from: `${from}:7`, to, seq: 9, payload, ttl: 1 }));
  expect(Object.keys(seen)).toEqual([name]);
  expect(seen[name]![0]).toMatchObject({
    ip: { from: to, to: from, ttl: 64 }, icmp: { type: 0, id: 7, seq: 9 }, payload, faults: [],
  });
  expect(seen[name]).toHaveLength(1);
});

it.each([
  ["an inside address, outside", "198.51.100.7", "10.0.10.1"], ["an inside host, outside", "198.51.100.7", "10.0.10.5"],
])("a NAT does not answer a ping of %s", (_, from, to) => {
  const rig = new RouterRig();
  expect(rig.send(ping({ from: `${from}:7`, to }))).toEqual({});
  expect(rig.drops()).toEqual({ "nat-filtered": 1 });
});

it("rfc1122 3.2.2 drops a ping whose checksum is wrong", () => {
  const rig = new RouterRig();
  expect(rig.send(ping({ from: "10.0.10.5:7", to: "10.0.10.1", checksum: 0x1234 }))).toEqual({});
  expect(rig.drops()).toEqual({ checksum: 1 });
});

it.each([0, 1, 2, 3, 4, 5, 6, 7, 1471, 1472])("rfc1071 sums a ping of %i bytes", (length) => {
  const rig = new RouterRig();
  const payload = Uint8Array.from({ length }, (_, i) => 255 - i);
  const [seen] = rig.send(ping({ from: "10.0.10.5:7", to: "10.0.10.1", payload }))["a10"]!;
  expect(seen).toMatchObject({ faults: [], payload });
});

it("rfc1122 3.2.2 takes other ICMP in silence", () => {
  const rig = new RouterRig();
  expect(rig.send(icmp({ from: "10.0.10.5", to: "10.0.10.1", type: 0 }))).toEqual({});
  expect(rig.send(icmp({ from: "10.0.10.5", to: "10.0.10.1", type: 13, payload: new Uint8Array(12) }))).toEqual({});
  expect(rig.drops()).toEqual({});
});

describe("closed ports", () => {
  it("rfc1122 4.1.3.1 UDP: port unreachable inside", () => {
    const rig = new RouterRig();
    const [seen] = rig.send(udp({ from: "10.0.10.5:1000", to: "10.0.20.1:9" }))["a10"]!;
    expect(seen).toMatchObject({ ip: { from: "10.0.10.1" }, icmp: { type: 3, code: 3 }, faults: [] });
    expect(seen!.icmp!.about!.udp!.to).toBe("10.0.20.1:9");
  });

  it("rfc1122 3.2.2.1 another protocol: protocol unreachable inside", () => {
    const rig = new RouterRig();
    const packet = ip({ from: "10.0.10.5", to: "10.0.10.1", protocol: 99, payload: "12345678" });
    expect(rig.send(packet)["a10"]![0]).toMatchObject({ icmp: { type: 3, code: 2 }, faults: [] });
  });

  it.each([
    ["rfc5382-req04 UDP", udp({ from: "198.51.100.7:1000", to: "203.0.113.2:9" })],
    ["rfc5382-req04 TCP", tcp({ from: "198.51.100.7:1000", to: "203.0.113.2:9", flags: "S" })],
    ["rfc5382-req04 another protocol", ip({ from: "198.51.100.7", to: "203.0.113.2", protocol: 99, payload: "1234" })],
  ])("%s: silence outside", (_, packet) => {
    const rig = new RouterRig();
    expect(rig.send(packet)).toEqual({});
    expect(rig.wait(7)).toEqual({});
    expect(rig.drops()).toEqual({ "nat-filtered": 1 });
  });

  it.each([
    ["a SYN", { flags: "S", seq: 1000 }, { flags: "RA", seq: 0, ack: 1001 }],
    ["a SYN at the end of the numbers", { flags: "S", seq: 0xffffffff }, { flags: "RA", seq: 0, ack: 0 }],
    ["a SYN with data", { flags: "S", seq: 1000, payload: "abc" }, { flags: "RA", seq: 0, ack: 1004 }],
    ["a FIN with data", { flags: "F", seq: 1000, payload: "abc" }, { flags: "RA", seq: 0, ack: 1004 }],
    ["data with options", { flags: "P", seq: 1000, mss: 1460, payload: "ab" }, { flags: "RA", seq: 0, ack: 1002 }],
    ["an ACK", { flags: "A", seq: 1000, ack: 77 }, { flags: "R", seq: 77, ack: 0 }],
    ["a SYN that acknowledges", { flags: "SA", seq: 1000, ack: 0x89abcdef }, { flags: "R", seq: 0x89abcdef, ack: 0 }],
  ])("rfc9293 3.10.7.1 TCP: a reset for %s", (_, sent, answer) => {
    const rig = new RouterRig();
    const [seen] = rig.send(tcp({ from: "10.0.10.5:1000", to: "10.0.20.1:9", ...sent }))["a10"]!;
    expect(seen).toMatchObject({ tcp: { from: "10.0.20.1:9", to: "10.0.10.5:1000", ...answer }, faults: [] });
  });

  it("rfc9293 3.10.7.1 TCP: nothing for a reset, or for a wrong checksum", () => {
    const rig = new RouterRig();
    expect(rig.send(tcp({ from: "10.0.10.5:1000", to: "10.0.20.1:9", flags: "R" }))).toEqual({});
    expect(rig.send(tcp({ from: "10.0.10.5:1000", to: "10.0.20.1:9", flags: "S", checksum: 7 }))).toEqual({});
    expect(rig.drops()).toEqual({ checksum: 1 });
  });
});

describe("services", () => {
  const DHCP = {
    interfaces: [
      { switch: "lab", vlan: 10, address: "10.0.10.1/24", dhcp: { range: "10.0.10.100-10.0.10.199" } },
      { switch: "lab", vlan: 20, address: "10.0.20.1/24" },
    ],
  };
  const discover = udp({ from: "0.0.0.0:68", to: "255.255.255.255:67", payload: "discover" });
  const broadcast = (packet: Uint8Array, from = "10.0.10.5", rig = new RouterRig()) =>
    ether({ to: BROADCAST, from: rig.macOf(from) }, packet);

  it("rfc2131 get DHCP of the interface that serves it, and only of that", () => {
    const rig = new RouterRig(DHCP);
    raw(rig, "a10", broadcast(discover));
    raw(rig, "a20", broadcast(discover, "10.0.20.5"));
    raw(rig, "a10", rig.frame(udp({ from: "10.0.10.5:68", to: "10.0.10.1:67" }), "10.0.10.5"));
    const got = handed(rig);
    expect(got.map(({ port }) => port)).toEqual([indexOf(rig, "lab/@edge.10"), indexOf(rig, "lab/@edge.10")]);
    expect(got[0]).toMatchObject({ ether: { to: BROADCAST }, udp: { to: "255.255.255.255:67" }, faults: [] });
    expect(new TextDecoder().decode(got[0]!.payload)).toBe("discover");
  });

  it.each([["UDP", udp], ["TCP", tcp]] as const)("rfc1035 get DNS over %s at every inside interface", (_, packet) => {
    const rig = new RouterRig();
    raw(rig, "a10", rig.frame(packet({ from: "10.0.10.5:1000", to: "10.0.10.1:53" }), "10.0.10.5"));
    raw(rig, "a20", rig.frame(packet({ from: "10.0.20.5:1000", to: "10.0.20.1:53" }), "10.0.20.5"));
    expect(handed(rig).map(({ port }) => port)).toEqual([indexOf(rig, "lab/@edge.10"), indexOf(rig, "lab/@edge.20")]);
  });

  it.each([
    ["a DNS query to its network's address", "10.0.10.1"], ["one to another network's", "10.0.20.1"],
    ["one to an outside address", "203.0.113.2"], ["a DHCP message to all", "255.255.255.255"],
  ])("hear by which port a guest sent %s", (_, to) => {
    for (const workers of [1, 2, 3]) {
      const rig = new RouterRig({ ...DHCP, dns: {} }, { workers });
      for (const name of ["b10", "a10"]) {
        const port = to === "255.255.255.255" ? 67 : 53;
        const packet = udp({ from: "10.0.10.5:68", to: `${to}:${port}` });
        raw(rig, name, port === 67 ? broadcast(packet) : rig.frame(packet, "10.0.10.5"));
      }
      const heard = ["b10", "a10"].map((name) => indexOf(rig, name));
      expect(handed(rig).map(({ from }) => from), `${workers} workers`).toEqual(heard);
    }
  });

  it.each([
    ["DNS from outside", "up", {}, udp({ from: "198.51.100.7:1000", to: "203.0.113.2:53" })],
    ["DHCP from outside", "up", {}, udp({ from: "198.51.100.7:68", to: "203.0.113.2:67" })],
    ["DNS where it is off", "a10", { dns: false }, udp({ from: "10.0.10.5:1000", to: "10.0.10.1:53" })],
    ["DNS to all", "a10", {}, udp({ from: "10.0.10.5:1000", to: "10.0.10.255:53" })],
    ["a fragment", "a10", {}, udp({ from: "10.0.10.5:1000", to: "10.0.10.1:53", mf: true })],
    ["a lie of a length", "a10", {}, udp({ from: "10.0.10.5:1000", to: "10.0.10.1:53", length: 99 })],
  ])("do not get %s", (_, name, spec, packet) => {
    const rig = new RouterRig(spec);
    raw(rig, name, rig.frame(packet, name === "up" ? "203.0.113.1" : "10.0.10.5"));
    expect(handed(rig)).toEqual([]);
  });

  it("rfc2131 get what DHCP servers answer to an uplink that has no address yet", () => {
    const rig = new RouterRig({ uplink: { address: "dhcp", gateway: undefined } });
    raw(rig, "up", rig.frame(udp({ from: "198.51.100.1:67", to: "198.51.100.77:68" }), "203.0.113.1"));
    raw(rig, "up", broadcast(udp({ from: "198.51.100.1:67", to: "255.255.255.255:68" })));
    const port = indexOf(rig, "edge/@edge");
    expect(handed(rig).map((one) => one.port)).toEqual([port, port]);
  });

  it("send out of the interface that they name", () => {
    const rig = new RouterRig();
    raw(rig, "a10", rig.frame(ping({ from: "10.0.10.5:1", to: "10.0.10.1" }), "10.0.10.5"));
    const answer = udp({ from: "10.0.10.1:53", to: "10.0.10.5:9" });
    const frame = ether({ to: rig.macOf("10.0.10.5"), from: ROUTER_MAC }, answer);
    write(rig, record(indexOf(rig, "lab/@edge.10"), frame));
    rig.rig.settle();
    const seen = outputs(rig);
    expect(Object.keys(seen)).toEqual(["a10"]);
    expect(seen["a10"]![0]!.frame).toEqual(frame);
  });

  it("send to all on a link, and to none beyond it", () => {
    const rig = new RouterRig();
    const frame = ether({ to: BROADCAST, from: ROUTER_MAC }, udp({ from: "10.0.10.1:67", to: "255.255.255.255:68" }));
    write(rig, record(indexOf(rig, "lab/@edge.10"), frame));
    rig.rig.settle();
    expect(Object.keys(outputs(rig)).sort()).toEqual(["a10", "b10"]);
  });

  it.each([["a device", "a10"], ["their own port", "/@edge"]])("cannot send as %s", (_, name) => {
    const rig = new RouterRig();
    const frame = ether({ to: BROADCAST, from: ROUTER_MAC }, udp({ from: "10.0.10.1:67", to: "255.255.255.255:68" }));
    write(rig, record(indexOf(rig, name), frame));
    rig.rig.settle();
    expect(outputs(rig)).toEqual({});
    expect(rig.drops()).toEqual({ vlan: 1 });
  });

  it.each([
    ["a length of 0", record(1, new Uint8Array(0))], ["a length beyond a frame", record(1, new Uint8Array(8), 65_537)],
    ["the greatest length", record(1, new Uint8Array(8), 0xffffffff)],
    ["text", new TextEncoder().encode("no frames at all here")],
  ])("that write %s are hung up on", (_, bytes) => {
    const rig = new RouterRig();
    write(rig, bytes);
    rig.rig.settle();
    expect(pipeOf(rig).faulty).toBe(true);
    expect(rig.drops()).toEqual({ malformed: 1 });
    expect(rig.send(ping({ from: "10.0.10.5:7", to: "10.0.10.1" }))["a10"]).toHaveLength(1);
  });

  it("that do not read lose frames, and the router goes on", () => {
    const rig = new RouterRig();
    const question = udp({ from: "10.0.10.5:1000", to: "10.0.10.1:53", payload: new Uint8Array(1400) });
    const ask = rig.frame(question, "10.0.10.5");
    for (let i = 0; i < 4; i++) raw(rig, "a10", ...Array.from({ length: 100 }, () => ask));
    expect(rig.drops()["queue-full"]).toBeGreaterThan(200);
    expect(handed(rig).length).toBeGreaterThan(150);
    expect(rig.send(ping({ from: "10.0.10.5:7", to: "10.0.10.1" }))["a10"]).toHaveLength(1);
  });
});
