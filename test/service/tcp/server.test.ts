// The passive TCP as its peers see it: conversations written as segments, one case a test.

import { beforeEach, describe, expect, it } from "vitest";
import { WINDOW } from "../../../src/service/tcp/connection.js";
import { buildSegment, parseSegment, type Segment } from "../../../src/service/tcp/segment.js";
import { GUEST, PLACE, PORT, Wire, show, type Said } from "./peer.js";

const IRS = 0xffff_fff0; // so that numbers wrap on the way

let wire: Wire;
let iss: number;

beforeEach(() => { wire = new Wire(); });

function shown(segments: Segment[]): string[] {
  return segments.map((segment) => show(segment, iss, IRS));
}

/** Says a segment with numbers relative to both sides' first ones. */
function say(seq: number, ack: number | undefined, said: Said = {}): string[] {
  const absolute = ack === undefined ? {} : { ack: (iss + ack) >>> 0 };
  return shown(wire.say({ seq: (IRS + seq) >>> 0, ...absolute, ...said }));
}

function data(text: string): Said {
  return { payload: Buffer.from(text) };
}

function connect(mss?: number, window = 65_535): void {
  const [answer] = wire.say({ seq: IRS, syn: true, mss, window });
  iss = answer!.seq;
  say(1, 1, { window });
}

describe("handshake", () => {
  it("answers a SYN with SYN and ACK, and an MSS that fits the link", () => {
    const [answer] = wire.say({ seq: IRS, syn: true });
    iss = answer!.seq;
    expect(shown([answer!])).toEqual(["S. 0 ack 1"]);
    expect([answer!.mss, answer!.window]).toEqual([1460, WINDOW]);
    expect(wire.events).toEqual([]);
    expect(say(1, 1)).toEqual([]);
    expect(wire.events).toEqual(["open"]);
  });

  it("answers a repeated SYN in the same way", () => {
    const answers = [...wire.say({ seq: IRS, syn: true }), ...wire.say({ seq: IRS, syn: true })];
    expect(answers[1]).toEqual(answers[0]);
    expect(wire.server.size).toBe(1);
  });

  it("repeats its SYN after 1, 2, 4, 8 and 16 s, and then gives up", () => {
    iss = wire.say({ seq: IRS, syn: true })[0]!.seq;
    const times: number[] = [];
    for (let second = 1; second <= 63; second++) {
      if (shown(wire.pass(1_000)).includes("S. 0 ack 1")) times.push(second);
    }
    expect(times).toEqual([1, 3, 7, 15, 31]);
    expect(wire.server.size).toBe(0);
  });

  it("resets a handshake that acknowledges something else", () => {
    iss = wire.say({ seq: IRS, syn: true })[0]!.seq;
    expect(say(1, 77)).toEqual(["R 77"]);
    expect(wire.events).toEqual([]);
  });

  it("draws another first number for every pair of ends", () => {
    const numbers = [1, 2, 3].map((port) => wire.say({ seq: IRS, syn: true, sourcePort: port })[0]!.seq);
    expect(new Set(numbers).size).toBe(3);
  });

  it("tells connections to two of the router's addresses apart, and answers each from its own", () => {
    const addresses = [PLACE.address, "10.0.20.1"];
    // A segment whose checksum is right for another address than it comes from would be none.
    const answers = addresses.map((address) => wire.say({ seq: IRS, syn: true }, GUEST, "a", address)[0]!);
    expect(answers.map(({ syn, ack }) => [syn, ack])).toEqual([[true, IRS + 1], [true, IRS + 1]]);
    expect(answers[0]!.seq).not.toBe(answers[1]!.seq);
    expect(wire.server.size).toBe(2);
  });
});

describe("segments of no connection", () => {
  it.each([
    ["with ACK: RST at its number", { ack: 5 }, "R 5"],
    ["without ACK: RST that acknowledges all of it", { fin: true, payload: Buffer.alloc(3) }, "R. 0 ack 4"],
    ["SYN with ACK", { syn: true, ack: 9 }, "R 9"],
  ])("%s", (_, said, expected) => {
    expect(wire.say({ seq: 0, ...said }).map((segment) => show(segment, 0, 0))).toEqual([expected]);
    expect(wire.server.size).toBe(0);
  });

  it("leaves RST without an answer", () => {
    expect(wire.say({ rst: true })).toEqual([]);
  });

  it("leaves other ports alone", () => {
    expect(wire.say({ syn: true, destinationPort: 54 })).toEqual([]);
  });
});

describe("malformed segments", () => {
  const good = buildSegment(
    { sourcePort: PORT, destinationPort: 53, seq: 1, window: 1, syn: true, mss: 1460, payload: Buffer.alloc(0) },
    GUEST.address, PLACE.address,
  );
  it.each([
    ["too short", good.subarray(0, 19)],
    ["data offset 0", Uint8Array.from(good).fill(0x00, 12, 13)],
    ["data offset 4", Uint8Array.from(good).fill(0x40, 12, 13)],
    ["data offset over the end", Uint8Array.from(good).fill(0xf0, 12, 13)],
    ["a wrong checksum", Uint8Array.from(good).fill(7, 15, 16)],
  ])("%s", (_, bytes) => {
    expect(wire.sayBytes(bytes)).toEqual([]);
    expect(wire.server.counters.malformed).toBe(1);
  });

  it("takes a SYN from port 0 for none", () => {
    expect(wire.say({ syn: true, sourcePort: 0 })).toEqual([]);
  });

  it.each([["of length 0", 0], ["of length 1", 1], ["over the end", 9]])("passes over an option %s", (_, size) => {
    const bytes = Uint8Array.from(good);
    bytes.set([3, size], 20);
    // The checksum made right again.
    bytes.set([0, 0], 16);
    const sum = parseSegment(bytes, GUEST.address, PLACE.address);
    expect(sum).toBe("checksum");
    for (let value = 0; value < 65_536; value++) {
      bytes.set([value >> 8, value & 255], 16);
      const parsed = parseSegment(bytes, GUEST.address, PLACE.address);
      if (parsed === "checksum") continue;
      expect(parsed).toMatchObject({ syn: true, mss: undefined });
      return;
    }
    expect.unreachable();
  });
});

describe("data", () => {
  it("is handed on in order and acknowledged", () => {
    connect();
    expect(say(1, 1, data("hello "))).toEqual([". 1 ack 7"]);
    expect(say(7, 1, data("world"))).toEqual([". 1 ack 12"]);
    expect(wire.bytes.toString()).toBe("hello world");
  });

  it("that comes early is dropped, and the peer told where to go on", () => {
    connect();
    expect(say(7, 1, data("world"))).toEqual([". 1 ack 1"]);
    expect(wire.bytes.length).toBe(0);
  });

  it("that comes again is acknowledged and not handed on", () => {
    connect();
    say(1, 1, data("hello"));
    expect(say(1, 1, data("hello"))).toEqual([". 1 ack 6"]);
    expect(wire.bytes.toString()).toBe("hello");
  });

  it("that is known in part gives its rest", () => {
    connect();
    say(1, 1, data("hel"));
    expect(say(1, 1, data("hello"))).toEqual([". 1 ack 6"]);
    expect(wire.bytes.toString()).toBe("hello");
  });

  it.each([["before", -20], ["behind", 1 + WINDOW]])("%s the window is not taken", (_, seq) => {
    connect();
    expect(say(seq, 1, data("x"))).toEqual([". 1 ack 1"]);
    expect(wire.bytes.length).toBe(0);
  });

  it("without ACK is not taken", () => {
    connect();
    expect(say(1, undefined, data("x"))).toEqual([]);
    expect(wire.bytes.length).toBe(0);
  });

  it.each([["never sent", 5], ["of long ago", -70_000]])("that acknowledges what was %s is not taken", (_, ack) => {
    connect();
    expect(say(1, ack, data("x"))).toEqual([". 1 ack 1"]);
    expect(wire.bytes.length).toBe(0);
  });

  it("goes out in segments that the peer's MSS allows", () => {
    connect(100);
    wire.connection!.write(new Uint8Array(250));
    expect(shown(wire.heard())).toEqual([". 1 ack 1 len 100", ". 101 ack 1 len 100", ". 201 ack 1 len 50"]);
  });

  it("goes out in segments of 536 where the peer says no MSS", () => {
    connect();
    wire.connection!.write(new Uint8Array(600));
    expect(shown(wire.heard())).toEqual([". 1 ack 1 len 536", ". 537 ack 1 len 64"]);
  });

  it("waits for the peer's window", () => {
    connect(100, 150);
    wire.connection!.write(new Uint8Array(300));
    expect(shown(wire.heard())).toEqual([". 1 ack 1 len 100", ". 101 ack 1 len 50"]);
    expect(say(1, 151, { window: 150 })).toEqual([". 151 ack 1 len 100", ". 251 ack 1 len 50"]);
  });

  it("that is lost goes out again, from the first byte on", () => {
    connect(100);
    wire.connection!.write(new Uint8Array(200));
    wire.heard();
    expect(shown(wire.pass(1_000))).toEqual([". 1 ack 1 len 100"]);
    expect(say(1, 101)).toEqual([". 101 ack 1 len 100"]);
    expect(say(1, 201)).toEqual([]);
    expect(wire.pass(5_000)).toEqual([]);
  });

  it("that was thought lost, and was not, does not go out again", () => {
    connect(100);
    wire.connection!.write(new Uint8Array(200));
    wire.heard();
    wire.pass(1_000);
    expect(say(1, 201)).toEqual([]);
    wire.connection!.write(new Uint8Array(10));
    expect(shown(wire.heard())).toEqual([". 201 ack 1 len 10"]);
  });

  it("that nobody acknowledges is tried five more times, then the connection is reset", () => {
    connect();
    wire.connection!.write(new Uint8Array(10));
    wire.heard();
    const tries = shown(wire.pass(70_000));
    expect(tries).toEqual([...Array<string>(5).fill(". 1 ack 1 len 10"), "R. 11 ack 1"]);
    expect(wire.events).toEqual(["open", "closed"]);
  });

  it("probes a window of 0 with a byte, and goes on where it opens", () => {
    connect(100, 0);
    wire.connection!.write(new Uint8Array(20));
    expect(wire.heard()).toEqual([]);
    expect(shown(wire.pass(1_000))).toEqual([". 1 ack 1 len 1"]);
    expect(say(1, 1, { window: 0 })).toEqual([]);
    expect(say(1, 1, { window: 100 })).toEqual([". 1 ack 1 len 20"]);
  });

  it("that a window of 0 holds up for 10 s ends the connection", () => {
    connect(100, 0);
    wire.connection!.write(new Uint8Array(20));
    for (let second = 0; second < 9; second++) {
      wire.pass(1_000);
      say(1, 1, { window: 0 });
    }
    expect(wire.events).toEqual(["open"]);
    wire.pass(1_000);
    expect(wire.events).toEqual(["open", "closed"]);
  });

  it("that would wait in greater numbers than 128 KiB is not taken", () => {
    connect();
    expect(wire.connection!.write(new Uint8Array(65_537))).toBe(true);
    expect(wire.connection!.write(new Uint8Array(65_537))).toBe(true);
    expect(wire.connection!.write(new Uint8Array(1))).toBe(false);
  });
});

describe("the end", () => {
  it("comes from the peer, then from us", () => {
    connect();
    expect(say(1, 1, { fin: true, ...data("bye") })).toEqual([". 1 ack 5"]);
    expect(wire.events).toEqual(["open", "ended"]);
    wire.connection!.write(Buffer.from("ok"));
    wire.connection!.close();
    expect(shown(wire.heard())).toEqual([". 1 ack 5 len 2", "F. 3 ack 5"]);
    expect(say(5, 4)).toEqual([]);
    expect(wire.events).toEqual(["open", "ended", "closed"]);
    expect(wire.server.size).toBe(0);
  });

  it("comes from us, then from the peer, and is remembered for 2 s", () => {
    connect();
    wire.connection!.close();
    expect(shown(wire.heard())).toEqual(["F. 1 ack 1"]);
    expect(say(1, 2)).toEqual([]);
    expect(wire.connection!.state).toBe("fin-wait-2");
    expect(say(1, 2, { fin: true })).toEqual([". 2 ack 2"]);
    expect(say(1, 2, { fin: true })).toEqual([". 2 ack 2"]);
    wire.pass(1_999);
    expect(wire.server.size).toBe(1);
    wire.pass(1);
    expect(wire.server.size).toBe(0);
  });

  it("comes from both at once", () => {
    connect();
    wire.connection!.close();
    wire.heard();
    expect(say(1, 1, { fin: true })).toEqual([". 2 ack 2"]);
    expect(wire.connection!.state).toBe("closing");
    say(2, 2);
    expect(wire.connection!.state).toBe("time-wait");
  });

  it("that is lost goes out again", () => {
    connect();
    wire.connection!.close();
    wire.heard();
    expect(shown(wire.pass(1_000))).toEqual(["F. 1 ack 1"]);
  });

  it("that comes early waits for the bytes in front of it", () => {
    connect();
    expect(say(4, 1, { fin: true })).toEqual([". 1 ack 1"]);
    expect(wire.events).toEqual(["open"]);
  });

  it("that stands behind the window is not taken with the bytes in front of it", () => {
    connect();
    expect(say(1, 1, { fin: true, payload: Buffer.alloc(WINDOW + 10) })).toEqual([`. 1 ack ${1 + WINDOW}`]);
    expect([wire.bytes.length, wire.events]).toEqual([WINDOW, ["open"]]);
  });

  it("comes after 10 s of silence", () => {
    connect();
    expect(wire.pass(9_999)).toEqual([]);
    expect(shown(wire.pass(1))).toEqual(["F. 1 ack 1"]);
  });

  it("is forced where the peer never closes its side", () => {
    connect();
    wire.connection!.close();
    wire.heard();
    say(1, 2);
    expect(shown(wire.pass(10_000))).toEqual(["R. 2 ack 1"]);
    expect(wire.server.size).toBe(0);
  });

  it("makes way for a new connection between the same ports", () => {
    connect();
    wire.connection!.close();
    wire.heard();
    say(1, 2, { fin: true });
    expect(wire.connection!.state).toBe("time-wait");
    const [answer] = wire.say({ seq: 5_000, syn: true });
    expect(answer).toMatchObject({ syn: true, ack: 5_001 });
  });
});

describe("rfc5961", () => {
  it("3: RST with the exact number ends the connection", () => {
    connect();
    expect(say(1, undefined, { rst: true })).toEqual([]);
    expect(wire.events).toEqual(["open", "closed"]);
  });

  it("3: RST elsewhere in the window is asked about", () => {
    connect();
    expect(say(2, undefined, { rst: true })).toEqual([". 1 ack 1"]);
    expect(wire.server.size).toBe(1);
  });

  it.each([["before", 0], ["behind", 1 + WINDOW]])("3: RST %s the window is nothing", (_, seq) => {
    connect();
    expect(say(seq, undefined, { rst: true })).toEqual([]);
    expect(wire.server.size).toBe(1);
  });

  it("4: SYN in a connection is asked about", () => {
    connect();
    expect(say(1, undefined, { syn: true })).toEqual([". 1 ack 1"]);
    expect(wire.server.size).toBe(1);
  });
});
