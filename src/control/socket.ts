// The control socket as a file: made with mode 0600, refused while somebody listens there, taken over from the
// dead, removed at the end if it is still ours. Owns the file's life cycle; server.ts owns what is spoken on it.
// Read first: unix(7), link(2).
//
// The socket is bound under a hidden name and then linked to its public one, for three reasons: link(2) never
// replaces anything, so two engines cannot both win; the public name never leads to a socket that does not
// listen yet; and Node, which unlinks the name that it bound when it closes, can only ever unlink the hidden one.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, linkSync, lstatSync, renameSync, unlinkSync, type Stats } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { EngineError } from "../api.js";
import { NEST_TAG, nestBeside } from "./path.js";

/** Refusal because the directory cannot be written: what an engine may do without, unless it was asked for. */
export const CONTROL_UNWRITABLE = "CONTROL_UNWRITABLE";

const REMEDY = "choose another path with --control PATH";
const ATTEMPTS = 3;

/**
 * Throws EngineError if no socket can be made at `path` (CONTROL_UNWRITABLE), or if something there must not be
 * replaced: a live socket, or a file that is no socket.
 */
export async function refuseTaken(path: string): Promise<void> {
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
  const found = statOf(path);
  if (!found) return;
  if (!found.isSocket()) {
    throw new EngineError(
      "CONTROL_NOT_A_SOCKET",
      `control socket ${path}: there is a file that is not a socket, and it stays; ${REMEDY}`,
    );
  }
  const answer = await knock(path);
  if (answer === "dead") return;
  const why = answer === "live"
    ? `another engine is running there; stop it with "taploom stop --control ${path}", or ${REMEDY}`
    : `cannot tell whether an engine is running there (${answer}); ${REMEDY}`;
  throw new EngineError("CONTROL_IN_USE", `control socket ${path}: ${why}`);
}

/** Makes `server` listen at `path`, mode 0600, and returns what removes the file again, if it is still ours by then. */
export async function claimSocket(server: Server, path: string): Promise<() => void> {
  await refuseTaken(path);
  const nest = nestBeside(path, randomTag());
  await listenPrivately(server, nest, path);
  const own = lstatSync(nest);
  try {
    await publish(nest, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    forget(nest);
  }
  return () => {
    if (isSame(statOf(path), own)) forget(path);
  };
}

/** Binding happens within listen(), so the umask covers it and nothing else. */
async function listenPrivately(server: Server, nest: string, path: string): Promise<void> {
  const listening = once(server, "listening");
  const umask = process.umask(0o177);
  try {
    server.listen({ path: nest });
  } finally {
    process.umask(umask);
  }
  try {
    await listening;
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function publish(nest: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      linkSync(nest, path);
      return;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) return renameSync(nest, path); // a file system without hard links
    }
    const before = statOf(path);
    await refuseTaken(path);
    if (before) buryDead(path, before);
  }
  throw new EngineError("CONTROL_IN_USE", `control socket ${path}: others keep taking it; ${REMEDY}`);
}

/** Removes the dead socket that was looked at, and no other that came in its place meanwhile. */
function buryDead(path: string, dead: Stats): void {
  const grave = nestBeside(path, randomTag());
  try {
    renameSync(path, grave);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if (!isSame(statOf(grave), dead)) linkSync(grave, path);
  forget(grave);
}

/** Whether somebody listens at a socket: "live", "dead", or errno's name where that cannot be known. */
async function knock(path: string): Promise<string> {
  const caller = connect({ path });
  try {
    await once(caller, "connect");
    return "live";
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "ECONNREFUSED" || code === "ENOENT") return "dead";
    return code === "EAGAIN" ? "live" : code; // EAGAIN: a full backlog is somebody's
  } finally {
    caller.destroy();
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function unwritable(path: string, cause: unknown): EngineError {
  const { code } = cause as NodeJS.ErrnoException;
  return new EngineError(
    CONTROL_UNWRITABLE,
    `control socket ${path}: cannot be made in ${dirname(path)} (${code}); ${REMEDY}`,
    { cause },
  );
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

function randomTag(): string {
  return randomBytes(NEST_TAG / 2).toString("hex");
}

function isSame(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function forget(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or the directory is: either way it is not there any more.
  }
}
