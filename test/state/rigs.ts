// A router whose state is saved, and another that takes it back, as after a restart.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readSessions } from "../../src/core/nat.js";
import type { State } from "../../src/state/decode.js";
import { encodeState } from "../../src/state/encode.js";
import { restoreFdb, restoreSessions } from "../../src/state/restore.js";
import type { StateSources } from "../../src/state/sources.js";
import { tcp, udp } from "../router/packet.js";
import { RouterRig } from "../router/rig.js";

export const WALL_MS = 1_700_000_000_000;

/** Path of a file in a folder that goes with the test. */
export function statePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "taploom-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state");
}

export function sourcesOf(rig: RouterRig, more: Partial<StateSources> = {}): StateSources {
  return {
    shared: rig.rig.shared, registry: rig.rig.registry, seconds: () => rig.rig.now / 1000, wallMs: () => WALL_MS,
    routers: () => [{ name: "edge", index: rig.router.index }],
    leases: () => ({ edge: [{ address: "10.0.10.100" }] }), uplinks: () => ({ edge: { expires: 5 } }), ...more,
  };
}

export function bytesOf(sources: StateSources): Buffer {
  return Buffer.concat([...encodeState(sources)]);
}

/** A rig with a session of UDP, and one of TCP that is established. */
export function busyRig(): RouterRig {
  const rig = new RouterRig();
  rig.outbound(udp({ from: "10.0.10.5:1000", to: "198.51.100.9:53" }));
  const [from, to] = ["10.0.20.5:1000", "198.51.100.9:80"];
  rig.outbound(tcp({ from, to, flags: "S" }));
  rig.inbound(tcp({ from: to, to: "203.0.113.2:1000", flags: "SA", seq: 100, ack: 1 }));
  rig.outbound(tcp({ from, to, flags: "A", seq: 1, ack: 101 }));
  return rig;
}

/** Brings a state back into a rig, `laterMs` after it was saved. */
export async function restore(
  state: State, rig: RouterRig, laterMs = 0, routers = new Map([["edge", rig.router.index]]),
): Promise<{ sessions: number; macs: number }> {
  const { shared, registry, host } = rig.rig;
  const target = {
    shared, core: host, registry, wallMs: () => WALL_MS + laterMs, parked: <T>(action: () => T): T => action(),
  };
  return { sessions: await restoreSessions(state, target, routers), macs: await restoreFdb(state, target) };
}

/** Sessions as text, their lifetimes left out. */
export function sessionsOf(rig: RouterRig): string[] {
  return [...readSessions(rig.rig.shared, rig.rig.now / 1000)]
    .map(({ protocol, inside, outside, remote, state }) => `${protocol} ${inside} ${outside} ${remote} ${state}`)
    .sort();
}
