// The reference NAT against cases written by hand from the RFCs: a model that is wrong would make the core wrong.
// nat-tcp.test.ts has those of connections.

import { describe, expect, it } from "vitest";
import { endpoint } from "../router/bytes.js";
import { icmpError, ip, parseIp, ping, tcp, udp } from "../router/packet.js";
import { A, B, O, Play, R, R2, S, dgram, seg } from "./nat-play.js";
import { translated } from "./nat-rewrite.js";
import type { NatModelConfig } from "./nat.js";

describe("mapping", () => {
  it("rfc4787-req01 is one for all remotes where it is endpoint-independent", () => {
    const play = new Play();
    expect(play.out(dgram(A, R), `${O}:1000`)).toBe(`udp ${O}:1000 > ${R} ttl 63`);
    expect(play.out(dgram(A, S))).toBe(`udp ${O}:1000 > ${S} ttl 63`);
  });

  it("rfc4787-req01 is one for each remote endpoint where it is address-and-port-dependent", () => {
    const play = new Play({ mapping: "address-and-port-dependent" });
    play.out(dgram(A, R), `${O}:1000`);
    expect(play.out(dgram(A, R2))).toBe("choose");
    expect(play.out(dgram(A, R2), `${O}:1002`)).toBe(`udp ${O}:1002 > ${R2} ttl 63`);
    expect(play.out(dgram(A, R))).toBe(`udp ${O}:1000 > ${R} ttl 63`);
  });

  it.each<[string, string[], Uint8Array, string, string]>([
    ["req02 pairs addresses", [O, "203.0.113.3"], dgram("10.0.10.5:7", R), "203.0.113.3:7", "REQ-2"],
    ["req03 never overloads a port", [O], dgram(B, R), `${O}:1000`, "the port is taken"],
    ["req03 keeps a free port", [O], dgram("10.0.10.6:5000", R), `${O}:6000`, "5000 was free"],
    ["req03 stays below 1024", [O], dgram(B, R), `${O}:2000`, "not on the same side of 1024"],
    ["req04 keeps parity", [O], dgram(B, R), `${O}:999`, "wants the parity"],
    ["takes the router's addresses", [O], dgram(B, R), "203.0.113.77:1000", "wants an address of"],
  ])("rfc4787-%s", (_, outside, packet, source, complaint) => {
    const play = new Play({ outside });
    play.out(dgram(A, R), `${O}:1000`);
    expect(play.choose(packet, source).join()).toContain(complaint);
  });

  it("takes another port of the same parity and rank for one that is taken", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    expect(play.choose(dgram(B, R), `${O}:998`)).toEqual([]);
  });

  it("complains of what is translated wrongly", () => {
    const { model, now } = new Play();
    const expectation = model.outbound(dgram(A, R), now);
    const packet = udp({ from: `${O}:1000`, to: R, payload: "x" });
    expect(model.observe(expectation, { kind: "forward", to: "outside", packet }).join()).toContain("ttl 63");
    expect(model.observe(expectation, { kind: "drop", reason: "nat-limit" }).join()).toContain("dropped for nat-limit");
  });
});

describe("lives", () => {
  it("rfc4787-req05 end after their seconds, by the remote's port where that is configured", () => {
    const play = new Play({ filtering: "endpoint-independent" });
    play.out(dgram(A, "198.51.100.9:99"), `${O}:1000`);
    play.out(dgram(B, R), `${O}:2`);
    play.now = 30;
    expect(play.in(dgram(R, `${O}:2`))).toBe(`udp ${R} > ${B} ttl 63`);
    play.now = 31;
    expect(play.in(dgram(R, `${O}:2`))).toBe("uncertain");
    expect(play.model.settled(31)).toBe(32);
    play.now = 32;
    expect(play.in(dgram(R, `${O}:2`))).toBe("drop nat-filtered");
    expect(play.in(dgram(R, `${O}:1000`))).toBe(`udp ${R} > ${A} ttl 63`);
  });

  it("rfc4787-req06 are prolonged by what leaves, and not by what comes", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    play.now = 20;
    play.in(dgram(R, `${O}:1000`));
    play.now = 32;
    expect(play.in(dgram(R, `${O}:1000`))).toBe("drop nat-filtered");
    play.out(dgram(A, R), `${O}:1000`);
    play.now = 50;
    play.out(dgram(A, R));
    play.now = 80;
    expect(play.in(dgram(R, `${O}:1000`))).toBe(`udp ${R} > ${A} ttl 63`);
  });

  it("of what came from outside end with the mapping", () => {
    const play = new Play({ filtering: "endpoint-independent" });
    play.out(dgram(A, R), `${O}:1000`);
    play.now = 29;
    play.in(dgram("198.51.100.77:7", `${O}:1000`));
    play.now = 32;
    expect(play.model.mappings(32)).toEqual([]);
  });

  it("go on over a restart with a state file only", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    play.model.restart(true);
    expect(play.out(dgram(A, R))).not.toBe("choose");
    play.model.restart(false);
    expect(play.out(dgram(A, R))).toBe("choose");
  });
});

describe("filtering", () => {
  const NEW = "198.51.100.77:7";
  it.each<[NatModelConfig["filtering"], string, boolean]>([
    ["endpoint-independent", NEW, true],
    ["address-dependent", NEW, false],
    ["address-dependent", R2, true],
    ["address-and-port-dependent", R2, false],
    ["address-and-port-dependent", R, true],
  ])("rfc4787-req08 %s and %s", (filtering, from, admitted) => {
    const play = new Play({ filtering });
    play.out(dgram(A, R), `${O}:1000`);
    expect(play.in(dgram(from, `${O}:1000`))).toBe(admitted ? `udp ${from} > ${A} ttl 63` : "drop nat-filtered");
  });

  it("has nothing to let in without a mapping", () => {
    expect(new Play().in(dgram(R, `${O}:1000`))).toBe("drop nat-filtered");
  });
});

describe("icmp", () => {
  const P = "10.0.10.5:7";

  it("rfc5508-req01 translates queries by identifier", () => {
    const play = new Play();
    expect(play.out(ping({ from: P, to: "198.51.100.9" }), `${O}:7`)).toBe(`icmp 8/0 id 7 ${O} > 198.51.100.9 ttl 63`);
    expect(play.choose(ping({ from: "10.0.10.6:7", to: "198.51.100.9" }), `${O}:9`)).toEqual([]);
    expect(play.in(ping({ from: "198.51.100.9", to: `${O}:9`, type: 0 })))
      .toBe("icmp 0/0 id 7 198.51.100.9 > 10.0.10.6 ttl 63");
  });

  it("rfc5508-req02 keeps them 60 s", () => {
    const play = new Play();
    play.out(ping({ from: P, to: "198.51.100.9" }), `${O}:7`);
    play.now = 50;
    play.in(ping({ from: "198.51.100.9", to: `${O}:7`, type: 0 }));
    play.now = 110;
    expect(play.in(ping({ from: "198.51.100.9", to: `${O}:7`, type: 0 }))).toContain("> 10.0.10.5");
  });

  it("answers a ping to the router itself, from either side, also with TTL 1", () => {
    expect(new Play().in(ping({ from: "198.51.100.9:7", to: O, ttl: 1 }))).toBe("local");
    expect(new Play().out(ping({ from: P, to: O }))).toBe("local");
  });

  it("rfc5508-req04 rfc4787-req12 takes an error in, about what the host sent, and ends nothing", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    const sent = udp({ from: `${O}:1000`, to: R, payload: "x", ttl: 63 });
    const error = icmpError({ from: "192.0.2.1", to: O, about: sent, keep: sent.length });
    const { verdict } = play.model.inbound(error, 0);
    const expected = icmpError({
      from: "192.0.2.1", to: "10.0.10.5", ttl: 63, keep: sent.length,
      about: udp({ from: A, to: R, payload: "x", ttl: 63 }),
    });
    expect(verdict).toMatchObject({ kind: "forward", to: "inside", packet: expected });
    expect(play.in(error)).toContain("> 10.0.10.5");
    expect(play.in(dgram(R, `${O}:1000`))).toContain(A);
  });

  it("rfc5508-req05 takes an error out, with the packet inside as the remote sent it", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    const got = udp({ from: R, to: A, payload: "x" });
    const error = icmpError({ from: "10.0.10.5", to: "198.51.100.9", code: 3, about: got });
    const { verdict } = play.model.outbound(error, 0);
    const packet = icmpError({
      from: O, to: "198.51.100.9", code: 3, ttl: 63, about: udp({ from: R, to: `${O}:1000`, payload: "x" }),
    });
    expect(verdict).toMatchObject({ kind: "forward", to: "outside", packet });
  });

  it("rfc5508-req04 drops an error about what nobody sent", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    const error = icmpError({ from: "192.0.2.1", to: O, about: dgram(`${O}:1000`, S) });
    expect(play.in(error)).toBe("drop nat-filtered");
  });

  it("drops an error with too little inside, at every length", () => {
    const play = new Play();
    play.out(dgram(A, R), `${O}:1000`);
    const about = dgram(`${O}:1000`, R);
    for (let keep = 0; keep <= about.length; keep++) {
      const left = play.in(icmpError({ from: "192.0.2.1", to: O, about, keep }));
      expect(left).toBe(keep < 28 ? "drop malformed" : "icmp 3/1 id none 192.0.2.1 > 10.0.10.5 ttl 63");
    }
  });
});

describe("hairpins", () => {
  it("rfc4787-req09 have the sender's outside endpoint as their source, and pass the filter", () => {
    const play = new Play({ filtering: "address-dependent" });
    play.out(dgram(B, R), `${O}:1000`);
    expect(play.out(dgram("10.0.10.5:5", `${O}:1000`), undefined)).toBe("choose");
    play.out(dgram("10.0.10.5:5", R), `${O}:5`);
    expect(play.out(dgram("10.0.10.5:5", `${O}:1000`))).toBe("drop nat-filtered");
    expect(play.out(dgram(B, `${O}:5`))).toBe(`udp ${O}:1000 > 10.0.10.5:5 ttl 63`); // who has sent to O before
    expect(play.out(dgram("10.0.10.5:5", `${O}:1000`))).toBe(`udp ${O}:5 > ${B} ttl 63`);
    const open = new Play({ filtering: "endpoint-independent" });
    open.out(dgram(B, R), `${O}:1000`);
    expect(open.out(dgram("10.0.10.5:5", `${O}:1000`), `${O}:5`)).toBe(`udp ${O}:5 > ${B} ttl 63`);
    expect(open.out(dgram(B, `${O}:5`))).toBe(`udp ${O}:1000 > 10.0.10.5:5 ttl 63`);
  });

  it("rfc5508-req07 take their errors back", () => {
    const play = new Play({ filtering: "endpoint-independent" });
    play.out(dgram(B, R), `${O}:1000`);
    play.out(dgram("10.0.10.5:5", `${O}:1000`), `${O}:5`);
    const about = udp({ from: `${O}:5`, to: B, payload: "x", ttl: 63 });
    const { verdict } = play.model.outbound(icmpError({ from: "10.0.10.6", to: O, code: 3, about }), 0);
    const original = udp({ from: "10.0.10.5:5", to: `${O}:1000`, payload: "x", ttl: 63 });
    const packet = icmpError({ from: O, to: "10.0.10.5", code: 3, ttl: 63, about: original });
    expect(verdict).toMatchObject({ kind: "forward", to: "inside", packet });
  });
});

describe("forwards", () => {
  const web = { protocol: "tcp", port: 8080, count: 2, inside: "10.0.10.5", insidePort: 80 } as const;

  it("let everybody in, and the host out as the same endpoint", () => {
    const play = new Play({ forwards: [web] });
    expect(play.in(seg(R, `${O}:8081`, "S"))).toBe(`tcp S ${R} > 10.0.10.5:81 ttl 63`);
    expect(play.out(seg("10.0.10.5:81", R, "SA"))).toBe(`tcp SA ${O}:8081 > ${R} ttl 63`);
    expect(play.out(seg("10.0.10.5:80", S, "S"))).toBe(`tcp S ${O}:8080 > ${S} ttl 63`);
    expect(play.in(seg(R, `${O}:8082`, "S"))).toBe("drop nat-filtered");
    expect(play.choose(seg("10.0.10.6:8080", R, "S"), `${O}:8080`).join()).toContain("the port is taken");
  });

  it("of a whole address are for all protocols", () => {
    const play = new Play({ forwards: [{ protocol: "1:1", outside: "203.0.113.3", inside: "10.0.10.5" }] });
    expect(play.out(dgram(A, R))).toBe(`udp 203.0.113.3:1000 > ${R} ttl 63`);
    expect(play.in(ping({ from: "198.51.100.9:3", to: "203.0.113.3" }))).toContain("> 10.0.10.5");
    expect(play.in(ip({ from: "198.51.100.9", to: "203.0.113.3", protocol: 47 }))).toContain("> 10.0.10.5");
    expect(play.out(ip({ from: "10.0.10.6", to: "198.51.100.9", protocol: 47 }))).toBe("drop nat-filtered");
  });
});

describe("limits", () => {
  it.each<[string, Partial<NatModelConfig>, string]>([
    ["rfc6888-req03 ports of a host", { hostPorts: 2 }, "drop nat-limit"],
    ["rfc6888-req04 sessions a second", { hostRate: 1 }, "drop nat-limit"],
    ["sessions in all", { capacity: 2 }, "drop nat-limit"],
    ["ports", { ports: [1000, 1001] }, "drop nat-no-port"],
    ["none of them", {}, "choose"],
  ])("%s", (_, config, result) => {
    const play = new Play(config);
    play.out(dgram("10.0.10.5:1000", R), `${O}:1000`);
    play.out(dgram("10.0.10.5:1001", R), `${O}:1001`);
    expect(play.out(dgram("10.0.10.5:1004", R))).toBe(result);
  });

  it("let the session go that is idle longest, where that is the policy", () => {
    const play = new Play({ capacity: 2, exhausted: "oldest-idle" });
    play.out(dgram("10.0.10.5:1", R), `${O}:1`);
    play.now = 1;
    play.out(dgram("10.0.10.5:2", R), `${O}:2`);
    play.now = 2;
    play.out(dgram("10.0.10.5:1", R));
    play.out(dgram("10.0.10.5:3", R), `${O}:3`);
    expect(play.model.mappings(2).map(({ outside }) => outside)).toEqual([`${O}:1`, `${O}:3`]);
  });
});

describe("headers", () => {
  it.each<[string, Uint8Array, string]>([
    ["TTL 1", udp({ from: A, to: R, ttl: 1 }), "drop ttl"],
    ["port 0", dgram("10.0.10.5:0", R), "drop malformed"],
    ["IHL 4", udp({ from: A, to: R, ihl: 4 }), "drop malformed"],
    ["data offset 4", tcp({ from: A, to: R, dataOffset: 4 }), "drop malformed"],
    ["UDP length 9 of 8", udp({ from: A, to: R, length: 9 }), "drop malformed"],
    ["a wrong header checksum", udp({ from: A, to: R, ipChecksum: 1 }), "drop checksum malformed"],
  ])("with %s do not pass", (_, packet, result) => {
    expect(new Play().out(packet)).toBe(result);
  });

  it("keep a UDP checksum of 0, and an error in one that is wrong", () => {
    const none = translated(udp({ from: A, to: R, checksum: 0 }), { from: endpoint(`${O}:1000`) });
    expect(parseIp(none).udp!.checksum).toBe(0);
    const wrong = udp({ from: A, to: R, checksum: 0x1234 });
    const moved = translated(wrong, { from: endpoint(`${O}:1000`), hop: true });
    expect(parseIp(moved).residue).toBe(parseIp(wrong).residue);
    expect(parseIp(moved).faults).toEqual(["udp: checksum"]);
  });
});
