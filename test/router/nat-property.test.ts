// The core under random traffic, beside the reference NAT (test/model/nat.ts): packets of all kinds, time that passes,
// restarts that keep the sessions. After each run nothing is left in the tables, and no frame is missing.

import fc from "fast-check";
import { expect, it } from "vitest";
import { printForward } from "../../src/config/forward.js";
import type { NatModelConfig } from "../model/nat.js";
import { WORKERS } from "../workers.js";
import { traffic } from "./arbitrary-traffic.js";
import { RouterRig } from "./rig.js";
import { play, type NatRig } from "./traffic.js";

// The same histories each time, so that a red run says something about a change, and others with each number of
// workers; NAT_SEED and NAT_RUNS play yet others.
const SEED = Number(process.env["NAT_SEED"] ?? 4787 + WORKERS);
const RUNS = Number(process.env["NAT_RUNS"] ?? 200);

function rigOf({ outside, forwards, capacity, mapping, filtering, timeouts, ...limits }: NatModelConfig): RouterRig {
  const [first, ...others] = new Set([...outside, ...forwards.flatMap((forward) => forward.outside ?? [])]);
  const { hostPorts, hostRate, exhausted } = limits;
  return new RouterRig(
    { uplink: { address: [`${first}/24`, ...others] }, forwards: forwards.map(printForward) },
    { natCapacity: capacity, nat: { mapping, filtering, timeouts, hostPorts, hostRate, exhausted } },
  );
}

it("does what the reference NAT does", () => {
  fc.assert(fc.property(traffic, (what) => {
    // A hairpin is one session here and two in the model, which end apart: nat-udp.test.ts has them.
    const steps = what.steps.filter((step) => step.do !== "hairpin");
    const rig = rigOf(what.config);
    const natRig: NatRig = {
      outbound: (packet) => rig.outbound(packet),
      inbound: (packet) => rig.inbound(packet),
      wait: (seconds) => { rig.wait(seconds); },
      restart: () => { rig.restart(); },
    };
    const complaints = play({ ...what, steps }, () => natRig);
    rig.finish();
    expect(complaints).toBeUndefined();
  }), { numRuns: RUNS, seed: SEED });
}, 600_000);
