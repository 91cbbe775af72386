// DNS on an interface, frames in and frames out: who is answered, over UDP and TCP, how often, and what is passed over.

import { decode, encode } from "dns-packet";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { buildReturn, parseArrival } from "../../../src/service/arrival.js";
import { type Place } from "../../../src/service/channel.js";
import { DnsForwarder } from "../../../src/service/dns/forwarder.js";
import { DnsService, QUERY_LIMITS } from "../../../src/service/dns/service.js";
import { MessageStream } from "../../../src/service/dns/stream.js";
import { SHARE } from "../../../src/service/share.js";
import { PROTOCOL_TCP, buildSegment, parseSegment, type Segment } from "../../../src/service/tcp/segment.js";
import { MAC_BROADCAST, PROTOCOL_UDP, buildUdp, parseFrame, parseUdp, type Udp } from "../../../src/wire/packet.js";
import { GUEST, PLACE, PORT, placeOf } from "../tcp/peer.js";

const QUERIES_PER_SECOND = QUERY_LIMITS.all.perSecond;
const { perSecond: CLIENT_PER_SECOND, burst: CLIENT_BURST } = QUERY_LIMITS.guest;

/** What one port gets at once. */
const PORT_BURST = Math.ceil(QUERY_LIMITS.all.burst * SHARE / (SHARE + 1));

let nowMs: number;
let sent: Uint8Array[];
let service: DnsService;

const HOSTS = {
  "db.lan": ["10.0.20.5"],
  "big.lan": Array.from({ length: 30 }, (_, n) => `10.0.30.${n}`),
};

function make(place: Place = PLACE, transmit: () => boolean = () => true): DnsService {
  const random = (size: number): Uint8Array => new Uint8Array(size).fill(3);
  const clock = (): number => nowMs;
  const forwarder = new DnsForwarder({
    config: { upstreams: [], hosts: HOSTS }, clock, random, names: () => undefined, upstreams: () => ({ servers: [] }),
  });
  return new DnsService({
    place, forwarder, clock, random, transmit: (_, frame) => sent.push(frame) > 0 && transmit(),
  });
}

beforeEach(() => {
  nowMs = 0;
  sent = [];
  service = make();
});

function query(name: string, id = 77): Buffer {
  return encode({ type: "query", id, flags: 0x0100, questions: [{ name, type: "A" }] });
}

function datagram(payload: Uint8Array, more: Partial<Udp> = {}, from = GUEST, address = PLACE.address): Uint8Array {
  const udp = { sourcePort: PORT, destinationPort: 53, payload, ...more };
  const bytes = buildUdp(udp, from.address, address);
  return buildReturn(placeOf(from), { ...PLACE, address }, PROTOCOL_UDP, bytes);
}

/** Lets answers come: they are promised. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function heard(): Promise<Uint8Array[]> {
  await settle();
  return sent.splice(0);
}

describe("over UDP", () => {
  it("answers to the MAC, address and port that asked", async () => {
    service.receive(datagram(query("db.lan")), "a");
    const [frame] = await heard();
    expect(parseFrame(frame!)).toMatchObject({ destination: GUEST.mac, source: PLACE.mac, tags: [] });
    const arrival = parseArrival(placeOf(GUEST), frame!, "");
    expect(arrival).toMatchObject({ mac: PLACE.mac, address: PLACE.address, protocol: PROTOCOL_UDP });
    const udp = parseUdp(arrival!.payload, PLACE.address, GUEST.address) as Udp;
    expect([udp.sourcePort, udp.destinationPort]).toEqual([53, PORT]);
    expect(decode(Buffer.from(udp.payload))).toMatchObject({ id: 77, answers: [{ data: "10.0.20.5" }] });
  });

  it("rfc1122-4.1.3.5: answers from the address that was asked, also another one of the router's", async () => {
    service.receive(datagram(query("db.lan"), {}, GUEST, "10.0.20.1"), "a");
    const [frame] = await heard();
    const arrival = parseArrival(placeOf(GUEST), frame!, "");
    expect(arrival).toMatchObject({ mac: PLACE.mac, address: "10.0.20.1" });
    expect(parseUdp(arrival!.payload, "10.0.20.1", GUEST.address)).toMatchObject({ sourcePort: 53 });
  });

  it("cuts what is longer than the link takes", async () => {
    service = make({ ...PLACE, mtu: 576 });
    const edns = { type: "OPT", name: ".", udpPayloadSize: 1232 } as never;
    const questions = [{ name: "big.lan", type: "A" as const }];
    service.receive(datagram(encode({ type: "query", questions, additionals: [edns] })), "a");
    const [frame] = await heard();
    expect(frame!.length).toBeLessThan(576);
    expect(decode(Buffer.from(frame!.subarray(42)))).toMatchObject({ flag_tc: true, answers: [] });
  });

  const ask = (times: number, host = 5, port = "a"): void => {
    const guest = { ...GUEST, address: `10.0.10.${host}` };
    for (let n = 0; n < times; n++) service.receive(datagram(query("db.lan"), {}, guest), port);
  };

  it("answers so many a second, and as many again a second later", async () => {
    for (let host = 10; host < 20; host++) ask(QUERIES_PER_SECOND / 10, host);
    expect((await heard()).length).toBe(PORT_BURST);
    expect(service.counters.limited).toBe(QUERIES_PER_SECOND - PORT_BURST);
    nowMs += 1000;
    for (let host = 20; host < 30; host++) ask(QUERIES_PER_SECOND / 10, host);
    expect((await heard()).length).toBe(PORT_BURST);
  });

  it("answers one port its part only, whatever addresses it makes up, and the others all the same", async () => {
    for (let n = 0; n < 5 * QUERIES_PER_SECOND; n++) ask(1, 10 + n % 200, "hostile");
    expect((await heard()).length).toBe(PORT_BURST);
    ask(50, 5);
    expect((await heard()).length).toBe(50);
    nowMs += 100;
    for (let n = 0; n < QUERIES_PER_SECOND; n++) ask(1, 10 + n % 200, "hostile");
    await heard();
    ask(50, 5);
    expect((await heard()).length).toBe(50);
  });

  it("answers one client so many only, and the others all the same", async () => {
    ask(5 * QUERIES_PER_SECOND);
    expect((await heard()).length).toBe(CLIENT_BURST);
    expect(service.counters.limited).toBe(5 * QUERIES_PER_SECOND - CLIENT_BURST);
    ask(CLIENT_BURST, 6);
    expect((await heard()).length).toBe(CLIENT_BURST);
    nowMs += 1000;
    ask(QUERIES_PER_SECOND);
    expect((await heard()).length).toBe(CLIENT_PER_SECOND);
  });

  it("counts answers for which there is no room", async () => {
    service = make(PLACE, () => false);
    service.receive(datagram(query("db.lan")), "a");
    await heard();
    expect(service.counters.lost).toBe(1);
  });

  it("says nothing after close", async () => {
    service.receive(datagram(query("db.lan")), "a");
    service.close();
    service.receive(datagram(query("db.lan")), "a");
    expect(await heard()).toEqual([]);
  });
});

describe("frames that are passed over", () => {
  const good = datagram(query("db.lan"));
  it.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array(0)],
    ["an Ethernet header alone", good.subarray(0, 14)],
    ["an IPv4 header cut off", good.subarray(0, 33)],
    ["a UDP header cut off", good.subarray(0, 41)],
    ["a wrong UDP checksum", Uint8Array.from(good).fill(1, 40, 42)],
    ["ARP", Uint8Array.from(good).fill(0x06, 13, 14)],
    ["from a group's MAC", datagram(query("db.lan"), {}, { ...GUEST, mac: MAC_BROADCAST })],
    ["from 0.0.0.0", datagram(query("db.lan"), {}, { ...GUEST, address: "0.0.0.0" })],
    ["from loopback", datagram(query("db.lan"), {}, { ...GUEST, address: "127.0.0.1" })],
    ["from a multicast address", datagram(query("db.lan"), {}, { ...GUEST, address: "224.0.0.1" })],
    ["from the network's broadcast address", datagram(query("db.lan"), {}, { ...GUEST, address: "10.0.10.255" })],
    ["from the router's own address", datagram(query("db.lan"), {}, { ...GUEST, address: PLACE.address })],
    ["from port 0", datagram(query("db.lan"), { sourcePort: 0 })],
    ["for another port", datagram(query("db.lan"), { destinationPort: 54 })],
    ["for a multicast address", datagram(query("db.lan"), {}, GUEST, "224.0.0.251")],
    ["for the network's broadcast address", datagram(query("db.lan"), {}, GUEST, "10.0.10.255")],
    ["of another protocol", buildReturn(placeOf(GUEST), PLACE, 1, query("db.lan"))],
  ])("%s", async (_, frame) => {
    service.receive(frame, "a");
    expect(await heard()).toEqual([]);
    expect(service.counters.malformed).toBe(1);
  });

  it("any bytes, without a throw", async () => {
    const spoilt = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(fc.property(fc.array(spoilt, { maxLength: 8 }), fc.nat(good.length), (changes, length) => {
      const frame = Uint8Array.from(good);
      for (const [at, value] of changes) frame[at] = value;
      service.receive(frame.subarray(0, length), "a");
    }));
    await heard();
  });

  it("answers, so that two servers do not answer each other for ever", async () => {
    const answer = query("db.lan");
    answer.writeUInt8(0x81, 2);
    service.receive(datagram(answer, { sourcePort: 53 }), "a");
    expect(await heard()).toEqual([]);
  });
});

describe("over TCP", () => {
  let seq: number;
  let ack: number;

  function say(payload: Uint8Array, more: Partial<Segment> = {}): void {
    const segment = { sourcePort: PORT, destinationPort: 53, seq, ack, window: 65_535, payload, ...more };
    const bytes = buildSegment(segment, GUEST.address, PLACE.address);
    service.receive(buildReturn(placeOf(GUEST), PLACE, PROTOCOL_TCP, bytes), "a");
    seq += payload.length;
  }

  async function answers(): Promise<Segment[]> {
    return (await heard()).map((frame) => {
      const arrival = parseArrival(placeOf(GUEST), frame, "");
      return parseSegment(arrival!.payload, PLACE.address, GUEST.address) as Segment;
    });
  }

  async function ids(): Promise<number[]> {
    const bytes = Buffer.concat((await answers()).map(({ payload }) => payload));
    return [...new MessageStream().push(bytes)].map((message) => decode(Buffer.from(message)).id!);
  }

  function framed(...messages: Buffer[]): Buffer {
    return Buffer.concat(messages.flatMap((message) => [Buffer.from([message.length >> 8, message.length]), message]));
  }

  beforeEach(async () => {
    seq = 100;
    say(Buffer.alloc(0), { syn: true, ack: undefined, mss: 1460 });
    ack = ((await answers())[0]!.seq + 1) >>> 0;
    seq++;
    say(Buffer.alloc(0));
  });

  it("answers several questions on one connection", async () => {
    say(framed(query("db.lan", 1), query("db.lan", 2)));
    say(framed(query("db.lan", 3)));
    expect(await ids()).toEqual([1, 2, 3]);
  });

  it("puts a question together from single bytes, its length too", async () => {
    for (const byte of framed(query("db.lan", 9))) say(Buffer.from([byte]));
    expect(await ids()).toEqual([9]);
  });

  it("gives in full what UDP cuts", async () => {
    say(framed(query("big.lan")));
    const bytes = Buffer.concat((await answers()).map(({ payload }) => payload));
    expect(decode(bytes.subarray(2)).answers!.length).toBe(30);
  });

  it("answers what was asked before the guest closed its side, then closes", async () => {
    say(framed(query("db.lan", 4)), { fin: true });
    const said = (await answers()).map(({ fin, payload }) => [payload.length > 0, fin]);
    expect(said).toEqual([[false, false], [true, false], [false, true]]);
  });

  it("says nothing to empty messages", async () => {
    say(Buffer.from([0, 0, 0, 0]));
    say(framed(query("db.lan", 5)));
    expect(await ids()).toEqual([5]);
  });

  it("counts queries over TCP against the same limit", async () => {
    for (let n = 0; n < CLIENT_BURST; n++) service.receive(datagram(query("db.lan")), "a");
    await heard();
    say(framed(query("db.lan")));
    expect(await ids()).toEqual([]);
    expect(service.counters.limited).toBe(1);
  });

  it("breaks off who asks and never reads", async () => {
    for (let n = 0; n < 400; n++) say(framed(query("big.lan")), { window: 0 });
    expect((await answers()).at(-1)).toMatchObject({ rst: true });
  });

  it("asks to be called when a silent guest is to be closed", async () => {
    expect(service.tick()).toBe(10_000);
    nowMs += 10_000;
    service.tick();
    expect((await answers()).map(({ fin }) => fin)).toEqual([true]);
  });

  it("breaks off at close", async () => {
    service.close();
    expect((await answers()).map(({ rst }) => rst)).toEqual([true]);
  });
});
