// Guests as hosts: two wired back to back under a clock that the test turns, then hostile input, one case a test.

import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { DISCARD_PORT, Guest, type GuestOptions } from "../../src/guest/guest.js";
import { ASK_INTERVAL_MS, ASKS_MAX, LIFE_MS, NEIGHBORS_MAX, WAITING_MAX } from "../../src/guest/neighbors.js";
import { OUTSTANDING_MAX, TIMEOUT_MS } from "../../src/guest/pings.js";
import {
  MAC_BROADCAST, MAC_NONE, PROTOCOL_ICMP, PROTOCOL_UDP, TPID_CUSTOMER, TYPE_ARP, TYPE_IPV4, addressText, buildArp,
  buildEcho, buildFrame, buildIpv4, buildUdp, parseArp, parseFrame, type Arp, type Frame,
} from "../../src/wire/packet.js";

const A = { mac: "02:00:00:00:00:0a", address: "10.0.10.1/24" };
const B = { mac: "02:00:00:00:00:0b", address: "10.0.10.2/24" };
const A_ADDRESS = "10.0.10.1";
const B_ADDRESS = "10.0.10.2";
const WIRE_MS = 2;

const host = (options: GuestOptions): Guest => new Guest(options, () => 0.5);

/** Carries frames between two guests until both are silent; each crossing takes WIRE_MS. Returns the time then. */
function wire(a: Guest, b: Guest, fromA: Uint8Array[], nowMs: number): number {
  let [sender, receiver, frames, timeMs] = [a, b, fromA, nowMs];
  for (let crossings = 0; frames.length > 0; crossings++) {
    expect(crossings).toBeLessThan(10);
    timeMs += WIRE_MS;
    const answers = frames.flatMap((frame) => receiver.receive(frame, timeMs));
    [sender, receiver, frames] = [receiver, sender, answers];
  }
  return timeMs;
}

/** Two guests that know each other. */
function makePair(): { a: Guest; b: Guest } {
  const [a, b] = [host(A), host(B)];
  wire(a, b, a.ping(B_ADDRESS, 0), 0);
  return { a, b };
}

function arpOf(frame: Uint8Array | undefined): Arp {
  const arp = parseArp((parseFrame(frame!) as Frame).payload);
  if (typeof arp === "string") throw new Error(`an ARP packet is ${arp}`);
  return arp;
}

/** A frame from B to A, whole but for what is given. */
function fromB(type: number, payload: Uint8Array, more: Partial<Frame> = {}): Uint8Array {
  return buildFrame({ destination: A.mac, source: B.mac, tags: [], type, payload, ...more });
}

function packetFromB(protocol: number, payload: Uint8Array, source = B_ADDRESS, destination = A_ADDRESS): Uint8Array {
  return buildIpv4({ source, destination, protocol, identification: 1, payload });
}

const request = buildEcho({ kind: "request", identifier: 1, sequence: 1, data: new Uint8Array(4) });
const customerTag = (vid: number) => ({ tpid: TPID_CUSTOMER, pcp: 0, dei: false, vid });

describe("two guests back to back", () => {
  it("resolve, ping and measure the round trip", () => {
    const { a, b } = makePair();
    // ARP request and reply, echo request and reply: four crossings.
    expect(a.report()).toMatchObject({ pings: { sent: 1, answered: 1, lost: 0 }, roundTripMs: 4 * WIRE_MS });
    wire(a, b, a.ping(B_ADDRESS, 100), 100);
    wire(a, b, a.ping(B_ADDRESS, 200), 200);
    expect(a.report()).toMatchObject({ pings: { sent: 3, answered: 3 }, roundTripMs: 2 * WIRE_MS });
    expect(b.report().pings.sent).toBe(0);
  });

  it("learn from being asked: the answer needs no ARP of its own", () => {
    const { a, b } = makePair();
    const [frame, ...rest] = b.ping(A_ADDRESS, 10);
    expect(parseFrame(frame!)).toMatchObject({ destination: a.mac, type: TYPE_IPV4 });
    expect(rest).toEqual([]);
  });

  it("ask once for many packets and then send them in order", () => {
    const [a, b] = [host(A), host(B)];
    const first = a.sendUdp(B_ADDRESS, new Uint8Array(8), 0);
    expect(arpOf(first[0])).toMatchObject({ operation: "request", targetAddress: B_ADDRESS });
    expect(a.sendUdp(B_ADDRESS, new Uint8Array(9), 0)).toEqual([]);
    wire(a, b, first, 0);
    expect(a.report().udp.sent).toBe(2);
    expect(b.report().udp.received).toBe(2);
  });

  it("speak tagged where both have the VLAN", () => {
    const [a, b] = [host({ ...A, vlan: 10 }), host({ ...B, vlan: 10 })];
    const frames = a.ping(B_ADDRESS, 0);
    expect(parseFrame(frames[0]!)).toMatchObject({ tags: [{ tpid: TPID_CUSTOMER, vid: 10, pcp: 0 }] });
    wire(a, b, frames, 0);
    expect(a.report().pings.answered).toBe(1);
  });

  it.each<[string, GuestOptions, GuestOptions]>([
    ["in two VLANs", { ...A, vlan: 10 }, { ...B, vlan: 20 }],
    ["tagged and untagged", { ...A, vlan: 10 }, B],
    ["untagged and tagged", A, { ...B, vlan: 10 }],
  ])("say nothing to each other %s", (_, one, other) => {
    const [a, b] = [host(one), host(other)];
    wire(a, b, a.ping(B_ADDRESS, 0), 0);
    expect(a.report().pings.answered).toBe(0);
    expect(b.report().strange).toBe(1);
  });

  it("take a priority-tagged frame for untagged", () => {
    const { a } = makePair();
    const frame = fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, request), { tags: [customerTag(0)] });
    expect(a.receive(frame, 0)).toHaveLength(1);
  });
});

describe("time", () => {
  it("repeats ARP requests, then gives the packet up, then may ask anew", () => {
    const a = host(A);
    expect(a.ping(B_ADDRESS, 0)).toHaveLength(1);
    for (let asks = 1; asks < ASKS_MAX; asks++) {
      expect(a.poll(asks * ASK_INTERVAL_MS - 1)).toHaveLength(0);
      expect(arpOf(a.poll(asks * ASK_INTERVAL_MS)[0]).targetAddress).toBe(B_ADDRESS);
    }
    expect(a.poll(ASKS_MAX * ASK_INTERVAL_MS)).toHaveLength(0);
    expect(a.report()).toMatchObject({ unreachable: 1, pings: { sent: 1, answered: 0, lost: 1 } });
    expect(a.ping(B_ADDRESS, 10_000)).toHaveLength(1);
  });

  it("forgets an address after its life, and asks again", () => {
    const { a } = makePair();
    expect(parseFrame(a.ping(B_ADDRESS, LIFE_MS - 1)[0]!)).toMatchObject({ type: TYPE_IPV4 });
    expect(parseFrame(a.ping(B_ADDRESS, LIFE_MS + 100)[0]!)).toMatchObject({ type: TYPE_ARP });
  });

  it("loses a ping at its timeout, and takes no reply after", () => {
    const { a, b } = makePair();
    const late = a.ping(B_ADDRESS, 100).flatMap((frame) => b.receive(frame, 100));
    a.poll(100 + TIMEOUT_MS);
    late.forEach((frame) => a.receive(frame, 200 + TIMEOUT_MS));
    expect(a.report().pings).toEqual({ sent: 2, answered: 1, lost: 1 });
  });
});

describe("what it does not believe", () => {
  const arp = (more: Partial<Arp>): Uint8Array => fromB(TYPE_ARP, buildArp({
    operation: "reply", senderMac: B.mac, senderAddress: B_ADDRESS, targetMac: A.mac, targetAddress: A_ADDRESS, ...more,
  }));
  /** Whether A has to ask for B's address after it got the frame. */
  function asks(frame: Uint8Array): boolean {
    const a = host(A);
    a.receive(frame, 0);
    return (parseFrame(a.ping(B_ADDRESS, 0)[0]!) as Frame).type === TYPE_ARP;
  }

  it("believes an answer", () => expect(asks(arp({}))).toBe(false));
  it("not what is said to others, of an address that it does not know", () => {
    expect(asks(arp({ targetAddress: "10.0.10.9" }))).toBe(true);
  });
  it("not a group MAC", () => expect(asks(arp({ senderMac: MAC_BROADCAST }))).toBe(true));
  it("not the MAC of nobody", () => expect(asks(arp({ senderMac: MAC_NONE }))).toBe(true));

  it("corrects a known address by what is said to others", () => {
    const { a } = makePair();
    a.receive(arp({ senderMac: "02:00:00:00:00:0c", targetAddress: "10.0.10.9" }), 10);
    expect(parseFrame(a.ping(B_ADDRESS, 20)[0]!)).toMatchObject({ destination: "02:00:00:00:00:0c" });
  });

  it("answers a probe for its address without learning 0.0.0.0", () => {
    const a = host(A);
    const probe = arp({ operation: "request", senderAddress: "0.0.0.0", targetMac: MAC_NONE });
    expect(arpOf(a.receive(probe, 0)[0])).toMatchObject({ operation: "reply", targetMac: B.mac, senderMac: A.mac });
    expect(a.ping("0.0.0.0", 0)).toEqual([]);
  });

  it("takes no reply from somebody else, to another identifier, or twice", () => {
    const { a, b } = makePair();
    const reply = a.ping(B_ADDRESS, 10).flatMap((frame) => b.receive(frame, 10))[0]!;
    const echo = (identifier: number, sequence: number, source: string) => fromB(TYPE_IPV4, packetFromB(
      PROTOCOL_ICMP, buildEcho({ kind: "reply", identifier, sequence, data: new Uint8Array() }), source,
    ));
    a.receive(echo(0x8000, 1, "10.0.10.3"), 11);
    a.receive(echo(0x8001, 1, B_ADDRESS), 11);
    expect(a.report().pings.answered).toBe(1);
    a.receive(reply, 12);
    a.receive(reply, 13);
    expect(a.report().pings.answered).toBe(2);
  });
});

describe("what is not for it", () => {
  const echo = packetFromB(PROTOCOL_ICMP, request);
  it.each<[string, Uint8Array]>([
    ["another MAC's frame", fromB(TYPE_IPV4, echo, { destination: "02:00:00:00:00:0c" })],
    ["another VLAN's frame", fromB(TYPE_IPV4, echo, { tags: [customerTag(7)] })],
    ["a frame with two tags", fromB(TYPE_IPV4, echo, { tags: [customerTag(0), customerTag(0)] })],
    ["another address", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, request, B_ADDRESS, "10.0.10.3"))],
    ["another network's packet", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, request, "10.0.11.2"))],
    ["a packet from its own address", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, request, A_ADDRESS))],
    ["a packet from its network's last address", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, request, "10.0.10.255"))],
  ])("%s", (_, frame) => {
    const { a } = makePair();
    expect(a.receive(frame, 0)).toEqual([]);
    expect(a.report().strange).toBe(1);
  });
});

describe("what is at fault", () => {
  const toPort = (destinationPort: number) => buildUdp(
    { sourcePort: 1, destinationPort, payload: new Uint8Array(2) }, B_ADDRESS, A_ADDRESS,
  );
  const damaged = (payload: Uint8Array) => payload.map((byte, i) => (i === payload.length - 1 ? byte ^ 1 : byte));
  it.each<[string, "malformed" | "checksum" | "unsupported", Uint8Array]>([
    ["an empty frame", "malformed", new Uint8Array()],
    ["a runt", "malformed", fromB(TYPE_IPV4, new Uint8Array()).subarray(0, 13)],
    ["a frame from a group", "malformed", fromB(TYPE_IPV4, new Uint8Array(), { source: MAC_BROADCAST })],
    ["a frame from nobody", "malformed", fromB(TYPE_IPV4, new Uint8Array(), { source: MAC_NONE })],
    ["an empty packet", "malformed", fromB(TYPE_IPV4, new Uint8Array())],
    ["an empty ARP packet", "malformed", fromB(TYPE_ARP, new Uint8Array())],
    ["a short echo", "malformed", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, new Uint8Array(7)))],
    ["a short datagram", "malformed", fromB(TYPE_IPV4, packetFromB(PROTOCOL_UDP, new Uint8Array(7)))],
    ["a damaged echo", "checksum", fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, damaged(request)))],
    ["a damaged datagram", "checksum", fromB(TYPE_IPV4, packetFromB(PROTOCOL_UDP, damaged(toPort(DISCARD_PORT))))],
    ["a closed port", "unsupported", fromB(TYPE_IPV4, packetFromB(PROTOCOL_UDP, toPort(10)))],
    ["TCP", "unsupported", fromB(TYPE_IPV4, packetFromB(6, new Uint8Array(20)))],
    ["IPv6", "unsupported", fromB(0x86dd, new Uint8Array(40))],
  ])("%s", (_, fault, frame) => {
    const { a } = makePair();
    expect(a.receive(frame, 0)).toEqual([]);
    expect(a.report().faults).toEqual({ malformed: 0, checksum: 0, unsupported: 0, [fault]: 1 });
    expect(a.report().udp.received).toBe(0);
  });

  it("never throws, whatever comes", () => {
    const { a } = makePair();
    const head = fc.constantFrom(
      fromB(TYPE_ARP, new Uint8Array()), fromB(TYPE_IPV4, new Uint8Array()),
      fromB(TYPE_IPV4, packetFromB(PROTOCOL_ICMP, new Uint8Array())), new Uint8Array(),
    );
    fc.assert(fc.property(head, fc.uint8Array({ maxLength: 120 }), (start, rest) => {
      a.receive(Uint8Array.from([...start, ...rest]), 0);
    }), { numRuns: 2000 });
  });
});

describe("bounds", () => {
  it("keeps WAITING_MAX packets for an address that has not answered", () => {
    const [a, b] = [host(A), host(B)];
    const ask = a.sendUdp(B_ADDRESS, new Uint8Array(1), 0);
    for (let i = 0; i < WAITING_MAX + 5; i++) a.sendUdp(B_ADDRESS, new Uint8Array(1), 0);
    wire(a, b, ask, 0);
    expect(b.report().udp.received).toBe(WAITING_MAX);
    expect(a.report().unreachable).toBe(6);
  });

  it("keeps NEIGHBORS_MAX addresses, and gives up what waited for the oldest", () => {
    const a = host({ ...A, address: "10.0.0.1/8" });
    for (let i = 0; i <= NEIGHBORS_MAX; i++) a.ping(addressText(0x0a010000 + i), 0);
    expect(a.report().unreachable).toBe(1);
  });

  it("waits for OUTSTANDING_MAX replies, and gives up the oldest", () => {
    const { a } = makePair();
    for (let i = 0; i <= OUTSTANDING_MAX; i++) a.ping(B_ADDRESS, 10);
    expect(a.report().pings).toMatchObject({ sent: OUTSTANDING_MAX + 2, lost: 1 });
  });
});

describe("options", () => {
  it.each(["10.0.10.1", "10.0.10.1/", "10.0.10.1/0", "10.0.10.1/31", "10.0.10.1/x", "10.0.10/24"])(
    "refuses %j",
    (address) => expect(() => host({ ...A, address })).toThrow(RangeError),
  );

  it("refuses a MAC that is none", () => {
    expect(() => host({ ...A, mac: "02:00" })).toThrow("write six bytes in hex");
  });

  it("counts what is outside of its network as unreachable", () => {
    const a = host(A);
    expect(a.ping("10.0.11.1", 0)).toEqual([]);
    expect(a.sendUdp("10.0.10.255", new Uint8Array(1), 0)).toEqual([]);
    expect(a.report().unreachable).toBe(2);
  });
});
