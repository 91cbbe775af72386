// The lock beside a state file: one engine at a time keeps its state there. Owns FILE.lock, which names the process
// that holds it and when that began: numbers of processes come again, after a reboot or in a container always.

import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { EngineError } from "../api.js";

const MODE = 0o600;
/** How often a lock is looked at that is made, or goes, at this moment. */
const TRIES = 20;
const TRY_MS = 25;
// Fields of /proc/PID/stat behind the name, from 0 (proc_pid_stat(5) counts from 1, and has two before them).
const STAT_STATE = 0;
const STAT_STARTED = 19;

export class FileLock {
  readonly path: string;
  #mine: string | undefined;

  /** `file`: what is locked. */
  constructor(readonly file: string) {
    this.path = `${file}.lock`;
  }

  /**
   * Takes the lock, or does nothing where it is held already. One that a dead process left behind is taken over. Throws
   * EngineError STATE_IN_USE where a process holds it that lives, and what writing a file throws.
   */
  async take(): Promise<void> {
    if (this.#mine !== undefined) return;
    const mine = `${process.pid} ${await startedAt(process.pid) ?? 0}\n`;
    for (let tries = 0; !await create(this.path, mine); tries++) {
      const theirs = await readFile(this.path, "utf8").catch(() => "");
      const pid = Number.parseInt(theirs, 10);
      if (await isAlive(theirs)) throw inUse(this.file, this.path, pid);
      // Nothing in it: whoever makes it has not written yet, or died before that.
      if (theirs !== "" || tries >= TRIES) await this.#clear(theirs);
      if (tries > TRIES) throw inUse(this.file, this.path, pid);
      await new Promise((resolve) => setTimeout(resolve, TRY_MS));
    }
    this.#mine = mine;
  }

  /** Lets go of the lock; one that is not held stays. */
  async release(): Promise<void> {
    const mine = this.#mine;
    this.#mine = undefined;
    if (mine === undefined || await readFile(this.path, "utf8").catch(() => "") !== mine) return;
    await rm(this.path, { force: true });
  }

  /** Removes a dead lock, unless somebody else did in the meantime and made one of his own. */
  async #clear(dead: string): Promise<void> {
    const aside = `${this.path}.${process.pid}`;
    try {
      await rename(this.path, aside);
      if (await readFile(aside, "utf8") !== dead) await link(aside, this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    } finally {
      await rm(aside, { force: true });
    }
  }
}

/** Makes a file that is not there yet; false: it is. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx", mode: MODE });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function inUse(file: string, path: string, pid: number): EngineError {
  const remedy = `stop it, or give this engine a \`state\` of its own; where no engine runs, delete ${path}`;
  return new EngineError("STATE_IN_USE", `state file ${file}: process ${pid} keeps its state there; ${remedy}`);
}

/** Whether the process that a lock names still is the one that made it. */
async function isAlive(lock: string): Promise<boolean> {
  const match = /^(\d{1,10}) (\d{1,20})\n$/.exec(lock);
  const pid = Number(match?.[1]);
  if (!match || pid === 0 || !canSignal(pid)) return false;
  const started = await startedAt(pid);
  return started === undefined || match[2] === "0" || started === match[2];
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, in ticks since the boot, "dead" where it has ended; undefined where that cannot be seen. */
async function startedAt(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" "); // a name may hold anything
  return fields && /^[ZX]/.test(fields[STAT_STATE] ?? "") ? "dead" : fields?.[STAT_STARTED];
}
