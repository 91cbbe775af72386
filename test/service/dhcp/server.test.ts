// Conversations with the DHCP server, by the sections of RFC 2131 and 2132, as clients hold them.

import { describe, expect, it } from "vitest";
import { OFFER_MS } from "../../../src/service/dhcp/addresses.js";
import { TYPE } from "../../../src/service/dhcp/message.js";
import {
  addressesIn, addressIn, CODE, numberBytes, numberIn, textIn,
} from "../../../src/service/dhcp/options.js";
import { MAC_BROADCAST } from "../../../src/wire/packet.js";
import { ALL, CONFIG, macOf, NONE, PLACE, Rig, type Asked } from "./rig.js";

const SERVER = PLACE.address;
const RESERVED = { hosts: { [macOf(9)]: { address: "10.0.10.105", hostname: "db" } } };
const DNS_WANTED: [number, Uint8Array] = [CODE.parameters, Uint8Array.of(CODE.dns, CODE.router)];

describe("rfc2131-3.1 a new address", () => {
  it("is discovered, offered, requested, acknowledged", () => {
    const rig = new Rig();
    const offer = rig.say(TYPE.discover, { hostname: "web" })!;
    expect(offer).toMatchObject({ op: 2, type: TYPE.offer, xid: 0x1234, mac: macOf(1), ciaddr: NONE });
    expect(rig.book.leases()).toEqual([]);
    const ack = rig.say(TYPE.request, { requested: offer.yiaddr, server: SERVER, hostname: "web" })!;
    expect(ack).toMatchObject({ type: TYPE.ack, yiaddr: offer.yiaddr });
    expect(rig.book.leases()).toEqual([
      { router: "edge", vlan: 10, mac: macOf(1), address: offer.yiaddr, hostname: "web", expires: 3600 },
    ]);
    expect(rig.events).toMatchObject([{ kind: "leased", lease: { address: offer.yiaddr } }]);
    expect(rig.changes).toBe(1);
  });

  it("comes with all that a guest needs", () => {
    const ack = new Rig({ domain: "lab.example" }).lease({ hostname: "web" })!;
    const { options } = ack;
    expect(addressIn(options, CODE.mask)).toBe("255.255.255.0");
    expect(addressesIn(options, CODE.router)).toEqual([SERVER]);
    expect(addressesIn(options, CODE.dns)).toEqual([SERVER]);
    expect(textIn(options, CODE.domain)).toBe("lab.example");
    expect(textIn(options, CODE.hostname)).toBe("web");
    expect(numberIn(options, CODE.mtu)).toBe(1500);
    expect(addressIn(options, CODE.broadcast)).toBe("10.0.10.255");
    expect(addressIn(options, CODE.server)).toBe(SERVER);
    const times = [CODE.lease, CODE.renewal, CODE.rebinding].map((code) => numberIn(options, code));
    expect(times).toEqual([3600, 1800, 3150]);
    expect(ack.way.payload.length).toBeGreaterThanOrEqual(300);
  });

  it("is not the one that another client was offered", () => {
    const rig = new Rig({ first: "10.0.10.100", last: "10.0.10.101" });
    const offers = [1, 2, 3].map((number) => rig.say(TYPE.discover, { mac: macOf(number) })?.yiaddr);
    expect(new Set(offers.slice(0, 2))).toEqual(new Set(["10.0.10.100", "10.0.10.101"]));
    expect(offers[2]).toBeUndefined();
    rig.pass(OFFER_MS / 1000);
    expect(rig.say(TYPE.discover, { mac: macOf(3) })).toBeDefined();
  });

  it("is never the interface's own, nor the network's two", () => {
    const rig = new Rig({ first: "10.0.10.0", last: "10.0.10.3" }, { prefix: 30 });
    expect(rig.lease({ requested: "10.0.10.1" })?.yiaddr).toBe("10.0.10.2");
    for (const requested of ["10.0.10.0", "10.0.10.1", "10.0.10.3"]) {
      expect(rig.lease({ mac: macOf(2), requested }), requested).toBeUndefined();
    }
  });
});

describe("rfc2131-4.1 the way of a reply", () => {
  it.each<[string, Asked, string, string]>([
    ["unicast to the offered address", {}, "yiaddr", macOf(1)],
    ["broadcast where the flag asks for it", { broadcast: true }, ALL, MAC_BROADCAST],
    ["unicast to an offer's address though ciaddr is set", { ciaddr: "192.0.2.7" }, "yiaddr", macOf(1)],
  ])("is %s", (_, asked, destination, mac) => {
    const offer = new Rig().say(TYPE.discover, asked)!;
    expect(offer.way.destination).toBe(destination === "yiaddr" ? offer.yiaddr : destination);
    expect(offer.way).toMatchObject({ destinationMac: mac, source: SERVER, sourceMac: PLACE.mac });
    expect(offer.broadcast).toBe(asked.broadcast ?? false);
  });

  it("is unicast to ciaddr for who renews, whatever the flag says", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease()!;
    const ack = rig.say(TYPE.request, { ciaddr: yiaddr, to: SERVER, broadcast: true })!;
    expect(ack.way).toMatchObject({ destination: yiaddr, destinationMac: macOf(1) });
    expect(ack.ciaddr).toBe(yiaddr);
  });

  it("is broadcast for a NAK", () => {
    const nak = new Rig().say(TYPE.request, { ciaddr: "192.0.2.7", to: SERVER })!;
    expect(nak).toMatchObject({ type: TYPE.nak, yiaddr: NONE, ciaddr: NONE });
    expect(nak.way).toMatchObject({ destination: ALL, destinationMac: MAC_BROADCAST });
    expect(addressIn(nak.options, CODE.server)).toBe(SERVER);
  });

  it("is none for a relay agent", () => {
    const rig = new Rig();
    expect(rig.say(TYPE.discover, { giaddr: "10.0.20.1" })).toBeUndefined();
    expect(rig.server.counts.relayed).toBe(1);
  });

  it("is none for a datagram to another host", () => {
    const rig = new Rig();
    expect(rig.say(TYPE.discover, { to: "10.0.10.77" })).toBeUndefined();
    expect(rig.server.counts.ignored).toBe(1);
  });

  it("is counted as unsent where there is no room", () => {
    const rig = new Rig();
    rig.hasRoom = false;
    rig.say(TYPE.discover);
    expect(rig.server.counts).toMatchObject({ offers: 0, unsent: 1 });
  });
});

describe("rfc2131-4.2 who a client is", () => {
  it("its identifier, whatever its MAC", () => {
    const rig = new Rig();
    const clientId = [255, 1, 2, 3];
    const { yiaddr } = rig.lease({ clientId })!;
    expect(rig.lease({ clientId, mac: macOf(2) })?.yiaddr).toBe(yiaddr);
    expect(rig.book.leases()).toMatchObject([{ mac: macOf(2), clientId: "ff010203" }]);
  });

  it("two identifiers on one MAC are two clients", () => {
    const rig = new Rig();
    expect(rig.lease({ clientId: [0, 1] })?.yiaddr).not.toBe(rig.lease({ clientId: [0, 2] })?.yiaddr);
  });

  it("an identifier of one byte is none", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease({ clientId: [1] })!;
    expect(rig.lease()?.yiaddr).toBe(yiaddr);
  });

  it("rfc6842: its identifier comes back in every reply", () => {
    const rig = new Rig();
    const clientId = [255, 9, 9];
    const replies = [rig.say(TYPE.discover, { clientId }), rig.say(TYPE.request, { clientId, ciaddr: "192.0.2.1" })];
    for (const reply of replies) expect([...reply!.options.get(CODE.client)!]).toEqual(clientId);
  });
});

describe("rfc2131-4.3.1 which address is offered", () => {
  it("the one that the client had, after its lease has ended", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease()!;
    rig.pass(7200);
    expect(rig.book.leases()).toEqual([]);
    expect(rig.say(TYPE.discover, { requested: "10.0.10.150" })?.yiaddr).toBe(yiaddr);
  });

  it("the one that it asks for, where it is free", () => {
    const rig = new Rig();
    expect(rig.lease({ requested: "10.0.10.150" })?.yiaddr).toBe("10.0.10.150");
    expect(rig.lease({ mac: macOf(2), requested: "10.0.10.150" })?.yiaddr).not.toBe("10.0.10.150");
    expect(rig.lease({ mac: macOf(3), requested: "10.0.10.200" })?.yiaddr).not.toBe("10.0.10.200");
  });

  it("the same one again from a server that has forgotten everything", () => {
    const addresses = (): (string | undefined)[] => [1, 2, 3, 4].map((number) => (
      new Rig().say(TYPE.discover, { mac: macOf(number) })?.yiaddr
    ));
    expect(addresses()).toEqual(addresses());
    expect(new Set(addresses()).size).toBeGreaterThan(1);
  });

  it("the one reserved for its MAC, whatever it asks for", () => {
    const rig = new Rig(RESERVED);
    const ack = rig.lease({ mac: macOf(9), requested: "10.0.10.150", hostname: "other" })!;
    expect(ack.yiaddr).toBe("10.0.10.105");
    expect(textIn(ack.options, CODE.hostname)).toBe("db");
  });

  it("the one reserved for its MAC, under either of its identifiers", () => {
    const rig = new Rig(RESERVED);
    rig.lease({ mac: macOf(9), clientId: [0, 1] });
    expect(rig.lease({ mac: macOf(9), clientId: [0, 2] })?.yiaddr).toBe("10.0.10.105");
    expect(rig.book.leases()).toHaveLength(1);
  });

  it("the one reserved for its MAC, and not another's lease with it whose identifier it says", () => {
    const rig = new Rig({ last: "10.0.10.106", ...RESERVED });
    const { yiaddr } = rig.lease({ clientId: [0, 1] })!;
    rig.lease({ mac: macOf(9), clientId: [0, 1] });
    expect(rig.lease({ mac: macOf(2), requested: yiaddr })?.yiaddr).not.toBe(yiaddr);
  });

  it("one reserved outside of the range", () => {
    const rig = new Rig({ hosts: { [macOf(9)]: { address: "10.0.10.5" } } });
    expect(rig.lease({ mac: macOf(9) })?.yiaddr).toBe("10.0.10.5");
  });

  it("never one reserved for another, not in a full range either", () => {
    const rig = new Rig({ first: "10.0.10.105", last: "10.0.10.106", ...RESERVED });
    expect(rig.lease({ requested: "10.0.10.105" })?.yiaddr).toBe("10.0.10.106");
    expect(rig.lease({ mac: macOf(2), requested: "10.0.10.105" })).toBeUndefined();
  });

  it("where none is free: silence, a count, and one event", () => {
    const rig = new Rig({ last: "10.0.10.100" });
    rig.lease();
    expect(rig.say(TYPE.discover, { mac: macOf(2) })).toBeUndefined();
    expect(rig.say(TYPE.discover, { mac: macOf(3) })).toBeUndefined();
    expect(rig.server.counts.exhausted).toBe(2);
    expect(rig.events.filter(({ kind }) => kind === "exhausted")).toHaveLength(1);
  });

  it("where none is new: the one whose lease ended first", () => {
    const rig = new Rig({ last: "10.0.10.102" });
    const first = rig.lease({ mac: macOf(1) })!;
    rig.pass(10);
    const others = [2, 3].map((number) => rig.lease({ mac: macOf(number) })!.yiaddr);
    rig.pass(100);
    rig.say(TYPE.request, { mac: macOf(1), ciaddr: first.yiaddr, to: SERVER });
    rig.pass(3600);
    const next = [4, 5, 6].map((number) => rig.lease({ mac: macOf(number) })!.yiaddr);
    expect(next).toEqual([...others, first.yiaddr]);
    expect(rig.book.size).toBe(3);
  });

  it("for the time that it asks for, at most what is configured, at least a minute", () => {
    const seconds = [5, 600, 0xffffffff].map((asked) => {
      const offer = new Rig().say(TYPE.discover, { options: [[CODE.lease, numberBytes(asked, 4)]] })!;
      return numberIn(offer.options, CODE.lease);
    });
    expect(seconds).toEqual([60, 600, 3600]);
  });
});

describe("rfc2131-4.3.2 selecting", () => {
  it("another server: silence, and the offer is free again", () => {
    const rig = new Rig({ last: "10.0.10.100" });
    rig.say(TYPE.discover);
    expect(rig.say(TYPE.request, { requested: "10.0.10.100", server: "10.0.10.2" })).toBeUndefined();
    expect(rig.say(TYPE.discover, { mac: macOf(2) })?.yiaddr).toBe("10.0.10.100");
  });

  it("after the offer has run out: granted while nobody has the address, else refused", () => {
    const rig = new Rig({ last: "10.0.10.100" });
    rig.say(TYPE.discover);
    rig.pass(61);
    rig.say(TYPE.discover, { mac: macOf(2) });
    const late = { requested: "10.0.10.100", server: SERVER };
    expect(rig.say(TYPE.request, late)?.type).toBe(TYPE.nak);
    rig.pass(61);
    expect(rig.say(TYPE.request, late)?.type).toBe(TYPE.ack);
  });

  it.each([
    ["of another client", "10.0.10.100"], ["out of the range", "10.0.10.50"], ["of the interface", SERVER],
    ["of another network", "192.0.2.1"], ["reserved for another", "10.0.10.105"],
  ])("an address %s: NAK", (_, requested) => {
    const rig = new Rig(RESERVED);
    rig.lease({ mac: macOf(2), requested: "10.0.10.100" });
    expect(rig.say(TYPE.request, { requested, server: SERVER })?.type).toBe(TYPE.nak);
  });

  it("without an address: nothing", () => {
    const rig = new Rig();
    expect(rig.say(TYPE.request, { server: SERVER })).toBeUndefined();
    expect(rig.server.counts.malformed).toBe(1);
  });
});

describe("rfc2131-4.3.2 init-reboot", () => {
  it("the address that the server remembers: ACK", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease()!;
    rig.pass(10);
    expect(rig.say(TYPE.request, { requested: yiaddr })).toMatchObject({ type: TYPE.ack, yiaddr });
    expect(rig.book.leases()[0]?.expires).toBe(3600);
  });

  it("another address than that: NAK", () => {
    const rig = new Rig();
    rig.lease({ requested: "10.0.10.120" });
    expect(rig.say(TYPE.request, { requested: "10.0.10.121" })?.type).toBe(TYPE.nak);
  });

  it("an address of another network: NAK, also to a stranger", () => {
    expect(new Rig().say(TYPE.request, { requested: "192.168.1.7" })?.type).toBe(TYPE.nak);
  });

  it("a stranger's, of this network: silence", () => {
    const rig = new Rig();
    expect(rig.say(TYPE.request, { requested: "10.0.10.120" })).toBeUndefined();
    expect(rig.server.counts.ignored).toBe(1);
  });
});

describe("rfc2131-4.3.2 renewing and rebinding", () => {
  it.each([["renewing", SERVER], ["rebinding", ALL]])("%s prolongs the lease", (_, to) => {
    const rig = new Rig();
    const { yiaddr } = rig.lease()!;
    rig.pass(3000);
    expect(rig.say(TYPE.request, { ciaddr: yiaddr, to })?.type).toBe(TYPE.ack);
    expect(rig.book.leases()[0]?.expires).toBe(3600);
  });

  it("by a client that a server without memory does not know: granted, the address is free", () => {
    const rig = new Rig();
    expect(rig.say(TYPE.request, { ciaddr: "10.0.10.120", to: SERVER })?.type).toBe(TYPE.ack);
    expect(rig.say(TYPE.request, { mac: macOf(2), ciaddr: "10.0.10.120", to: SERVER })?.type).toBe(TYPE.nak);
  });
});

describe("rfc2131-4.3.3 decline", () => {
  const decline = (rig: Rig, address: string): void => {
    rig.say(TYPE.decline, { requested: address, server: SERVER });
  };

  it("sets the address aside for ten minutes", () => {
    const rig = new Rig({ last: "10.0.10.101" });
    const { yiaddr } = rig.lease()!;
    decline(rig, yiaddr);
    expect(rig.book.leases()).toEqual([]);
    expect(rig.lease({ requested: yiaddr })?.yiaddr).not.toBe(yiaddr);
    expect(rig.say(TYPE.discover, { mac: macOf(2) })).toBeUndefined();
    rig.pass(600);
    expect(rig.say(TYPE.discover, { mac: macOf(2) })?.yiaddr).toBe(yiaddr);
  });

  it("does nothing to another client's lease", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease({ mac: macOf(2) })!;
    decline(rig, yiaddr);
    expect(rig.book.leases()).toHaveLength(1);
  });

  it("of all it gets leaves half of the range to the others", () => {
    const rig = new Rig({ last: "10.0.10.103" });
    for (let i = 0; i < 20; i++) {
      rig.pass(1);
      const ack = rig.lease();
      if (ack) decline(rig, ack.yiaddr);
    }
    expect(rig.lease({ mac: macOf(2) })).toBeDefined();
    expect(rig.lease({ mac: macOf(3) })).toBeDefined();
  });

  it("leaves a reserved address to its host", () => {
    const rig = new Rig(RESERVED);
    rig.lease({ mac: macOf(9) });
    rig.say(TYPE.decline, { mac: macOf(9), requested: "10.0.10.105", server: SERVER });
    expect(rig.lease({ mac: macOf(9) })?.yiaddr).toBe("10.0.10.105");
  });
});

describe("rfc2131-4.3.4 release", () => {
  it("ends the lease, and the client gets the address again", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease()!;
    expect(rig.say(TYPE.release, { ciaddr: yiaddr, server: SERVER, to: SERVER })).toBeUndefined();
    expect(rig.book.leases()).toEqual([]);
    expect(rig.say(TYPE.discover)?.yiaddr).toBe(yiaddr);
  });

  it("does nothing to another client's lease", () => {
    const rig = new Rig();
    const { yiaddr } = rig.lease({ mac: macOf(2), clientId: [0, 7] })!;
    rig.say(TYPE.release, { ciaddr: yiaddr, server: SERVER, clientId: [0, 7] });
    rig.say(TYPE.release, { ciaddr: yiaddr, server: SERVER });
    expect(rig.book.leases()).toHaveLength(1);
  });
});

describe("rfc2131-4.3.5 inform", () => {
  it("is answered with parameters, without address and lease", () => {
    const rig = new Rig();
    const ack = rig.say(TYPE.inform, { ciaddr: "10.0.10.33", options: [DNS_WANTED] })!;
    expect(ack).toMatchObject({ type: TYPE.ack, yiaddr: NONE, way: { destination: "10.0.10.33" } });
    expect(addressesIn(ack.options, CODE.dns)).toEqual([SERVER]);
    expect([CODE.lease, CODE.renewal, CODE.rebinding].some((code) => ack.options.has(code))).toBe(false);
    expect(rig.book.size).toBe(0);
  });

  it("from an address of another network is not answered", () => {
    expect(new Rig().say(TYPE.inform, { ciaddr: "192.0.2.7" })).toBeUndefined();
  });
});

describe("reconfigure", () => {
  it("keeps the leases that it allows, and refuses the others", () => {
    const rig = new Rig();
    rig.lease({ mac: macOf(1), requested: "10.0.10.110" });
    rig.lease({ mac: macOf(2), requested: "10.0.10.190" });
    rig.server.reconfigure(PLACE, { ...CONFIG, last: "10.0.10.150" });
    expect(rig.book.leases().map(({ address }) => address)).toEqual(["10.0.10.110"]);
    expect(rig.say(TYPE.request, { mac: macOf(2), ciaddr: "10.0.10.190", to: SERVER })?.type).toBe(TYPE.nak);
    expect(rig.lease({ mac: macOf(3), requested: "10.0.10.110" })?.yiaddr).not.toBe("10.0.10.110");
  });

  it("gives a reservation to its host, whoever had the address", () => {
    const rig = new Rig();
    rig.lease({ requested: "10.0.10.105" });
    rig.server.reconfigure(PLACE, { ...CONFIG, ...RESERVED });
    expect(rig.say(TYPE.request, { ciaddr: "10.0.10.105", to: SERVER })?.type).toBe(TYPE.nak);
    expect(rig.lease({ mac: macOf(9) })?.yiaddr).toBe("10.0.10.105");
  });
});
