import { expect, it } from "vitest";
import { RouterRig, packetIn } from "./rig.js";
import { parseIp, ping, tcp, udp } from "./packet.js";

it("translates UDP both ways", () => {
  const rig = new RouterRig();
  const out = rig.outbound(udp({ from: "10.0.10.5:1000", to: "198.51.100.9:53", payload: "hello" }));
  expect(out).toMatchObject({ kind: "forward", to: "outside" });
  const seen = parseIp((out as { packet: Uint8Array }).packet);
  expect(seen.faults).toEqual([]);
  expect(seen).toMatchObject({ ip: { from: "203.0.113.2", to: "198.51.100.9", ttl: 63 } });
  const back = rig.inbound(udp({ from: "198.51.100.9:53", to: "203.0.113.2:1000", payload: "there" }));
  expect(back).toMatchObject({ kind: "forward", to: "inside" });
  for (let i = 0; i < 4; i++) expect(rig.outbound(udp({ from: "10.0.10.5:1000", to: "198.51.100.9:53" })).kind).toBe("forward");
  expect(rig.inbound(udp({ from: "198.51.100.10:53", to: "203.0.113.2:1000" }))).toEqual({ kind: "drop", reason: "nat-filtered" });
});

it("pings", () => {
  const rig = new RouterRig();
  const seen = rig.send(ping({ from: "10.0.10.5:7", to: "10.0.10.1:7" }));
  expect(Object.keys(seen)).toEqual(["a10"]);
  expect(seen["a10"]![0]).toMatchObject({ icmp: { type: 0 }, faults: [] });
  expect(packetIn(seen["a10"]![0]!).length).toBeGreaterThan(20);
  expect(rig.outbound(ping({ from: "10.0.10.5:7", to: "198.51.100.9:7" }))).toMatchObject({ kind: "forward" });
  expect(rig.outbound(tcp({ from: "10.0.10.5:7", to: "198.51.100.9:7", flags: "S" }))).toMatchObject({ kind: "forward" });
  expect(rig.outbound(udp({ from: "10.0.10.5:7", to: "10.0.20.9:7" }))).toMatchObject({ kind: "forward", to: "inside" });
});
