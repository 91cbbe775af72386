// A router's DNS forwarder: answers what it knows itself, keeps what upstreams said for as long as it is true, and
// asks them for the rest. Owns the cache and the questions in flight; whoever calls owns the clients' sockets.
// Everything is bounded: questions that wait, by network, port and client, the cache, the time that an answer may take.
// Read first: RFC 1035, RFC 5452 (forged answers), RFC 2308 (negative answers), RFC 6891 (EDNS), RFC 5625 (proxies).

import { type DnsConfig } from "../../config/model.js";
import { type Asker, type Places } from "../share.js";
import { readAnswer, renderAnswer, type Answer } from "./answer.js";
import { AnswerCache } from "./cache.js";
import { drawCase } from "./case.js";
import { LocalNames, type LocalSources } from "./local.js";
import {
  FLAG, MESSAGE_MAX, RCODE, TYPE, UDP_SIZE_MAX, UDP_SIZE_MIN, buildQuery, lowerCase, readQuery, reply, viewOf,
  type Query,
} from "./message.js";
import { askTcp, askUdp, parseTarget, type Exchange, type Target } from "./upstream.js";

/** Questions of one network that wait for an answer. */
export const WAITING_MAX = 256;
/** Those of one client. */
export const CLIENT_WAITING_MAX = 64;
/** Servers that are asked, of those that are configured. */
export const UPSTREAMS_MAX = 8;
/** How often a server that says nothing is asked again, where time is left. */
export const ROUNDS_MAX = 3;

/** How long is waited, ms. */
export interface DnsTimes {
  /** For one server, each time. */
  readonly tryMs: number;
  /** In all; then the client hears SERVFAIL. */
  readonly totalMs: number;
}

export const DNS_TIMES: DnsTimes = { tryMs: 2_000, totalMs: 5_000 };

/** What has happened since the start. */
export interface DnsCounters {
  /** Messages that clients sent. */
  queries: number;
  /** Of these: no query at all, and left without an answer. */
  ignored: number;
  /** Of these: answered FORMERR, NOTIMP or BADVERS. */
  malformed: number;
  /** Answered by the router's own names. */
  local: number;
  hits: number;
  misses: number;
  /** Misses that waited for the same question of somebody else. */
  joined: number;
  /** Refused because too many of the network, port or client waited, or because zones are not handed out. */
  refused: number;
  /** Queries sent to upstreams, over UDP and TCP. */
  upstream: number;
  /** Of these over TCP, after an answer that was cut or did not repeat the case of the question. */
  upstreamTcp: number;
  /** Queries to upstreams that were not answered. */
  unanswered: number;
  /** What came from an upstream and was no answer to the question: wrong ID or question, or damaged. */
  mismatched: number;
  /** Answers that did not repeat the case of the question, and were asked for again. */
  recased: number;
  /** Questions that no upstream answered: SERVFAIL. */
  failed: number;
}

export interface DnsForwarderOptions extends LocalSources {
  readonly config: DnsConfig;
  /** The host's own servers, as dns.getServers() gives them; asked where `config.upstreams` is empty. */
  readonly upstreams: () => string[];
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** That many bytes that nobody can foresee, as node:crypto's randomBytes. */
  readonly random: (size: number) => Uint8Array;
  readonly times?: DnsTimes;
}

export class DnsForwarder {
  readonly counters: DnsCounters = {
    queries: 0, ignored: 0, malformed: 0, local: 0, hits: 0, misses: 0, joined: 0, refused: 0,
    upstream: 0, upstreamTcp: 0, unanswered: 0, mismatched: 0, recased: 0, failed: 0,
  };

  readonly #options: DnsForwarderOptions;
  readonly #times: DnsTimes;
  readonly #stops = new Set<AbortController>();
  /** Servers that do not repeat the case of a question. */
  readonly #caseChangers = new Set<string>();
  #flights = new Map<string, Promise<Answer | undefined>>();
  #config: DnsConfig;
  #local: LocalNames;
  #cache = new AnswerCache();
  #closed = false;

  constructor(options: DnsForwarderOptions) {
    this.#options = options;
    this.#times = options.times ?? DNS_TIMES;
    this.#config = options.config;
    this.#local = new LocalNames(options.config, options);
  }

  /**
   * The answer to a client's message; undefined: say nothing. Never rejects. Over "udp" it is no longer than the
   * client takes, nor than UDP_SIZE_MAX; over "tcp" at most 65,535 bytes. A question that waits for an upstream takes
   * one of the `places` of the asker's network.
   */
  async ask(message: Uint8Array, via: "udp" | "tcp", asker: Asker, places: Places): Promise<Uint8Array | undefined> {
    if (this.#closed) return undefined;
    this.counters.queries++;
    const query = readQuery(message);
    if (query === undefined) {
      this.counters.ignored++;
      return undefined;
    }
    if (query instanceof Uint8Array) {
      this.counters.malformed++;
      return query;
    }
    // What is asked of the message outlives this call, and the caller's memory may not.
    const asked = { ...query, question: copyQuestion(query.question) };
    const known = this.#known(asked, sizeFor(query, via));
    return known ?? this.#await(asked, sizeFor(query, via), asker, places);
  }

  /** Takes other names and servers; forgets what the old ones said, and lets their questions end by themselves. */
  reconfigure(config: DnsConfig): void {
    this.#config = config;
    this.#local = new LocalNames(config, this.#options);
    this.#cache = new AnswerCache();
    this.#flights = new Map();
    this.#caseChangers.clear();
  }

  /** Gives up what is in flight; questions that wait get no answer, and later ones neither. */
  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop.abort();
  }

  /** The answer to what needs nobody else's; undefined: it does. */
  #known(query: Query, sizeMax: number): Uint8Array | undefined {
    const { type } = query.question;
    if (type === TYPE.AXFR || type === TYPE.IXFR) return this.#refuse(query, RCODE.REFUSED);
    const local = this.#local.answer(query.question);
    if (local) {
      this.counters.local++;
      return renderAnswer(local, query, 0, sizeMax);
    }
    const hit = this.#cache.find(keyOf(query), this.#options.clock());
    if (!hit) return undefined;
    this.counters.hits++;
    return renderAnswer(hit.answer, query, hit.age, sizeMax);
  }

  async #await(query: Query, sizeMax: number, asker: Asker, places: Places): Promise<Uint8Array | undefined> {
    const place = places.take(asker);
    if (place !== "taken") return this.#refuse(query, place === "port full" ? RCODE.SERVFAIL : RCODE.REFUSED);
    this.counters.misses++;
    const answer = await this.#join(keyOf(query), query);
    places.free(asker);
    if (this.#closed) return undefined;
    if (answer) return renderAnswer(answer, query, 0, sizeMax);
    return reply(query, RCODE.SERVFAIL);
  }

  #refuse(query: Query, rcode: number): Uint8Array {
    this.counters.refused++;
    return reply(query, rcode);
  }

  /** Asks upstream, or waits with whoever has asked the same already. */
  #join(key: string, query: Query): Promise<Answer | undefined> {
    const [flights, cache] = [this.#flights, this.#cache];
    const flight = flights.get(key);
    if (flight) {
      this.counters.joined++;
      return flight;
    }
    const resolving = this.#resolve(query).then((answer) => {
      flights.delete(key);
      if (answer) cache.put(key, answer, this.#options.clock());
      else this.counters.failed++;
      return answer;
    });
    flights.set(key, resolving);
    return resolving;
  }

  async #resolve(query: Query): Promise<Answer | undefined> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), this.#times.totalMs);
    this.#stops.add(stop);
    try {
      return await this.#askAll(query, stop.signal);
    } finally {
      clearTimeout(timer);
      this.#stops.delete(stop);
    }
  }

  /** The first useful answer, in the order of servers; else the last "I cannot" that one gave. */
  async #askAll(query: Query, signal: AbortSignal): Promise<Answer | undefined> {
    let silent = this.#targets();
    let failure: Answer | undefined;
    for (let round = 0; round < ROUNDS_MAX && silent.length > 0; round++) {
      const again: Target[] = [];
      for (const target of silent) {
        const answer = await this.#askOne(query, target, signal);
        if (answer && isUseful(answer)) return answer;
        if (signal.aborted) return failure;
        if (answer) failure = answer;
        else again.push(target);
      }
      silent = again;
    }
    return failure;
  }

  #targets(): Target[] {
    const { upstreams } = this.#config;
    const texts = upstreams.length > 0 ? upstreams : this.#options.upstreams();
    return texts.map(parseTarget).filter((target) => target !== undefined).slice(0, UPSTREAMS_MAX);
  }

  async #askOne(query: Query, target: Target, signal: AbortSignal): Promise<Answer | undefined> {
    let edns = true;
    let answer = await this.#exchange(askUdp, query, target, signal, edns);
    // A server of before EDNS does not understand the question (RFC 6891, 6.2.2).
    if (answer?.rcode === RCODE.FORMERR && !answer.edns) {
      edns = false;
      answer = await this.#exchange(askUdp, query, target, signal, edns);
    }
    if (answer && !answer.sameCase && !this.#changesCase(target)) return this.#askSurely(query, target, signal, edns);
    if (!answer?.truncated) return answer;
    this.counters.upstreamTcp++;
    return this.#exchange(askTcp, query, target, signal, edns);
  }

  /**
   * An answer did not repeat the case of the question: it is forged, or the server changes the case. Who forges cannot
   * answer on a connection; a server that is seen to change the case there is not asked so again. One that takes no
   * connections is believed as one was before there was the case to look at.
   */
  async #askSurely(query: Query, target: Target, signal: AbortSignal, edns: boolean): Promise<Answer | undefined> {
    this.counters.recased++;
    this.counters.upstreamTcp++;
    const answer = await this.#exchange(askTcp, query, target, signal, edns);
    if (answer && !answer.sameCase) this.#caseChangers.add(textOf(target));
    return answer ?? this.#exchange(askUdp, query, target, signal, edns);
  }

  #changesCase(target: Target): boolean {
    return this.#caseChangers.has(textOf(target));
  }

  async #exchange(
    ask: (exchange: Exchange<Answer>) => Promise<Answer | undefined>,
    query: Query, target: Target, signal: AbortSignal, edns: boolean,
  ): Promise<Answer | undefined> {
    const id = viewOf(this.#options.random(2)).getUint16(0);
    this.counters.upstream++;
    const question = this.#changesCase(target) ? query.question : drawCase(query.question, this.#options.random);
    const read = (message: Uint8Array): Answer | undefined => {
      const answer = readAnswer(message, id, question);
      if (!answer) this.counters.mismatched++;
      return answer;
    };
    const bytes = buildQuery({ ...query, question }, id, edns);
    const answer = await ask({ target, query: bytes, read, timeoutMs: this.#times.tryMs, signal });
    if (!answer) this.counters.unanswered++;
    return answer;
  }
}

function textOf({ address, port }: Target): string {
  return `${address} ${port}`;
}

/** Bytes of the longest answer. */
function sizeFor({ edns }: Query, via: "udp" | "tcp"): number {
  if (via === "tcp") return MESSAGE_MAX;
  return edns ? Math.min(edns.size, UDP_SIZE_MAX) : UDP_SIZE_MIN;
}

/** Questions with one key have one answer: its DNSSEC part depends on DO, AD and CD (RFC 4035 and 6840). */
function keyOf({ question, flags, edns }: Query): string {
  const wishes = (flags & (FLAG.AD | FLAG.CD)) | (edns?.dnssec ? 1 : 0);
  return `${wishes} ${question.type} ${question.class} ${Buffer.from(lowerCase(question.name)).toString("latin1")}`;
}

function isUseful({ rcode }: Answer): boolean {
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}

function copyQuestion({ bytes, name, type, class: kind }: Query["question"]): Query["question"] {
  const copy = Uint8Array.from(bytes); // a Buffer's slice would be none
  return { bytes: copy, name: copy.subarray(0, name.length), type, class: kind };
}
