// The log of sessions (RFC 6888 REQ-12 and on): what the core writes down of sessions' beginnings and ends becomes
// lines of JSON in the files that routers name. Owns the reading end of the ring and the files. A disk that is slow or
// full costs the log, never the data plane: what there is no room for is counted, and told as one line.

import { constants, type Stats } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import { endpoint } from "../core/nat.js";
import { regularPath, requireRegular } from "../disk/regular.js";

const POLL_MS = 100;
const MODE = 0o600;
/** Events that are made lines of in one go: some milliseconds. */
const SLICE = 2_000;
/** Characters that wait for a file which cannot be written; what comes beyond them is lost, and counted. */
const WAITING_MAX = 4 * 1024 * 1024;

const WHAT: Record<number, string> = {
  [layout.SESSION_CREATED]: "created",
  [layout.SESSION_DESTROYED]: "destroyed",
};
const PROTOCOLS: Record<number, string> = { 1: "icmp", 6: "tcp", 17: "udp" };

/** A router that keeps a log. */
export interface LoggedRouter {
  /** Its number in the core. */
  index: number;
  name: string;
  /** Path of its file; several routers may share one. */
  file: string;
}

export interface SessionLogOptions {
  shared: SharedMemory;
  /** Routers that keep a log, as they are now. */
  routers: () => Iterable<LoggedRouter>;
  /** Milliseconds since 1970. */
  wallMs: () => number;
  /** Takes a line for people. */
  log: (line: string) => void;
}

export class SessionLog {
  readonly #options: SessionLogOptions;
  readonly #files = new Map<string, LogFile>();
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> = Promise.resolve();
  #lost: number;
  #stopped = false;

  constructor(options: SessionLogOptions) {
    this.#options = options;
    this.#lost = this.#countLost();
  }

  /**
   * Opens the files, so that one which cannot be written is told now, and reads every 100 ms from then on, while there
   * are any.
   */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#open());
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped || this.#timer || this.#files.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.drain().then(() => { this.#schedule(); });
    }, POLL_MS);
    this.#timer.unref();
  }

  /** Writes what there is, and closes the files. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.drain();
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }

  /** Opens the files anew, as after a rotation, and those that are new; lets go of those that no router names. */
  async reopen(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#drain();
      const named = new Set([...this.#options.routers()].map(({ file }) => file));
      for (const [path, file] of this.#files) {
        await file.close();
        if (!named.has(path)) this.#files.delete(path);
      }
      await this.#open();
    });
    this.#schedule();
  }

  /** Writes down what has happened so far. */
  drain(): Promise<void> {
    return this.#inTurn(() => this.#drain());
  }

  /** One after the other: files are not closed while they are written. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    this.#draining = this.#draining.then(action);
    return this.#draining;
  }

  async #open(): Promise<void> {
    for (const { file } of this.#options.routers()) await this.#file(file).open();
  }

  async #drain(): Promise<void> {
    const routers = new Map([...this.#options.routers()].map((router) => [router.index, router]));
    for (const shard of this.#options.shared.shards) await this.#drainRing(shard, routers);
    this.#takeLost(routers);
    for (const file of this.#files.values()) await file.write();
  }

  /** Takes what a worker has written; workers' lines follow each other, whatever their times. */
  async #drainRing(shard: number, routers: ReadonlyMap<number, LoggedRouter>): Promise<void> {
    const { shared } = this.#options;
    const head = Atomics.load(shared.words, (shard + layout.SESSION_HEAD) >>> 2);
    let tail = shared.word(shard + layout.SESSION_TAIL);
    while (tail !== head) {
      for (let i = 0; i < SLICE && tail !== head; i++, tail = (tail + 1) >>> 0) {
        const place = (tail % layout.SESSION_EVENTS_MAX) * layout.SESSION_EVENT_SIZE;
        this.#take(shard + layout.SESSION_EVENTS + place, routers);
      }
      Atomics.store(shared.words, (shard + layout.SESSION_TAIL) >>> 2, tail);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #take(at: number, routers: ReadonlyMap<number, LoggedRouter>): void {
    const { shared } = this.#options;
    const router = routers.get(shared.word(at + layout.SESSION_ROUTER));
    const event = WHAT[shared.word(at + layout.SESSION_KIND)];
    if (!router || event === undefined) return; // it has gone since
    const half = (offset: number): number => shared.halves[(at + offset) >>> 1]!;
    const end = (address: number, port: number): string =>
      endpoint(shared.word(at + address), half(layout.SESSION_INSIDE_PORT + port));
    const protocol = half(layout.SESSION_PROTOCOL);
    this.#file(router.file).add({
      time: this.#timeAt(at), event, router: router.name,
      protocol: PROTOCOLS[protocol] ?? String(protocol),
      inside: end(layout.SESSION_INSIDE, 0), outside: end(layout.SESSION_OUTSIDE, 2),
      remote: end(layout.SESSION_REMOTE, 4),
    });
  }

  /** When an event happened; the host's own instance of the core, which ends sessions too, has no clock. */
  #timeAt(at: number): string {
    return new Date(this.#options.shared.double(at + layout.SESSION_TIME) || this.#options.wallMs()).toISOString();
  }

  /** Nobody knows whose events were lost: every file is told. */
  #takeLost(routers: ReadonlyMap<number, LoggedRouter>): void {
    const lost = this.#countLost();
    const count = (lost - this.#lost) >>> 0;
    this.#lost = lost;
    if (count === 0) return;
    for (const path of new Set([...routers.values()].map(({ file }) => file))) this.#file(path).lose(count);
  }

  #countLost(): number {
    const { shared } = this.#options;
    return shared.shards.reduce((sum, shard) => sum + shared.word(shard + layout.SESSION_LOST), 0);
  }

  #file(path: string): LogFile {
    const known = this.#files.get(path);
    if (known) return known;
    const file = new LogFile(path, this.#options);
    this.#files.set(path, file);
    return file;
  }
}

/** A file that lines are appended to. */
class LogFile {
  #handle: FileHandle | undefined;
  #inode: Pick<Stats, "dev" | "ino"> | undefined;
  #waiting = "";
  /** Lines that are being written, and how many of their bytes have been. */
  #batch = Buffer.alloc(0);
  #written = 0;
  #lost = 0;
  #failed = false;

  constructor(readonly path: string, readonly options: Pick<SessionLogOptions, "wallMs" | "log">) {}

  add(line: object): void {
    if (this.#waiting.length + this.#batch.length > WAITING_MAX) this.#lost += 1;
    else this.#waiting += `${JSON.stringify(line)}\n`;
  }

  lose(count: number): void {
    this.#lost += count;
  }

  /** Makes sure that it can be written. */
  async open(): Promise<void> {
    await this.#try(async () => {
      this.#handle ??= await this.#open();
      this.#failed = false;
    });
  }

  /** Appends what waits; where that fails, it is tried again with the next lines. */
  async write(): Promise<void> {
    await this.#try(async () => {
      while (this.#begin()) {
        await this.#follow();
        this.#handle ??= await this.#open();
        while (this.#written < this.#batch.length) {
          const { bytesWritten } = await this.#handle.write(this.#batch, this.#written);
          this.#written += bytesWritten;
        }
        this.#batch = Buffer.alloc(0);
        this.#written = 0;
        this.#failed = false;
      }
    });
  }

  /** Makes what waits the next batch, where there is none; false: nothing is to be written. */
  #begin(): boolean {
    if (this.#batch.length > 0) return true;
    const time = new Date(this.options.wallMs()).toISOString();
    const last = this.#lost > 0 ? `${JSON.stringify({ time, event: "lost", count: this.#lost })}\n` : "";
    this.#batch = Buffer.from(this.#waiting + last);
    this.#waiting = "";
    this.#lost = 0;
    return this.#batch.length > 0;
  }

  /** Does something with the file; an error is told once, until it was written again. */
  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      await this.close();
      if (!this.#failed) {
        const remedy = "let this user write there; sessions are written down once that is mended";
        this.options.log(`session log ${this.path}: ${(error as Error).message}; ${remedy}`);
      }
      this.#failed = true;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  /** Lets go of a file that is no longer the one of this name: it was rotated. */
  async #follow(): Promise<void> {
    if (!this.#handle) return;
    const now = await stat(this.path).catch(() => undefined);
    if (now?.ino !== this.#inode?.ino || now?.dev !== this.#inode?.dev) await this.close();
  }

  async #open(): Promise<FileHandle> {
    // Not blocking: a FIFO without a reader is an error, not a wait.
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
    const handle = await open(regularPath(this.path), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW, MODE);
    const inode = await handle.stat();
    try {
      requireRegular(inode);
    } catch (error) {
      await handle.close();
      throw error;
    }
    // Another file than the one that has the beginning of a line gets all of it.
    const isOther = inode.ino !== this.#inode?.ino || inode.dev !== this.#inode.dev;
    if (isOther && this.#written > 0) this.#written = this.#batch.lastIndexOf("\n", this.#written - 1) + 1;
    this.#inode = inode;
    return handle;
  }
}
