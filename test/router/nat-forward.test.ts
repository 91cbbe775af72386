// Forwards and 1:1 addresses through the real core: both directions, hairpins, changes at run time.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { A, B, C, OUT, R, S, dgram, portOf, said, seen, seg } from "./nat-rig.js";
import { ip, ping } from "./packet.js";
import { RouterRig } from "./rig.js";

const OTHER = "203.0.113.3";
const TWO = { address: ["203.0.113.2/24", OTHER] };

describe("forward", () => {
  it.each(["endpoint-independent", "address-dependent", "address-and-port-dependent"])(
    "lets anybody in, and answers go back, with %s filtering", (filtering) => {
      const rig = new RouterRig({ nat: { filtering }, forwards: ["tcp 8080 -> 10.0.10.5:80", "udp 53 -> 10.0.10.6"] });
      expect(said(rig.inbound(seg(R, `${OUT}:8080`, "S")))).toBe(`${R} > 10.0.10.5:80`);
      expect(said(rig.outbound(seg("10.0.10.5:80", R, "SA")))).toBe(`${OUT}:8080 > ${R}`);
      expect(said(rig.inbound(dgram(S, `${OUT}:53`)))).toBe(`${S} > 10.0.10.6:53`);
      expect(said(rig.outbound(dgram("10.0.10.6:53", S)))).toBe(`${OUT}:53 > ${S}`);
    });

  it("of a range: in step, and not beyond", () => {
    const rig = new RouterRig({ forwards: ["udp 5000-5002 -> 10.0.10.5:6000"] });
    expect([4999, 5000, 5002, 5003].map((port) => said(rig.inbound(dgram(R, `${OUT}:${port}`))))).toEqual(
      ["nat-filtered", `${R} > 10.0.10.5:6000`, `${R} > 10.0.10.5:6002`, "nat-filtered"]);
  });

  it("by outside address", () => {
    const rig = new RouterRig({ uplink: TWO, forwards: [`tcp ${OTHER}:80 -> 10.0.10.5:80`] });
    expect(said(rig.inbound(seg(R, `${OTHER}:80`, "S")))).toBe(`${R} > 10.0.10.5:80`);
    expect(said(rig.inbound(seg(R, `${OUT}:80`, "S")))).toBe("nat-filtered");
  });

  it("is what its inside end leaves by, and nobody else's port", () => {
    const rig = new RouterRig({ forwards: ["udp 1000 -> 10.0.10.5:1000"] });
    expect(said(rig.outbound(dgram(A, R)))).toBe(`${OUT}:1000 > ${R}`);
    expect(portOf(rig.outbound(dgram(B, R)))).not.toBe(1000);
  });

  it("rfc4787-req09, rfc5382-req08 hairpins: the far end sees the outside source", () => {
    const rig = new RouterRig({ forwards: ["tcp 8080 -> 10.0.10.5:80"] });
    expect(said(rig.outbound(seg(C, `${OUT}:8080`, "S")))).toBe(`${OUT}:1000 > 10.0.10.5:80`);
    expect(said(rig.outbound(seg("10.0.10.5:80", `${OUT}:1000`, "SA")))).toBe(`${OUT}:8080 > ${C}`);
    expect(said(rig.outbound(seg(B, `${OUT}:8080`, "S")))).not.toContain("1000 >"); // of the same network, too
  });

  it("takes the port from who has it, whose session ends", () => {
    const rig = new RouterRig();
    rig.outbound(dgram(B, R));
    rig.outbound(dgram(C, R));
    rig.tables.addForward(rig.router, { protocol: "udp", port: 1000, count: 1, inside: "10.0.10.5", insidePort: 7 });
    expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > 10.0.10.5:7`);
    expect(rig.sessions).toBe(2);
    expect(portOf(rig.outbound(dgram(B, R)))).not.toBe(1000);
  });

  it("taken back: its sessions end, others live, the port is free", () => {
    const forward = { protocol: "tcp", port: 8080, count: 2, inside: "10.0.10.5", insidePort: 80 } as const;
    const rig = new RouterRig({ forwards: ["tcp 8080-8081 -> 10.0.10.5:80"] }, { workers: 1 });
    rig.inbound(seg(R, `${OUT}:8080`, "S"));
    rig.outbound(seg(C, `${OUT}:8081`, "S")); // a hairpin, which two workers have as two sessions
    rig.outbound(dgram(A, R));
    rig.tables.removeForward(rig.router, forward);
    expect([rig.sessions, rig.mappings, rig.takenPorts]).toEqual([1, 1, 1]);
    expect(said(rig.inbound(seg(R, `${OUT}:8080`, "A")))).toBe("nat-filtered");
    expect(portOf(rig.outbound(seg("10.0.10.6:8080", R, "S")))).toBe(8080);
  });

  it("survives the end of its sessions, and a restart", () => {
    const rig = new RouterRig({ forwards: ["udp 53 -> 10.0.10.6"] });
    rig.inbound(dgram(S, `${OUT}:53`));
    rig.restart();
    expect(said(rig.outbound(dgram("10.0.10.6:53", S)))).toBe(`${OUT}:53 > ${S}`);
    rig.rig.host.endSessions(rig.router.index);
    expect(said(rig.inbound(dgram(R, `${OUT}:53`)))).toBe(`${R} > 10.0.10.6:53`);
  });
});

describe.each(["endpoint-independent", "address-and-port-dependent"])("1:1 with %s mapping", (mapping) => {
  const whole = () => new RouterRig({ uplink: TWO, nat: { mapping }, forwards: [`1:1 ${OTHER} -> 10.0.20.7`] });

  it.each([1, 80, 1000, 65535])("keeps port %i both ways", (port) => {
    const rig = whole();
    expect(said(rig.outbound(dgram(`10.0.20.7:${port}`, R)))).toBe(`${OTHER}:${port} > ${R}`);
    expect(said(rig.inbound(seg(S, `${OTHER}:${port}`, "S")))).toBe(`${S} > 10.0.20.7:${port}`);
    expect(said(rig.outbound(seg(`10.0.20.7:${port}`, S, "SA")))).toBe(`${OTHER}:${port} > ${S}`);
  });

  it("is nobody else's address", () => {
    const rig = whole();
    expect([A, B, "10.0.10.7:1"].map((from) => seen(rig.outbound(dgram(from, R))).ip!.from)).toEqual([OUT, OUT, OUT]);
  });

  it("translates what has no ports, such as GRE, both ways, and for 1:1 only", () => {
    const gre = (from: string, to: string) => ip({ from, to, protocol: 47, payload: "tunnel" });
    const rig = whole();
    expect(said(rig.outbound(gre("10.0.20.7", "198.51.100.9")))).toBe(`${OTHER} > 198.51.100.9`);
    expect(said(rig.inbound(gre("198.51.100.10", OTHER)))).toBe("198.51.100.10 > 10.0.20.7");
    expect(said(rig.outbound(gre("10.0.10.5", "198.51.100.9")))).toBe("nat-filtered");
    expect(said(rig.inbound(gre("198.51.100.10", OUT)))).toBe("nat-filtered");
  });

  it("does not translate protocol 0, whole or in parts, which IPv4 has not", () => {
    const rig = whole();
    const packet = { from: "10.0.20.7", protocol: 0, payload: "abcdefgh" };
    for (let i = 1; i <= 20; i++) {
      rig.send(ip({ ...packet, to: `198.51.100.${i}` }));
      rig.send(ip({ ...packet, to: `198.51.100.${i}`, id: 0, offset: 8 }));
    }
    expect([rig.sessions, rig.count(layout.PENDING_SLAB), rig.drops()]).toEqual([0, 0, { malformed: 40 }]);
  });

  it("passes pings of both sides", () => {
    const rig = whole();
    expect(said(rig.inbound(ping({ from: "198.51.100.9:5", to: OTHER })))).toBe("198.51.100.9 > 10.0.20.7 icmp 8 5");
    expect(said(rig.outbound(ping({ from: "10.0.20.7", to: "198.51.100.9:5", type: 0 }))))
      .toBe(`${OTHER} > 198.51.100.9 icmp 0 5`);
  });

  it("hairpins", () => {
    const rig = whole();
    expect(said(rig.outbound(seg(A, `${OTHER}:80`, "S")))).toBe(`${OUT}:1000 > 10.0.20.7:80`);
    expect(said(rig.outbound(seg("10.0.20.7:80", `${OUT}:1000`, "SA")))).toBe(`${OTHER}:80 > ${A}`);
  });
});
