// core-napt-new and core-napt-age: how fast a router makes mappings (UDP, endpoint-independent, with address-dependent
// filtering), and for how long ageing a full table keeps the frames waiting. All sessions are new ones: no two have
// the same inside endpoint.

import { EngineError } from "../api.js";
import { NaptCore } from "./napt-core.js";

const ENTRIES_MAX = 1_048_576;
const OUTSIDES = 32; // so that half of the ports stay free, as they are as a rule
const SPARE = 1024; // no host may have more than eight times what is left
const IDLE_MS = 301_000; // one second more than the timeout of UDP
const TURN_MS = 0.1; // a turn in so much, at least
const TURNS_MAX = 1_000_000;

export class CoreNaptNew extends NaptCore {
  /** The session that is begun next. */
  #next = 0;

  /** `entries`: sessions that the table is filled with, 1 to 1,048,576. */
  constructor(readonly entries: number) {
    if (entries < 1 || entries > ENTRIES_MAX) {
      throw new EngineError("USAGE", `--entries ${entries}: 1 to ${ENTRIES_MAX} sessions`);
    }
    super(entries + SPARE, OUTSIDES);
  }

  /** Fills the table anew, in batches; returns the ns that the core took. */
  fill(batch: number): number {
    this.reset();
    let spent = 0;
    while (this.#next < this.entries) {
      const count = Math.min(batch, this.entries - this.#next);
      this.generate(count);
      spent += this.turn(count);
    }
    if (this.sessions !== this.entries) {
      throw new EngineError("BENCH", `${this.sessions} of ${this.entries} sessions were made`);
    }
    return spent * 1e6;
  }

  /**
   * Lets all sessions be over, and turns until they have gone; returns the ns of the longest turn, by the clock or in
   * processor time, whichever is less: what other processes take meanwhile is not ageing's, nor what V8's threads do.
   */
  age(): number {
    this.now += IDLE_MS;
    let longest = 0;
    for (let turns = 0; this.sessions > 0; turns++) {
      if (turns === TURNS_MAX) throw new EngineError("BENCH", `${this.sessions} sessions do not end`);
      this.now += TURN_MS;
      const before = process.cpuUsage();
      const begun = performance.now();
      this.turn(0);
      const ended = performance.now();
      const { user, system } = process.cpuUsage(before);
      longest = Math.max(longest, Math.min((user + system) / 1000, ended - begun));
    }
    return longest * 1e6;
  }

  /** Ends all sessions at once. */
  protected override reset(): void {
    this.core.endSessions(this.router.index);
    this.greet();
    this.#next = 0;
  }

  protected override generate(count: number): void {
    this.workload.generateNew(this.#next, count);
    this.#next += count;
  }
}
