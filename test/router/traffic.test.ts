// The reference NAT under random traffic, with a router that obeys it: what it wants is always a right packet, its
// mappings never share an outside endpoint, and a router that errs is found out.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sourceOf, translated } from "../model/nat-rewrite.js";
import type { NatModelConfig, Outcome } from "../model/nat.js";
import { traffic, type Traffic } from "./arbitrary-traffic.js";
import { endpoint, parseIp, type Endpoint } from "./packet.js";
import { play, type Match, type NatRig } from "./traffic.js";

const RUNS = 150;

/** Does what the model wants. */
function obedient(match: Match, config: NatModelConfig): NatRig {
  const answer = (way: "outbound" | "inbound") => (packet: Uint8Array): Outcome => {
    const { verdict } = match.model[way](packet, match.now);
    switch (verdict.kind) {
      case "drop": return { kind: "drop", reason: verdict.reasons[0]! };
      case "forward": return verdict;
      case "choose": {
        // What a hairpin's target would not take is dropped.
        if (verdict.orDrop.length > 0) return { kind: "drop", reason: verdict.orDrop[0]! };
        const from = choice(match, config, packet);
        return { kind: "forward", to: verdict.to, packet: translated(verdict.packet, { from }) };
      }
      default: return { kind: "local" };
    }
  };
  return { outbound: answer("outbound"), inbound: answer("inbound"), wait: () => undefined, restart: () => undefined };
}

/** The port as it is, or else the next one with its parity; low ones stay low. */
function choice({ model, now }: Match, { outside, forwards }: NatModelConfig, packet: Uint8Array): Endpoint {
  const { protocol } = parseIp(packet).ip!;
  const { port: first } = sourceOf(packet);
  const whole = forwards.filter((forward) => forward.protocol === "1:1").map((forward) => forward.outside);
  const address = outside.find((each) => !whole.includes(each))!;
  const taken = new Set(model.mappings(now).filter((each) => each.protocol === protocol).map((each) => each.outside));
  const forwarded = [{ protocol: 17, port: 53 }, { protocol: 6, port: 8080 }, { protocol: 6, port: 8081 }];
  const reserved = forwarded.filter((each) => each.protocol === protocol && forwards.some((forward) =>
    forward.protocol === (protocol === 6 ? "tcp" : "udp"))).map(({ port }) => port);
  const isFree = (port: number) => port > 0 && !reserved.includes(port) && !taken.has(`${address}:${port}`);
  if (isFree(first)) return { address, port: first };
  const [from, to] = first < 1024 ? [2 + first % 2, 1023] : [1024 + first % 2, 65535];
  for (let port = from; port <= to; port += 2) if (isFree(port)) return { address, port };
  throw new Error("so few flows cannot take all ports");
}

it("wants right packets only, and no two mappings of one outside endpoint", () => {
  fc.assert(fc.property(traffic, (what) => {
    const complaints = play(what, (match) => {
      const rig = obedient(match, what.config);
      const checked = (way: "outbound" | "inbound") => (packet: Uint8Array) => {
        const outcome = rig[way](packet);
        if (outcome.kind === "forward") expect(parseIp(outcome.packet).faults).toEqual([]);
        const taken = match.model.mappings(match.now).map(({ protocol, outside }) => `${protocol} ${outside}`);
        expect(new Set(taken).size).toBe(taken.length);
        return outcome;
      };
      return { ...rig, outbound: checked("outbound"), inbound: checked("inbound") };
    });
    expect(complaints).toBeUndefined();
  }), { numRuns: RUNS });
});

describe("finds out a router that", () => {
  const samples: Traffic[] = fc.sample(traffic, { numRuns: 100, seed: 3 });
  const errs: [string, (sent: Uint8Array, outcome: Outcome) => Outcome][] = [
    ["drops", () => ({ kind: "drop", reason: "nat-filtered" })],
    ["lets everything in as it is", (packet) => ({ kind: "forward", to: "inside", packet })],
    ["keeps the TTL", (_, outcome) => changed(outcome, (packet) => { packet[8]! += 1; })],
    ["forgets the checksum", (_, outcome) => changed(outcome, (packet) => { packet[26]! ^= 1; })],
    ["maps every port to one", (_, outcome) => outcome.kind === "forward" && outcome.to === "outside"
      ? { ...outcome, packet: translated(outcome.packet, { from: endpoint("203.0.113.2:4000") }) } : outcome],
  ];
  it.each(errs)("%s", (_, err) => {
    const found = samples.filter((what) => play(what, (match) => {
      const rig = obedient(match, what.config);
      return {
        ...rig,
        outbound: (packet) => err(packet, rig.outbound(packet)),
        inbound: (packet) => err(packet, rig.inbound(packet)),
      };
    }));
    expect(found.length).toBeGreaterThan(samples.length / 2);
  });
});

it("reaches every kind of verdict", () => {
  const kinds = new Set<string>();
  for (const what of fc.sample(traffic, { numRuns: 100, seed: 4 })) {
    play(what, (match) => {
      const rig = obedient(match, what.config);
      const noted = (way: "outbound" | "inbound") => (packet: Uint8Array) => {
        const { verdict } = match.model[way](packet, match.now);
        kinds.add(verdict.kind === "drop" ? `${way} ${verdict.reasons[0]}` : `${way} ${verdict.kind}`);
        if (parseIp(packet).icmp?.about) kinds.add(`${way} error ${verdict.kind}`);
        return rig[way](packet);
      };
      return { ...rig, outbound: noted("outbound"), inbound: noted("inbound") };
    });
  }
  expect([...kinds].sort()).toEqual([
    "inbound error drop", "inbound error forward", "inbound forward", "inbound local", "inbound malformed",
    "inbound nat-filtered", "inbound ttl", "outbound choose", "outbound error drop", "outbound error forward",
    "outbound forward", "outbound local", "outbound malformed", "outbound nat-filtered", "outbound nat-limit",
    "outbound ttl",
  ]);
});

function changed(outcome: Outcome, change: (packet: Uint8Array) => void): Outcome {
  if (outcome.kind !== "forward") return outcome;
  const packet = outcome.packet.slice();
  change(packet);
  return { ...outcome, packet };
}
