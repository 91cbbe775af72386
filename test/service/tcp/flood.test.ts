// A server that is flooded: what one guest, one port and a network may hold of its connections.
// Read first: src/service/tcp/slots.ts.

import { beforeEach, describe, expect, it } from "vitest";
import { SHARE } from "../../../src/service/share.js";
import { CONNECTIONS_MAX, GUEST_CONNECTIONS_MAX } from "../../../src/service/tcp/slots.js";
import { GUEST, Wire } from "./peer.js";

let wire: Wire;

beforeEach(() => { wire = new Wire(); });

/** Opens the guest's connection, whose first octet is then taken, where it is still there. */
function connect(): () => number {
  const { seq } = wire.say({ seq: 0, syn: true })[0]!;
  wire.say({ seq: 1, ack: seq + 1 });
  return () => {
    wire.say({ seq: 1, ack: seq + 1, payload: Buffer.from("x") });
    return wire.bytes.length;
  };
}

describe("a flood of SYNs", () => {
  const MOST = Math.ceil(CONNECTIONS_MAX * SHARE / (SHARE + 1));
  const address = (n: number): typeof GUEST => ({ ...GUEST, address: `10.0.10.${n}` });

  it("holds no more than its part of the table, the oldest half-open ones go", () => {
    for (let n = 0; n < 1_000; n++) wire.say({ seq: n, syn: true, sourcePort: 1 + n }, address(10 + n % 200));
    expect(wire.server.size).toBe(MOST);
    connect();
    expect(wire.events).toEqual(["open"]);
  });

  it("by one port, whatever addresses it makes up, leaves room to others", () => {
    for (let n = 0; n < CONNECTIONS_MAX; n++) {
      const [answer] = wire.say({ seq: 0, syn: true, sourcePort: 1 + n }, address(10 + n), "hostile");
      if (answer) wire.say({ seq: 1, ack: (answer.seq + 1) >>> 0, sourcePort: 1 + n }, address(10 + n), "hostile");
    }
    expect(wire.server.size).toBe(MOST);
    const talk = connect();
    expect(wire.server.size).toBe(MOST + 1);
    for (let n = 0; n < 100; n++) wire.say({ seq: n, syn: true, sourcePort: 1 + n }, address(100 + n), "hostile");
    expect(talk()).toBe(1);
  });

  it("of one guest takes its own places only", () => {
    const talk = connect();
    for (let n = 0; n < 100; n++) wire.say({ seq: n, syn: true, sourcePort: 1 + n }, address(9));
    expect(wire.server.size).toBe(1 + GUEST_CONNECTIONS_MAX);
    expect(talk()).toBe(1);
  });

  it("finds no room where all connections are in use", () => {
    for (let n = 0; n < GUEST_CONNECTIONS_MAX; n++) {
      const [answer] = wire.say({ seq: 0, syn: true, sourcePort: 1 + n });
      wire.say({ seq: 1, ack: (answer!.seq + 1) >>> 0, sourcePort: 1 + n });
    }
    expect(wire.say({ seq: 0, syn: true })).toEqual([]);
    expect(wire.server.counters.refused).toBe(1);
  });
});
