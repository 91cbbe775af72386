// What ends an inside network ends its sessions, and nothing that translation made for the inside leaves by the uplink,
// whatever of the configuration, of DHCP or of a state file it comes from. Read first: assembly/table/route.ts.

import { describe, expect, it } from "vitest";
import type { RouterConfig } from "../../src/config/model.js";
import * as layout from "../../src/core/layout.js";
import { A, B, C, OUT, R, dgram, said, seg } from "./nat-rig.js";
import { fragmentsOf, icmpError, udp } from "./packet.js";
import { RouterRig, type RouterSpec } from "./rig.js";

const BEHIND = "10.9.0.7:1000"; // behind a router inside
const ROUTES = [{ to: "10.9.0.0/24", via: "10.0.20.9" }];
const OPEN = { filtering: "endpoint-independent" };

function make(spec: RouterSpec = {}, workers?: number): RouterRig {
  const rig = new RouterRig({ routes: ROUTES, ...spec }, workers === undefined ? {} : { workers });
  rig.places.set("10.9.0.7", "a20");
  return rig;
}

/** The same router with another interface in the place of 10.0.20.1/24. */
const readdressed = (config: RouterConfig, address: string): RouterConfig => ({
  ...config, routes: [],
  interfaces: config.interfaces.map((one) => one.address === "10.0.20.1" ? { ...one, address } : one),
});

/** What ends the networks behind 10.0.20.1/24. */
const ENDS: [string, (rig: RouterRig) => void][] = [
  ["its interface is removed", (rig) => { rig.removeInterface("lab", 20); }],
  ["its interface has another network", (rig) => { rig.write(readdressed(rig.config, "10.0.30.1")); }],
];

/** Everything that may come from outside for a session from `inside`, whose outside port is 1000. */
function answers(inside: string): Uint8Array[] {
  const about = dgram(`${OUT}:1000`, R);
  return [
    dgram(R, `${OUT}:1000`), seg(R, `${OUT}:1000`, "SA"), seg(R, `${OUT}:1000`, "A"),
    icmpError({ from: "198.51.100.1", to: OUT, code: 1, about }),
    ...fragmentsOf(udp({ from: R, to: `${OUT}:1000`, id: inside.length, payload: new Uint8Array(3000) }), 1500),
  ];
}

/** What leaves by the uplink where all that comes in. */
function leaves(rig: RouterRig, packets: Uint8Array[]): string[] {
  const out = packets.map((packet) => rig.send(packet, "203.0.113.1")["up"] ?? []);
  return [...out, rig.wait(6)["up"] ?? []].flat().filter(({ ip, icmp }) => ip && !icmp?.about).map(({ ip }) => ip!.to);
}

describe.each([1, 2])("with %i workers", (workers) => {
  it.each(ENDS)("sessions end where %s, answered or not", (_, end) => {
    for (const inside of [C, BEHIND]) {
      for (const answered of [false, true]) {
        const rig = make({}, workers);
        rig.outbound(dgram(inside, R));
        rig.outbound(seg(inside, R, "S"));
        if (answered) rig.inbound(dgram(R, `${OUT}:1000`));
        rig.outbound(dgram("10.0.10.5:7", R)); // another network's
        end(rig);
        expect(rig.sessions).toBe(1);
        expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe("nat-filtered");
        expect(leaves(rig, answers(inside))).toEqual([]);
        expect(said(rig.inbound(dgram(R, `${OUT}:7`)))).toBe(`${R} > 10.0.10.5:7`);
        rig.finish();
      }
    }
  });

  it.each(ENDS)("hairpins end where %s, whichever end it is", (_, end) => {
    for (const [from, to] of [[C, A], [A, C]] as const) {
      const rig = make({ nat: OPEN, forwards: [`udp 9 -> ${to}`] }, workers);
      rig.outbound(dgram(from, `${OUT}:9`));
      end(rig);
      expect(leaves(rig, [dgram(R, `${OUT}:9`), ...answers(from)])).toEqual([]);
      if (workers === 1) expect(rig.sessions).toBe(to === A ? 1 : 0); // what R began, which goes to A
      rig.finish();
    }
  });
});

it("sessions end where a route to their network is taken away, and only there", () => {
  const rig = make();
  rig.outbound(dgram(BEHIND, R));
  rig.outbound(dgram("10.0.20.7:7", R));
  rig.write({ ...rig.config, routes: [] });
  expect(rig.sessions).toBe(1);
  expect(leaves(rig, answers(BEHIND))).toEqual([]);
  expect(said(rig.inbound(dgram(R, `${OUT}:7`)))).toBe(`${R} > 10.0.20.7:7`);
});

it("sessions end whose host's address becomes the router's own", () => {
  const rig = make();
  rig.outbound(dgram(C, R));
  rig.write({ ...rig.config, interfaces: rig.config.interfaces.map((one) =>
    one.address === "10.0.20.1" ? { ...one, address: "10.0.20.7" } : one) });
  expect(rig.sessions).toBe(0);
});

it("sessions stay that are still inside by another way", () => {
  const rig = make();
  rig.outbound(dgram(BEHIND, R));
  rig.places.set("10.9.0.7", "a10");
  rig.write({ ...rig.config, routes: [{ to: { address: "10.9.0.0", prefix: 16 }, via: "10.0.10.9" }] });
  expect(said(rig.inbound(dgram(R, `${OUT}:1000`)))).toBe(`${R} > ${BEHIND}`);
});

describe("an uplink to which DHCP gives an address in an inside network: rfc4787-req07", () => {
  const dynamic = { uplink: { address: "dhcp", gateway: undefined } };
  const first = { address: OUT, prefix: 24, gateway: "203.0.113.1" };

  it.each([24, 25, 26, 8])("leaves the inside hosts where they are (/%i)", (prefix) => {
    const rig = new RouterRig(dynamic);
    rig.write(rig.config, first);
    rig.outbound(dgram(C, R));
    rig.write(rig.config, { address: "10.0.20.50", prefix, gateway: "10.0.20.33" });
    rig.places.set("10.0.20.33", "up");
    expect(said(rig.outbound(dgram(C, R)))).toBe(`10.0.20.50:1000 > ${R}`);
    expect(said(rig.inbound(dgram(R, "10.0.20.50:1000")))).toBe(`${R} > ${C}`);
    expect(said(rig.outbound(dgram(A, "10.0.20.63:9")))).toBe(`${A} > 10.0.20.63:9`); // a broadcast of the uplink's
  });
});

describe("where a session is left in the tables all the same", () => {
  /** Every route leads to the uplink, and nobody has ended anything. */
  function misroute(rig: RouterRig): void {
    const { shared } = rig.rig;
    const at = layout.ROUTERS + rig.router.index * layout.ROUTER_SIZE;
    const uplink = shared.word(at + layout.ROUTER_UPLINK);
    for (let i = 0; i < rig.router.ways.length; i++) {
      const route = layout.ROUTES + (rig.router.routes + i) * layout.ROUTE_SIZE;
      if (shared.halves[(route + layout.ROUTE_KIND) >>> 1] === layout.ROUTE_LINK) {
        shared.setWord(route + layout.ROUTE_PORT, uplink);
      }
    }
  }

  it("what it makes for the inside is dropped as no-route", () => {
    const rig = make({ nat: OPEN, forwards: [`tcp 9 -> ${B}`, `udp 9 -> ${B}`] });
    rig.outbound(dgram(C, R));
    misroute(rig);
    const packets = [...answers(C), dgram(R, `${OUT}:9`), seg(R, `${OUT}:9`, "S")];
    expect(leaves(rig, packets)).toEqual([]);
    expect(rig.drops()["no-route"]).toBeGreaterThan(4);
    expect(rig.sessions).toBe(1); // and none begins
  });
});
