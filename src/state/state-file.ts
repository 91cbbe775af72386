// The state file of an engine: saved on a clean stop, and whenever something has changed, read at the next
// start. Owns the file: it is written anew beside itself, synced and renamed, so that there is always a whole one. What
// nobody could read is never written over: it may be whole.

import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "../api.js";
import * as layout from "../core/layout.js";
import { realPath } from "../disk/real-path.js";
import { regularPath } from "../disk/regular.js";
import { decodeState, type State } from "./decode.js";
import { encodeState } from "./encode.js";
import { FileLock } from "./file-lock.js";
import { DamagedError } from "./format.js";
import type { StateSources } from "./sources.js";

const MODE = 0o600;
const FILE_BYTES_MAX = 1024 ** 3; // 4,194,304 sessions are a fifth of it
/** How often it is looked whether the tables have changed. */
const LOOK_MS = 200;
/** No save for the tables' sake begins earlier after another one; what services have changed does not wait so long. */
const PAUSE_MS_MIN = 1_000;
/** Times what a save took, for the next one to wait: saving takes a twentieth of the time at most. */
const PAUSE_FACTOR = 20;
/** Where nothing has come or gone, lifetimes still are written down so often. */
const REFRESH_MS = 5_000;

export class StateFile {
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #touches = 0;
  #saved = "";
  #savedMs = -Infinity;
  #triedMs = -Infinity;
  /** Before when there is no save, since the last one took so long. */
  #restsUntilMs = -Infinity;
  /** Services have changed something since. */
  #isUrgent = false;
  #isLooking = false;
  #failed = false;
  #stopped = false;
  /** An engine that never came up has nothing to keep, and must not lose what the last one kept. */
  #started = false;
  /** What is there could neither be read nor set aside. */
  #untouchable = false;
  /** The file itself, whatever links lead there: its lock stands beside it. */
  readonly #place: string;
  readonly #lock: FileLock;

  /** `log`: takes a line for people. */
  constructor(readonly path: string, readonly sources: StateSources, readonly log: (line: string) => void) {
    this.#place = placeOf(path);
    this.#lock = new FileLock(this.#place);
  }

  /**
   * The state that was saved last; undefined where none can be used. A file that is damaged is set aside; one that
   * cannot be read stays, and nothing is saved. Throws EngineError STATE_IN_USE where another engine has the file,
   * STATE where it is not a regular file.
   */
  async load(): Promise<State | undefined> {
    requirePlace(this.path);
    await this.#lock.take().catch((error: unknown) => {
      if (error instanceof EngineError) throw error; // else: the first save finds it too, and tells
    });
    try {
      const { size } = await stat(this.#place);
      if (size > FILE_BYTES_MAX) throw new DamagedError(`has ${size} bytes, more than any state (${FILE_BYTES_MAX})`);
      return decodeState(await readFile(this.#place));
    } catch (error) {
      if (error instanceof DamagedError) await this.#setAside(error.message);
      else if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#leave("cannot be read", error);
      return undefined;
    }
  }

  /** Saves from now on by itself. */
  start(): void {
    if (this.#untouchable) return;
    this.#started = true;
    this.#schedule(LOOK_MS);
  }

  /** Says that something changed that the tables do not show, leases, which guests rely on from then on. */
  touch(): void {
    this.#touches += 1;
    this.#isUrgent = true;
    if (this.#started && !this.#isLooking) this.#schedule(Math.max(0, this.#restsUntilMs - performance.now()));
  }

  /** Saves a last time, where saving was started, and lets others have the file. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#started) await this.save();
    await this.#lock.release().catch((error: unknown) => { this.#tell("cannot be unlocked", error); });
  }

  /** Saves now; a save that fails is told once, and tried again later. */
  async save(): Promise<void> {
    const begun = performance.now();
    const changes = this.#changes();
    try {
      await this.#write();
      this.#saved = changes;
      this.#savedMs = begun;
      this.#failed = false;
    } catch (error) {
      await rm(this.#beside, { force: true }).catch(() => undefined);
      if (!this.#failed) this.#tell("cannot be written", error);
      this.#failed = true;
    }
  }

  /** Whether it was saved, and the last save did not fail. */
  get isSaved(): boolean {
    return this.#savedMs > -Infinity && !this.#failed;
  }

  get #beside(): string {
    return `${this.#place}.tmp`;
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#saving = this.#look();
    }, ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    const begun = performance.now();
    if (this.#isDue(begun)) {
      this.#isUrgent = false;
      this.#triedMs = begun;
      await this.save();
      const ended = performance.now();
      this.#restsUntilMs = ended + PAUSE_FACTOR * (ended - begun);
    }
    this.#isLooking = false;
    this.#schedule(LOOK_MS);
  }

  #isDue(nowMs: number): boolean {
    const isEarly = nowMs < this.#restsUntilMs || (!this.#isUrgent && nowMs - this.#triedMs < PAUSE_MS_MIN);
    return !isEarly && (this.#changes() !== this.#saved || nowMs - this.#savedMs >= REFRESH_MS);
  }

  /** What differs where sessions, MACs or leases have come or gone. */
  #changes(): string {
    const { shared } = this.sources;
    const { FLOW_SLAB, SLAB_COUNT, SLAB_FREE, SLAB_NEXT, FDB_COUNT } = layout;
    const words = shared.shards.map((shard) => shard + FLOW_SLAB)
      .flatMap((slab) => [slab + SLAB_COUNT, slab + SLAB_FREE, slab + SLAB_NEXT]);
    return [this.#touches, ...[...words, FDB_COUNT].map((at) => shared.word(at))].join(" ");
  }

  async #write(): Promise<void> {
    await this.#lock.take();
    await rm(this.#beside, { force: true });
    const file = await open(this.#beside, "wx", MODE);
    try {
      for (const piece of encodeState(this.sources)) {
        if (piece.length > 0) await file.writeFile(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(this.#beside, this.#place);
    await syncFolder(dirname(this.#place));
  }

  async #setAside(why: string): Promise<void> {
    const bad = `${this.#place}.bad`;
    try {
      await rename(this.#place, bad);
      this.log(`state file ${this.path}: ${why}; set aside as ${bad}, and begun anew`);
    } catch (error) {
      this.#leave(`${why}, and cannot be set aside`, error);
    }
  }

  #leave(what: string, error: unknown): void {
    this.#untouchable = true;
    const remedy = "it is left as it is, and nothing is saved; give this user the file, or move it away, and restart";
    this.log(`state file ${this.path}: ${what}: ${(error as Error).message}; ${remedy}`);
  }

  #tell(what: string, error: unknown): void {
    const remedy = "look at its folder, and who may write there";
    this.log(`state file ${this.path}: ${what}: ${(error as Error).message}; ${remedy}`);
  }
}

/** The path of a state file without links, or as it is if it cannot be that of one. */
function placeOf(path: string): string {
  try {
    return realPath(path);
  } catch {
    return path;
  }
}

/** Throws EngineError STATE if a path leads to something else than a regular file, or by another user's link. */
function requirePlace(path: string): void {
  try {
    regularPath(path);
  } catch (error) {
    if ("code" in (error as Error)) return; // the system's own errors are told when it is read
    throw new EngineError("STATE", `state file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Makes a rename last; not every file system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
