// What the state file is told of the engine that it is saved from: the contract between state/ and the engine.

import type { SharedMemory } from "../core/memory.js";
import type { Registry } from "../core/registry.js";

export interface StateSources {
  shared: SharedMemory;
  registry: Registry;
  /** Seconds of the workers' clock. */
  seconds: () => number;
  /** Milliseconds since 1970. */
  wallMs: () => number;
  /** Routers with their numbers in the core. */
  routers: () => Iterable<{ name: string; index: number }>;
  /** Leases by router (LeaseBook.snapshot), as JSON has them. */
  leases: () => Record<string, unknown>;
  /** What uplinks got by DHCP, by router (DhcpClient.snapshot), as JSON has it. */
  uplinks: () => Record<string, unknown>;
}
