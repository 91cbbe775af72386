// Plays random traffic against a router and the reference NAT side by side. Owns the making of packets from steps,
// with sequence numbers that run on, and the comparison; a rig for a router is four functions.
// Read first: arbitrary-traffic.ts, test/model/nat.ts.

import { NatModel, type NatMappingText, type NatModelConfig, type Outcome } from "../model/nat.js";
import type { Side } from "../model/nat-types.js";
import { OUTSIDE, type Protocol, type Remote, type Segment, type Step, type Traffic } from "./arbitrary-traffic.js";
import { ICMP, TCP, endpoint, icmpError, ping, tcp, udp } from "./packet.js";

/** A router with a clock that the test turns. Its own ICMP errors are not among the outcomes. */
export interface NatRig {
  outbound: (packet: Uint8Array) => Outcome;
  inbound: (packet: Uint8Array) => Outcome;
  /** Lets time pass. */
  wait: (seconds: number) => void;
  /** Stops it and starts it with what it kept. */
  restart: () => void;
}

/** What a step puts on a wire. */
interface Sent { side: Side; packet: Uint8Array }

const WINDOW = 1000;

/** Where `model` stands: rigs that choose ports from it ask here. */
export interface Match { model: NatModel; now: number }

/** Plays all of it; returns what the first step that did not conform was and why, and undefined where all conform.
 *  Steps that have no one right outcome are left out. */
export function play({ config, steps }: Traffic, rigOf: (match: Match) => NatRig): string[] | undefined {
  const match: Match = { model: new NatModel(config), now: 0 };
  const rig = rigOf(match);
  const maker = new Maker(config);
  for (const step of steps) {
    const complaints = playStep(step, match, rig, maker);
    if (complaints.length > 0) return [JSON.stringify(step), ...complaints];
  }
  return undefined;
}

function playStep(step: Step, match: Match, rig: NatRig, maker: Maker): string[] {
  const { model } = match;
  if (step.do === "restart") {
    rig.restart();
    model.restart(true);
    return [];
  }
  if (step.do === "wait") {
    const until = model.settled(match.now + step.seconds);
    rig.wait(until - match.now);
    match.now = until;
    return [];
  }
  const sent = maker.make(step, model.mappings(match.now));
  if (!sent) return [];
  const way = sent.side === "inside" ? "outbound" : "inbound";
  const expectation = model[way](sent.packet, match.now);
  if (expectation.verdict.kind === "uncertain") return [];
  const complaints = model.observe(expectation, rig[way](sent.packet));
  // A session whose end came nearer may be in doubt at once.
  return complaints.length > 0 ? complaints : playSettling(match, rig);
}

function playSettling(match: Match, rig: NatRig): string[] {
  const until = match.model.settled(match.now);
  if (until > match.now) rig.wait(until - match.now);
  match.now = until;
  return [];
}

/** Makes packets of steps; remembers where connections stand. */
class Maker {
  readonly #next = new Map<string, number>();
  readonly #addresses: string[];
  #wild = 0;

  constructor({ outside, forwards }: NatModelConfig) {
    const given = forwards.flatMap((forward) => forward.outside ?? []);
    this.#addresses = OUTSIDE.filter((address) => outside.includes(address) || given.includes(address));
  }

  /** Undefined where a step speaks of what is not there. */
  make(step: Exclude<Step, { do: "wait" | "restart" }>, mappings: NatMappingText[]): Sent | undefined {
    switch (step.do) {
      case "out": return { side: "inside", packet: this.#packet(step.from, step.to, step, connection(step)) };
      case "in": return this.#inbound(step, mappings);
      case "hairpin": {
        const [to] = this.#target(step.to, step.as, mappings);
        if (!to) return undefined;
        return { side: "inside", packet: this.#packet(step.from, to, step, connection({ ...step, to })) };
      }
      case "ping": {
        // The identifier is the inside end's, whoever asks.
        const { port } = endpoint(step.side === "inside" ? step.from : step.to);
        const [from, to] = [step.from, step.to].map((text) => `${endpoint(text).address}:${port}`);
        return { side: step.side, packet: ping({ from: from!, to: to!, type: step.type, ttl: step.ttl }) };
      }
      case "error": return this.#error(step, mappings);
    }
  }

  #inbound(step: Extract<Step, { do: "in" }>, mappings: NatMappingText[]): Sent | undefined {
    const [to, mapping] = this.#target(step.to, step.as, mappings);
    const from = to && remoteOf(step.from, mapping);
    if (!from) return undefined;
    const [theirs, ours] = connection({ from: mapping?.inside ?? to, to: from });
    return { side: "outside", packet: this.#packet(from, to, step, [ours, theirs]) };
  }

  /** An outside endpoint, and the mapping that has it. */
  #target(target: Extract<Step, { do: "in" }>["to"], as: Protocol, all: NatMappingText[]) {
    if ("address" in target) {
      return [`${this.#addresses[target.address % this.#addresses.length]}:${target.port}`, undefined] as const;
    }
    const wanted = all.filter(({ protocol }) => protocol !== ICMP && (protocol === TCP) === ("tcp" in as));
    const mapping = "mapped" in target
      ? wanted.find(({ inside, remotes }) => inside === target.mapped && remotes.includes(target.by))
      : wanted[target.known % wanted.length];
    return [mapping?.outside, mapping] as const;
  }

  #packet(from: string, to: string, { as, ttl }: { as: Protocol; ttl: number }, halves: Halves): Uint8Array {
    if ("tcp" in as) return this.#segment({ from, to, ttl }, as.tcp, halves);
    const { payload, checksum } = as.udp;
    return udp({ from, to, ttl, payload: new Uint8Array(payload).fill(payload), ...(checksum ? {} : { checksum: 0 }) });
  }

  #segment(header: { from: string; to: string; ttl: number }, what: Segment, [own, peer]: Halves): Uint8Array {
    const { flags, seq, payload } = what;
    const next = this.#next.get(own) ?? 1000;
    this.#wild = (this.#wild * 48271 + 11) % 2147483647;
    const at = seq === "next" ? next : seq === "window" ? next + WINDOW / 2 : next + 2 ** 31 + this.#wild % 2 ** 16;
    const length = payload + (flags.includes("S") ? 1 : 0) + (flags.includes("F") ? 1 : 0);
    if (seq === "next" && !flags.includes("R")) this.#next.set(own, (next + length) >>> 0);
    const ack = this.#next.get(peer) ?? 1000;
    return tcp({ ...header, flags, seq: at >>> 0, ack, window: WINDOW, payload: new Uint8Array(payload) });
  }

  #error(step: Extract<Step, { do: "error" }>, mappings: NatMappingText[]): Sent | undefined {
    const { session, side, type, code, keep } = step;
    const mapping = mappings[session.known % mappings.length];
    if (!mapping) return undefined;
    const remote = mapping.remotes[session.spoken % mapping.remotes.length]!;
    const own = side === "inside" ? mapping.inside : mapping.outside;
    const [from, to] = side === "inside" ? [remote, own] : [own, remote];
    const about = aboutOf(mapping.protocol, side, from, to);
    const [here, there] = side === "inside" ? [mapping.inside, remote] : [remote, mapping.outside];
    // A hairpin's remote is the router itself, which does not send from outside.
    if (side === "outside" && this.#addresses.includes(endpoint(remote).address)) return undefined;
    const ends = { from: endpoint(here).address, to: endpoint(there).address };
    return { side, packet: icmpError({ ...ends, type, code, about, keep: Math.min(keep, about.length) }) };
  }
}

/** The names of a connection's halves, the sender's first: by the inside endpoint, which both directions share. */
type Halves = [own: string, peer: string];

function connection({ from, to }: { from: string; to: string }): Halves {
  return [`${from} > ${to}`, `${to} > ${from}`];
}

function remoteOf(remote: Remote, mapping: NatMappingText | undefined): string | undefined {
  if ("address" in remote) return `${remote.address}:${remote.port}`;
  const spoken = mapping?.remotes.filter((text) => !OUTSIDE.includes(endpoint(text).address)) ?? [];
  return spoken[remote.spoken % spoken.length];
}

/** A packet as the sender of an error got it. */
function aboutOf(protocol: number, side: Side, from: string, to: string): Uint8Array {
  if (protocol === TCP) return tcp({ from, to, seq: 77, payload: "about" });
  if (protocol !== ICMP) return udp({ from, to, payload: "about" });
  return ping({ from, to, type: side === "inside" ? 0 : 8 });
}
