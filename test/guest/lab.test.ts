// The quickstart's guests on the reference model of the switch: they reach whom they should, and nobody else; and a
// switch that does not keep VLANs apart is found out.

import { describe, expect, it } from "vitest";
import { BEAT_MS, Lab, type FramePort } from "../../src/guest/lab.js";
import type { Vlan } from "../../src/config/model.js";
import { ReferenceSwitch } from "../model/reference.js";

const access = (vid: number): Vlan => ({ mode: "access", vid });
const VLANS = {
  web: access(10), db: access(10), app: access(10), cam: access(20), nvr: access(20),
  fw: { mode: "trunk", vids: [10, 20] } satisfies Vlan,
};

const BEATS = 60;

/** The reference model with memory ports; frames wait until `run` carries them. */
class ModelNetwork {
  nowMs = 0;
  readonly #model: ReferenceSwitch;
  readonly #waiting: { port: string; frame: Uint8Array }[] = [];
  readonly #receivers = new Map<string, (frames: Uint8Array[]) => void>();

  constructor(vlans: Record<string, Vlan>) {
    const rest = { isolated: false, monitor: false, macs: [] };
    const ports = Object.fromEntries(Object.entries(vlans).map(([name, vlan]) => [name, { vlan, ...rest }]));
    this.#model = new ReferenceSwitch({ learning: true, agingSeconds: 300, ports });
  }

  /** A port that takes at most `room` frames a batch. */
  port(name: string, room = Infinity): FramePort {
    return {
      sendBatch: (frames) => {
        const taken = frames.slice(0, room);
        this.#waiting.push(...taken.map((frame) => ({ port: name, frame })));
        return taken.length;
      },
      onFrames: (callback) => this.#receivers.set(name, callback),
    };
  }

  run(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.nowMs += 0.01;
      for (const { port, frame } of this.#model.input(next.port, next.frame, this.nowMs / 1000).outputs) {
        this.#receivers.get(port)?.([frame]);
      }
    }
  }
}

function play(vlans: Record<string, Vlan>, beats: number, room?: number): Lab {
  const network = new ModelNetwork(vlans);
  const lab = new Lab((port) => network.port(port, room), () => network.nowMs, () => 0.5);
  for (let beat = 0; beat < beats; beat++) {
    network.nowMs = Math.max(network.nowMs, beat * BEAT_MS);
    lab.beat();
    network.run();
  }
  return lab;
}

describe("the lab", () => {
  const { guests, intrusion, refused } = play(VLANS, BEATS).report();
  const pinging = guests.filter((guest) => guest.name !== intrusion.from && guest.pings.sent > 0);

  it("has every ping answered that stays in its VLAN", () => {
    expect(pinging.map((guest) => guest.name)).toEqual(["web", "db", "fw (10)", "cam", "nvr", "fw (20)"]);
    for (const { pings, roundTripMs } of pinging) {
      expect(pings.answered).toBe(pings.sent);
      expect(roundTripMs).toBeGreaterThan(0);
    }
  });

  it("loses no datagram and damages none", () => {
    const total = (what: "sent" | "received") => guests.reduce((sum, guest) => sum + guest.udp[what], 0);
    expect(total("received")).toBe(total("sent"));
    expect(total("sent")).toBe((BEATS / 2) * (1 + 40 + 1 + 5 + 1));
    for (const { faults } of guests) expect(faults).toEqual({ malformed: 0, checksum: 0, unsupported: 0 });
    expect(refused).toBe(0);
  });

  it("keeps the intruder in its VLAN", () => {
    expect(intrusion).toEqual({ from: "app", to: "nvr", fromVid: 10, toVid: 20, tried: 3, answered: 0, leaked: 0 });
  });

  it("finds out where VLANs are not kept apart", () => {
    const leaky = play({ ...VLANS, cam: access(10), nvr: access(10) }, BEATS).report();
    expect(leaky.intrusion.answered).toBe(3);
    expect(leaky.intrusion.leaked).toBeGreaterThan(3);
  });

  it("counts what a full port refuses", () => {
    expect(play(VLANS, 1, 1).report().refused).toBeGreaterThan(0);
  });
});
