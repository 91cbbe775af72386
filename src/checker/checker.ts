// Checks documents that come while an engine runs in a thread of their own, so that guests are served meanwhile. Owns
// the thread: it starts with the first document, ends when there was none for a while, and is ended, together with the
// document that it is at, if that takes too long or too much memory.

import { Worker } from "node:worker_threads";
import { EngineError } from "../api.js";
import { ConfigError } from "../config/error.js";
import type { Config, PortConfig } from "../config/model.js";
import { vouchFor } from "../config/vouched.js";
import { packageFile } from "../files.js";
import type { Document, Verdict } from "./message.js";

export interface CheckerLimits {
  /** For one document, milliseconds; the thread's start does not count. */
  checkMs: number;
  /** After which a thread without work ends, milliseconds. */
  idleMs: number;
  heapMiB: number;
}

const LIMITS: CheckerLimits = { checkMs: 30_000, idleMs: 10_000, heapMiB: 512 };

export class Checker {
  readonly #limits: CheckerLimits;
  /** Resolves when the thread has loaded the parser. */
  #thread: Promise<Worker> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: Partial<CheckerLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** A configuration as JSON. Throws ConfigError; EngineError JSON, TOO_LONG. */
  async config(json: Uint8Array): Promise<Config> {
    return vouchFor((await this.#check({ kind: "config", json }) as { config: Config }).config);
  }

  /** One port as JSON, under the name that it is to get. Throws as `config` does. */
  async port(name: string, json: Uint8Array): Promise<PortConfig> {
    return (await this.#check({ kind: "port", name, json }) as { port: PortConfig }).port;
  }

  /** A file, as readConfig reads it. Throws as `config` does. */
  async file(path: string): Promise<Config> {
    return vouchFor((await this.#check({ kind: "file", path }) as { config: Config }).config);
  }

  /** Ends the thread; a document that it is at is refused. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.then((started) => started.terminate(), () => undefined);
  }

  /** One document after the other: they share a thread. */
  #check(document: Document): Promise<Verdict> {
    const turn = this.#last.then(() => this.#inTurn(document));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #inTurn(document: Document): Promise<Verdict> {
    clearTimeout(this.#idle);
    this.#thread ??= this.#start();
    const verdict = await this.#thread.then((thread) => this.#ask(thread, document)).catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
    this.#idle = setTimeout(() => void this.close(), this.#limits.idleMs).unref();
    if ("problems" in verdict) throw new ConfigError(verdict.problems, verdict.more);
    if (!("fault" in verdict)) return verdict;
    throw verdict.isSyntax ? new EngineError("JSON", `not JSON: ${verdict.fault}`) : new Error(verdict.fault);
  }

  #ask(thread: Worker, document: Document): Promise<Verdict> {
    const { checkMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const refuse = (why: string): void => {
        settle();
        reject(new EngineError("TOO_LONG", `the document was not checked: ${why}; make it smaller`));
      };
      const onVerdict = (verdict: Verdict): void => {
        settle();
        resolve(verdict);
      };
      const onError = (error: Error): void => { refuse(error.message); };
      const onExit = (): void => { refuse("its thread has ended"); };
      const timer = setTimeout(() => { refuse(`it takes longer than ${checkMs} ms`); }, checkMs);
      const settle = (): void => {
        clearTimeout(timer);
        thread.off("message", onVerdict).off("error", onError).off("exit", onExit);
      };
      thread.on("message", onVerdict).on("error", onError).on("exit", onExit);
      thread.postMessage(document);
    });
  }

  #start(): Promise<Worker> {
    const { heapMiB } = this.#limits;
    const thread = new Worker(packageFile("dist/src/checker/thread.js"), {
      execArgv: [], resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    thread.unref(); // it keeps no process alive
    const started = new Promise<Worker>((resolve, reject) => {
      thread.once("message", () => { resolve(thread); }); // its first word: it has loaded
      thread.on("error", reject); // from then on it is told to whoever asked
    });
    thread.once("exit", () => { if (this.#thread === started) this.#thread = undefined; });
    return started;
  }
}
