// The control API as functions: what the commands call. Speaks HTTP over the Unix socket, loads no engine.
// Owns the errors of a conversation: nobody there, not allowed, not an engine, refused.

import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Applied, CaptureOptions, EngineEvent, Stats } from "../api.js";
import type { Rows } from "./lists.js";
import { PROBLEM_TYPE, type Problem } from "./problem.js";

const NDJSON_TYPE = "application/x-ndjson";

/** A configuration in the shape of the user's file. */
export type ConfigValue = Record<string, unknown>;

/** A request that was not done; `message` says why and what to do. */
export class ControlError extends Error {
  /** `problem`: what the engine answered; absent where no engine did. */
  constructor(message: string, readonly problem?: Problem, options?: ErrorOptions) {
    super(message, options);
    this.name = "ControlError";
  }
}

interface Ask {
  method: string;
  path: string;
  body?: unknown;
  /** Media type that is wanted; absent: JSON. */
  accept?: string;
  signal?: AbortSignal;
}

/** How long an answer is waited for, milliseconds; a stream has no such limit. */
interface Patience {
  answerMs: number;
  /** For a change: devices are made and taken away, and what runs is stopped in order. */
  changeMs: number;
}

const PATIENCE: Patience = { answerMs: 10_000, changeMs: 60_000 };

/** The engine at a control socket. Every function throws ControlError where it is not there, silent or refuses. */
export class ControlClient {
  readonly #socketPath: string;
  readonly #patience: Patience;

  constructor(socketPath: string, patience = PATIENCE) {
    this.#socketPath = socketPath;
    this.#patience = patience;
  }

  /**
   * The rows of a list as they come, some at a time: there may be millions. `name`: only those of this SWITCH,
   * SWITCH/PORT or ROUTER; the engine refuses a name that nothing has.
   */
  rows<List extends keyof Rows>(list: List, name?: string): AsyncGenerator<Rows[List][]> {
    return this.#lines(this.#pieces({ method: "GET", path: `/${list}${queryOf({ name })}`, accept: NDJSON_TYPE }));
  }

  /** What the engine answers for a list, or for `stats` or `config`: the bytes of one JSON value, as they come. */
  bytes(what: keyof Rows | "stats" | "config", name?: string): AsyncGenerator<Buffer> {
    return this.#pieces({ method: "GET", path: `/${what}${queryOf({ name })}` });
  }

  /** Events from now on; ends when the signal aborts, or with the engine. */
  async* events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const lines = this.#lines<EngineEvent>(this.#endless({ method: "GET", path: "/events", signal }, signal));
    for await (const events of lines) yield* events;
  }

  addForward(router: string, rule: string): Promise<Applied> {
    return this.#change({ method: "POST", path: pathOf("routers", router, "forwards"), body: { rule } });
  }

  removeForward(router: string, rule: string): Promise<Applied> {
    return this.#change({ method: "DELETE", path: pathOf("routers", router, "forwards") + queryOf({ rule }) });
  }

  stats(): Promise<Stats> {
    return this.#json({ method: "GET", path: "/stats" });
  }

  config(): Promise<ConfigValue> {
    return this.#json({ method: "GET", path: "/config" });
  }

  apply(config: ConfigValue): Promise<Applied> {
    return this.#change({ method: "PUT", path: "/config", body: config });
  }

  addPort(switchName: string, portName: string, port: unknown): Promise<Applied> {
    return this.#change({ method: "POST", path: pathOf("switches", switchName, "ports", portName), body: port });
  }

  removePort(switchName: string, portName: string): Promise<Applied> {
    return this.#change({ method: "DELETE", path: pathOf("switches", switchName, "ports", portName) });
  }

  flush(switchName: string, only: { vlan?: number; port?: string } = {}): Promise<{ flushed: number }> {
    return this.#json({ method: "DELETE", path: pathOf("switches", switchName, "fdb") + queryOf(only) });
  }

  /** The bytes of a pcapng file as they come; ends when the signal aborts, or the engine ends it. */
  capture(
    switchName: string, portName: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const path = pathOf("switches", switchName, "ports", portName, "capture") + queryOf({ ...options });
    return this.#endless({ method: "GET", path, signal }, signal);
  }

  /** Stops the engine; its final statistics. */
  stop(): Promise<Stats> {
    return this.#change({ method: "POST", path: "/stop" });
  }

  /** Whether somebody still listens at the socket. */
  async answers(): Promise<boolean> {
    const caller = connect({ path: this.#socketPath });
    try {
      await once(caller, "connect");
      return true;
    } catch {
      return false;
    } finally {
      caller.destroy();
    }
  }

  /** The values of an NDJSON answer, as many at a time as came in a piece. */
  async* #lines<T>(pieces: AsyncIterable<Buffer>): AsyncGenerator<T[]> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of pieces) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop()!;
      if (lines.length > 0) yield lines.map((line) => this.#parsed<T>(line));
    }
  }

  #change<T>(ask: Ask): Promise<T> {
    return this.#json(ask, this.#patience.changeMs);
  }

  async #json<T>(ask: Ask, waitMs?: number): Promise<T> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const piece of this.#pieces(ask, waitMs)) text += decoder.decode(piece, { stream: true });
    return this.#parsed(text);
  }

  #parsed<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** The bytes of an answer that lasts until the signal aborts, or the engine ends it. */
  async* #endless(ask: Ask, signal: AbortSignal): AsyncGenerator<Buffer> {
    try {
      yield* await this.#ask(ask);
    } catch (error) {
      if (!signal.aborted) throw this.#explained(error);
    }
  }

  /** The bytes of an answer as they come; `waitMs`: how long the engine may be silent. The caller may take any time. */
  async* #pieces(ask: Ask, waitMs = this.#patience.answerMs): AsyncGenerator<Buffer> {
    const silent = new AbortController();
    const watch = (): NodeJS.Timeout => setTimeout(() => silent.abort(), waitMs);
    let timer = watch();
    try {
      for await (const piece of await this.#ask({ ...ask, signal: silent.signal })) {
        clearTimeout(timer);
        yield piece as Buffer;
        timer = watch();
      }
    } catch (error) {
      throw silent.signal.aborted ? this.#unanswered(waitMs) : this.#explained(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(ask: Ask): Promise<IncomingMessage> {
    const response = await this.#send(ask);
    if (response.statusCode === 200) return response;
    const text = await textOf(response);
    const isProblem = response.headers["content-type"]?.startsWith(PROBLEM_TYPE);
    const problem = isProblem ? JSON.parse(text) as Problem : undefined;
    const detail = problem?.detail ?? `${this.#socketPath}: answers ${response.statusCode}, but not as taploom does`;
    throw new ControlError(detail, problem);
  }

  #send({ method, path, body, accept, signal }: Ask): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(accept !== undefined && { accept }),
      ...(payload !== undefined && {
        "content-type": "application/json", "content-length": Buffer.byteLength(payload),
      }),
    };
    const target = { socketPath: this.#socketPath, method, path, headers, agent: false, ...(signal && { signal }) };
    return new Promise((resolve, reject) => {
      const asking = request(target);
      asking.once("response", resolve).once("error", reject);
      asking.end(payload);
    });
  }

  #unanswered(waitedMs: number): ControlError {
    const what = `the engine did not answer within ${waitedMs / 1000}s`;
    const remedy = "see whether its process is suspended or overloaded";
    return new ControlError(`control socket ${this.#socketPath}: ${what}; ${remedy}`);
  }

  #explained(error: unknown): unknown {
    if (error instanceof ControlError) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const [what, remedy] = FAULTS[code ?? ""] ?? [message, "look whether a taploom engine is what listens there"];
    return new ControlError(`control socket ${this.#socketPath}: ${what}; ${remedy}`, undefined, { cause: error });
  }
}

const START = "start one with \"taploom up CONFIG\", or name the socket of one with --control PATH";
const FAULTS: Record<string, [what: string, remedy: string]> = {
  ENOENT: ["no engine is running there (no such file)", START],
  ECONNREFUSED: ["no engine is running there (nobody listens)", START],
  EACCES: ["no permission to connect: the engine belongs to another user", "run this as the user that started it"],
  ECONNRESET: ["the engine hung up", "it may be stopping, or have too many connections; try again"],
};

function pathOf(...segments: string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
}

function queryOf(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response) text += piece as string;
  return text;
}
