// RFC 5508 through the real core: queries by identifier, and errors both ways with the packet that each quotes.

import { describe, expect, it } from "vitest";
import { A, B, GRACE, OUT, R, connect, dgram, said, seen, seg } from "./nat-rig.js";
import { endpoint, put16 } from "./bytes.js";
import { icmp, icmpError, ping, tcp, udp } from "./packet.js";
import { RouterRig } from "./rig.js";

const HOST = endpoint(A).address;
const REMOTE = endpoint(R).address;
const HOP = "198.51.100.200"; // a router on the way

const ask = (type: 8 | 13, id = 7, from = HOST) => ping({ from: `${from}:${id}`, to: REMOTE, type });
const reply = (type: 0 | 14, id = 7, from = REMOTE) => ping({ from, to: `${OUT}:${id}`, type });

describe("rfc5508-req01 query mappings", () => {
  it.each([[8, 0], [13, 14]] as const)("type %i goes out, %i comes back", (query, answer) => {
    const rig = new RouterRig();
    expect(said(rig.outbound(ask(query)))).toBe(`${OUT} > ${REMOTE} icmp ${query} 7`);
    expect(said(rig.inbound(reply(answer)))).toBe(`${REMOTE} > ${HOST} icmp ${answer} 7`);
  });

  it("two hosts with one identifier get two", () => {
    const rig = new RouterRig();
    rig.outbound(ask(8));
    const { icmp: left } = seen(rig.outbound(ask(8, 7, "10.0.10.6")));
    expect(left!.id).not.toBe(7);
    expect(said(rig.inbound(reply(0, left!.id)))).toBe(`${REMOTE} > 10.0.10.6 icmp 0 7`);
  });

  it("identifier 0 is one as any other", () => {
    const rig = new RouterRig();
    const { icmp: left } = seen(rig.outbound(ask(8, 0)));
    expect(said(rig.inbound(reply(0, left!.id)))).toBe(`${REMOTE} > ${HOST} icmp 0 0`);
  });

  it.each([["from whom nobody asked", "198.51.100.77", 7], ["of another identifier", REMOTE, 8]])(
    "a reply %s is dropped", (_, from, id) => {
      const rig = new RouterRig();
      rig.outbound(ask(8));
      expect(said(rig.inbound(reply(0, id, from)))).toBe("nat-filtered");
    });

  it.each([5, 9, 10, 15, 17])("type %i, which is no query, is not translated", (type) => {
    const rig = new RouterRig();
    rig.outbound(ask(8, 0));
    const payload = dgram(A, R);
    expect(said(rig.outbound(icmp({ from: HOST, to: REMOTE, type, payload })))).toBe("nat-filtered");
    expect(said(rig.inbound(icmp({ from: REMOTE, to: OUT, type, payload })))).toBe("nat-filtered");
  });
});

it("rfc5508-req02 a query's session lives for 60 s", () => {
  const rig = new RouterRig();
  rig.outbound(ask(8));
  rig.jump(59.9);
  expect(said(rig.inbound(reply(0)))).toBe(`${REMOTE} > ${HOST} icmp 0 7`);
  rig.jump(62);
  expect(said(rig.inbound(reply(0)))).toBe("nat-filtered");
});

/** What a host outside, and one inside, quote of a session: protocol by protocol. */
const sessions: [string, (rig: RouterRig) => void, Uint8Array, Uint8Array][] = [
  ["udp", (rig) => rig.outbound(dgram(A, R)), dgram(`${OUT}:1000`, R, "sent"), dgram(R, A, "got")],
  ["udp without a checksum", (rig) => rig.outbound(dgram(A, R)),
    udp({ from: `${OUT}:1000`, to: R, checksum: 0, payload: "x" }), udp({ from: R, to: A, checksum: 0, payload: "x" })],
  ["tcp", (rig) => { connect(rig); },
    seg(`${OUT}:1000`, R, "A", { payload: "sent" }), seg(R, A, "A", { payload: "got" })],
  ["icmp", (rig) => rig.outbound(ask(8)), ping({ from: `${OUT}:7`, to: REMOTE }),
    ping({ from: REMOTE, to: `${HOST}:7`, type: 0 })],
];

describe.each(sessions)("rfc5508-req04, req05, rfc5382-req09 errors about %s", (_, open, sent, got) => {
  const types: [number, number, number][] = [[3, 1, 0], [3, 3, 0], [3, 4, 1400], [4, 0, 0], [11, 0, 0], [12, 0, 0]];
  it.each(types)("type %i code %i from a router outside: about what the host sent", (type, code, mtu) => {
    const rig = new RouterRig();
    open(rig);
    const { ip, icmp: error } = seen(rig.inbound(icmpError({ from: HOP, to: OUT, type, code, mtu, about: sent })));
    expect([ip!.from, ip!.to, error!.type, error!.code, error!.rest & 0xffff]).toEqual([HOP, HOST, type, code, mtu]);
    const about = error!.about!;
    expect([about.ip!.from, about.ip!.to, (about.udp ?? about.tcp)?.from ?? about.icmp!.id])
      .toEqual([HOST, REMOTE, about.icmp ? 7 : A]);
    expect(about.faults).toEqual([]);
  });

  it("from inside reaches the remote as one of the outside address", () => {
    const rig = new RouterRig();
    open(rig);
    const { ip, icmp: error } = seen(rig.outbound(icmpError({ from: HOST, to: REMOTE, about: got })));
    expect([ip!.from, ip!.to]).toEqual([OUT, REMOTE]);
    const about = error!.about!;
    expect([about.ip!.from, about.ip!.to, (about.udp ?? about.tcp)?.to ?? about.icmp!.id])
      .toEqual([REMOTE, OUT, about.icmp ? 7 : `${OUT}:1000`]);
    expect(about.faults).toEqual([]);
  });

  it.each(Array.from({ length: sent.length + 1 }, (_each, keep) => keep))("with %i bytes of it", (keep) => {
    const rig = new RouterRig();
    open(rig);
    const outcome = rig.inbound(icmpError({ from: HOP, to: OUT, about: sent, keep }));
    if (keep < 28) expect(said(outcome)).toBe("malformed");
    else expect(seen(outcome).icmp!.about!.ip).toMatchObject({ from: HOST, to: REMOTE });
  });

  it("rfc5508-req03 with a wrong checksum is dropped", () => {
    const rig = new RouterRig();
    open(rig);
    expect(said(rig.inbound(icmpError({ from: HOP, to: OUT, about: sent, checksum: 0x1234 })))).toBe("checksum");
  });

  it("rfc4787-req12, rfc5382-req10 does not end the session", () => {
    const rig = new RouterRig();
    open(rig);
    for (const code of [0, 1, 2, 3, 13]) rig.inbound(icmpError({ from: HOP, to: OUT, code, about: sent }));
    expect(rig.sessions).toBe(1);
  });

  it("rfc5508-req06 does not keep it either", () => {
    const rig = new RouterRig();
    open(rig);
    rig.jump(7440 + GRACE);
    expect(said(rig.inbound(icmpError({ from: HOP, to: OUT, about: sent })))).toBe("nat-filtered");
  });
});

describe("rfc5508-req04, req05 errors that are no flow's", () => {
  const quoting = (about: Uint8Array) => icmpError({ from: HOP, to: OUT, about });
  it.each<[string, Uint8Array]>([
    ["another port", dgram(`${OUT}:1001`, R)], ["another remote", dgram(`${OUT}:1000`, "198.51.100.10:53")],
    ["another protocol", tcp({ from: `${OUT}:1000`, to: R })], ["what came in", dgram(R, `${OUT}:1000`)],
    ["an error", icmpError({ from: OUT, to: REMOTE, about: dgram(R, `${OUT}:1000`) })],
  ])("%s: dropped, and the session lives", (_, about) => {
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    expect(said(rig.inbound(quoting(about)))).toBe("nat-filtered");
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${A}`);
  });

  it("a later fragment: dropped", () => {
    const about = dgram(`${OUT}:1000`, R);
    put16(about, 6, 0x2001);
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    expect(said(rig.inbound(quoting(about)))).toBe("nat-filtered");
  });

  it.each<[string, number, number]>([["version", 0, 0x65], ["header length", 0, 0x41], ["longer header", 0, 0x4f]])(
    "a wrong %s inside: malformed", (_, at, value) => {
      const about = dgram(`${OUT}:1000`, R);
      const error = icmpError({ from: HOP, to: OUT, about, keep: 28 });
      const broken = icmp({ from: HOP, to: OUT, type: 3, code: 1, payload: changed(error.slice(28), at, value) });
      expect(said(new RouterRig().inbound(broken))).toBe("malformed");
    });
});

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return bytes.map((byte, index) => index === at ? value : byte);
}

it("rfc5508-req07 errors hairpin: who is behind one outside address learns of it", () => {
  const rig = new RouterRig({ nat: { filtering: "endpoint-independent" } });
  rig.outbound(dgram(B, R));
  const port = Number(said(rig.outbound(dgram(A, R))).split(":")[1]!.split(" ")[0]);
  rig.outbound(dgram(A, `${OUT}:1000`)); // to B
  const got = dgram(`${OUT}:${port}`, B);
  const { ip, icmp: error } = seen(rig.outbound(icmpError({ from: "10.0.10.6", to: OUT, code: 3, about: got })));
  expect([ip!.from, ip!.to, error!.about!.udp]).toMatchObject([OUT, HOST, { from: A, to: `${OUT}:1000` }]);
});

it("rfc5508-req10 the router's own errors reach the sender, and say what it sent", () => {
  const rig = new RouterRig();
  const seenInside = rig.send(udp({ from: A, to: R, ttl: 1, payload: "x" }))["a10"]![0]!;
  const error = { type: 11, about: { udp: { from: A } } };
  expect(seenInside).toMatchObject({ ip: { from: "10.0.10.1", to: HOST }, icmp: error });
});

it("the outside address itself answers pings of both sides", () => {
  const rig = new RouterRig();
  expect(said(rig.inbound(ping({ from: `${REMOTE}:9`, to: OUT })))).toBe("local");
  expect(said(rig.outbound(ping({ from: `${HOST}:9`, to: OUT })))).toBe("local");
});
