// Whatever comes, in whatever order: nothing is thrown, no address is leased to two, and no book grows too large.

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Place } from "../../../src/service/channel.js";
import { DhcpClient } from "../../../src/service/dhcp/client.js";
import { TYPE } from "../../../src/service/dhcp/message.js";
import { ALL, framed, macOf, NONE, PLACE, Rig, type Asked } from "./rig.js";

const SIZE = 6;
const CONFIG = {
  first: "10.0.10.100", last: "10.0.10.105",
  hosts: { [macOf(1)]: { address: "10.0.10.101", hostname: "one" }, [macOf(2)]: { address: "10.0.10.9" } },
};
const RECORDS_MAX = SIZE + 1;

const anAddress = fc.oneof(
  fc.integer({ min: 98, max: 107 }).map((host) => `10.0.10.${host}`),
  fc.constantFrom("10.0.10.9", "10.0.10.1", "192.0.2.1", NONE, ALL),
);
const aServer = fc.constantFrom(PLACE.address, PLACE.address, "10.0.10.2");
const anAsk: fc.Arbitrary<Asked> = fc.record({
  mac: fc.integer({ min: 1, max: 10 }).map(macOf),
  ciaddr: fc.oneof({ weight: 2, arbitrary: fc.constant(NONE) }, anAddress),
  broadcast: fc.boolean(),
  requested: anAddress,
  server: aServer,
  hostname: fc.constantFrom("one", "web", "a b"),
  clientId: fc.constantFrom([0, 1], [0, 2], [7]),
  options: fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 20 })), { maxLength: 3 }),
}, { requiredKeys: ["mac"] });
const aStep = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant("say"), fc.integer({ min: 1, max: 8 }), anAsk) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("lease"), fc.constant(0), anAsk) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("pass"), fc.integer({ min: 1, max: 4000 }), fc.constant({})) },
);

it("rfc2131-1.4: no address is leased to two clients, and no record is one too many", () => {
  fc.assert(fc.property(fc.array(aStep, { maxLength: 60 }), (steps) => {
    const rig = new Rig(CONFIG);
    /** Until when a client may rely on an address, by what was acknowledged to it. */
    const promised = new Map<string, { client: string; untilMs: number }>();
    for (const [kind, number, ask] of steps) {
      const asked = ask as Asked;
      if (kind === "pass") {
        rig.pass(number);
        continue;
      }
      const ack = kind === "lease" ? rig.lease(asked) : rig.say(number, asked);
      checkAck(rig, promised, asked, ack);
      const leases = rig.book.leases();
      expect(new Set(leases.map(({ address }) => address)).size).toBe(leases.length);
      const names = leases.map(({ hostname }) => hostname).filter(Boolean);
      expect(new Set(names).size).toBe(names.length);
      expect(rig.book.size).toBeLessThanOrEqual(RECORDS_MAX);
    }
  }), { numRuns: 200 });
});

type Promised = Map<string, { client: string; untilMs: number }>;

/** Who got an acknowledgement relies on it, until it says that it does not. */
function checkAck(rig: Rig, promised: Promised, asked: Asked, ack: ReturnType<Rig["say"]>): void {
  const mac = asked.mac!;
  // Reserved addresses are their MAC's, whoever it calls itself; other clients are known by their identifier.
  const client = mac === macOf(1) || mac === macOf(2) || (asked.clientId?.length ?? 0) < 2
    ? mac : String(asked.clientId);
  const live = new Set(rig.book.leases().map(({ address }) => address));
  for (const [address, { client: owner }] of promised) {
    if (owner === client && !live.has(address)) promised.delete(address);
  }
  if (ack?.type !== TYPE.ack || ack.yiaddr === NONE) return;
  const before = promised.get(ack.yiaddr);
  if (before && before.untilMs > rig.nowMs) expect(before.client).toBe(client);
  const lease = rig.book.leases().find(({ address }) => address === ack.yiaddr)!;
  expect(lease.mac).toBe(mac);
  for (const [address, { client: owner }] of promised) if (owner === client) promised.delete(address);
  promised.set(ack.yiaddr, { client, untilMs: rig.nowMs + (lease.expires - 1) * 1000 });
}

it("any message, and any bytes, are taken without a throw, by server and client", () => {
  const header = [1, 1, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const aMessage = fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ minLength: 224, maxLength: 224 }),
    fc.uint8Array({ maxLength: 120 })).map(([op, body, options]) => (
    Uint8Array.from([op, ...header.slice(1), ...body, 0x63, 0x82, 0x53, 0x63, ...options])
  ));
  const place: Place = { ...PLACE, uplink: true, address: NONE };
  const rig = new Rig(CONFIG);
  const client = new DhcpClient(place, {
    transmit: () => true, clock: () => rig.nowMs, random: () => 0, onBinding: () => undefined,
  });
  client.linkUp();
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), aMessage), (bytes) => {
    rig.pass(1);
    for (const frame of [bytes, framed(bytes)]) {
      rig.hear(frame);
      client.receive(frame);
    }
    client.tick();
  }), { numRuns: 500 });
  expect(rig.book.size).toBeLessThanOrEqual(RECORDS_MAX);
});
