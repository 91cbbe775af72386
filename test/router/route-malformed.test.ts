// What no packet should look like, one fault a case, and bytes that nobody meant: each is counted under its reason, and
// none gets through, or out of its bounds. Read RFC 1812 5.2.2, RFC 791 3.1, RFC 9293 3.1, RFC 768.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ether, parseIp, ping, tcp, udp } from "./packet.js";
import { raw } from "./raw.js";
import { ROUTER_MAC, RouterRig, packetIn } from "./rig.js";

const FROM = "10.0.10.5:1000";
const OUT = "192.0.2.1:9";
const IN = "10.0.20.9:9";
const FRAME = { to: ROUTER_MAC, from: "02:aa:0a:00:0a:05" };

/** A rig whose neighbors are known, so that what may pass does. */
function warm(spec = {}): RouterRig {
  const rig = new RouterRig(spec);
  rig.send(udp({ from: FROM, to: OUT }));
  rig.send(udp({ from: FROM, to: IN }));
  return rig;
}

/** Packets that came out of any wire. */
const passed = (rig: RouterRig, packet: Uint8Array) =>
  Object.values(raw(rig, "a10", ether(FRAME, packet))).flat().filter((seen) => seen.ip);

describe.each([["to the outside", OUT], ["to another link", IN], ["to the router", "10.0.10.1:9"]])("%s", (_, to) => {
  it.each([
    ["rfc791 total length 0", { totalLength: 0 }, "malformed"],
    ["rfc791 total length under the header's", { totalLength: 19 }, "malformed"],
    ["rfc791 total length under options'", { ipOptions: new Uint8Array(8), totalLength: 24 }, "malformed"],
    ["rfc791 total length over the frame", { totalLength: 40 }, "malformed"],
    ["rfc791 total length of 65,535", { totalLength: 65_535 }, "malformed"],
    ["rfc791 IHL 0", { ihl: 0 }, "malformed"], ["rfc791 IHL 4", { ihl: 4 }, "malformed"],
    ["rfc791 IHL over the frame", { ihl: 15 }, "malformed"],
    ["rfc791 version 6", { version: 6 }, "malformed"], ["rfc791 version 0", { version: 0 }, "malformed"],
    ["rfc1812 5.2.2 header checksum", { ipChecksum: 0x1234 }, "checksum"],
    ["rfc791 header checksum 0", { ipChecksum: 0 }, "checksum"],
  ])("%s", (_name, fields, reason) => {
    const rig = warm();
    expect(passed(rig, udp({ from: FROM, to, ...fields }))).toEqual([]);
    expect(rig.drops()).toEqual({ [reason]: 1 });
  });

  it.each(Array.from({ length: 28 }, (_byte, length) => length))("rfc791 cut to %i bytes", (length) => {
    const rig = warm();
    expect(passed(rig, udp({ from: FROM, to }).subarray(0, length))).toEqual([]);
    expect(rig.drops()).toEqual({ malformed: 1 });
  });
});

describe.each([["to the outside", OUT], ["to the router", "10.0.10.1:9"]])("%s, of what a NAT looks at", (_, to) => {
  const bare = to.split(":")[0]!;
  it.each([
    ["rfc9293 TCP data offset 0", tcp({ from: FROM, to, flags: "S", dataOffset: 0 })],
    ["rfc9293 TCP data offset 1", tcp({ from: FROM, to, flags: "S", dataOffset: 1 })],
    ["rfc9293 TCP data offset 2", tcp({ from: FROM, to, flags: "S", dataOffset: 2 })],
    ["rfc9293 TCP data offset 3", tcp({ from: FROM, to, flags: "S", dataOffset: 3 })],
    ["rfc9293 TCP data offset 4", tcp({ from: FROM, to, flags: "S", dataOffset: 4 })],
    ["rfc9293 TCP data offset beyond the segment", tcp({ from: FROM, to, flags: "S", dataOffset: 6 })],
    ["rfc9293 TCP data offset 15", tcp({ from: FROM, to, flags: "S", dataOffset: 15 })],
    ["rfc768 UDP length 0", udp({ from: FROM, to, length: 0 })],
    ["rfc768 UDP length under 8", udp({ from: FROM, to, length: 7 })],
    ["rfc768 UDP length over the packet", udp({ from: FROM, to, length: 9 })],
    ["rfc768 UDP length 65,535", udp({ from: FROM, to, length: 65_535 })],
    ["rfc6335 UDP source port 0", udp({ from: "10.0.10.5:0", to })],
    ["rfc6335 UDP destination port 0", udp({ from: FROM, to: `${bare}:0` })],
    ["rfc6335 TCP source port 0", tcp({ from: "10.0.10.5:0", to, flags: "S" })],
    ["rfc6335 TCP destination port 0", tcp({ from: FROM, to: `${bare}:0`, flags: "S" })],
  ])("%s", (_name, packet) => {
    const rig = warm();
    expect(passed(rig, packet)).toEqual([]);
    expect(rig.drops()).toEqual({ malformed: 1 });
  });

  const lengths = (packet: Uint8Array, from: number) =>
    Array.from({ length: packet.length - from }, (_byte, i) => i + from);
  const cut = (packet: Uint8Array, length: number) => {
    const copy = packet.slice(0, length);
    return parseIp(copy).faults.length > 0 ? fixed(copy) : copy;
  };
  it.each(lengths(tcp({ from: FROM, to }), 20))("rfc9293 TCP in a packet of %i bytes", (length) => {
    const rig = warm();
    expect(passed(rig, cut(tcp({ from: FROM, to, flags: "S" }), length))).toEqual([]);
    expect(rig.drops()).toEqual({ malformed: 1 });
  });
  it.each(lengths(udp({ from: FROM, to }), 20))("rfc768 UDP in a packet of %i bytes", (length) => {
    const rig = warm();
    expect(passed(rig, cut(udp({ from: FROM, to }), length))).toEqual([]);
    expect(rig.drops()).toEqual({ malformed: 1 });
  });
  it.each([20, 21, 24, 27])("rfc792 ICMP in a packet of %i bytes", (length) => {
    const rig = warm();
    expect(passed(rig, cut(ping({ from: "10.0.10.5:1", to: bare }), length))).toEqual([]);
    expect(rig.drops()).toEqual({ malformed: 1 });
  });
});

/** The packet whose header says the length that it has. */
function fixed(packet: Uint8Array): Uint8Array {
  packet.set([packet.length >> 8, packet.length & 255], 2);
  packet.set([0, 0], 10);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += packet[i]! * 256 + packet[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet.set([(~sum >> 8) & 255, ~sum & 255], 10);
  return packet;
}

describe("ieee802.3 padding behind a packet is nobody's", () => {
  const pad = (packet: Uint8Array) => {
    const frame = ether({ ...FRAME, pad: 90 }, packet);
    return frame.fill(0xa5, 14 + packet.length);
  };
  it.each([
    ["UDP to the outside", udp({ from: FROM, to: OUT, payload: "a" }), "up"],
    ["TCP to the outside", tcp({ from: FROM, to: OUT, flags: "S", payload: "a" }), "up"],
    ["a ping to the outside", ping({ from: "10.0.10.5:7", to: "192.0.2.1", payload: "a" }), "up"],
    ["UDP to another link", udp({ from: FROM, to: IN, payload: "a" }), "a20"],
    ["a ping to the router", ping({ from: "10.0.10.5:7", to: "10.0.10.1", payload: "a" }), "a10"],
    ["TCP to a closed port", tcp({ from: FROM, to: "10.0.10.1:9", flags: "S", payload: "a" }), "a10"],
    ["UDP to a closed port", udp({ from: FROM, to: "10.0.10.1:9", payload: "a" }), "a10"],
    ["one whose time is over", udp({ from: FROM, to: OUT, payload: "a", ttl: 1 }), "a10"],
  ])("%s", (_, packet, name) => {
    const rig = warm();
    const [seen] = raw(rig, "a10", pad(packet))[name]!;
    expect(seen!.faults).toEqual([]);
    expect(parseIp(packetIn(seen!)).faults).toEqual([]);
    if (name === "a10") expect(seen!.frame).toHaveLength(14 + seen!.ip!.totalLength);
    if (seen!.icmp?.about) expect(packetIn(seen!).subarray(28)).toEqual(packet);
  });

  it("in fragments that the router makes", () => {
    const rig = warm({ uplink: { mtu: 576 } });
    const packet = udp({ from: FROM, to: OUT, payload: new Uint8Array(1000) });
    const frame = Uint8Array.from([...ether(FRAME, packet), 1, 2, 3, 4]);
    const seen = raw(rig, "a10", frame)["up"]!;
    for (const { frame: { length }, ip } of seen) expect(length).toBe(14 + ip!.totalLength);
  });
});

describe("rfc826 ARP", () => {
  const request = (change: (bytes: Uint8Array) => void, length = 28) => {
    const bytes = Uint8Array.from([
      0, 1, 8, 0, 6, 4, 0, 1, 2, 0xaa, 10, 0, 10, 5, 10, 0, 10, 5, 0, 0, 0, 0, 0, 0, 10, 0, 10, 1,
    ]);
    change(bytes);
    return ether({ ...FRAME, to: "ff:ff:ff:ff:ff:ff", type: 0x0806 }, bytes.slice(0, length));
  };
  it.each(Array.from({ length: 28 }, (_, length) => length))("cut to %i bytes", (length) => {
    const rig = new RouterRig();
    expect(raw(rig, "a10", request(() => undefined, length))["a10"]).toBeUndefined();
    expect(rig.drops()).toEqual({ malformed: 1 });
  });
  it.each([
    ["for other hardware", 1, 6], ["for another protocol", 2, 0x86], ["with a hardware length of 8", 4, 8],
    ["with a protocol length of 16", 5, 16], ["with an operation of 0", 7, 0], ["with an operation of 3", 7, 3],
    ["with an operation of 257", 6, 1],
  ])("%s is not answered", (_, at, value) => {
    const rig = new RouterRig();
    expect(raw(rig, "a10", request((bytes) => { bytes[at] = value; }))["a10"]).toBeUndefined();
  });
});

describe("any bytes", () => {
  const wires = ["a10", "a20", "up"];
  const noise = fc.uint8Array({ minLength: 0, maxLength: 120 });
  const header = fc.record({
    type: fc.constantFrom(0x0800, 0x0806, 0x8100, 0x86dd), bytes: noise,
    to: fc.constantFrom(ROUTER_MAC, "ff:ff:ff:ff:ff:ff"),
  }).map(({ type, bytes, to }) => ether({ ...FRAME, to, type }, bytes));
  const changed = fc.record({
    packet: fc.constantFrom(
      udp({ from: FROM, to: OUT, payload: "abc" }), tcp({ from: FROM, to: OUT, flags: "S", mss: 1460 }),
      ping({ from: "10.0.10.5:7", to: "10.0.10.1" }), udp({ from: OUT, to: "203.0.113.2:1000" }),
      udp({ from: FROM, to: IN, offset: 8, mf: true, payload: "12345678" }),
    ),
    at: fc.nat(40), value: fc.nat(255), right: fc.boolean(), length: fc.nat(60),
  }).map(({ packet, at, value, right, length }) => {
    const copy = packet.slice(0, Math.max(20, length));
    if (at < copy.length) copy[at] = value;
    return ether(FRAME, right ? fixed(copy) : copy);
  });

  it("neither stop the router nor upset the account", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.constantFrom(...wires), fc.oneof(header, changed)), { minLength: 20, maxLength: 60 }),
      (frames) => {
        const rig = warm({ forwards: ["udp 9 -> 10.0.10.5:9"] });
        for (const [name, frame] of frames) rig.rig.inject(name, frame);
        rig.rig.settle();
        rig.rig.outputs();
        rig.rig.finish();
      },
    ), { numRuns: 40 });
  });
});
