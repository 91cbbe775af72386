// Where the control socket is: the order in which an option, the environment and the defaults decide.
// Owns the rule and nothing else; socket.ts makes the socket, client.ts dials it.

import { dirname, join } from "node:path";
import { EngineError } from "../api.js";

/** Bytes of a Unix socket's path: sun_path is 108 with its final NUL (unix(7)). */
export const SOCKET_PATH_MAX = 107;

/** The code of the error for a path that cannot be a socket's. */
export const CONTROL_PATH = "CONTROL_PATH";

const REMEDY = "name another with --control PATH";

export interface ControlPath {
  path: string;
  /** Whether a user named it, by option or $TAPLOOM_CONTROL; a default may be done without. */
  asked: boolean;
}

/**
 * `--control`, else $TAPLOOM_CONTROL, else $XDG_RUNTIME_DIR/taploom.sock, else /run/taploom.sock; an empty variable
 * counts as unset. Throws EngineError CONTROL_PATH.
 */
export function controlPath(option: string | undefined, env: NodeJS.ProcessEnv): ControlPath {
  const asked = option ?? (env["TAPLOOM_CONTROL"] || undefined);
  if (asked !== undefined) return { path: checked(asked), asked: true };
  return { path: checked(join(env["XDG_RUNTIME_DIR"] || "/run", "taploom.sock")), asked: false };
}

/** A hidden name beside `path`, where the socket is made before it is published under `path`. */
export function nestBeside(path: string, tag: string): string {
  return join(dirname(path), `.${tag}`);
}

/** Characters of the tag of a nest. */
export const NEST_TAG = 8;

function checked(path: string): string {
  if (path === "" || path.includes("\0") || path.endsWith("/")) {
    throw new EngineError(CONTROL_PATH, `control socket ${JSON.stringify(path)}: not a path of a file; ${REMEDY}`);
  }
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(nestBeside(path, "x".repeat(NEST_TAG))));
  if (longest > SOCKET_PATH_MAX) {
    throw new EngineError(
      CONTROL_PATH,
      `control socket ${path}: too long by ${longest - SOCKET_PATH_MAX} of at most ${SOCKET_PATH_MAX} bytes; ${REMEDY}`,
    );
  }
  return path;
}
