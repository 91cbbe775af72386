// Random networks and what may happen to them, as plain values that a failed property prints. Owns the shapes and
// their arbitraries; switch-property.test.ts plays them against the core and the model.

import fc from "fast-check";
import type { Vlan } from "../../src/config/model.js";
import { MAC_BROADCAST, TPID_CUSTOMER, TPID_SERVICE, testFrame, testMac, type Tag } from "../model/frames.js";
import type { ReferencePort } from "../model/reference.js";

export type ScenarioPort = ReferencePort & { vlan: Vlan };

export type Event =
  | { do: "frame"; at: string; to: string; from: string; tags: Tag[]; payload: number; cut: number | "whole" }
  | { do: "wait"; seconds: number }
  | { do: "flush"; vid?: number; port?: string }
  | { do: "change"; port: string; to: ScenarioPort }
  | { do: "link"; port: string; link: "up" | "down" };

export interface Scenario {
  learning: boolean;
  agingSeconds: number;
  ports: Record<string, ScenarioPort>;
  events: Event[];
}

const VIDS = [1, 2, 3, 4094];
const TPID_OTHER = 0x9100; // once used for outer tags, and to us an EtherType like any other
const MACS = [1, 2, 3, 4].map(testMac);
const RESERVED = ["00", "01", "0b", "0e", "0f"].map((last) => `01:80:c2:00:00:${last}`);
const GROUPS = [MAC_BROADCAST, "01:00:5e:00:00:01", ...RESERVED, "01:80:c2:00:00:10"];
const NOBODY = "00:00:00:00:00:00";

const MONITOR: ScenarioPort = { vlan: { mode: "access", vid: 1 }, isolated: false, monitor: true, macs: [] };

/** The MAC that a port may have as its static one: no other port has it. */
const staticMac = (port: number): string => testMac(0x100 + port);

const vid = fc.constantFrom(...VIDS);

const vlan: fc.Arbitrary<Vlan> = fc.oneof(
  fc.record({ mode: fc.constant("access" as const), vid }),
  fc.record({
    mode: fc.constant("trunk" as const),
    vids: fc.oneof(fc.constant("all" as const), fc.subarray(VIDS, { minLength: 1 })),
    native: vid,
  }, { requiredKeys: ["mode", "vids"] }),
  fc.record({ mode: fc.constant("tunnel" as const), vid }),
);

function port(index: number): fc.Arbitrary<ScenarioPort> {
  const member = fc.record({
    vlan,
    isolated: fc.boolean(),
    monitor: fc.constant(false),
    macs: fc.constantFrom<string[]>([], [], [staticMac(index)]),
    mtu: fc.integer({ min: 40, max: 60 }),
  }, { requiredKeys: ["vlan", "isolated", "monitor", "macs"] });
  return fc.oneof({ weight: 9, arbitrary: member }, { weight: 1, arbitrary: fc.constant(MONITOR) });
}

const tag: fc.Arbitrary<Tag> = fc.record({
  tpid: fc.constantFrom(TPID_CUSTOMER, TPID_CUSTOMER, TPID_SERVICE, TPID_OTHER),
  pcp: fc.constantFrom(0, 0, 5, 7),
  dei: fc.constantFrom(false, false, true),
  vid: fc.constantFrom(0, 0, 0, ...VIDS, 4095),
});

function event(names: string[]): fc.Arbitrary<Event> {
  const name = fc.constantFrom(...names);
  const statics = names.map((_, index) => staticMac(index));
  const frame = fc.record({
    do: fc.constant("frame" as const),
    at: name,
    to: fc.constantFrom(...MACS, ...MACS, ...GROUPS, ...statics),
    from: fc.constantFrom(...MACS, ...MACS, ...statics, NOBODY, MAC_BROADCAST),
    tags: fc.oneof(fc.constant<Tag[]>([]), fc.array(tag, { maxLength: 3 })),
    payload: fc.integer({ min: 0, max: 64 }),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant("whole" as const) }, fc.integer({ min: 0, max: 18 })),
  });
  return fc.oneof(
    { weight: 20, arbitrary: frame },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const), vid }, { requiredKeys: ["do"] }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("flush" as const), port: name }) },
    {
      weight: 1,
      arbitrary: fc.nat(names.length - 1).chain((index) =>
        fc.record({ do: fc.constant("change" as const), port: fc.constant(names[index]!), to: port(index) })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("link" as const), port: name, link: fc.constantFrom("up" as const, "down" as const),
      }),
    },
  );
}

export const scenario: fc.Arbitrary<Scenario> = fc.integer({ min: 2, max: 12 }).chain((count) => {
  const names = Array.from({ length: count }, (_, index) => `p${index}`);
  return fc.record({
    learning: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    agingSeconds: fc.integer({ min: 1, max: 10 }),
    ports: fc.tuple(...names.map((_, index) => port(index)))
      .map((ports) => Object.fromEntries(ports.map((each, index) => [names[index]!, each]))),
    events: fc.array(event(names), { maxLength: 60, size: "max" }),
  });
});

/** The bytes of an event's frame. */
export function frameOf({ to, from, tags, payload, cut }: Extract<Event, { do: "frame" }>): Uint8Array {
  const frame = testFrame({
    destination: to, source: from, tags, payload: new Uint8Array(payload).map((_, i) => i),
  });
  return cut === "whole" ? frame : frame.subarray(0, cut);
}
