// The main thread's side of the workers: starts them, sends them their ports, and lets them stand still for the
// moment in which the tables change. The control plane waits for the data plane here, never the other way round.

import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { EngineError } from "../api.js";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import type { RegisteredPort } from "../core/registry.js";
import { packageFile } from "../files.js";
import { findAddon } from "../port/addon.js";
import { shares, type Wiring } from "../port/wiring.js";
import { ringWorker } from "./doorbell.js";
import { whyExited, whyThrown } from "./end.js";
import type { Assignment, FromWorker, ToWorker } from "./message.js";
import type { PollMode } from "./patience.js";

const PARK_MS_MAX = 10_000; // a turn takes well under a millisecond, but a machine may be busy
const STOP_MS_MAX = 2_000; // after a worker ended: the others may wait for a lock that it held

export type LinkReport = Extract<FromWorker, { type: "link" | "note" }>;

/** What is to be known of a port to serve it. */
export type Served = Pick<RegisteredPort, "index" | "pipe" | "workers">;

/** How many workers there are, and how they work. */
export interface Staff {
  workers: number;
  poll: PollMode;
  /** Of their common clock, ms since 1970. */
  origin: number;
}

interface Member {
  thread: Worker;
  doorbell: number;
}

interface Awaited {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** A worker that ended by itself. */
export interface WorkerEnd {
  worker: number;
  why: string;
}

export class Crew {
  readonly #members: Member[] = [];
  readonly #awaited = new Map<string, Awaited>();
  readonly #gone = new Set<number>();
  #stopping = false;
  #failure: EngineError | undefined;

  private constructor(
    readonly shared: SharedMemory,
    readonly onLink: (report: LinkReport) => void,
    readonly onEnd: (end: WorkerEnd) => void,
  ) {}

  /** Starts the workers; resolves when all run. Throws EngineError WORKER if one ends before. */
  static async start(
    shared: SharedMemory, module: WebAssembly.Module, { workers, poll, origin }: Staff,
    onLink: (report: LinkReport) => void, onEnd: (end: WorkerEnd) => void,
  ): Promise<Crew> {
    const crew = new Crew(shared, onLink, onEnd);
    try {
      await Promise.all(Array.from({ length: workers }, (_, index) =>
        crew.#hire({ index, memory: shared.memory, module, origin, poll })));
    } catch (error) {
      await crew.#terminate();
      throw error;
    }
    return crew;
  }

  /** Says that a worker ended by itself; undefined while all run. From then on the tables are left as they are. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** Gives a port to its workers, to each its share of the wiring. */
  async attach({ index: port, pipe, workers }: Served, wiring: Wiring): Promise<void> {
    await Promise.all(shares(wiring, workers.length).map((share, i) =>
      this.#ask(workers[i]!, { type: "attach", port, pipe, wiring: share }, `attached ${port}`)));
  }

  /** Lets a source give frames. */
  begin(worker: number, port: number): void {
    this.#tell(worker, { type: "begin", port });
  }

  /** Takes a port from its workers: its fds are closed when this resolves. */
  async detach({ index: port, workers }: Served): Promise<void> {
    await Promise.all(workers.map((worker) => this.#ask(worker, { type: "detach", port }, `detached ${port}`)));
  }

  /**
   * Runs `change` while no worker is in a turn. Frames wait in their devices meanwhile; keep it short. Throws
   * EngineError WORKER if a worker ended: it may have been in the middle of a change, or hold a lock.
   */
  parked<T>(change: () => T): T {
    if (this.#failure) throw this.#failure;
    const park = layout.HEADER_PARK >>> 2;
    const parked = layout.HEADER_PARKED >>> 2;
    const { signed } = this.shared;
    Atomics.store(signed, park, 1);
    this.#members.forEach((_, worker) => { this.ring(worker); });
    try {
      this.#waitUntil(parked, this.#members.length);
      return change();
    } finally {
      Atomics.store(signed, park, 0);
      Atomics.notify(signed, park);
      this.#waitUntil(parked, 0);
    }
  }

  ring(worker: number): void {
    if (this.#gone.has(worker)) return; // the number of its doorbell may be another file's by now
    ringWorker(this.shared, worker, findAddon(), this.#members[worker]!.doorbell);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const stopped = Promise.all(this.#members.map((_, worker) => this.#ask(worker, { type: "stop" }, "stopped")));
    await (this.#failure ? Promise.race([stopped, sleep(STOP_MS_MAX)]) : stopped);
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#members.map(({ thread }) => thread.terminate()));
  }

  #hire(assignment: Assignment): Promise<void> {
    const thread = new Worker(packageFile("dist/src/worker/main.js"), {
      workerData: assignment,
      trackUnmanagedFds: false, // it closes files that this thread opened
      execArgv: [], // what the program was started with is for the program: --input-type, --import, --inspect-brk
    });
    const member: Member = { thread, doorbell: 0 };
    this.#members[assignment.index] = member;
    thread.on("message", (message: FromWorker) => { this.#hear(assignment.index, member, message); });
    thread.on("error", (error: unknown) => { this.#lose(assignment.index, whyThrown(error)); });
    thread.on("exit", (status) => { this.#lose(assignment.index, whyExited(status)); });
    return new Promise((resolve, reject) => { this.#awaited.set(`${assignment.index} ready`, { resolve, reject }); });
  }

  /** A thread has ended, and what it had open is closed: nobody waits for its answers any more. */
  #lose(worker: number, why: string): void {
    if (this.#gone.has(worker)) return;
    this.#gone.add(worker);
    this.shared.setWord(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_DOORBELL, 0);
    const what = `worker ${worker} ended by itself: ${why}`;
    const failure = new EngineError("WORKER", `${what}; the engine has stopped: start another one`);
    for (const [key, { resolve, reject }] of this.#awaited) {
      const [whose, answer] = key.split(" ");
      if (Number(whose) !== worker) continue;
      this.#awaited.delete(key);
      if (answer === "stopped" || answer === "detached") resolve();
      else reject(failure);
    }
    if (this.#stopping) return;
    const isFirst = this.#failure === undefined;
    this.#failure ??= failure;
    if (isFirst) this.onEnd({ worker, why });
  }

  #hear(worker: number, member: Member, message: FromWorker): void {
    if (message.type === "link" || message.type === "note") return this.onLink(message);
    if (message.type === "ready") member.doorbell = message.doorbell;
    const key = `${worker} ${message.type}${"port" in message ? ` ${message.port}` : ""}`;
    this.#awaited.get(key)?.resolve();
    this.#awaited.delete(key);
  }

  #ask(worker: number, message: ToWorker, answer: string): Promise<void> {
    if (this.#gone.has(worker)) return message.type === "attach" ? Promise.reject(this.#failure!) : Promise.resolve();
    const answered = new Promise<void>((resolve, reject) => {
      this.#awaited.set(`${worker} ${answer}`, { resolve, reject });
    });
    this.#tell(worker, message);
    return answered;
  }

  #tell(worker: number, message: ToWorker): void {
    this.#members[worker]!.thread.postMessage(message);
    this.ring(worker);
  }

  /** Blocks this thread until a word of the memory has a value. */
  #waitUntil(index: number, wanted: number): void {
    const { signed } = this.shared;
    for (let seen = Atomics.load(signed, index); seen !== wanted; seen = Atomics.load(signed, index)) {
      if (Atomics.wait(signed, index, seen, PARK_MS_MAX) === "timed-out") {
        throw new EngineError("WORKER", "a worker does not answer: the engine is stuck and should be restarted");
      }
    }
  }
}
