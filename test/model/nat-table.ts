// Mappings and sessions of the reference NAT, in Maps and lists that are searched from end to end. Owns their lives,
// the static ones of forwards, the limits, and the rules for the choice of an outside port.
// Read first: RFC 4787, 4; RFC 6888, 3; RFC 7857, 2 to 5.

import type { ForwardConfig } from "../../src/config/model.js";
import { ICMP, TCP, UDP, endpointText, type Endpoint } from "../router/bytes.js";
import type { Flow } from "./nat-flow.js";
import { TcpTrack, type TcpLife } from "./nat-tcp.js";
import type { NatModelConfig, ReasonName, Side } from "./nat-types.js";

export interface Session {
  remote: Endpoint;
  /** The host inside has sent to the remote. */
  sent: boolean;
  /** When it was last used, seconds. */
  used: number;
  /** It is alive up to here, and gone `lateSeconds` after `gone`; seconds. */
  alive: number;
  gone: number;
  track?: TcpTrack;
}

export interface Mapping {
  protocol: number;
  inside: Endpoint;
  outside: Endpoint;
  /** Of address-and-port-dependent mappings: the remote that it was made for. */
  remote?: Endpoint;
  /** Of a forward: it never ends. */
  static: boolean;
  sessions: Session[];
}

export class Table {
  /** Those that have sessions. */
  #mappings: Mapping[] = [];
  /** Those of forwards that were ever asked for. */
  #statics: Mapping[] = [];
  /** Sessions' beginnings: which host, when. */
  #starts: { host: string; now: number; side: Side }[] = [];
  readonly #config: NatModelConfig;

  constructor(config: NatModelConfig) {
    this.#config = config;
  }

  /** What lives at `now`, each with its live sessions. */
  live(now: number): Mapping[] {
    return this.#mappings
      .map((mapping) => ({ ...mapping, sessions: mapping.sessions.filter(({ alive }) => alive >= now) }))
      .filter(({ sessions }) => sessions.length > 0);
  }

  get sessions(): number {
    return this.#mappings.reduce((sum, mapping) => sum + mapping.sessions.length, 0);
  }

  clear(): void {
    this.#mappings = [];
    this.#statics = [];
  }

  /** The first time from `now` on at which it is known of each session whether it lives. */
  settled(now: number): number {
    const late = this.#config.lateSeconds;
    const doubtful = this.#mappings.flatMap(({ sessions }) => sessions)
      .filter(({ alive, gone }) => alive < now && now < gone + late);
    return doubtful.length === 0 ? now : this.settled(Math.max(...doubtful.map(({ gone }) => gone + late)));
  }

  prune(now: number): void {
    // In place: an expectation that is still to be observed knows its mapping.
    for (const mapping of this.#mappings) mapping.sessions = mapping.sessions.filter(({ alive }) => alive >= now);
    this.#mappings = this.#mappings.filter(({ sessions }) => sessions.length > 0);
    this.#starts = this.#starts.filter((start) => start.now > now - 1);
  }

  /** The mapping that a packet from inside uses; undefined: it needs a new one. */
  findInside(protocol: number, inside: Endpoint, remote: Endpoint): Mapping | undefined {
    const own = this.#mappings.filter((mapping) => mapping.protocol === protocol && same(mapping.inside, inside));
    return own.find((mapping) => sessionOf(mapping, remote))
      ?? this.#staticFrom(protocol, inside)
      ?? own.find((mapping) => !mapping.static && (!mapping.remote || same(mapping.remote, remote)));
  }

  findOutside(protocol: number, outside: Endpoint): Mapping | undefined {
    return this.#mappings.find((mapping) => mapping.protocol === protocol && same(mapping.outside, outside))
      ?? this.#staticTo(protocol, outside);
  }

  #staticFrom(protocol: number, inside: Endpoint): Mapping | undefined {
    for (const forward of this.#config.forwards) {
      const port = stepped(forward, protocol, "inside", inside.port);
      if (forward.inside !== inside.address || port === undefined) continue;
      return this.#static(protocol, inside, { address: this.outsideOf(forward), port });
    }
    return undefined;
  }

  #staticTo(protocol: number, outside: Endpoint): Mapping | undefined {
    for (const forward of this.#config.forwards) {
      const port = stepped(forward, protocol, "outside", outside.port);
      if (this.outsideOf(forward) !== outside.address || port === undefined) continue;
      return this.#static(protocol, { address: forward.inside, port }, outside);
    }
    return undefined;
  }

  #static(protocol: number, inside: Endpoint, outside: Endpoint): Mapping {
    const known = this.#statics.find((mapping) => mapping.protocol === protocol && same(mapping.outside, outside));
    if (known) return known;
    const made: Mapping = { protocol, inside, outside, static: true, sessions: [] };
    this.#statics.push(made);
    return made;
  }

  outsideOf(forward: ForwardConfig): string {
    return forward.outside ?? this.#config.outside[0]!;
  }

  /** The addresses from which mappings may come: not those that belong to one host. */
  #pool(host: string): string[] {
    const paired = this.#mappings.find((mapping) => !mapping.static && mapping.inside.address === host);
    if (paired) return [paired.outside.address];
    const given = this.#config.forwards.filter(({ protocol }) => protocol === "1:1").map(({ outside }) => outside);
    return this.#config.outside.filter((address) => !given.includes(address));
  }

  #isFree(protocol: number, outside: Endpoint): boolean {
    const [first, last] = this.#config.ports;
    return outside.port >= first && outside.port <= last && !this.findOutside(protocol, outside);
  }

  #anyFree(protocol: number, addresses: string[], suits: (port: number) => boolean): boolean {
    const [first, last] = this.#config.ports;
    for (let port = first; port <= last; port++) {
      if (suits(port) && addresses.some((address) => this.#isFree(protocol, { address, port }))) return true;
    }
    return false;
  }

  /** What is wrong with `outside` as the new mapping of a flow from inside. */
  faultsOfChoice({ protocol, from }: Flow, outside: Endpoint): string[] {
    const text = endpointText(outside);
    const pool = this.#pool(from.address);
    if (!pool.includes(outside.address)) return [`${text}: RFC 4787 REQ-2 wants an address of ${pool.join(", ")}`];
    if (!this.#isFree(protocol, outside)) return [`${text}: the port is taken, or not the router's to give`];
    if (outside.port === from.port) return [];
    const free = (suits: (port: number) => boolean) => this.#anyFree(protocol, [outside.address], suits);
    if (this.#isFree(protocol, { ...outside, port: from.port })) return [`${text}: ${from.port} was free`];
    const parity = (port: number) => protocol !== UDP || port % 2 === from.port % 2;
    const rank = (port: number) => protocol === ICMP || isLow(port) === isLow(from.port);
    const faults: string[] = [];
    if (!rank(outside.port) && free(rank)) faults.push(`${text}: not on the same side of 1024 as ${from.port}`);
    if (!parity(outside.port) && free((port) => parity(port) && rank(port))) {
      faults.push(`${text}: RFC 4787 REQ-4 wants the parity of ${from.port}`);
    }
    return faults;
  }

  /** Whether a new session, and a mapping for it where `mapping`, must or may be refused. `before`: sessions that the
   *  same packet makes first. */
  room(flow: Flow, host: string, side: Side, mapping: boolean, now: number, before = 0): Refusal {
    const { hostPorts, hostRate, capacity, exhausted } = this.#config;
    const held = this.#mappings.filter((each) => !each.static && each.inside.address === host).length;
    const refusal: Refusal = { must: [], may: [] };
    if (mapping && hostPorts > 0 && held >= hostPorts) refusal.must.push("nat-limit");
    if (exhausted === "refuse" && this.sessions + before >= capacity) refusal.must.push("nat-limit");
    if (hostRate > 0) this.#rate(refusal, host, side, now);
    if (mapping) this.#ports(refusal, flow, host);
    return refusal;
  }

  /** Limiters differ in their bursts: below `hostRate` in a second none refuses, at its double all do. */
  #rate(refusal: Refusal, host: string, side: Side, now: number): void {
    const starts = this.#starts.filter((start) => start.host === host && start.now > now - 1);
    const outbound = starts.filter((start) => start.side === "inside").length;
    if (starts.length >= this.#config.hostRate) refusal.may.push("nat-limit");
    if (side === "inside" && outbound >= 2 * this.#config.hostRate) refusal.must.push("nat-limit");
  }

  #ports(refusal: Refusal, { protocol, from }: Flow, host: string): void {
    const pool = this.#pool(host);
    const rank = (port: number) => protocol === ICMP || isLow(port) === isLow(from.port);
    if (this.#anyFree(protocol, pool, rank)) return;
    if (this.#anyFree(protocol, pool, () => true)) refusal.may.push("nat-no-port");
    else refusal.must.push("nat-no-port");
  }

  /** The session that goes where a new one finds no room; "tie" where more than one has been idle longest. */
  victim(): Session | "tie" | undefined {
    if (this.#config.exhausted === "refuse" || this.sessions < this.#config.capacity) return undefined;
    const all = this.#mappings.flatMap(({ sessions }) => sessions).sort((a, b) => a.used - b.used);
    return all.length > 1 && all[0]!.used === all[1]!.used ? "tie" : all[0];
  }

  add(mapping: Mapping): Mapping {
    if (!this.#mappings.includes(mapping)) this.#mappings.push(mapping);
    return mapping;
  }

  /** Adds a session that `side` begins and gives it its first life. */
  begin(mapping: Mapping, remote: Endpoint, flow: Flow, side: Side, now: number): void {
    const victim = this.victim();
    const cap = this.#capOf(mapping, side);
    for (const each of this.#mappings) each.sessions = each.sessions.filter((session) => session !== victim);
    const session: Session = { remote, sent: side === "inside", used: now, alive: now, gone: now };
    if (flow.tcp) session.track = new TcpTrack(flow.tcp);
    this.add(mapping).sessions.push(session);
    this.#starts.push({ host: mapping.inside.address, now, side });
    const seconds = this.#seconds(mapping.protocol, remote, "transitory");
    session.track?.note(side, flow.tcp!, flow.length);
    session.alive = Math.min(cap.alive, now + seconds);
    session.gone = Math.min(cap.gone, now + seconds);
  }

  /** What comes from outside makes no session that outlives its mapping. */
  #capOf({ static: endless, sessions }: Mapping, side: Side): { alive: number; gone: number } {
    if (endless || side === "inside") return { alive: Infinity, gone: Infinity };
    return {
      alive: Math.max(...sessions.map(({ alive }) => alive)), gone: Math.max(...sessions.map(({ gone }) => gone)),
    };
  }

  /** Notes one more packet of a session. */
  touch(mapping: Mapping, session: Session, flow: Flow, side: Side, now: number): void {
    session.used = now;
    const unasked = side === "outside" && !session.sent && !mapping.static;
    session.sent ||= side === "inside";
    if (mapping.protocol === UDP && side === "outside") return; // RFC 4787 REQ-6
    const bounds = session.track?.note(side, flow.tcp!, flow.length);
    const { least, most } = bounds ?? { least: "transitory", most: "transitory" } as const;
    const end = (life: TcpLife) => now + this.#seconds(mapping.protocol, session.remote, life);
    // Whether more of what nobody answered prolongs it is left open: what it opened with was bounded.
    if (least !== "keep" && !unasked) session.alive = end(least);
    if (most !== "keep") session.gone = unasked ? Math.max(session.gone, end(most)) : end(most);
    session.alive = Math.min(session.alive, session.gone);
  }

  #seconds(protocol: number, remote: Endpoint, life: TcpLife): number {
    const { timeouts } = this.#config;
    if (protocol === ICMP) return timeouts.icmp;
    if (protocol === UDP) return timeouts.ports[`udp ${remote.port}`] ?? timeouts.udp;
    return life === "transitory" ? timeouts.transitory : timeouts.ports[`tcp ${remote.port}`] ?? timeouts.tcp;
  }
}

export interface Refusal { must: ReasonName[]; may: ReasonName[] }

export function same(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

export function sessionOf(mapping: Mapping, remote: Endpoint): Session | undefined {
  return mapping.sessions.find((session) => same(session.remote, remote));
}

function isLow(port: number): boolean {
  return port < 1024;
}

/** The port on the other side of a forward; undefined where the forward is not for `port` on this side. */
function stepped(forward: ForwardConfig, protocol: number, side: Side, port: number): number | undefined {
  if (forward.protocol === "1:1") return port;
  if (protocol !== (forward.protocol === "udp" ? UDP : TCP)) return undefined;
  const [here, there] = side === "inside" ? [forward.insidePort, forward.port] : [forward.port, forward.insidePort];
  const step = port - here;
  return step >= 0 && step < forward.count ? there + step : undefined;
}
