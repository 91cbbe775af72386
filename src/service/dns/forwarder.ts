// A router's DNS forwarder: answers what it knows itself, keeps what upstreams said for as long as it is true, and
// asks them for the rest. Owns the cache and the questions in flight; whoever calls owns the clients' sockets.
// Everything is bounded: questions that wait, by network, port and client, the cache, the time that an answer may take.
// Read first: RFC 1035, RFC 5452 (forged answers), RFC 2308 (negative answers), RFC 6891 (EDNS), RFC 5625 (proxies).

import { isDeepStrictEqual } from "node:util";
import { type DnsConfig } from "../../config/model.js";
import { type Asker, type Places } from "../share.js";
import { renderAnswer, type Answer } from "./answer.js";
import { AnswerCache } from "./cache.js";
import { LocalNames, type LocalSources } from "./local.js";
import {
  FLAG, MESSAGE_MAX, RCODE, TYPE, UDP_SIZE_MAX, UDP_SIZE_MIN, lowerCase, readQuery, reply, type Query,
} from "./message.js";
import { Resolver, type DnsTimes, type ResolverCounters, type Upstreams } from "./resolver.js";

/** Questions of one network that wait for an answer. */
export const WAITING_MAX = 256;
/** Those of one client. */
export const CLIENT_WAITING_MAX = 64;

/** What has happened since the start. */
export interface DnsCounters extends ResolverCounters {
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
  /** Questions that no upstream answered: SERVFAIL. */
  failed: number;
}

export interface DnsForwarderOptions extends LocalSources {
  readonly config: DnsConfig;
  /** Who is asked where `config.upstreams` is empty, as it is now. */
  readonly upstreams: () => Upstreams;
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
  /** Ends of what is under way, with servers of before, too. */
  readonly #stops = new Set<AbortController>();
  #flights = new Map<string, Promise<Answer | undefined>>();
  #config: DnsConfig;
  #local: LocalNames;
  #cache = new AnswerCache();
  #asked: Upstreams | undefined;
  #resolver: Resolver | undefined;
  #closed = false;

  constructor(options: DnsForwarderOptions) {
    this.#options = options;
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
    this.#forget();
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
    this.#upstream(); // whose answers are kept
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
    const resolving = this.#upstream().resolve(query).then((answer) => {
      flights.delete(key);
      if (answer) cache.put(key, answer, this.#options.clock());
      else this.counters.failed++;
      return answer;
    });
    flights.set(key, resolving);
    return resolving;
  }

  /**
   * The servers as they are now. Where they are others, what the old ones said is forgotten: names of a VPN, say, exist
   * or do not.
   */
  #upstream(): Resolver {
    const { upstreams } = this.#config;
    const now = upstreams.length > 0 ? { servers: upstreams } : this.#options.upstreams();
    const isSame = now.ways === this.#asked?.ways && isDeepStrictEqual(now.servers, this.#asked?.servers);
    if (isSame && this.#resolver) return this.#resolver;
    this.#asked = now;
    this.#forget();
    return this.#resolver = new Resolver(now, { ...this.#options, counters: this.counters, stops: this.#stops });
  }

  #forget(): void {
    this.#cache = new AnswerCache();
    this.#flights = new Map();
    this.#resolver = undefined;
  }
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

function copyQuestion({ bytes, name, type, class: kind }: Query["question"]): Query["question"] {
  const copy = Uint8Array.from(bytes); // a Buffer's slice would be none
  return { bytes: copy, name: copy.subarray(0, name.length), type, class: kind };
}
