// The book of leases: names, what is saved and taken back, and that floods do not fill it.

import { describe, expect, it } from "vitest";
import { OFFER_MS, OFFERS_MAX } from "../../../src/service/dhcp/addresses.js";
import { LeaseBook, LEASES_MAX, type LeaseRecord } from "../../../src/service/dhcp/lease-book.js";
import { TYPE } from "../../../src/service/dhcp/message.js";
import { MESSAGE_LIMITS } from "../../../src/service/dhcp/server.js";
import { SHARE } from "../../../src/service/share.js";
import { addressText } from "../../../src/wire/packet.js";
import { macOf, PLACE, Rig } from "./rig.js";

const nameFor = (hostname: string): string => {
  const rig = new Rig();
  rig.lease({ hostname });
  return rig.book.leases()[0]!.hostname;
};

describe("a guest's name", () => {
  it.each([
    ["web", "web"], ["Web.lab.example", "web"], ["my_host", "my-host"], ["-a-", "a"], ["", ""], ["...", ""],
    ["wéb", "w-b"], ["a\0b", "a"], ["../../etc/passwd", ""], ["x y<z>", "x-y-z"], ["a".repeat(90), "a".repeat(63)],
  ])("rfc1123-2.1: %j is %j", (said, name) => {
    expect(nameFor(said)).toBe(name);
  });

  it.each(["localhost", "WPAD", "isatap", "wpad.lab.example", "local", "IP6-localhost"])(
    "is none that others trust (RFC 6761): %s", (said) => {
      expect(nameFor(said)).toBe("");
    });

  it("may be one that others trust where the configuration says so", () => {
    const rig = new Rig({ hosts: { [macOf(9)]: { address: "10.0.10.5", hostname: "wpad" } } });
    rig.lease({ mac: macOf(1), hostname: "wpad" });
    rig.lease({ mac: macOf(9), hostname: "wpad" });
    expect(rig.book.leases().map(({ hostname }) => hostname)).toEqual(["", "wpad"]);
  });

  it("is found by upper and lower case, and by address, while the lease lasts", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease({ hostname: "Web" })!;
    expect([rig.book.addressOf("WEB"), rig.book.nameOf(yiaddr)]).toEqual([yiaddr, "web"]);
    rig.pass(3600);
    expect([rig.book.addressOf("web"), rig.book.nameOf(yiaddr)]).toEqual([undefined, undefined]);
  });

  it("is one guest's in the router, on whichever network; the next gets a number", () => {
    const rig = new Rig();
    const other = rig.serve(
      { first: "10.0.20.9", last: "10.0.20.99" }, { id: 2, vlan: 20, address: "10.0.20.1" },
    );
    rig.lease({ mac: macOf(1), hostname: "web" });
    const second = rig.lease({ mac: macOf(2), hostname: "web" }, other)!;
    expect(rig.book.addressOf("web-2")).toBe(second.yiaddr);
    rig.lease({ mac: macOf(2), hostname: "web" }, other);
    expect(rig.book.leases().map(({ vlan, hostname }) => [vlan, hostname])).toEqual([[10, "web"], [20, "web-2"]]);
  });

  it("is kept for the MAC that the configuration names", () => {
    const rig = new Rig({ hosts: { [macOf(9)]: { address: "10.0.10.5", hostname: "db" } } });
    rig.lease({ mac: macOf(1), hostname: "DB" });
    const { yiaddr } = rig.lease({ mac: macOf(9) })!;
    expect(rig.book.addressOf("db")).toBe(yiaddr);
    expect(rig.book.leases()[0]?.hostname).toBe("db-2");
  });
});

describe("what is saved", () => {
  it("keeps leases over a restart, whatever the clocks say then", () => {
    const rig = new Rig();
    const web = rig.lease({ hostname: "web", clientId: [255, 7] })!;
    const saved = JSON.parse(JSON.stringify(rig.book.snapshot())) as unknown;
    const again = new Rig({}, {}, saved);
    again.wallMs += 60_000;
    const later = new LeaseBook({ router: "edge", clock: () => 5, wall: () => again.wallMs });
    expect(later.restore(saved)).toBe(1);
    expect(later.leases()).toEqual([{
      router: "edge", vlan: 10, mac: macOf(1), address: web.yiaddr, hostname: "web", expires: 3540, clientId: "ff07",
    }]);
    expect(again.say(TYPE.request, { clientId: [255, 7], requested: web.yiaddr })?.type).toBe(TYPE.ack);
    expect(again.lease({ mac: macOf(2), requested: web.yiaddr })?.yiaddr).not.toBe(web.yiaddr);
  });

  it("holds ended leases too: their clients get the address again", () => {
    const rig = new Rig({}, {}, [{ ...record, expires: 1_699_999_999_999 }]);
    expect(rig.book.leases()).toEqual([]);
    expect(rig.say(TYPE.discover)?.yiaddr).toBe(record.address);
  });

  const record: LeaseRecord = {
    switch: "lab", vlan: 10, client: `mac:${macOf(1)}`, mac: macOf(1), address: "10.0.10.120", hostname: "web",
    expires: 1_700_000_600_000,
  };
  const restored = (...records: unknown[]): number => {
    return new LeaseBook({ router: "edge", clock: () => 0, wall: () => 1_700_000_000_000 }).restore(records);
  };

  it.each([
    ["null", null], ["a text", "lease"], ["a list", []], ["no switch", { ...record, switch: undefined }],
    ["a long switch", { ...record, switch: "x".repeat(300) }], ["VLAN 0", { ...record, vlan: 0 }],
    ["VLAN 4095", { ...record, vlan: 4095 }], ["VLAN 1.5", { ...record, vlan: 1.5 }],
    ["a client without kind", { ...record, client: macOf(1) }], ["an odd client", { ...record, client: "id:123" }],
    ["a long client", { ...record, client: `id:${"00".repeat(256)}` }], ["no MAC", { ...record, mac: "x" }],
    ["a group's MAC", { ...record, mac: "03:00:00:00:00:01" }], ["no address", { ...record, address: "10.0.10" }],
    ["an address of 256", { ...record, address: "10.0.10.256" }], ["an octal", { ...record, address: "10.0.10.01" }],
    ["loopback", { ...record, address: "127.0.0.1" }], ["multicast", { ...record, address: "224.0.0.1" }],
    ["a text for a time", { ...record, expires: "soon" }], ["an endless time", { ...record, expires: Infinity }],
    ["a number for a name", { ...record, hostname: 7 }],
  ])("is checked: %s is no record", (_, value) => {
    expect(restored(value)).toBe(0);
    expect(restored(value, record)).toBe(1);
  });

  it("is checked: no list at all, an address twice, a client twice", () => {
    const book = new LeaseBook({ router: "edge", clock: () => 0 });
    expect([book.restore("x"), book.restore({ 0: record })]).toEqual([0, 0]);
    expect(restored(record, { ...record, client: "id:0102" }, { ...record, address: "10.0.10.121" })).toBe(1);
  });

  it("is checked: a name is made fit, and a time is a year at most", () => {
    const book = new LeaseBook({ router: "edge", clock: () => 0, wall: () => 0 });
    book.restore([{ ...record, hostname: "<b>X", expires: 1e300 }]);
    expect(book.leases()).toMatchObject([{ hostname: "b-x", expires: 31_536_000 }]);
  });

  it("leaves nothing behind on a network's addresses where it belongs to another", () => {
    const rig = new Rig({ last: "10.0.10.100" }, {}, [{ ...record, vlan: 77, address: "10.0.10.100" }]);
    expect(rig.lease({ mac: macOf(2) })?.yiaddr).toBe("10.0.10.100");
    expect(rig.book.size).toBe(1);
  });

  it("is bounded", () => {
    const records = Array.from({ length: LEASES_MAX + 10 }, (_, i) => ({
      ...record, address: addressText(0x0a000000 + i), client: `id:${(i + 0x10000000).toString(16)}`,
    }));
    expect(restored(...records)).toBe(LEASES_MAX);
  });
});

describe("a flood", () => {
  const strangers = (rig: Rig, count: number): void => {
    for (let i = 0; i < count; i++) {
      if (i % 100 === 0) rig.nowMs += 500;
      rig.say(TYPE.discover, { mac: macOf(1000 + i) });
    }
  };

  it("of discovers takes no lease away, and no longer than an offer's time the free addresses", () => {
    const rig = new Rig();
    const mine = rig.lease()!.yiaddr;
    const returning = rig.lease({ mac: macOf(2) })!.yiaddr;
    rig.say(TYPE.release, { mac: macOf(2), ciaddr: returning, server: PLACE.address });
    strangers(rig, 1000);
    expect(rig.book.size).toBe(2);
    expect(rig.server.counts.exhausted).toBeGreaterThan(0);
    expect(rig.say(TYPE.request, { ciaddr: mine, to: PLACE.address })?.type).toBe(TYPE.ack);
    expect(rig.lease({ mac: macOf(3) })).toBeUndefined();
    rig.pass(OFFER_MS / 1000);
    expect(rig.lease({ mac: macOf(3) })).toBeDefined();
  });

  it("of discovers holds a bounded number of offers, and stops no client that has a record", () => {
    const rig = new Rig({ first: "10.0.0.1", last: "10.0.63.254" }, { address: "10.0.64.1", prefix: 16 });
    const mine = rig.lease()!.yiaddr;
    strangers(rig, 2 * OFFERS_MAX);
    expect(rig.server.counts.offers).toBe(1 + Math.ceil(OFFERS_MAX * SHARE / (SHARE + 1)));
    expect(rig.say(TYPE.discover)?.yiaddr).toBe(mine);
  });

  it("is looked at only so fast, and of one guest so often that others have their turn", () => {
    const { all, guest } = MESSAGE_LIMITS;
    const rig = new Rig();
    for (let i = 0; i < guest.burst + 50; i++) rig.say(TYPE.discover);
    expect(rig.server.counts).toMatchObject({ limited: 50, discovers: guest.burst });
    for (let i = 0; i < all.burst; i++) rig.say(TYPE.discover, { mac: macOf(1000 + i), port: "b" });
    // As much as what the other port has taken leaves to it, but for the least part.
    const discovers = guest.burst + Math.ceil((all.burst - guest.burst) * SHARE / (SHARE + 1));
    expect(rig.server.counts).toMatchObject({ discovers });
    rig.say(TYPE.discover, { mac: macOf(9), port: "c" });
    expect(rig.server.counts).toMatchObject({ discovers: discovers + 1 });
    rig.pass(1);
    for (let i = 0; i < all.burst; i++) rig.say(TYPE.discover);
    expect(rig.server.counts.discovers).toBe(discovers + 1 + guest.perSecond);
  });

  it("is no way around the limit where the clock is set back", () => {
    const rig = new Rig();
    for (let i = 0; i < MESSAGE_LIMITS.guest.burst; i++) rig.say(TYPE.discover);
    rig.nowMs -= 900;
    expect(rig.say(TYPE.discover)).toBeUndefined();
  });
});

describe("a range of any size", () => {
  it.each([1, 31, 32, 33, 64, 100])("of %i addresses gives out each once", (size) => {
    const last = addressText(0x0a000a64 + size - 1);
    const rig = new Rig({ first: "10.0.10.100", last }, { prefix: 16 });
    const given = Array.from({ length: size }, (_, i) => rig.lease({ mac: macOf(i + 1) })?.yiaddr);
    expect(new Set(given).size).toBe(size);
    expect(given).not.toContain(undefined);
    expect(rig.lease({ mac: macOf(999) })).toBeUndefined();
  });

  it("of millions gives out what is asked for, and something to who asks for nothing", () => {
    const rig = new Rig({ first: "10.0.10.2", last: "10.255.255.254" }, { prefix: 8 });
    expect(rig.lease({ requested: "10.200.0.1" })?.yiaddr).toBe("10.200.0.1");
    expect(rig.lease({ mac: macOf(2) })).toBeDefined();
  });
});
