// stream: a Unix stream socket with QEMU's framing (-netdev stream). Listens and serves one peer at a time, or dials
// and dials again. Owns the path that it listens at.

import { lstatSync, unlinkSync } from "node:fs";
import { EngineError } from "../api.js";
import type { StreamAttachment } from "../config/model.js";
import { requireAddon } from "./addon.js";
import { codeOf, keepSize, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

export class Stream implements Attachment {
  readonly codecs = { in: "length", out: "length" } as const;
  readonly resize = keepSize;
  #inode: number | undefined;

  constructor(readonly config: StreamAttachment) {}

  get device(): string {
    return this.config.path;
  }

  async open(): Promise<Wiring | undefined> {
    requireAddon("stream");
    if (this.config.connect) return this.reopen();
    this.#clearStale();
    try {
      const listener = requireAddon("stream").listen(this.config.path);
      this.#inode = lstatSync(this.config.path).ino;
      return { kind: "stream", fd: -1, listener };
    } catch (cause) {
      throw new EngineError("STREAM", `stream "${this.config.path}": ${remedy(codeOf(cause), cause)}`, { cause });
    }
  }

  /** Dials; the peer may not be there yet. */
  async reopen(): Promise<Wiring | undefined> {
    try {
      return { kind: "stream", fd: requireAddon("stream").connect(this.config.path), listener: -1 };
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    if (this.#inode === undefined) return;
    try {
      if (lstatSync(this.config.path).ino === this.#inode) unlinkSync(this.config.path);
    } catch {
      // somebody removed it already
    }
  }

  /** Removes a socket that nobody listens at any more; anything else at that path is left alone. */
  #clearStale(): void {
    try {
      if (!lstatSync(this.config.path).isSocket()) return;
    } catch {
      return;
    }
    const addon = requireAddon("stream");
    try {
      addon.close(addon.connect(this.config.path));
    } catch (error) {
      if (codeOf(error) === "ECONNREFUSED") unlinkSync(this.config.path);
    }
  }
}

function remedy(code: string, cause: unknown): string {
  switch (code) {
    case "EADDRINUSE":
      return "something is there already: another program listens at it, or it is not a socket; choose another path";
    case "ENOENT":
      return "its directory is not there: create it";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "its directory cannot be written to: choose one that can, or change its permissions";
    case "ENAMETOOLONG":
      return "the path is too long for a Unix socket: 107 bytes at most";
    default:
      return (cause as Error).message;
  }
}
