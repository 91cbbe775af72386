// What `taploom up` is told by signals, heeded from its first moment on: SIGINT and SIGTERM end it, a second one at
// once; SIGHUP reloads. What comes before there is an engine is kept until there is one.

import { FAILED } from "./exit.js";
import type { Io } from "./io.js";
import { createLogger } from "./log.js";

export class Orders {
  /** Fulfilled when it is to end. */
  readonly ended: Promise<void>;
  readonly #listeners: readonly (readonly ["SIGINT" | "SIGTERM" | "SIGHUP", () => void])[];
  #isSignalled = false;
  #hangup: (() => void) | undefined;
  #isHangupKept = false;
  #end!: () => void;

  /** `json`: what it says is for programs. */
  constructor(readonly io: Io, readonly json = false) {
    this.ended = new Promise((resolve) => { this.#end = resolve; });
    const onEnd = (): void => { this.#onEnd(); };
    this.#listeners = [["SIGINT", onEnd], ["SIGTERM", onEnd], ["SIGHUP", () => { this.#onHangup(); }]];
    for (const [name, listener] of this.#listeners) io.signals.on(name, listener);
  }

  /** Ends, as a first signal does. */
  end(): void {
    this.#end();
  }

  /** Says what SIGHUP does from now on, also one that has come already; where there is nothing to do, it ends. */
  onHangup(action = (): void => { this.#onEnd(); }): void {
    this.#hangup = action;
    if (this.#isHangupKept) action();
  }

  /** Gives the signals back. */
  release(): void {
    for (const [name, listener] of this.#listeners) this.io.signals.off(name, listener);
  }

  #onEnd(): void {
    if (this.#isSignalled) {
      createLogger(this.io.err, this.json).error("second signal: ended at once, without final statistics");
      process.exit(FAILED);
    }
    this.#isSignalled = true;
    this.#end();
  }

  #onHangup(): void {
    if (this.#hangup) this.#hangup();
    else this.#isHangupKept = true;
  }
}
