// The switch against the model: whatever happens to whatever network, the core sends, drops and remembers what the
// slow and obvious switch of test/model does. Read first: scenario.ts, test/model/reference.ts.

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Drops } from "../../src/api.js";
import { ReferenceSwitch, type ReferenceResult } from "../model/reference.js";
import { Rig } from "./rig.js";
import { frameOf, scenario, type Event, type Scenario } from "./scenario.js";

const RUNS = 400; // with each number of workers

class Match {
  readonly rig: Rig;
  readonly model: ReferenceSwitch;
  readonly #dropsIn: Record<string, Drops> = {};
  readonly #dropsOut: Record<string, Drops> = {};

  constructor({ learning, agingSeconds, ports }: Scenario) {
    this.rig = new Rig(ports, { learning, agingSeconds, fdbCapacity: 256 });
    this.model = new ReferenceSwitch({ learning, agingSeconds, ports });
  }

  play(event: Event): void {
    const { rig, model } = this;
    switch (event.do) {
      case "frame": return this.#compareFrame(event);
      case "wait": return rig.advance(event.seconds);
      case "flush":
        model.flush(event);
        if (event.port) rig.host.flushPort(rig.end(event.port).port.index, 0);
        else rig.host.flushSwitch(rig.registry.switches.get("lab")!, event.vid ?? 0);
        return;
      case "change":
        model.setPort(event.port, event.to);
        return rig.changePort(event.port, { ...event.to, mtu: event.to.mtu } as Partial<typeof event.to>);
      case "link":
        model.setLink(event.port, event.link);
        return rig.link(event.port, event.link === "up");
    }
  }

  #compareFrame(event: Extract<Event, { do: "frame" }>): void {
    const frame = frameOf(event);
    const result = this.model.input(event.at, frame, this.rig.seconds);
    const wanted = Object.fromEntries(result.outputs.map((output) => [output.port, [hex(output.frame)]]));
    const seen = Object.entries(this.rig.pass(event.at, frame)).map(([port, frames]) => [port, frames.map(hex)]);
    expect(Object.fromEntries(seen)).toEqual(wanted);
    this.#note(event.at, result);
  }

  #note(at: string, { drop, lost }: ReferenceResult): void {
    if (drop) bump(this.#dropsIn[at] ??= {}, drop);
    for (const { port, reason } of lost) bump(this.#dropsOut[port] ??= {}, reason);
  }

  /** Compares what is left: counters and the forwarding database. */
  compareRest(): void {
    const { rig, model } = this;
    for (const name of rig.names) {
      const { dropsIn, dropsOut } = rig.count(name);
      expect({ name, dropsIn, dropsOut })
        .toEqual({ name, dropsIn: this.#dropsIn[name] ?? {}, dropsOut: this.#dropsOut[name] ?? {} });
    }
    const entries = model.entries(rig.seconds).map((entry) =>
      `${entry.vid} ${entry.mac} ${entry.port}${entry.static ? " *" : ""}`);
    expect(rig.fdb()).toEqual(entries.sort());
  }
}

it("does what the model does", () => {
  fc.assert(fc.property(scenario, (what) => {
    const match = new Match(what);
    for (const event of what.events) {
      match.play(event);
      if (event.do !== "frame") match.compareRest();
    }
    match.compareRest();
    match.rig.finish();
  }), { numRuns: RUNS });
});

function bump(drops: Drops, reason: string): void {
  drops[reason] = (drops[reason] ?? 0) + 1;
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString("hex");
}
