// Messages between the main thread and the workers. Rare: a port comes, goes or changes its link. Frames never
// travel this way.

import type { Wiring } from "../port/wiring.js";
import type { PollMode } from "./patience.js";

/** What a worker is started with. */
export interface Assignment {
  index: number;
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  /** Origin of the workers' common clock, ms since 1970. */
  origin: number;
  poll: PollMode;
}

export type ToWorker =
  | { type: "attach"; port: number; pipe: number; wiring: Wiring }
  /** A source may give frames from now on; not before all ports are there that they may be for. */
  | { type: "begin"; port: number }
  /** The port's fds are closed and its queued frames dropped; answered by `detached`. */
  | { type: "detach"; port: number }
  | { type: "stop" };

export type FromWorker =
  | { type: "ready"; doorbell: number }
  | { type: "attached"; port: number }
  | { type: "detached"; port: number }
  /** `gone`: the attachment is lost and wants to be made anew. */
  | { type: "link"; port: number; up: boolean; why: string; gone: boolean }
  /** Something about a port that users should know, while its link stays as it is. */
  | { type: "note"; port: number; why: string }
  | { type: "stopped" };
