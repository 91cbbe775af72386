// The NAPT router as a slow, obvious model that judges what a real one did: it says what must become of each packet,
// and learns the choices that a NAT is free to make, after checking them. Expect, play, then observe:
//   const expectation = model.outbound(packet, now);
//   const complaints = model.observe(expectation, outcome);
// Packets are IPv4 without frames, whole (fragments are put together first), and meant for translation: from an
// inside network to beyond, or from beyond to an outside address. Time is in seconds and never runs backwards.
// A dropped packet changes nothing, except that a hairpin's sender has sent it. A mapping
// lives while one of its sessions does.
// Owns the judgement; nat-table.ts holds the state, nat-tcp.ts connections, nat-rewrite.ts what translation does.
// Read first: RFC 4787, RFC 5382, RFC 5508, RFC 6888, RFC 7857.

import { ICMP, TCP, endpointText, type Endpoint } from "../router/bytes.js";
import { parseIp, type Parsed } from "../router/parse.js";
import { inboundError, outboundError } from "./nat-errors.js";
import { ASKED, asks, doubtsOf, faultOf, flowOf, inNetwork, isError, type Flow } from "./nat-flow.js";
import { describe, differences, sourceOf, translated } from "./nat-rewrite.js";
import { Table, same, sessionOf, type Mapping } from "./nat-table.js";
import type { Expectation, NatModelConfig, Outcome, ReasonName, Side, Verdict } from "./nat-types.js";

export type { Expectation, NatModelConfig, Outcome, ReasonName, Side, Verdict } from "./nat-types.js";

/** One half of a translation: which mapping it uses, or why not. */
type Half =
  | { refused: ReasonName[] }
  | { unclear: string }
  /** `mapping` absent: a new one, whose outside endpoint `commit` is told. */
  | { mapping?: Mapping; orDrop: ReasonName[]; commit: (source: Endpoint) => string[] };

/** A mapping with its endpoints as text, such as `10.0.10.5:1000`. */
export interface NatMappingText { protocol: number; inside: string; outside: string; remotes: string[] }

/** RFC 1812, 5.2.7.1: communication administratively prohibited. */
const PROHIBITED = { type: 3, code: 13 };
const TIME_EXCEEDED = { type: 11, code: 0 };
const ECHO = 8;

export class NatModel {
  readonly #config: NatModelConfig;
  readonly #table: Table;
  readonly #addresses: Set<string>;

  constructor(config: NatModelConfig) {
    this.#config = config;
    this.#table = new Table(config);
    this.#addresses = new Set([...config.outside, ...config.forwards.map((each) => this.#table.outsideOf(each))]);
  }

  /** The first time from `now` on at which no session is in the time that a router has for forgetting it. */
  settled(now: number): number {
    return this.#table.settled(now);
  }

  /** Live mappings, those of forwards only while in use; asking changes nothing. */
  mappings(now: number): NatMappingText[] {
    const spoken = this.#table.live(now).filter(({ inside }) => inside.port < ASKED);
    return spoken.map(({ protocol, inside, outside, sessions }) => ({
      protocol, inside: endpointText(inside), outside: endpointText(outside),
      remotes: sessions.map(({ remote }) => endpointText(remote)),
    }));
  }

  /** A restart: with a state file (`kept`) it loses nothing. */
  restart(kept: boolean): void {
    if (!kept) this.#table.clear();
  }

  /** What must become of a packet from an inside network. */
  outbound(packet: Uint8Array, now: number): Expectation {
    return this.#judge(packet, now, "inside");
  }

  /** What must become of a packet that arrives at the uplink. */
  inbound(packet: Uint8Array, now: number): Expectation {
    return this.#judge(packet, now, "outside");
  }

  /** Compares what was done with what must be, and learns it. Returns complaints; empty: it conforms. Throws for a
   *  verdict "uncertain", which is not to be played. */
  observe({ verdict, commit, dropped }: Expectation, outcome: Outcome): string[] {
    if (verdict.kind === "uncertain") throw new Error(`not to be played: ${verdict.why}`);
    if (outcome.kind === "drop") {
      const allowed: string[] = verdict.kind === "drop" ? verdict.reasons : verdict.orDrop;
      if (verdict.kind === "drop" && outcome.reason === "nat-filtered") dropped?.();
      return allowed.includes(outcome.reason) ? [] : [`dropped for ${outcome.reason}; expected ${textOf(verdict)}`];
    }
    if (outcome.kind === "local") return verdict.kind === "local" ? [] : [`kept; expected ${textOf(verdict)}`];
    if (verdict.kind !== "forward" && verdict.kind !== "choose") {
      return [`left ${outcome.to} as ${describe(outcome.packet)}; expected ${textOf(verdict)}`];
    }
    if (outcome.to !== verdict.to) return [`left ${outcome.to}; expected ${textOf(verdict)}`];
    if (verdict.kind === "forward") return [...differences(verdict.packet, outcome.packet), ...commit()];
    const source = sourceOf(outcome.packet);
    return [...differences(translated(verdict.packet, { from: source }), outcome.packet), ...commit(source)];
  }

  #judge(packet: Uint8Array, now: number, side: Side): Expectation {
    if (this.settled(now) !== now) return uncertain("a session may or may not have ended by now");
    this.#table.prune(now);
    const parsed = parseIp(packet);
    const fault = faultOf(parsed);
    if (fault) return drop(fault);
    if (parsed.ip!.mf || parsed.ip!.offset > 0) return uncertain("a fragment: judge the whole packet");
    const verdict = side === "inside" ? this.#out(packet, parsed, now) : this.#in(packet, parsed, now);
    return hop(parsed, withDoubts(verdict, doubtsOf(parsed)));
  }

  #out(packet: Uint8Array, parsed: Parsed, now: number): Expectation {
    const ip = parsed.ip!;
    const { inside } = this.#config;
    if (!inside.some((network) => inNetwork(ip.from, network)) || inside.some((each) => inNetwork(ip.to, each))) {
      throw new Error(`${ip.from} > ${ip.to} does not run from inside to outside`);
    }
    const hairpin = this.#addresses.has(ip.to);
    if (isError(parsed)) return this.#errorOut(packet, parsed, hairpin);
    const flow = flowOf(parsed, "inside");
    if (!flow) return this.#bare(packet, parsed, "inside");
    if (hairpin) return this.#hairpin(packet, flow, now);
    const half = this.#leave(flow, now);
    if ("unclear" in half) return uncertain(half.unclear);
    if ("refused" in half) return refused(half.refused);
    const { mapping, orDrop } = half;
    const kind = mapping ? "forward" : "choose";
    const left = translated(packet, { from: mapping?.outside ?? flow.from, hop: true });
    const commit = (source?: Endpoint) => half.commit(mapping?.outside ?? source!);
    return { verdict: { kind, to: "outside", packet: left, orDrop, answer: PROHIBITED }, commit };
  }

  #in(packet: Uint8Array, parsed: Parsed, now: number): Expectation {
    const ip = parsed.ip!;
    if (!this.#addresses.has(ip.to)) throw new Error(`${ip.to} is not an outside address`);
    if (isError(parsed)) {
      const changes = inboundError(this.#table, parsed.icmp!.about!);
      if (!changes) return drop(["nat-filtered"]);
      return sure("inside", translated(packet, { ...changes, hop: true }));
    }
    const flow = flowOf(parsed, "outside");
    if (!flow) return this.#bare(packet, parsed, "outside");
    const half = this.#enter(flow, flow.from, now);
    if ("unclear" in half) return uncertain(half.unclear);
    if ("refused" in half && asks(flow.query) && half.refused.includes("nat-filtered")) return this.#ping(flow);
    if ("refused" in half) return drop(half.refused);
    const left = translated(packet, { to: half.mapping!.inside, hop: true });
    const commit = () => half.commit(half.mapping!.outside);
    return { verdict: { kind: "forward", to: "inside", packet: left, orDrop: half.orDrop }, commit };
  }

  /** The router answers pings to its addresses; what is no ping ends there, whatever the router calls it. */
  #ping({ query }: Flow): Expectation {
    return { verdict: { kind: "local", orDrop: query === ECHO ? [] : ["nat-filtered", "ttl"] }, commit: () => [] };
  }

  /** From inside to an outside address (RFC 4787 REQ-9): out and in again, as if it had been on the wire. */
  #hairpin(packet: Uint8Array, flow: Flow, now: number): Expectation {
    const target = this.#table.findOutside(flow.protocol, flow.protocol === ICMP
      ? { address: flow.to.address, port: flow.from.port } : flow.to);
    if (flow.protocol === ICMP) return target ? uncertain("whose identifier this is") : this.#ping(flow);
    // To hosts inside the router may say that nobody listens there, as at its other addresses.
    if (!target) return { verdict: { kind: "local", orDrop: ["nat-filtered"] }, commit: () => [] };
    const out = this.#leave(flow, now);
    if ("unclear" in out) return uncertain(out.unclear);
    if ("refused" in out) return refused([...out.refused, "nat-filtered"]);
    const known = out.mapping && sessionOf(out.mapping, flow.to);
    const enter = (source: Endpoint) => this.#enter(flow, source, now, known ? 0 : 1);
    const commit = (source = out.mapping!.outside): string[] => {
      const back = enter(source);
      if ("refused" in back) return [`let in from ${endpointText(source)}; expected a drop: ${back.refused.join()}`];
      return "unclear" in back ? [] : [...out.commit(source), ...back.commit(source)];
    };
    const from = out.mapping?.outside;
    const left = translated(packet, { from: from ?? flow.from, to: target.inside, hop: true });
    if (!from) return { verdict: this.#hairpinChoice(target, left, flow, out.orDrop), commit };
    const back = enter(from);
    if ("unclear" in back) return uncertain(back.unclear);
    // The far end's filter stops it; it has been sent all the same.
    if ("refused" in back) return { ...drop(back.refused), dropped: () => { out.commit(from); } };
    const orDrop = [...out.orDrop, ...back.orDrop];
    return { verdict: { kind: "forward", to: "inside", packet: left, orDrop }, commit };
  }

  /** Whether the target lets it in depends on the source that is chosen, unless it lets in everybody. */
  #hairpinChoice(target: Mapping, packet: Uint8Array, { tcp }: Flow, orDrop: ReasonName[]): Verdict {
    const open = (target.static || this.#config.filtering === "endpoint-independent") && (!tcp || isOpening(tcp.flags));
    const full: ReasonName[] = this.#table.sessions + 2 > this.#config.capacity ? ["nat-limit"] : [];
    const reasons: ReasonName[] = open ? full : [...full, "nat-filtered"];
    return { kind: "choose", to: "inside", packet, orDrop: [...orDrop, ...reasons] };
  }

  /** The way out: the mapping of the inside endpoint, and a session with the remote. */
  #leave(flow: Flow, now: number): Half {
    const { protocol, from, to } = flow;
    const mapping = this.#table.findInside(protocol, from, to);
    const session = mapping && sessionOf(mapping, to);
    if (session) {
      const commit = () => (this.#table.touch(mapping, session, flow, "inside", now), []);
      return { mapping, orDrop: [], commit };
    }
    if (protocol === TCP && flow.tcp!.flags.includes("R")) return { refused: ["nat-filtered"] };
    if (protocol === ICMP && !asks(flow.query)) return { refused: ["nat-filtered"] };
    if (this.#table.victim() === "tie") return { unclear: "sessions that were idle equally long" };
    const { must, may } = this.#table.room(flow, from.address, "inside", !mapping, now);
    if (must.length > 0) return { refused: must };
    const commit = (outside: Endpoint) => this.#begin(flow, mapping, outside, now);
    return mapping ? { mapping, orDrop: may, commit } : { orDrop: may, commit };
  }

  #begin(flow: Flow, known: Mapping | undefined, outside: Endpoint, now: number): string[] {
    const faults = known ? [] : this.#table.faultsOfChoice(flow, outside);
    const dependent = this.#config.mapping === "address-and-port-dependent";
    const mapping: Mapping = known ?? {
      protocol: flow.protocol, inside: flow.from, outside, static: false, sessions: [],
      ...(dependent ? { remote: flow.to } : {}),
    };
    this.#table.begin(mapping, flow.to, flow, "inside", now);
    return faults;
  }

  /** The way in, for a packet to `flow.to` from `remote`. */
  #enter(flow: Flow, remote: Endpoint, now: number, before = 0): Half {
    const mapping = this.#table.findOutside(flow.protocol, flow.to);
    if (!mapping) return { refused: ["nat-filtered"] };
    const session = sessionOf(mapping, remote);
    const admitted = this.#admits(mapping, remote);
    if (!admitted && session) return { unclear: "a session that began outside is all that speaks for it" };
    if (!admitted) return { refused: ["nat-filtered"] };
    if (session) {
      const commit = () => (this.#table.touch(mapping, session, flow, "outside", now), []);
      return { mapping, orDrop: [], commit };
    }
    if (flow.tcp && !isOpening(flow.tcp.flags)) return { refused: ["nat-filtered"] };
    // A reply that nobody asked for opens nothing (RFC 5508, 3.1 speaks of queries).
    if (flow.protocol === ICMP && !asks(flow.query)) return { refused: ["nat-filtered"] };
    if (this.#table.victim() === "tie") return { unclear: "sessions that were idle equally long" };
    const { must, may } = this.#table.room(flow, mapping.inside.address, "outside", false, now, before);
    if (must.length > 0) return { refused: must };
    // Two outside endpoints of one host cannot both stand for it towards one remote: its answers would leave by either.
    const rival = this.#table.findInside(flow.protocol, mapping.inside, remote);
    if (rival && rival !== mapping && sessionOf(rival, remote)) may.push("nat-limit");
    const commit = () => (this.#table.begin(mapping, remote, flow, "outside", now), []);
    return { mapping, orDrop: may, commit };
  }

  /** RFC 4787 REQ-8; what is forwarded is open to all. */
  #admits(mapping: Mapping, remote: Endpoint): boolean {
    if (mapping.static) return true;
    const spoken = mapping.sessions.filter(({ sent }) => sent).map((session) => session.remote);
    switch (this.#config.filtering) {
      case "endpoint-independent": return true;
      case "address-dependent": return spoken.some(({ address }) => address === remote.address);
      case "address-and-port-dependent": return spoken.some((each) => same(each, remote));
    }
  }

  #errorOut(packet: Uint8Array, parsed: Parsed, hairpin: boolean): Expectation {
    const about = parsed.icmp!.about!;
    const out = outboundError(this.#table, about);
    if (!out) return drop(["nat-filtered"]);
    const left = translated(packet, { ...out, hop: true });
    if (!hairpin) return sure("outside", left);
    const back = inboundError(this.#table, parseIp(left).icmp!.about!);
    return back ? sure("inside", translated(left, back)) : drop(["nat-filtered"]);
  }

  /** What has neither ports nor identifier passes only where a whole address is forwarded. */
  #bare(packet: Uint8Array, { ip, icmp }: Parsed, side: Side): Expectation {
    const whole = this.#config.forwards.find((forward) => forward.protocol === "1:1"
      && (side === "inside" ? forward.inside === ip!.from : forward.outside === ip!.to));
    if (!whole || icmp) return drop(["nat-filtered"]);
    if (side === "outside") {
      return sure("inside", translated(packet, { to: { address: whole.inside, port: 0 }, hop: true }));
    }
    if (this.#addresses.has(ip!.to)) return uncertain("a hairpin without ports");
    const from = { address: this.#table.outsideOf(whole), port: 0 };
    return sure("outside", translated(packet, { from, hop: true }));
  }
}

/** What may open a connection from outside. */
function isOpening(flags: string): boolean {
  return flags.includes("S") && !/[ARF]/.test(flags);
}

/** RFC 1812, 4.2.2.9: what cannot be forwarded for its TTL is dropped; what would be dropped anyway may be for both. */
function hop({ ip, icmp }: Parsed, expectation: Expectation): Expectation {
  const { verdict } = expectation;
  if (ip!.ttl > 1 || verdict.kind === "local" || verdict.kind === "uncertain") return expectation;
  const dropped = drop(verdict.kind === "drop" ? [...verdict.reasons, "ttl"] : ["ttl"]);
  const answer = icmp?.about ? {} : { answer: TIME_EXCEEDED };
  return { ...dropped, verdict: { ...dropped.verdict, ...answer } };
}

function withDoubts(expectation: Expectation, doubts: ReasonName[]): Expectation {
  const { verdict, commit } = expectation;
  if (verdict.kind === "uncertain" || doubts.length === 0) return expectation;
  if (verdict.kind === "drop") return { verdict: { ...verdict, reasons: [...verdict.reasons, ...doubts] }, commit };
  return { verdict: { ...verdict, orDrop: [...verdict.orDrop, ...doubts] }, commit };
}

function drop(reasons: ReasonName[]): Expectation {
  return { verdict: { kind: "drop", reasons }, commit: () => [] };
}

/** For want of a port or because of a limit: the sender may be told. */
function refused(reasons: ReasonName[]): Expectation {
  return { verdict: { kind: "drop", reasons, answer: PROHIBITED }, commit: () => [] };
}

function sure(to: Side, packet: Uint8Array): Expectation {
  return { verdict: { kind: "forward", to, packet, orDrop: [] }, commit: () => [] };
}

function uncertain(why: string): Expectation {
  return { verdict: { kind: "uncertain", why }, commit: () => [] };
}

function textOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case "drop": return `a drop for ${verdict.reasons.join(" or ")}`;
    case "local": return "the router to keep it";
    case "uncertain": return "nothing";
    case "forward": return `${verdict.to}: ${describe(verdict.packet)}`;
    case "choose": return `${verdict.to}, from a source of its choice: ${describe(verdict.packet)}`;
  }
}
