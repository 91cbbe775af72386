// A router for the reference NAT's own tests: it does what it is told, and chooses the ports that a case names.
// Owns the usual endpoints and configuration of those cases too.

import { expect } from "vitest";
import { endpoint } from "../router/bytes.js";
import { tcp, udp } from "../router/packet.js";
import { describe as textOf, translated } from "./nat-rewrite.js";
import { NatModel, type NatModelConfig, type Outcome, type Verdict } from "./nat.js";

/** The router's outside address. */
export const O = "203.0.113.2";
/** Inside endpoints. */
export const A = "10.0.10.5:1000";
export const B = "10.0.10.6:1000";
/** Remotes: an endpoint, another port of its address, another address. */
export const R = "198.51.100.9:53";
export const R2 = "198.51.100.9:54";
export const S = "198.51.100.10:53";

const CONFIG: NatModelConfig = {
  inside: ["10.0.10.0/24"], outside: [O], ports: [1, 65535], capacity: 1000, lateSeconds: 2, forwards: [],
  mapping: "endpoint-independent", filtering: "address-and-port-dependent", exhausted: "refuse",
  timeouts: { udp: 300, tcp: 7440, transitory: 240, icmp: 60, ports: { "udp 53": 30 } },
  hostPorts: 0, hostRate: 0,
};

/** A model and the router that it judges. */
export class Play {
  now = 0;
  readonly model: NatModel;

  constructor(config: Partial<NatModelConfig> = {}) {
    this.model = new NatModel({ ...CONFIG, ...config });
  }

  /** What left, without its bytes, or why nothing did; `source`: what the router chooses where it may. */
  out(packet: Uint8Array, source?: string): string {
    return this.#step("outbound", packet, source);
  }

  in(packet: Uint8Array): string {
    return this.#step("inbound", packet);
  }

  /** The complaints about a choice. */
  choose(packet: Uint8Array, source: string): string[] {
    const expectation = this.model.outbound(packet, this.now);
    expect(expectation.verdict.kind).toBe("choose");
    return this.model.observe(expectation, outcomeOf(expectation.verdict, source));
  }

  #step(way: "outbound" | "inbound", packet: Uint8Array, source?: string): string {
    const expectation = this.model[way](packet, this.now);
    const { verdict } = expectation;
    if (verdict.kind === "uncertain") return "uncertain";
    if (verdict.kind === "choose" && !source) return "choose";
    const outcome = outcomeOf(verdict, source);
    expect(this.model.observe(expectation, outcome)).toEqual([]);
    if (verdict.kind === "drop") return `drop ${verdict.reasons.join(" ")}`;
    return outcome.kind === "forward" ? textOf(outcome.packet).replace(/:[^:]*$/, "") : outcome.kind;
  }
}

function outcomeOf(verdict: Verdict, source?: string): Outcome {
  switch (verdict.kind) {
    case "drop": return { kind: "drop", reason: verdict.reasons[0]! };
    case "forward": return verdict;
    case "choose":
      return { kind: "forward", to: verdict.to, packet: translated(verdict.packet, { from: endpoint(source!) }) };
    default: return { kind: "local" };
  }
}

export const dgram = (from: string, to: string) => udp({ from, to, payload: "x" });
export const seg = (from: string, to: string, flags: string, more: object = {}) => tcp({ from, to, flags, ...more });
