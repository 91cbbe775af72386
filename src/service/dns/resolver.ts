// Asks upstreams one question at a time, those first that have answered lately. Owns what is known of their health.
// A server that says nothing costs its time once: from then on the others are asked first, and it gets, now and then, a
// copy of a question, for whose answer nobody waits.
// Read first: RFC 5452 (forged answers), RFC 6891 section 6.2.2 (servers without EDNS), RFC 7766 (TCP).

import { readAnswer, type Answer } from "./answer.js";
import { drawCase } from "./case.js";
import { RCODE, buildQuery, viewOf, type Query } from "./message.js";
import { HOST, parseTarget, type Exchange, type Target, type Ways } from "./upstream.js";

/** Servers that are asked, of those that are configured. */
export const UPSTREAMS_MAX = 8;
/** How often a server that says nothing is asked again, where time is left. */
export const ROUNDS_MAX = 3;
/** How long a server that said nothing is left alone, ms. */
export const SILENT_MS = 10_000;

/** How long is waited, ms. */
export interface DnsTimes {
  /** For one server, each time. */
  readonly tryMs: number;
  /** In all; then the client hears SERVFAIL. */
  readonly totalMs: number;
}

export const DNS_TIMES: DnsTimes = { tryMs: 2_000, totalMs: 5_000 };

/** What has happened since the start. */
export interface ResolverCounters {
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
}

/** Whom to ask, and how they are reached; absent: from the host. */
export interface Upstreams {
  /** Addresses, or address and port. */
  readonly servers: readonly string[];
  readonly ways?: Ways | undefined;
}

export interface ResolverOptions {
  readonly counters: ResolverCounters;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** That many bytes that nobody can foresee, as node:crypto's randomBytes. */
  readonly random: (size: number) => Uint8Array;
  /** What ends the questions under way, for who wants to end them all. */
  readonly stops: Set<AbortController>;
  readonly times?: DnsTimes | undefined;
}

export class Resolver {
  readonly #options: ResolverOptions;
  readonly #times: DnsTimes;
  readonly #ways: Ways;
  /** In the order in which they are configured. */
  readonly #targets: readonly Target[];
  /** Servers that said nothing when they were asked last, and when they may get a copy of a question. */
  readonly #silent = new Map<Target, number>();
  /** Servers that do not repeat the case of a question. */
  readonly #caseChangers = new Set<Target>();

  constructor(upstreams: Upstreams, options: ResolverOptions) {
    this.#options = options;
    this.#times = options.times ?? DNS_TIMES;
    this.#ways = upstreams.ways ?? HOST;
    const targets = upstreams.servers.map(parseTarget).filter((target) => target !== undefined);
    this.#targets = targets.slice(0, UPSTREAMS_MAX);
  }

  /** The first useful answer; else the last "I cannot" that a server gave, or undefined. Never rejects. */
  async resolve(query: Query): Promise<Answer | undefined> {
    return this.#within(this.#times.totalMs, (signal) => {
      this.#tryAgain(query);
      return this.#askAll(query, signal);
    });
  }

  async #within<T>(timeoutMs: number, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    this.#options.stops.add(stop);
    try {
      return await action(stop.signal);
    } finally {
      clearTimeout(timer);
      this.#options.stops.delete(stop);
    }
  }

  async #askAll(query: Query, signal: AbortSignal): Promise<Answer | undefined> {
    let left = [
      ...this.#targets.filter((target) => !this.#silent.has(target)),
      ...this.#targets.filter((target) => this.#silent.has(target)),
    ];
    let failure: Answer | undefined;
    for (let round = 0; round < ROUNDS_MAX && left.length > 0; round++) {
      const again: Target[] = [];
      for (const target of left) {
        const answer = await this.#askOne(query, target, signal);
        if (answer && isUseful(answer)) return answer;
        if (signal.aborted) return failure;
        if (answer) failure = answer;
        else again.push(target);
      }
      left = again;
    }
    return failure;
  }

  /** Sends silent servers whose time has come the question, too, and waits for none; one at a time for each. */
  #tryAgain(query: Query): void {
    const nowMs = this.#options.clock();
    if (this.#silent.size === this.#targets.length) return; // they are asked anyway
    for (const [target, dueMs] of this.#silent) {
      if (nowMs < dueMs) continue;
      this.#silent.set(target, nowMs + SILENT_MS);
      void this.#within(this.#times.tryMs, (signal) => this.#askOne(query, target, signal));
    }
  }

  async #askOne(query: Query, target: Target, signal: AbortSignal): Promise<Answer | undefined> {
    let edns = true;
    let answer = await this.#exchange("udp", query, target, signal, edns);
    // A server of before EDNS does not understand the question (RFC 6891, 6.2.2).
    if (answer?.rcode === RCODE.FORMERR && !answer.edns) {
      edns = false;
      answer = await this.#exchange("udp", query, target, signal, edns);
    }
    if (answer && !answer.sameCase && !this.#caseChangers.has(target)) {
      return this.#askSurely(query, target, signal, edns);
    }
    if (!answer?.truncated) return answer;
    this.#options.counters.upstreamTcp++;
    return this.#exchange("tcp", query, target, signal, edns);
  }

  /**
   * An answer did not repeat the case of the question: it is forged, or the server changes the case. Who forges cannot
   * answer on a connection; a server that is seen to change the case there is not asked so again. One that takes no
   * connections is believed as one was before there was the case to look at.
   */
  async #askSurely(query: Query, target: Target, signal: AbortSignal, edns: boolean): Promise<Answer | undefined> {
    const { counters } = this.#options;
    counters.recased++;
    counters.upstreamTcp++;
    const answer = await this.#exchange("tcp", query, target, signal, edns);
    if (answer && !answer.sameCase) this.#caseChangers.add(target);
    return answer ?? this.#exchange("udp", query, target, signal, edns);
  }

  async #exchange(
    via: keyof Ways, query: Query, target: Target, signal: AbortSignal, edns: boolean,
  ): Promise<Answer | undefined> {
    const { counters, random, clock } = this.#options;
    const id = viewOf(random(2)).getUint16(0);
    counters.upstream++;
    const question = this.#caseChangers.has(target) ? query.question : drawCase(query.question, random);
    const read = (message: Uint8Array): Answer | undefined => {
      const answer = readAnswer(message, id, question);
      if (!answer) counters.mismatched++;
      return answer;
    };
    const exchange: Exchange<Answer> = {
      target, query: buildQuery({ ...query, question }, id, edns), read, timeoutMs: this.#times.tryMs, signal,
    };
    const answer = await this.#ways[via](exchange);
    if (answer) this.#silent.delete(target);
    else counters.unanswered++;
    if (!answer && via === "udp" && !signal.aborted) this.#silent.set(target, clock() + SILENT_MS);
    return answer;
  }
}

function isUseful({ rcode }: Answer): boolean {
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}
