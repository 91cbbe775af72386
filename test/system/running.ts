// Child processes of tests: what they print is kept and can be waited for, and none outlives its test.
// Owns the waiting: conditions are polled for, since a busy machine takes the time it takes.

import { type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;
const PATIENCE_MS = 20_000;

/** Waits for a condition; `what` ends the sentence of the error, a function where that is worth working out. */
export async function until(what: string | (() => string), holds: () => unknown): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${PATIENCE_MS / 1000} s for ${typeof what === "string" ? what : what()}`);
    }
    await sleep(POLL_MS);
  }
}

export class Running {
  stdout = "";
  stderr = "";
  /** Exit status, or 128 and more where a signal ended it; undefined: it runs. */
  status: number | undefined;
  readonly ended: Promise<number>;

  constructor(readonly child: ChildProcess, readonly name: string) {
    child.stdout?.on("data", (bytes: Buffer) => { this.stdout += bytes.toString("latin1"); });
    child.stderr?.on("data", (bytes: Buffer) => { this.stderr += bytes.toString("latin1"); });
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(this.status = code ?? 128));
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits until what it printed, to either stream, matches; fails where it ends before. */
  async until(pattern: RegExp): Promise<void> {
    const matches = () => pattern.test(this.stdout) || pattern.test(this.stderr);
    await until(() => `${String(pattern)} from ${this.name}: ${this.stdout}${this.stderr}`,
      () => matches() || this.status !== undefined);
    if (!matches()) throw new Error(`${this.name} ended with ${this.status}: ${this.stdout}${this.stderr}`);
  }

  /** Waits for its end and returns what it printed; fails where its status is another than 0. */
  async result(): Promise<string> {
    const status = await this.ended;
    if (status !== 0) throw new Error(`${this.name} ended with ${status}: ${this.stdout}${this.stderr}`);
    return this.stdout;
  }

  /** Ends it and waits until it has. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    if (this.status === undefined) this.child.kill(signal);
    return this.ended;
  }
}
