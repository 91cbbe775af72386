// The DHCP client through its states, by the sections of RFC 2131, against answers that a test writes itself.

import { describe, expect, it } from "vitest";
import type { Binding } from "../../../src/service/dhcp/binding.js";
import { DhcpClient } from "../../../src/service/dhcp/client.js";
import { sealDatagram } from "../../../src/service/dhcp/datagram.js";
import { TYPE, type DhcpMessage } from "../../../src/service/dhcp/message.js";
import {
  addressBytes, addressIn, CODE, numberBytes, numberIn, routesBytes, textBytes,
} from "../../../src/service/dhcp/options.js";
import { MAC_BROADCAST } from "../../../src/wire/packet.js";
import { ALL, NONE, PLACE, Rig } from "./rig.js";
import { ADDRESS, SERVER, Uplink } from "./uplink.js";

describe("rfc2131-4.4.1 from init to bound", () => {
  it("discovers, requests what is offered, and is bound", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    const discover = uplink.last();
    expect(discover).toMatchObject({ type: TYPE.discover, ciaddr: NONE, broadcast: true, mac: "02:00:00:00:0f:01" });
    expect(discover.way).toMatchObject({ source: NONE, destination: ALL, destinationMac: MAC_BROADCAST });
    uplink.answer(TYPE.offer, discover);
    const request = uplink.last();
    expect(request).toMatchObject({ type: TYPE.request, xid: discover.xid, ciaddr: NONE });
    expect(addressIn(request.options, CODE.requested)).toBe(ADDRESS);
    expect(addressIn(request.options, CODE.server)).toBe(SERVER.address);
    expect(uplink.bindings).toEqual([]);
    uplink.answer(TYPE.ack, request, [[CODE.domain, textBytes("isp.example")], [CODE.mtu, numberBytes(1400, 2)]]);
    expect(uplink.client.state).toBe("bound");
    expect(uplink.bindings).toEqual([{
      address: ADDRESS, prefix: 24, gateway: "203.0.113.254", dns: ["203.0.113.53", "198.51.100.53"], mtu: 1400,
      domain: "isp.example", leaseSeconds: 1000, server: SERVER.address,
    }]);
  });

  it("rfc2131-4.1: asks again after 4, 8, 16, 32, 64, 64 seconds", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    expect(uplink.pass(260)).toEqual([4, 12, 28, 60, 124, 188, 252]);
  });

  it.each([[0, 3], [0.999_999, 5]])("rfc2131-4.1: by chance %d a second earlier or later", (chance, seconds) => {
    const uplink = new Uplink();
    uplink.chance = chance;
    uplink.client.linkUp();
    expect(uplink.pass(6)).toEqual([seconds]);
  });

  it("begins anew where nobody answers its request, and an offer's time runs from the request", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    uplink.pass(100);
    uplink.answer(TYPE.offer, uplink.last());
    uplink.pass(59);
    expect(uplink.said().map(({ type }) => type)).toEqual(new Array(4).fill(TYPE.request));
    uplink.pass(1);
    expect(uplink.last().type).toBe(TYPE.discover);
  });

  it("counts the lease from the request on, however long it has looked for a server", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    uplink.pass(5000);
    uplink.answer(TYPE.offer, uplink.last());
    uplink.answer(TYPE.ack, uplink.last());
    expect(uplink.pass(499)).toEqual([]);
    expect(uplink.client.binding?.address).toBe(ADDRESS);
  });

  it("does not ask a server at once again that refuses what it offers", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    uplink.answer(TYPE.offer, uplink.last());
    uplink.answer(TYPE.nak, uplink.last());
    expect(uplink.said()).toEqual([]);
    expect(uplink.pass(5)).toEqual([4]);
    expect(uplink.last().type).toBe(TYPE.discover);
  });

  it("works with this house's own server", () => {
    const rig = new Rig();
    const bindings: (Binding | undefined)[] = [];
    const frames: Uint8Array[] = [];
    const place = { ...PLACE, mac: "02:00:00:00:0f:02", address: NONE, uplink: true };
    const client = new DhcpClient(place, {
      clock: () => rig.nowMs, random: () => 0.25, onBinding: (binding) => bindings.push(binding),
      transmit: (_, frame) => frames.push(frame) > 0,
    });
    client.linkUp();
    while (frames.length > 0) {
      const reply = rig.hear(frames.shift()!);
      if (reply) client.receive(sealDatagram(reply.way));
    }
    expect(bindings).toMatchObject([{ prefix: 24, gateway: PLACE.address, dns: [PLACE.address], leaseSeconds: 3600 }]);
  });
});

describe("rfc2131-4.4.1 an offer that is no good is not taken", () => {
  const offers: [string, [number, Uint8Array][], Partial<DhcpMessage>?][] = [
    ["of another transaction", [], { xid: 1 }],
    ["for another MAC", [], { mac: "02:00:00:00:0f:99" }],
    ["that is a request", [], { op: 1 }],
    ["without an address", [], { yiaddr: NONE }],
    ["of loopback", [], { yiaddr: "127.0.0.5" }],
    ["of a multicast address", [], { yiaddr: "224.0.0.5" }],
    ["of the network's own address", [], { yiaddr: "203.0.113.0" }],
    ["of the network's broadcast address", [], { yiaddr: "203.0.113.255" }],
    ["with a netmask of holes", [[CODE.mask, addressBytes("255.0.255.0")]]],
    ["with a netmask of zeros", [[CODE.mask, addressBytes(NONE)]]],
    ["with a netmask of three bytes", [[CODE.mask, Uint8Array.of(255, 255, 255)]]],
    ["of a server without an address", [[CODE.server, addressBytes(NONE)]]],
    ["with DNS servers of five bytes", [[CODE.dns, new Uint8Array(5)]]],
  ];
  it.each(offers)("%s", (_, options, header = {}) => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    uplink.answer(TYPE.offer, uplink.last(), options, header);
    expect([uplink.said(), uplink.client.state]).toEqual([[], "selecting"]);
  });

  const kept: [string, [number, Uint8Array][], Partial<Binding>][] = [
    ["a lease of a second is one of a minute", [[CODE.lease, numberBytes(1, 4)]], { leaseSeconds: 60 }],
    ["an endless lease", [[CODE.lease, numberBytes(0xffffffff, 4)]], { leaseSeconds: 0xffffffff }],
    ["an MTU of 68 is none", [[CODE.mtu, numberBytes(68, 2)]], {}],
    ["a domain with a blank is none", [[CODE.domain, textBytes("a b")]], {}],
    ["a DNS server on loopback is none", [[CODE.dns, addressBytes("127.0.0.53")]], { dns: [] }],
    ["rfc3442: the classless default route counts", [
      [CODE.routes, routesBytes([{ to: { address: NONE, prefix: 0 }, via: "203.0.113.2" }])],
    ], { gateway: "203.0.113.2" }],
  ];
  it.each(kept)("%s", (_, options, binding) => {
    const uplink = new Uplink();
    uplink.bind(options);
    expect(uplink.bindings).toEqual([{
      address: ADDRESS, prefix: 24, gateway: "203.0.113.254", dns: ["203.0.113.53", "198.51.100.53"],
      leaseSeconds: 1000, server: SERVER.address, ...binding,
    }]);
  });

  it.each(["198.51.100.1", ADDRESS, "203.0.113.255"])("a gateway of %s is none", (gateway) => {
    const uplink = new Uplink();
    uplink.bind([[CODE.router, addressBytes(gateway)]]);
    expect(uplink.bindings[0]).not.toHaveProperty("gateway");
  });

  it("nor is an acknowledgement of another address", () => {
    const uplink = new Uplink();
    uplink.client.linkUp();
    uplink.answer(TYPE.offer, uplink.last());
    uplink.answer(TYPE.ack, uplink.last(), [], { yiaddr: "203.0.113.78" });
    expect(uplink.bindings).toEqual([]);
  });
});

describe("rfc2131-4.4.5 renewing and rebinding", () => {
  it("asks its server at half of the time, by unicast", () => {
    const uplink = new Uplink();
    uplink.bind();
    expect(uplink.pass(500)).toEqual([500]);
    const request = uplink.last();
    expect(request).toMatchObject({ type: TYPE.request, ciaddr: ADDRESS, broadcast: false });
    expect(request.way).toMatchObject({
      source: ADDRESS, destination: SERVER.address, destinationMac: SERVER.mac,
    });
    expect([CODE.requested, CODE.server].some((code) => request.options.has(code))).toBe(false);
    uplink.answer(TYPE.ack, request);
    expect(uplink.bindings, "nothing has changed").toHaveLength(1);
    expect(uplink.pass(501)).toEqual([500]);
  });

  it("asks any server after seven eighths, and gives up at the end", () => {
    const uplink = new Uplink();
    uplink.bind();
    // Half of the rest again and again, but no more often than each minute.
    expect(uplink.pass(999)).toEqual([500, 688, 781, 841, 875, 938, 998]);
    const requests = uplink.said();
    expect(requests.at(-1)).toMatchObject({ ciaddr: ADDRESS, way: { destination: ALL } });
    expect(uplink.bindings).toHaveLength(1);
    uplink.pass(1);
    expect(uplink.bindings.at(-1)).toBeUndefined();
    expect(uplink.last().type).toBe(TYPE.discover);
  });

  it("keeps to the server's times where they make sense", () => {
    const uplink = new Uplink();
    uplink.bind([[CODE.renewal, numberBytes(100, 4)], [CODE.rebinding, numberBytes(200, 4)]]);
    expect(uplink.pass(120)).toEqual([100]);
  });

  it.each([[0, 900], [900, 100], [999, 1000]])("does not keep to T1 %d and T2 %d", (renewal, rebinding) => {
    const uplink = new Uplink();
    uplink.bind([[CODE.renewal, numberBytes(renewal, 4)], [CODE.rebinding, numberBytes(rebinding, 4)]]);
    expect(uplink.pass(520)).toEqual([500]);
  });

  it("begins anew where it is refused", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.pass(500);
    const request = uplink.last();
    uplink.answer(TYPE.nak, request, [[CODE.server, addressBytes("203.0.113.9")]]);
    expect(uplink.client.state, "not its server").toBe("renewing");
    uplink.answer(TYPE.nak, request);
    expect(uplink.bindings.at(-1)).toBeUndefined();
    expect(uplink.last().type).toBe(TYPE.discover);
  });

  it("tells of a binding that came back with other parameters", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.pass(500);
    uplink.answer(TYPE.ack, uplink.last(), [[CODE.dns, addressBytes("203.0.113.54")]]);
    expect(uplink.bindings.at(-1)?.dns).toEqual(["203.0.113.54"]);
  });

  it("asks nothing for decades of an endless lease, and has no timer that Node cannot set", () => {
    const uplink = new Uplink();
    uplink.bind([[CODE.lease, numberBytes(0xffffffff, 4)]]);
    expect(uplink.client.tick()).toBeLessThan(2 ** 31);
    expect(uplink.pass(86_400)).toEqual([]);
  });
});

describe("rfc2131-4.4.2 a link that comes back", () => {
  it("asks for the address that it had", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.client.linkDown();
    expect(uplink.pass(100)).toEqual([]);
    uplink.client.linkUp();
    const request = uplink.last();
    expect(request).toMatchObject({ type: TYPE.request, ciaddr: NONE });
    expect(addressIn(request.options, CODE.requested)).toBe(ADDRESS);
    expect(request.options.has(CODE.server)).toBe(false);
    uplink.answer(TYPE.ack, request);
    expect([uplink.client.state, uplink.bindings.length]).toEqual(["bound", 1]);
  });

  it("has another network: the address goes, a new one is looked for", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.client.linkUp();
    uplink.answer(TYPE.nak, uplink.last(), [[CODE.server, addressBytes("198.51.100.1")]]);
    expect(uplink.bindings.at(-1)).toBeUndefined();
    expect(uplink.last().type).toBe(TYPE.discover);
  });

  it("has no server: it discovers, and the address stays until its lease ends", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.client.linkUp();
    expect(uplink.pass(12)).toEqual([4, 12]);
    expect(uplink.said().map(({ type }) => type)).toEqual([TYPE.request, TYPE.request, TYPE.discover]);
    expect(uplink.client.binding?.address).toBe(ADDRESS);
    uplink.pass(1000);
    expect(uplink.bindings.at(-1)).toBeUndefined();
  });

  it("loses its address while it is down, when the lease ends", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.client.linkDown();
    expect(uplink.pass(1001)).toEqual([]);
    expect(uplink.bindings).toHaveLength(2);
    expect(uplink.client.snapshot()).toBeUndefined();
  });
});

describe("rfc2131-4.4.6 release", () => {
  it("tells the server, and stops", () => {
    const uplink = new Uplink();
    uplink.bind();
    uplink.client.release();
    const release = uplink.last();
    expect(release).toMatchObject({ type: TYPE.release, ciaddr: ADDRESS, way: { destination: SERVER.address } });
    expect(addressIn(release.options, CODE.server)).toBe(SERVER.address);
    expect(numberIn(release.options, CODE.requested)).toBeUndefined();
    expect(uplink.bindings.at(-1)).toBeUndefined();
    expect(uplink.pass(100)).toEqual([]);
  });

  it("says nothing where there is nothing to give back", () => {
    const uplink = new Uplink();
    uplink.client.release();
    expect([uplink.said(), uplink.bindings]).toEqual([[], []]);
  });
});

describe("a lease that was saved", () => {
  const saved = (): { uplink: Uplink; record: Record<string, unknown> } => {
    const uplink = new Uplink();
    uplink.bind();
    return { uplink, record: JSON.parse(JSON.stringify(uplink.client.snapshot())) as Record<string, unknown> };
  };

  it("is asked for again (rfc2131-4.4.2)", () => {
    const { uplink, record } = saved();
    uplink.client = uplink.make();
    expect(uplink.client.restore(record)).toBe(true);
    uplink.client.linkUp();
    const request = uplink.last();
    expect(addressIn(request.options, CODE.requested)).toBe(ADDRESS);
    expect(uplink.client.binding).toBeUndefined();
    uplink.answer(TYPE.ack, request);
    expect(uplink.bindings).toHaveLength(2);
  });

  it("is given up where the server refuses it (rfc2131-3.2)", () => {
    const { uplink, record } = saved();
    uplink.client = uplink.make();
    uplink.client.restore(record);
    uplink.client.linkUp();
    uplink.answer(TYPE.nak, uplink.last());
    expect([uplink.client.remembered, uplink.bindings.at(-1)]).toEqual([undefined, undefined]);
  });

  it("is given up when it ends and nobody has answered (rfc2131-3.2)", () => {
    const { uplink, record } = saved();
    uplink.client = uplink.make();
    uplink.client.restore(record);
    uplink.client.linkUp();
    uplink.pass(990);
    expect(uplink.bindings).toHaveLength(1);
    uplink.pass(20);
    expect([uplink.client.remembered, uplink.bindings.at(-1)]).toEqual([undefined, undefined]);
  });

  it.each([
    ["nothing", undefined], ["null", null], ["no binding", { binding: undefined }], ["ended", { expires: 5 }],
    ["no time", { expires: "x" }], ["no address", { address: "x" }], ["prefix 0", { prefix: 0 }],
    ["a far gateway", { gateway: "192.0.2.1" }], ["DNS of texts", { dns: ["x"] }], ["a small MTU", { mtu: 1 }],
    ["a bad domain", { domain: "a b" }], ["no lease", { leaseSeconds: 0 }], ["no server", { server: 7 }],
  ])("is checked: %s", (_, change) => {
    const { uplink, record } = saved();
    const binding = { ...record["binding"] as object, ...change };
    expect(uplink.make().restore(change && { ...record, binding, ...change })).toBe(false);
  });
});
