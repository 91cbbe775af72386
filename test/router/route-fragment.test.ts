// Fragments through a NAT, which does not put them together: all orders, doubles and attacks. Read RFC 4787 10 (REQ-13,
// REQ-14), RFC 791 3.2, RFC 1858, RFC 3128, RFC 5722.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { fragmentsOf, ip, parseIp, ping, reassemble, tcp, udp } from "./packet.js";
import { raw, rawWait, waiting } from "./raw.js";
import { RouterRig, packetIn } from "./rig.js";

const bytes = (length: number, seed = 7) => Uint8Array.from({ length }, (_, i) => i * seed);
const REMOTE = "192.0.2.1:9";
const big = (id = 77, payload = bytes(4000)) => udp({ from: "10.0.10.5:1000", to: REMOTE, id, payload });

/** Sends packets one by one and returns the packets that came out of a wire. */
function through(rig: RouterRig, packets: Uint8Array[], name = "up"): Uint8Array[] {
  return packets.flatMap((packet) => rig.send(packet)[name] ?? []).filter((seen) => seen.ip).map(packetIn);
}

/** Datagrams of which something is remembered. */
const datagrams = (rig: RouterRig) => rig.count(layout.FRAGMENT_SLAB);

const orders: [string, (parts: Uint8Array[]) => Uint8Array[]][] = [
  ["in order", (parts) => parts],
  ["reversed", (parts) => [...parts].reverse()],
  ["with the first last", ([first, ...others]) => [...others, first!]],
  ["with the last first", (parts) => [parts.at(-1)!, ...parts.slice(0, -1)]],
  ["each twice", (parts) => parts.flatMap((part) => [part, part])],
  ["all twice", (parts) => [...parts, ...parts]],
  ["reversed, each twice", (parts) => [...parts].reverse().flatMap((part) => [part, part])],
];

describe.each(orders)("rfc4787-req14 fragments %s", (_, order) => {
  it.each([
    ["UDP", big()],
    ["UDP without a checksum", udp({ from: "10.0.10.5:1000", to: REMOTE, id: 77, payload: bytes(4000), checksum: 0 })],
    ["TCP", tcp({ from: "10.0.10.5:1000", to: REMOTE, id: 77, flags: "S", payload: bytes(4000) })],
    ["an echo request", ping({ from: "10.0.10.5:1000", to: "192.0.2.1", id: 77, payload: bytes(4000, 1) })],
  ])("of %s leave as one datagram", (_name, packet) => {
    const rig = new RouterRig();
    const came = through(rig, order(fragmentsOf(packet, 1500)));
    const whole = parseIp(reassemble(came));
    expect(whole).toMatchObject({ ip: { from: "203.0.113.2", to: "192.0.2.1", ttl: 63 }, faults: [] });
    expect(whole.payload).toEqual(parseIp(packet).payload);
  });

  it("to a forward come in as one datagram", () => {
    const rig = new RouterRig({ forwards: ["udp 8080 -> 10.0.10.5:80"] });
    const packet = udp({ from: "192.0.2.1:9", to: "203.0.113.2:8080", id: 5, payload: bytes(4000) });
    const whole = parseIp(reassemble(through(rig, order(fragmentsOf(packet, 1500)), "a10")));
    expect(whole).toMatchObject({ ip: { to: "10.0.10.5" }, udp: { to: "10.0.10.5:80" }, faults: [] });
  });

  it("rfc4787-req09 hairpin as one datagram", () => {
    const rig = new RouterRig({ forwards: ["udp 8080 -> 10.0.20.9:80"] });
    const packet = udp({ from: "10.0.10.5:1000", to: "203.0.113.2:8080", id: 5, payload: bytes(4000) });
    const whole = parseIp(reassemble(through(rig, order(fragmentsOf(packet, 1500)), "a20")));
    expect(whole).toMatchObject({ ip: { from: "203.0.113.2", to: "10.0.20.9" }, faults: [] });
  });

  it("of an answer come in as one datagram", () => {
    const rig = new RouterRig();
    rig.send(udp({ from: "10.0.10.5:1000", to: REMOTE }));
    const packet = udp({ from: REMOTE, to: "203.0.113.2:1000", id: 5, payload: bytes(4000) });
    const whole = parseIp(reassemble(through(rig, order(fragmentsOf(packet, 1500)), "a10")));
    expect(whole).toMatchObject({ udp: { to: "10.0.10.5:1000" }, faults: [] });
  });
});

it("rfc4787-req14 tells interleaved datagrams apart", () => {
  const rig = new RouterRig();
  const one = fragmentsOf(big(1, bytes(4000, 3)), 1500);
  const two = fragmentsOf(udp({ from: "10.0.10.5:2000", to: REMOTE, id: 2, payload: bytes(4000, 5) }), 1500);
  const other = fragmentsOf(udp({ from: "10.0.10.6:1000", to: REMOTE, id: 1, payload: bytes(4000, 11) }), 1500);
  const came = through(rig, one.flatMap((part, i) => [other[2 - i]!, part, two[2 - i]!]));
  const ids = new Map<string, Uint8Array[]>();
  for (const part of came) {
    const key = `${parseIp(part).ip!.id}`;
    ids.set(key, [...(ids.get(key) ?? []), part]);
  }
  expect(parseIp(reassemble(ids.get("2")!)).payload).toEqual(bytes(4000, 5));
  expect(ids.get("1")).toHaveLength(6); // the same identification from two hosts: theirs to tell apart, by checksum
});

it("rfc791 3.2 gives up what has no first fragment after 15 s", () => {
  const rig = new RouterRig();
  expect(through(rig, fragmentsOf(big(), 1500).slice(1))).toEqual([]);
  expect(waiting(rig)).toBe(2);
  rawWait(rig, 14);
  expect(waiting(rig)).toBe(2);
  rawWait(rig, 2);
  expect(waiting(rig)).toBe(0);
  expect(datagrams(rig)).toBe(0);
  expect(rig.drops()).toEqual({ fragment: 2 });
});

it("an identification may come again soon after its datagram is complete", () => {
  const rig = new RouterRig();
  expect(reassemble(through(rig, fragmentsOf(big(), 1500)))).toHaveLength(4028);
  rawWait(rig, 2);
  expect(reassemble(through(rig, fragmentsOf(big(77, bytes(3000)), 1000)))).toHaveLength(3028);
});

it("many complete datagrams do not fill the table", () => {
  const rig = new RouterRig();
  rig.send(udp({ from: "10.0.10.5:1000", to: REMOTE }));
  for (let id = 0; id < 1500; id += 50) {
    const frames = Array.from({ length: 50 }, (_, i) => fragmentsOf(big(id + i, bytes(50)), 48)).flat()
      .map((part) => rig.frame(part, "10.0.10.5"));
    expect(rig.sendFrame("a10", ...frames)["up"]).toHaveLength(frames.length);
  }
  expect(rig.drops()).toEqual({});
});

it("datagrams that are never complete take bounded room, and the newest is served", () => {
  const rig = new RouterRig();
  rig.send(udp({ from: "10.0.10.5:1000", to: REMOTE }));
  for (let id = 0; id < 2100; id += 100) {
    const firsts = Array.from({ length: 100 }, (_, i) => fragmentsOf(big(id + i, bytes(50)), 48)[0]!);
    const frames = firsts.map((first) => rig.frame(first, "10.0.10.5"));
    rig.sendFrame("a10", ...frames);
  }
  expect(datagrams(rig)).toBe(1023);
  expect(reassemble(through(rig, fragmentsOf(big(9999), 1500)))).toHaveLength(4028);
});

it("fragments that wait take bounded room", () => {
  const rig = new RouterRig();
  for (let id = 0; id < 300; id++) {
    const frames = fragmentsOf(big(id, bytes(200)), 48).slice(1).map((part) => rig.frame(part, "10.0.10.5"));
    raw(rig, "a10", ...frames);
  }
  expect(waiting(rig)).toBe(1023 - 640);
  const sent = rig.send(udp({ from: "10.0.10.6:1000", to: REMOTE }))["up"];
  expect(sent).toBeDefined();
});

it("64 fragments wait for a first one", () => {
  const rig = new RouterRig();
  const frames = fragmentsOf(big(1, bytes(2000)), 48).slice(1).map((part) => rig.frame(part, "10.0.10.5"));
  expect(frames.length).toBeGreaterThan(64);
  raw(rig, "a10", ...frames);
  expect(waiting(rig)).toBe(64);
  expect(rig.drops()).toEqual({ fragment: frames.length - 64 });
});

/** A fragment of UDP that is no datagram's beginning, of bytes that count up. */
const part = (offset: number, length: number, more: boolean, protocol = 17) => ip({
  from: "10.0.10.5", to: "192.0.2.1", protocol, id: 77, offset, mf: more, payload: bytes(length, offset / 8 + 1),
});

describe("rfc5722 drops what overlaps", () => {
  const [first] = fragmentsOf(big(), 1500); // 1,480 bytes of payload
  it.each([
    ["by one unit at its beginning", [part(1472, 1480, true)]],
    ["wholly inside", [part(800, 80, true)]],
    ["by one unit at its end", [part(2280, 800, true), part(1480, 808, true)]],
    ["all that came", [part(1480, 80, true), part(1480, 800, true)]],
    ["where one ends, but not where it began", [part(1480, 80, true), part(1560, 80, true), part(1480, 160, true)]],
    ["beyond the last", [part(1480, 80, false), part(1560, 80, true)]],
    ["a last one before others", [part(1560, 80, true), part(1480, 40, false)]],
    ["a second last one", [part(1480, 80, false), part(1560, 80, false)]],
    ["a last one that more follow the second time", [part(1480, 80, false), part(1480, 80, true)]],
    ["a last one of another length", [part(1480, 77, false), part(1480, 78, false)]],
  ])("%s", (_, parts) => {
    const rig = new RouterRig();
    expect(through(rig, [first!, ...parts])).toHaveLength(parts.length); // the first, and all but the last
    expect(rig.drops()).toEqual({ fragment: 1 });
  });

  it("a second first fragment with other ports", () => {
    const rig = new RouterRig();
    const other = fragmentsOf(udp({ from: "10.0.10.5:2000", to: REMOTE, id: 77, payload: bytes(4000) }), 1500)[0]!;
    expect(through(rig, [first!, other])).toHaveLength(1);
    expect(rig.drops()).toEqual({ fragment: 1 });
  });
});

describe("rfc1858, rfc3128 drops what hides a header", () => {
  const first = (length: number, protocol: number) => {
    const packet = protocol === 6 ? tcp({ from: "10.0.10.5:1", to: REMOTE, flags: "S" }) : protocol === 17
      ? udp({ from: "10.0.10.5:1", to: REMOTE, payload: bytes(40) }) : ping({ from: "10.0.10.5:1", to: "192.0.2.1" });
    return ip({
      from: "10.0.10.5", to: "192.0.2.1", protocol, id: 77, mf: true, payload: packet.subarray(20, 20 + length),
    });
  };
  it.each([
    ["a TCP header of 8 bytes", first(8, 6)], ["a TCP header of 16 bytes", first(16, 6)],
    ["TCP at offset 8", part(8, 80, true, 6)], ["no bytes", part(80, 0, true)],
    ["seven bytes that more follow", part(80, 7, true)],
    ["first, and not whole units", udp({ from: "10.0.10.5:1", to: REMOTE, mf: true, payload: bytes(3) })],
    ["more than a datagram holds", part(65_528, 8, false)], ["the last unit, with more to come", part(65_512, 8, true)],
    ["a header whose options are cut",
      ip({ from: "10.0.10.5", to: "192.0.2.1", protocol: 6, id: 77, mf: true,
        payload: tcp({ from: "10.0.10.5:1", to: REMOTE, flags: "S", options: new Uint8Array(12) }).subarray(20, 44) })],
  ])("%s", (name, packet) => {
    const rig = new RouterRig();
    const allowed = name.startsWith("the last unit"); // waits for a first one: what fits is not refused
    expect(through(rig, [packet])).toEqual([]);
    if (allowed) rawWait(rig, 17);
    expect(rig.drops()).toEqual({ fragment: 1 });
  });
});

it.each([1, 2, 7, 8, 9, 15, 16, 1479, 1480])("rfc791 3.2 a last fragment of %i bytes passes", (length) => {
  const rig = new RouterRig();
  const packet = big(77, bytes(1472 + length));
  const parts = fragmentsOf(packet, 1500);
  expect(parts.at(-1)).toHaveLength(20 + length);
  const whole = parseIp(reassemble(through(rig, parts)));
  expect(whole).toMatchObject({ payload: bytes(1472 + length), faults: [] });
});

it("rfc5508 echo fragments whose data look like an ICMP error's type pass", () => {
  const rig = new RouterRig();
  const packet = ping({ from: "10.0.10.5:7", to: "192.0.2.1", id: 3, payload: new Uint8Array(4000).fill(3) });
  expect(parseIp(reassemble(through(rig, fragmentsOf(packet, 1500)))).faults).toEqual([]);
});

it("rfc4787-req14 fragments wait together for a neighbor that is not known yet", () => {
  const rig = new RouterRig();
  const frames = fragmentsOf(big(), 1500).map((one) => rig.frame(one, "10.0.10.5"));
  const came = rig.sendFrame("a10", ...frames)["up"]!.filter(({ ip: header }) => header).map(packetIn);
  expect(parseIp(reassemble(came)).payload).toEqual(bytes(4000));
});

it("rfc4787-req13 a fragment too long for the uplink is fragmented again", () => {
  const rig = new RouterRig({ uplink: { mtu: 576 } });
  const parts = fragmentsOf(big(), 1500).reverse();
  const whole = parseIp(reassemble(through(rig, parts)));
  expect(whole).toMatchObject({ payload: bytes(4000), faults: [] });
});

it("rfc4787-req14 the largest datagram there is passes", () => {
  const rig = new RouterRig();
  const packet = big(77, bytes(65_507, 13));
  const came = fragmentsOf(packet, 1500).flatMap((one) => through(rig, [one]));
  expect(parseIp(reassemble(came))).toMatchObject({ faults: [], ip: { totalLength: 65_535 } });
});

it("fragments for the router itself are dropped", () => {
  const rig = new RouterRig();
  const parts = fragmentsOf(ping({ from: "10.0.10.5:7", to: "10.0.10.1", payload: bytes(2000) }), 1500);
  expect(through(rig, parts, "a10")).toEqual([]);
  expect(rig.drops()).toEqual({ fragment: 2 });
});
