// The DNS servers that the host itself asks, as they are now: networks come and go (VPN, another Wi-Fi), and with them
// the file that names the servers is rewritten, replaced, or linked elsewhere. Owns when the system was asked last.
// Read first: resolv.conf(5).

import { Resolver } from "node:dns";
import { statSync } from "node:fs";

const FILE = "/etc/resolv.conf";
/** How often is looked at the file, at most, ms. */
const LOOK_MS = 1_000;

export interface HostServersOptions {
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** What changes with the file; undefined where it is not there. */
  readonly stamp?: () => string | undefined;
  /** What the system says now. */
  readonly read?: () => string[];
}

export class HostServers {
  readonly #options: Required<HostServersOptions>;
  #servers: string[];
  #stamp: string | undefined;
  #lookedMs: number;

  constructor(options: HostServersOptions) {
    this.#options = { stamp: () => stampOf(FILE), read: readServers, ...options };
    this.#stamp = this.#options.stamp();
    this.#servers = this.#options.read();
    this.#lookedMs = this.#options.clock();
  }

  /** Addresses, or address and port. While the file is not there, those of before. */
  servers(): string[] {
    const { clock, stamp, read } = this.#options;
    if (clock() - this.#lookedMs < LOOK_MS) return this.#servers;
    this.#lookedMs = clock();
    const now = stamp();
    if (now === undefined || now === this.#stamp) return this.#servers;
    this.#stamp = now;
    this.#servers = read();
    return this.#servers;
  }
}

/** A resolver that is new reads the system's configuration; the process's own has read it at its start. */
function readServers(): string[] {
  return new Resolver().getServers();
}

/** Follows links, so that one that leads elsewhere counts, too. */
function stampOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat && [stat.dev, stat.ino, stat.mtimeNs, stat.size].join();
}
