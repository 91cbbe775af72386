// Who is believed: a guest can take neither the router's place among its neighbors, nor another guest's at the router.
// Read RFC 826, RFC 5227 2.4 (conflicts), SP 800-125B 3 (guests are kept apart as machines are).

import { expect, it } from "vitest";
import { arp, ether, udp } from "./packet.js";
import { BROADCAST, arpFrame, neighbor, outputs, raw, rawWait } from "./raw.js";
import { ROUTER_MAC, RouterRig, type Seen } from "./rig.js";

const OWNER = "10.0.10.9";
const HOSTILE = "02:66:66:66:66:66";

const toOwner = (rig: RouterRig) => rig.frame(udp({ from: "10.0.20.5:1000", to: `${OWNER}:9` }), "10.0.20.5");
const questions = (seen: Seen[] = []) => seen.filter(({ arp }) => arp?.op === 1);

/** A router that knows where OWNER is: behind a10. */
function known(workers?: number): RouterRig {
  const rig = new RouterRig({}, workers === undefined ? {} : { workers });
  raw(rig, "a10", arpFrame(rig, { op: 1, from: OWNER, target: "10.0.10.1" }));
  expect(neighbor(rig, OWNER)).toBe(rig.macOf(OWNER));
  return rig;
}

/** From HOSTILE, behind b10: OWNER's address is here. */
const claim = (op = 1) => ether(
  { to: op === 1 ? BROADCAST : ROUTER_MAC, from: HOSTILE, type: 0x0806 },
  arp({ op, senderMac: HOSTILE, senderIp: OWNER, targetIp: op === 1 ? OWNER : "10.0.10.1" }));

it.each([
  ["an announcement", { op: 1, target: "10.0.10.1" }],
  ["a question", { op: 1, target: "10.0.10.9" }],
  ["an answer to all", { op: 2, target: "10.0.10.9", to: BROADCAST }],
  ["an answer to one", { op: 2, target: "10.0.10.9", to: "02:aa:0a:00:0a:09" }],
])("rfc826 the router's address is claimed towards nobody by %s", (_, fields) => {
  for (const workers of [1, 2]) {
    const rig = known(workers);
    const before = rig.rig.drops("b10").spoofed ?? 0;
    expect(raw(rig, "b10", arpFrame(rig, { ...fields, from: "10.0.10.1", mac: HOSTILE }))).toEqual({});
    expect((rig.rig.drops("b10").spoofed ?? 0) - before).toBe(1);
    // A network beside is none of the router's interface's.
    const other = arpFrame(rig, { op: 1, from: "10.0.20.1", target: "10.0.20.1", mac: HOSTILE });
    expect(Object.keys(raw(rig, "b10", other))).toEqual(["a10"]);
  }
});

it.each([["one", "02:aa:0a:00:0a:09"], ["all", BROADCAST], ["nobody that is known", "02:00:00:00:99:99"]])(
  "ieee802.1q 8.7 a frame from the router's MAC that a guest sends to %s is dropped where it entered", (_, to) => {
    const rig = known();
    const frame = toOwner(rig);
    frame.set(to.split(":").map((byte) => parseInt(byte, 16)), 0);
    frame.set(ROUTER_MAC.split(":").map((byte) => parseInt(byte, 16)), 6);
    expect(raw(rig, "b10", frame, frame)).toEqual({});
    expect(rig.rig.drops("b10")).toEqual({ spoofed: 2 });
    expect(raw(rig, "a20", toOwner(rig))["a10"]).toHaveLength(1); // the router's own go on
  });

it.each([["an announcement", 1], ["an answer", 2]])("one that is there keeps its address against %s", (_, op) => {
  const rig = known();
  for (let second = 0; second < 5; second++) {
    const asked = [...questions(raw(rig, "b10", claim(op))["a10"]), ...questions(rawWait(rig, 1)["a10"])];
    expect(asked.map(({ ether }) => ether!.to)).toContain(rig.macOf(OWNER)); // it alone is asked
    raw(rig, "a10", arpFrame(rig, { op: 2, from: OWNER, target: "10.0.10.1" }));
    expect(neighbor(rig, OWNER)).toBe(rig.macOf(OWNER));
  }
  const seen = raw(rig, "a20", toOwner(rig));
  expect([seen["a10"]?.[0]?.ether?.to, seen["b10"]]).toEqual([rig.macOf(OWNER), undefined]);
});

it("who takes over an address of one that is gone gets it within three seconds (failover)", () => {
  const rig = known();
  raw(rig, "b10", claim());
  for (let second = 0; second < 3; second++) {
    const asked = questions(rawWait(rig, 1)["b10"]).filter(({ ether }) => ether!.to === BROADCAST);
    if (asked.length > 0) raw(rig, "b10", claim(2));
  }
  expect(neighbor(rig, OWNER)).toBe(HOSTILE);
  expect(raw(rig, "a20", toOwner(rig))["b10"]?.[0]?.ether?.to).toBe(HOSTILE);
});

it("one that moves to another port with its MAC is reached there at once (live migration, VRRP)", () => {
  const rig = known();
  raw(rig, "b10", arpFrame(rig, { op: 1, from: OWNER, target: OWNER }));
  const seen = raw(rig, "a20", toOwner(rig));
  expect([seen["a10"], seen["b10"]?.length]).toEqual([undefined, 1]);
});

it("a MAC that the configuration has at one port is nobody's at another, whoever speaks of it", () => {
  const rig = new RouterRig();
  const mac = rig.macOf(OWNER);
  rig.rig.changePort("a10", { macs: [mac] });
  const said = arpFrame(rig, { op: 1, from: "10.0.10.7", target: "10.0.10.1", mac });
  raw(rig, "b10", said);
  expect([neighbor(rig, "10.0.10.7"), rig.drops()]).toEqual([undefined, { spoofed: 1 }]);
  raw(rig, "a10", arpFrame(rig, { op: 1, from: OWNER, target: "10.0.10.1" }));
  expect(neighbor(rig, OWNER)).toBe(mac);
  expect(outputs(rig)).toEqual({});
});
