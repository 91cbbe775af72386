// RFC 5382 and RFC 7857 through the real core: the lives of connections, and the MSS that SYNs announce.

import { describe, expect, it } from "vitest";
import type { RouterConfig } from "../../src/config/model.js";
import { A, GRACE, OUT, R, R2, S, connect, portOf, said, seen, seg } from "./nat-rig.js";
import { RouterRig } from "./rig.js";

const TO = `${OUT}:1000`;
const ESTABLISHED = 7440;
const TRANSITORY = 240;

/** A conversation: who sends (`>` inside, `<` outside), flags, and what else the segment has. */
type Line = [way: ">" | "<", flags: string, more?: object];

function speak(rig: RouterRig, lines: Line[]): string[] {
  return lines.map(([way, flags, more = {}]) => {
    const fields = { seq: way === ">" ? 1001 : 5001, ack: way === ">" ? 5001 : 1001, ...more };
    return said(way === ">" ? rig.outbound(seg(A, R, flags, fields)) : rig.inbound(seg(R, TO, flags, fields)));
  });
}

const OPEN: Line[] = [[">", "S", { seq: 1000 }], ["<", "SA", { seq: 5000 }], [">", "A"]];

/** The session lives through so many seconds of silence, and not for longer. */
function expectLife(lines: Line[], seconds: number): void {
  for (const [silence, became] of [[seconds - 0.1, `${R} > ${A}`], [seconds + GRACE + 0.1, "nat-filtered"]] as const) {
    const rig = new RouterRig();
    speak(rig, lines);
    rig.jump(silence);
    expect([silence, ...speak(rig, [["<", "A"]])]).toEqual([silence, became]);
  }
}

describe("rfc5382-req01 mapping", () => {
  it("is endpoint-independent, and keeps the port", () => {
    const rig = new RouterRig();
    expect([R, R2, S].map((remote) => portOf(rig.outbound(seg(A, remote, "S"))))).toEqual([1000, 1000, 1000]);
  });
});

describe("rfc5382-req02 conversations", () => {
  const both = { ">": `${TO} > ${R}`, "<": `${R} > ${A}` };
  const cases: [string, Line[]][] = [
    ["a handshake, data, FINs of both sides", [
      ...OPEN, [">", "PA", { payload: "hi" }], ["<", "A"], [">", "FA"], ["<", "FA"], [">", "A"],
    ]],
    ["a simultaneous open",
      [[">", "S", { seq: 1000 }], ["<", "S", { seq: 5000 }], [">", "SA"], ["<", "SA"], [">", "A"]]],
    ["half closed, it goes on", [...OPEN, [">", "FA"], ["<", "PA", { payload: "more" }], ["<", "PA"], [">", "A"]]],
    ["a reset by either side", [...OPEN, ["<", "RA"], [">", "R"]]],
    ["a connection whose beginning nobody saw", [[">", "A"], ["<", "PA", { payload: "x" }], [">", "A"]]],
    ["refused", [[">", "S", { seq: 1000 }], ["<", "RA", { seq: 0 }]]],
    ["closed and opened again", [...OPEN, [">", "FA"], ["<", "FA"], [">", "A"], [">", "S"], ["<", "SA"], [">", "A"]]],
  ];
  it.each(cases)("%s", (_, lines) => {
    expect(speak(new RouterRig(), lines)).toEqual(lines.map(([way]) => both[way]));
  });
});

describe("rfc5382-req03 filtering", () => {
  it.each([["endpoint-independent", `${S} > ${A}`], ["address-dependent", "nat-filtered"]])(
    "%s: a SYN of another host: %s", (filtering, became) => {
      const rig = new RouterRig({ nat: { filtering } });
      connect(rig);
      expect(said(rig.inbound(seg(S, TO, "S")))).toBe(became);
    });

  it.each(["A", "SA", "FA", "R", "RA", "SF", ""])("with no session, %s opens nothing, whatever the filter", (flags) => {
    const rig = new RouterRig({ nat: { filtering: "endpoint-independent" } });
    connect(rig);
    expect(said(rig.inbound(seg(S, TO, flags)))).toBe("nat-filtered");
  });
});

it("rfc5382-req04 an unsolicited SYN is met with silence, and the inside's own opens", () => {
  const rig = new RouterRig();
  expect(rig.send(seg(R, `${OUT}:4242`, "S"))).toEqual({});
  expect(rig.wait(10)).toEqual({});
  expect(rig.drops()).toMatchObject({ "nat-filtered": 1 });
  expect(said(rig.outbound(seg("10.0.10.5:4242", R, "S")))).toBe(`${OUT}:4242 > ${R}`);
});

describe("rfc5382-req05 timers", () => {
  const cases: [string, number, Line[]][] = [
    ["a SYN", TRANSITORY, [OPEN[0]!]],
    ["a SYN that is answered", TRANSITORY, OPEN.slice(0, 2)],
    ["established", ESTABLISHED, OPEN],
    ["FIN of one side", ESTABLISHED, [...OPEN, ["<", "FA"]]],
    ["FINs of both sides", TRANSITORY, [...OPEN, ["<", "FA"], [">", "FA"]]],
    ["rfc7857-2.2 a RST that is exactly next", TRANSITORY, [...OPEN, ["<", "RA"]]],
    ["rfc7857-2.2 a RST of the inside", TRANSITORY, [...OPEN, ["<", "A"], [">", "R"]]],
    ["rfc7857-2.2 a RST outside the window changes nothing", ESTABLISHED, [...OPEN, ["<", "RA", { seq: 900_000 }]]],
    ["rfc7857-2.2 a RST of old changes nothing", ESTABLISHED, [...OPEN, ["<", "R", { seq: 4000 }]]],
    ["rfc7857-2.2 what such a RST acknowledges changes nothing", ESTABLISHED,
      [...OPEN, ["<", "A"], ["<", "RA", { seq: 900_000, ack: 7 }], [">", "R", { seq: 7 }]]],
    ["a connection taken up in its middle", ESTABLISHED, [[">", "A"], ["<", "A"]]],
    ["one taken up that nobody answers", TRANSITORY, [[">", "A"]]],
    ["opened again after its FINs", ESTABLISHED, [...OPEN, [">", "FA"], ["<", "FA"], ...OPEN]],
    ["a SYN after its FINs", TRANSITORY, [...OPEN, [">", "FA"], ["<", "FA"], OPEN[0]!]],
  ];
  it.each(cases)("%s: then %i s of silence", (_, seconds, lines) => { expectLife(lines, seconds); });

  it("rfc7857-2.1 TIME_WAIT: the mapping stays, and the last ACK passes", () => {
    const rig = new RouterRig();
    speak(rig, [...OPEN, [">", "FA"], ["<", "FA"]]);
    rig.jump(200);
    expect(speak(rig, [[">", "A"], ["<", "FA"]])).toEqual([`${TO} > ${R}`, `${R} > ${A}`]);
    expect(rig.takenPorts).toBe(1);
  });

  it("traffic of either side keeps an established one", () => {
    const rig = new RouterRig();
    speak(rig, OPEN);
    for (const way of ["<", ">", "<", "<"] as const) {
      rig.jump(ESTABLISHED - 100);
      expect(speak(rig, [[way, "A"]])[0]).not.toBe("nat-filtered");
    }
  });

  it("a port of the remote may have its own, which opening ones have not", () => {
    const rig = new RouterRig({ nat: { timeouts: { ports: { "tcp 53": "20s" } } } });
    speak(rig, OPEN.slice(0, 2));
    rig.jump(100);
    expect(speak(rig, [[">", "A"]])).toEqual([`${TO} > ${R}`]);
    rig.jump(22);
    expect(speak(rig, [["<", "A"]])).toEqual(["nat-filtered"]);
  });
});

it("rfc5382-req06 no ALG: what a segment says stays", () => {
  const payload = "PORT 10,0,10,5,3,232\r\n";
  const left = seen(new RouterRig().outbound(seg(A, "198.51.100.9:21", "PA", { payload })));
  expect(Buffer.from(left.payload).toString()).toBe(payload);
});

it("rfc5382-req07 mapping and filtering do not differ where the port was taken", () => {
  const rig = new RouterRig();
  connect(rig, "10.0.10.6:1000");
  const port = portOf(rig.outbound(seg(A, R, "S")));
  expect(portOf(rig.outbound(seg(A, S, "S")))).toBe(port);
  expect(said(rig.inbound(seg(R2, `${OUT}:${port}`, "S")))).toBe(`${R2} > ${A}`);
});

it("a restart keeps established connections, their state and their time", () => {
  const rig = new RouterRig();
  speak(rig, OPEN);
  rig.jump(1000);
  rig.restart();
  expect(speak(rig, [["<", "PA", { payload: "still" }], [">", "A"]])).toEqual([`${R} > ${A}`, `${TO} > ${R}`]);
  rig.jump(ESTABLISHED - 1);
  expect(speak(rig, [["<", "A"]])).toEqual([`${R} > ${A}`]);
});

describe("MSS clamp", () => {
  const clamp = (mss: unknown, mtu = 1500) => new RouterRig({ nat: { mss }, uplink: { mtu } });
  const mssOf = (rig: RouterRig, more: object, flags = "S") => seen(rig.outbound(seg(A, R, flags, more))).tcp!.mss;

  it.each([
    ["path", 1500, 1460, 1460], ["path", 1500, 1500, 1460], ["path", 1400, 1460, 1360], ["path", 1400, 536, 536],
    [1200, 1500, 1460, 1200], [1200, 1500, 1200, 1200], [1200, 1400, 1000, 1000],
  ] as [NonNullable<RouterConfig["nat"]>["mss"], number, number, number][])(
    "%s, uplink of %i bytes: %i becomes %i", (mss, mtu, announced, after) => {
      expect(mssOf(clamp(mss, mtu), { mss: announced })).toBe(after);
    });

  it.each([0, 1, 2, 3, 5])("finds the option behind %i bytes of others", (before) => {
    const options = Uint8Array.from([...Array<number>(before).fill(1), 2, 4, 0x05, 0xb4]);
    const left = seen(clamp(1200).outbound(seg(A, R, "S", { options, payload: "odd" })));
    expect(left.tcp!.mss).toBe(1200);
  });

  it.each([["S", 1200], ["SA", 1200], ["A", 1460], ["PA", 1460]])("of %s: %i", (flags, after) => {
    const rig = clamp(1200);
    rig.outbound(seg(A, R, "S"));
    expect(mssOf(rig, { mss: 1460 }, flags)).toBe(after);
  });

  it("of what comes in, too", () => {
    const rig = clamp("path", 1300);
    rig.outbound(seg(A, R, "S"));
    expect(seen(rig.inbound(seg(R, TO, "SA", { mss: 1460 }))).tcp!.mss).toBe(1260);
  });

  it("invents none, and leaves alone what it cannot read", () => {
    expect(mssOf(clamp(1200), {})).toBeUndefined();
    const options = Uint8Array.from([2, 4, 0x05]); // cut short, then padded
    expect(said(clamp(1200).outbound(seg(A, R, "S", { options: Uint8Array.from([3, 0, ...options, 0, 0, 0]) }))))
      .toBe(`${TO} > ${R}`);
  });

  it("is off where nothing is said", () => {
    expect(mssOf(new RouterRig({ uplink: { mtu: 1300 } }), { mss: 1460 })).toBe(1460);
  });
});
