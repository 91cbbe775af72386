// What is saved of one engine's tables comes back in another's, and nothing else does: neither what no longer fits, nor
// what a hostile file says.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSessions } from "../../src/core/nat.js";
import { decodeState } from "../../src/state/decode.js";
import * as format from "../../src/state/format.js";
import { ping, tcp, udp } from "../router/packet.js";
import { RouterRig } from "../router/rig.js";
import { busyRig, bytesOf, restore, sessionsOf, sourcesOf } from "./rigs.js";

const HOURS = 3_600_000;
const SESSIONS = [
  "tcp 10.0.20.5:1000 203.0.113.2:1000 198.51.100.9:80 established",
  "udp 10.0.10.5:1000 203.0.113.2:1000 198.51.100.9:53 open",
];

function stateOf(rig: RouterRig) {
  return decodeState(bytesOf(sourcesOf(rig)));
}

describe("sessions", () => {
  it("come back, and go on both ways", async () => {
    const after = new RouterRig();
    expect(await restore(stateOf(busyRig()), after)).toMatchObject({ sessions: 2 });
    expect(sessionsOf(after)).toEqual(SESSIONS);
    const back = tcp({ from: "198.51.100.9:80", to: "203.0.113.2:1000", flags: "A", seq: 101, ack: 1 });
    expect(after.inbound(back)).toMatchObject({ kind: "forward", to: "inside" });
    const out = udp({ from: "10.0.10.5:1000", to: "198.51.100.9:53" });
    expect(after.outbound(out)).toMatchObject({ kind: "forward", to: "outside" });
    expect(after.sessions).toBe(2);
    expect(after.takenPorts).toBe(2);
  });

  it("begun by the outside, by a hairpin and by ICMP come back", async () => {
    const spec = { forwards: ["tcp 8080 -> 10.0.10.5:80"] };
    const one = { workers: 1 }; // two may have two sessions for a hairpin: test/router/workers.test.ts
    const before = new RouterRig(spec, one);
    before.inbound(tcp({ from: "198.51.100.9:999", to: "203.0.113.2:8080", flags: "S" }));
    before.outbound(tcp({ from: "10.0.20.9:999", to: "203.0.113.2:8080", flags: "S" }));
    before.outbound(ping({ from: "10.0.10.5:7", to: "198.51.100.9:7" }));
    const after = new RouterRig(spec, one);
    expect(await restore(stateOf(before), after)).toMatchObject({ sessions: 3 });
    expect(sessionsOf(after)).toEqual(sessionsOf(before));
  });

  it("have less to live the longer the engine was away", async () => {
    const after = new RouterRig();
    await restore(stateOf(busyRig()), after, 200_000);
    const sessions = [...readSessions(after.rig.shared, after.rig.now / 1000)];
    const udpSession = sessions.find(({ protocol }) => protocol === "udp");
    expect(udpSession!.expires).toBe(100);
  });

  it.each([
    ["whose time is over are dropped, the others are not", 1 * HOURS, 1],
    ["all of which are over are dropped", 3 * HOURS, 0],
    ["stay as they were where the clock went back", -5 * HOURS, 2],
  ])("%s", async (_, laterMs, sessions) => {
    expect(await restore(stateOf(busyRig()), new RouterRig(), laterMs)).toMatchObject({ sessions });
  });

  it("of a router that has another number now are that router's", async () => {
    const state = stateOf(busyRig());
    const [[index, name]] = [...state.routers] as [[number, string]];
    const moved = decodeState(bytesOf(sourcesOf(busyRig())));
    moved.routers = new Map([[index + 5, name]]);
    for (const slice of moved.sessions) {
      for (let at = 0; at < slice.length; at += format.SESSION_BYTES) {
        slice[at + format.SESSION_KEY + 13]! += 10;
        slice[at + format.SESSION_SCOPE]! += 10;
      }
    }
    const after = new RouterRig();
    expect(await restore(moved, after)).toMatchObject({ sessions: 2 });
    expect(sessionsOf(after)).toEqual(SESSIONS);
  });

  it("of a router that is gone are dropped", async () => {
    expect(await restore(stateOf(busyRig()), new RouterRig(), 0, new Map())).toMatchObject({ sessions: 0 });
  });

  it("of an outside address that is gone are dropped", async () => {
    const after = new RouterRig({ uplink: { address: "203.0.113.7/24" } });
    expect(await restore(stateOf(busyRig()), after)).toMatchObject({ sessions: 0 });
    expect(after.mappings).toBe(0);
  });

  it.each([1, 2])("whose inside network is gone are dropped (%i workers)", async (workers) => {
    const inside = { switch: "lab", vlan: 10, address: "10.0.10.1/24" };
    const before = busyRig();
    before.outbound(udp({ from: "10.0.20.9:7", to: "203.0.113.2:1000" })); // a hairpin, with one end there
    const after = new RouterRig({ interfaces: [inside] }, { workers });
    expect(await restore(stateOf(before), after)).toMatchObject({ sessions: 1 });
    expect(sessionsOf(after)).toEqual([SESSIONS[1]]);
    const answer = tcp({ from: "198.51.100.9:80", to: "203.0.113.2:1000", flags: "A", seq: 101, ack: 1 });
    expect(after.inbound(answer)).toEqual({ kind: "drop", reason: "nat-filtered" });
  });

  it("that are there already are not doubled", async () => {
    const after = busyRig();
    expect(await restore(stateOf(busyRig()), after)).toMatchObject({ sessions: 0 });
    expect(sessionsOf(after)).toEqual(SESSIONS);
  });
});

describe("learned MACs", () => {
  it("come back on their ports, without an event, and age on", async () => {
    const before = busyRig();
    const after = new RouterRig();
    const learned = before.rig.fdb().filter((entry) => !entry.endsWith("*"));
    expect(await restore(stateOf(before), after, 100_000)).toMatchObject({ macs: learned.length });
    expect(after.rig.fdb().filter((entry) => !entry.endsWith("*"))).toEqual(learned);
    after.rig.advance(190);
    expect(after.rig.fdb().filter((entry) => !entry.endsWith("*"))).toEqual(learned);
    after.rig.advance(12);
    expect(after.rig.fdb().filter((entry) => !entry.endsWith("*"))).toEqual([]);
  });

  it("of a port that is gone, or in another VLAN now, are dropped", async () => {
    const state = stateOf(busyRig());
    const after = new RouterRig();
    after.rig.changePort("a10", { vlan: { mode: "access", vid: 11 } });
    after.rig.removePort("a20");
    await restore(state, after);
    expect(after.rig.fdb().filter((entry) => /a10|a20/.test(entry))).toEqual([]);
  });
});

it("a file whose records say anything at all brings back no nonsense", async () => {
  const record = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  // Mostly nearly right: one of them with a byte changed.
  const good = stateOf(busyRig());
  const changed = fc.tuple(fc.nat(format.SESSION_BYTES - 1), fc.nat(255)).map(([at, byte]) => {
    const bytes = Uint8Array.from(good.sessions[0]!.subarray(0, format.SESSION_BYTES));
    bytes[at] = byte;
    return bytes;
  });
  const sessions = fc.array(fc.oneof(record(format.SESSION_BYTES), changed), { maxLength: 20 });
  await fc.assert(fc.asyncProperty(sessions, fc.array(record(format.FDB_BYTES)), async (flows, macs) => {
    const after = new RouterRig();
    const state = { ...good, sessions: [Buffer.concat(flows)], fdb: [Buffer.concat(macs)] };
    const brought = await restore(state, after);
    expect(after.sessions).toBe(brought.sessions);
    for (const { router, outside } of readSessions(after.rig.shared, 0)) {
      expect(`${router} ${outside.split(":")[0]}`).toBe(`${after.router.index} 203.0.113.2`);
    }
    after.rig.host.endSessions(after.router.index);
    expect({ sessions: after.sessions, mappings: after.mappings, ports: after.takenPorts })
      .toEqual({ sessions: 0, mappings: 0, ports: 0 });
    after.rig.finish();
  }), { numRuns: 60 });
});
