// What the guests behind one port can take of a range: their share, whatever clients they make up.
// Read first: src/service/share.ts.

import { expect, it } from "vitest";
import { TYPE } from "../../../src/service/dhcp/message.js";
import { OFFERS_MAX } from "../../../src/service/dhcp/addresses.js";
import { SHARE } from "../../../src/service/share.js";
import { macOf, Rig } from "./rig.js";

/** A server whose network has several ports, and one of them that has asked for so many leases. */
function pressed(times: number, last = "10.0.10.199"): { rig: Rig; got: string[] } {
  const rig = new Rig({ last });
  rig.isAlone = false;
  const got = [];
  for (let n = 0; n < times; n++, rig.pass(1)) {
    const lease = rig.lease({ mac: macOf(1000 + n), clientId: [0, n >> 8, n & 255], port: "hostile" });
    if (lease) got.push(lease.yiaddr);
  }
  return { rig, got };
}

it.each([["10.0.10.199", 100], ["10.0.10.103", 4], ["10.0.10.101", 2]])(
  "one port leaves addresses to others, of a range up to %s", (last, size) => {
    const { rig, got } = pressed(300, last);
    expect(got.length).toBeLessThanOrEqual(Math.max(size - 1, size * SHARE / (SHARE + 1)));
    expect(got.length).toBeGreaterThanOrEqual(Math.floor(size / 2));
    expect(rig.lease({ mac: macOf(1), port: "b" })).toBeDefined();
  });

it("by requests without an offer, and by declining, it comes by no more", () => {
  const { rig } = pressed(100);
  for (let n = 100; n < 200; n++) {
    rig.say(TYPE.request, { mac: macOf(n), requested: `10.0.10.${n}`, server: "10.0.10.1", port: "hostile" });
  }
  for (const { address, mac, clientId } of rig.book.leases()) {
    const id = [...Buffer.from(clientId ?? "", "hex")];
    rig.say(TYPE.decline, { mac, clientId: id, requested: address, server: "10.0.10.1", port: "hostile" });
  }
  rig.pass(10);
  for (let n = 0; n < 100; n++) rig.lease({ mac: macOf(3000 + n), port: "hostile" });
  expect(rig.lease({ mac: macOf(1), port: "b" })).toBeDefined();
});

it("offers that nobody takes up are its own share, too", () => {
  const rig = new Rig({ first: "10.0.0.1", last: "10.0.63.254" }, { address: "10.0.64.1", prefix: 16 });
  rig.isAlone = false;
  for (let n = 0; n < 2 * OFFERS_MAX; n++) rig.say(TYPE.discover, { mac: macOf(1000 + n), port: "hostile" });
  expect(rig.lease({ mac: macOf(1), port: "b" })).toBeDefined();
});

it("a port that is alone may have all, and clients keep theirs at another port and after a restart", () => {
  const { rig, got } = pressed(300);
  const again = { mac: macOf(1000), clientId: [0, 0, 0], port: "elsewhere" };
  expect(rig.lease(again)?.yiaddr).toBe(got[0]);
  const after = new Rig({}, {}, rig.book.snapshot());
  after.isAlone = false;
  expect(after.book.snapshot().filter(({ port }) => port === "hostile")).toHaveLength(got.length - 1);
  after.isAlone = true;
  for (let n = 0; n < 100; n++, after.pass(1)) after.lease({ mac: macOf(3000 + n), port: "hostile" });
  expect(after.book.leases()).toHaveLength(100);
});
