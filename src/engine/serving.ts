// Control sockets of an embedded engine: the same control API that `taploom up` serves, at paths that the embedding
// program chooses. Owns the servers until the engine stops. The HTTP server is loaded when it is first asked for.

import type { Stats } from "../api.js";
import type { ObservableEngine } from "../control/events.js";
import { controlPath } from "../control/path.js";

/** A control socket that is served. */
export interface ControlSocket {
  /** Where it is. */
  readonly path: string;
  /** Stops serving and removes the socket; may be called again. */
  close(): Promise<void>;
}

export class Serving {
  readonly #open = new Set<ControlSocket>();

  constructor(readonly engine: ObservableEngine, readonly warn: (line: string) => void) {}

  /** `stop`: ends the engine, for `POST /stop`. Throws EngineError CONTROL_*. */
  async serve(asked: string, stop: () => Promise<Stats>): Promise<ControlSocket> {
    const { path } = controlPath(asked, {});
    const { serveControl } = await import("../control/server.js");
    const server = await serveControl(this.engine, { path, stop, warn: this.warn });
    let closed: Promise<void> | undefined;
    const socket: ControlSocket = {
      path,
      close: () => {
        this.#open.delete(socket);
        return closed ??= server.close();
      },
    };
    this.#open.add(socket);
    return socket;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((socket) => socket.close()));
  }
}
