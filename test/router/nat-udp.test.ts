// RFC 4787 through the real core: mappings, ports, timers, filtering, hairpinning.

import { describe, expect, it } from "vitest";
import { A, B, C, GRACE, OUT, R, R2, S, dgram, portOf, said, seen } from "./nat-rig.js";
import { parseIp, udp } from "./packet.js";
import { RouterRig } from "./rig.js";

const TWO = { address: ["203.0.113.2/24", "203.0.113.3"] };
const DEPENDENT = { nat: { mapping: "address-and-port-dependent" } };

describe("rfc4787-req01 mapping", () => {
  it("endpoint-independent: one outside endpoint towards all remotes", () => {
    const rig = new RouterRig();
    expect([R, R2, S].map((remote) => said(rig.outbound(dgram(A, remote))))).toEqual(
      [R, R2, S].map((remote) => `${OUT}:1000 > ${remote}`));
    expect([rig.mappings, rig.sessions]).toEqual([1, 3]);
  });

  it("address-and-port-dependent: one for each remote endpoint", () => {
    const rig = new RouterRig(DEPENDENT);
    const ports = [R, R2, S].map((remote) => portOf(rig.outbound(dgram(A, remote))));
    expect([new Set(ports).size, rig.mappings]).toEqual([3, 3]);
    expect(portOf(rig.outbound(dgram(A, R2)))).toBe(ports[1]);
  });
});

it("rfc4787-req02 pairing: all of a host leaves by one outside address", () => {
  const rig = new RouterRig({ uplink: TWO });
  const addressOf = (from: string, to: string) => seen(rig.outbound(dgram(from, to))).ip!.from;
  const first = addressOf(A, R);
  expect([addressOf("10.0.10.5:2000", S), addressOf("10.0.10.5:2001", R2)]).toEqual([first, first]);
  expect(addressOf(B, R)).not.toBe(first); // hosts are spread
});

describe("rfc4787-req03 ports", () => {
  it.each([1, 1023, 1024, 40000, 65535])("%i is kept where it is free", (port) => {
    expect(portOf(new RouterRig().outbound(dgram(`10.0.10.5:${port}`, R)))).toBe(port);
  });

  it("rfc2131 4.1 that of DHCP clients is the router's own, and no guest's", () => {
    const rig = new RouterRig();
    expect(portOf(rig.outbound(dgram("10.0.10.5:68", R)))).not.toBe(68);
    expect(said(rig.inbound(dgram(R, `${OUT}:68`)))).toBe("nat-filtered");
  });

  it("are not overloaded, even towards different remotes", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    expect(portOf(rig.outbound(dgram(B, S)))).not.toBe(1000);
    expect(rig.takenPorts).toBe(2);
  });

  it.each([[80, 1, 1023], [1000, 1, 1023], [1024, 1024, 65535], [5000, 1024, 65535]])(
    "rfc4787-req03a %i, taken, becomes one of %i to %i", (port, low, high) => {
      const rig = new RouterRig();
      rig.outbound(dgram(`10.0.10.5:${port}`, R));
      const other = portOf(rig.outbound(dgram(`10.0.10.6:${port}`, R)));
      expect(other).toBeGreaterThanOrEqual(low);
      expect(other).toBeLessThanOrEqual(high);
    });

  it("rfc4787-req03b are free again once their session is over", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    rig.wait(310);
    expect([rig.takenPorts, portOf(rig.outbound(dgram(B, R)))]).toEqual([0, 1000]);
  });
});

it.each([4000, 4001])("rfc4787-req04 parity of %i is kept", (port) => {
  const rig = new RouterRig();
  for (const host of [5, 6, 7, 8]) {
    expect(portOf(rig.outbound(dgram(`10.0.10.${host}:${port}`, R))) % 2).toBe(port % 2);
  }
});

describe("rfc4787-req05 timers", () => {
  it("a session lives for 300 s and is not used after that, looked at or not", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    rig.jump(299);
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${A}`);
    rig.jump(1 + GRACE);
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe("nat-filtered");
  });

  it("a used one has all of them again, up to the last packet", () => {
    const rig = new RouterRig();
    for (let sent = 0; sent < 25; sent++) {
      rig.outbound(dgram(A, R));
      rig.jump(0.1);
    }
    rig.jump(299.8);
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${A}`);
  });

  it("a port of the remote may have its own", () => {
    const rig = new RouterRig({ nat: { timeouts: { ports: { "udp 53": "10s" } } } });
    for (const remote of [R, R2]) rig.outbound(dgram(A, remote));
    rig.jump(12);
    expect([R, R2].map((remote) => said(rig.inbound(dgram(remote, `${OUT}:1000`))))).toEqual(
      [`${R2} > ${A}`, `${R2} > ${A}`].map((text, i) => text.replace(R2, [R, R2][i]!)));
    rig.jump(288 + GRACE);
    expect(said(rig.inbound(dgram(R2, `${OUT}:1000`)))).toBe("nat-filtered");
  });
});

it("rfc4787-req06 outbound refreshes, inbound does not", () => {
  const rig = new RouterRig();
  rig.outbound(dgram(A, R));
  rig.jump(200);
  rig.inbound(dgram(R, `${OUT}:1000`));
  rig.jump(100 + GRACE);
  expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe("nat-filtered");
  rig.outbound(dgram(A, R));
  rig.jump(200);
  rig.outbound(dgram(A, R));
  rig.jump(200);
  expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${A}`);
});

describe("rfc4787-req08 filtering", () => {
  const cases: [string, string[]][] = [
    ["endpoint-independent", [R, R2, S]], ["address-dependent", [R, R2]], ["address-and-port-dependent", [R]],
  ];
  it.each(cases)("%s", (filtering, admitted) => {
    const rig = new RouterRig({ nat: { filtering } });
    rig.outbound(dgram(A, R));
    expect([R, R2, S].filter((from) => said(rig.inbound(dgram(from, `${OUT}:1000`))) === `${from} > ${A}`))
      .toEqual(admitted);
  });

  it("what another host's mapping has spoken to opens nothing", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(A, R));
    rig.outbound(dgram("10.0.10.6:2000", S));
    expect(said(rig.inbound(dgram(S, `${OUT}:1000`)))).toBe("nat-filtered");
  });

  it("a permit ends with its session", () => {
    const rig = new RouterRig({ nat: { timeouts: { ports: { "udp 53": "10s" } } } });
    for (const remote of [R, "198.51.100.11:99"]) rig.outbound(dgram(A, remote));
    rig.wait(20);
    expect(said(rig.inbound(dgram(R2, `${OUT}:1000`)))).toBe("nat-filtered");
  });
});

describe("rfc4787-req09 hairpinning", () => {
  it("the far end sees the outside source, and answers by it", () => {
    const rig = new RouterRig({ nat: { filtering: "endpoint-independent" } });
    rig.outbound(dgram(C, S));
    const own = said(rig.outbound(dgram(A, R))).split(" ")[0]!; // of another port, since C has 1000
    expect(said(rig.outbound(dgram(A, `${OUT}:1000`)))).toBe(`${own} > ${C}`);
    expect(said(rig.outbound(dgram(C, own)))).toBe(`${OUT}:1000 > ${A}`);
  });

  it("filters as it does what comes from outside", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(C, S));
    expect(said(rig.outbound(dgram(A, `${OUT}:1000`)))).toBe("nat-filtered");
  });

  it("reaches who speaks to itself", () => {
    const rig = new RouterRig({ nat: { filtering: "endpoint-independent" } });
    rig.outbound(dgram(A, R));
    expect(said(rig.outbound(dgram(A, `${OUT}:1000`)))).toBe(`${OUT}:1000 > ${A}`);
  });
});

it("rfc4787-req10 no ALG: addresses in a payload stay", () => {
  const payload = "PORT 10,0,10,5,3,232 10.0.10.5:1000 \x0a\x00\x0a\x05";
  const { payload: left } = seen(new RouterRig().outbound(dgram(A, "198.51.100.9:21", payload)));
  expect(Buffer.from(left).toString()).toBe(payload);
});

it("rfc4787-req11 deterministic: a conflict changes no behaviour", () => {
  const rig = new RouterRig();
  rig.outbound(dgram(B, R));
  const port = portOf(rig.outbound(dgram(A, R)));
  expect([R2, S].map((remote) => portOf(rig.outbound(dgram(A, remote))))).toEqual([port, port]);
  expect(said(rig.inbound(dgram(R2, `${OUT}:${port}`)))).toBe(`${R2} > ${A}`);
  expect(said(rig.inbound(dgram("198.51.100.77:1", `${OUT}:${port}`)))).toBe("nat-filtered");
});

it("a restart keeps sessions, their ports and their ends", () => {
  const rig = new RouterRig();
  rig.outbound(dgram(B, R));
  const port = portOf(rig.outbound(dgram(A, R)));
  rig.jump(100);
  rig.restart();
  expect([portOf(rig.outbound(dgram(A, S))), said(rig.inbound(dgram(R2, `${OUT}:${port}`)))])
    .toEqual([port, `${R2} > ${A}`]);
  rig.jump(200 + GRACE);
  expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe("nat-filtered");
});

describe("headers", () => {
  it("with options are translated, and keep them", () => {
    const ipOptions = Uint8Array.from([0x94, 4, 0, 0, 1, 1, 1, 0]);
    const outcome = new RouterRig().outbound(udp({ from: A, to: R, payload: "x", ipOptions }));
    expect(said(outcome)).toBe(`${OUT}:1000 > ${R}`);
    expect(seen(outcome).ip!.headerLength).toBe(28);
  });

  it.each([[1, "ttl"], [2, 1], [64, 63], [255, 254]])("of TTL %i: %s", (ttl, after) => {
    const outcome = new RouterRig().outbound(udp({ from: A, to: R, ttl, payload: "x" }));
    expect(outcome.kind === "forward" ? parseIp(outcome.packet).ip!.ttl : said(outcome)).toBe(after);
  });
});
