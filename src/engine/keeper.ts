// What outlives an engine: its state file, and the log of sessions. Owns when the one is read, in which order it is
// brought back, and that both are written to the end.

import type { Config } from "../config/model.js";
import type { CoreExports } from "../core/abi.js";
import { SessionLog, type LoggedRouter } from "../service/session-log.js";
import type { State } from "../state/decode.js";
import { restoreFdb, restoreSessions } from "../state/restore.js";
import { StateFile } from "../state/state-file.js";
import type { Fabric } from "./fabric.js";

export class Keeper {
  readonly #file: StateFile | undefined;
  readonly #sessions: SessionLog;
  #state: State | undefined;

  /** `seconds`: of the workers' clock; `log`: takes a line for people. */
  constructor(
    path: string | undefined, readonly fabric: Fabric, readonly core: CoreExports, seconds: () => number,
    log: (line: string) => void,
  ) {
    const { shared, registry, routers } = fabric;
    const byRouter = (take: (name: string) => unknown): Record<string, unknown> =>
      Object.fromEntries([...routers.live.keys()].map((name) => [name, take(name)]));
    this.#file = path === undefined ? undefined : new StateFile(path, {
      shared, registry, seconds, wallMs: Date.now,
      routers: () => [...routers.live.values()].map(({ name, written }) => ({ name, index: written.index })),
      leases: () => byRouter((name) => routers.live.get(name)!.services.leases.snapshot()),
      uplinks: () => byRouter((name) => routers.live.get(name)!.services.snapshotClient()),
    }, log);
    this.#sessions = new SessionLog({ shared, routers: () => logged(fabric), wallMs: Date.now, log });
    routers.onChange = () => { this.#file?.touch(); };
  }

  /** Reads what was kept, and gives routers their leases before they come. */
  async recall(config: Config): Promise<void> {
    this.#state = await this.#file?.load();
    for (const name of Object.keys(config.routers)) {
      const [leases, client] = [this.#state?.leases[name], this.#state?.uplinks[name]];
      this.fabric.routers.remembered.set(name, { leases, client });
    }
  }

  /** Brings back sessions and MACs once their routers and ports are there; from now on all is kept. */
  async restore(): Promise<void> {
    const { shared, registry, routers, crew } = this.fabric;
    const target = {
      shared, registry, core: this.core, wallMs: Date.now, parked: <T>(action: () => T): T => crew.parked(action),
    };
    if (this.#state) {
      const numbers = new Map([...routers.live.values()].map(({ name, written }) => [name, written.index]));
      await restoreSessions(this.#state, target, numbers);
      await restoreFdb(this.#state, target);
    }
    this.#state = undefined;
    this.#file?.start();
    await this.#sessions.start();
  }

  /** The configuration changed, or logs were rotated. */
  async renew(): Promise<void> {
    await this.#sessions.reopen();
  }

  /** The state file, if the last save did not fail. */
  get saved(): string | undefined {
    return this.#file?.isSaved ? this.#file.path : undefined;
  }

  /** Keeps all a last time, while everything is still there. Sessions that nothing keeps end now, and are logged so. */
  async close(): Promise<void> {
    await this.#file?.stop();
    if (!this.#file && !this.fabric.crew.failure) this.#endSessions();
    await this.#sessions.stop();
  }

  #endSessions(): void {
    const { routers, crew } = this.fabric;
    crew.parked(() => { for (const { written } of routers.live.values()) this.core.endSessions(written.index); });
  }
}

/** Routers that log their sessions. */
function logged({ routers }: Fabric): LoggedRouter[] {
  return [...routers.live.values()].flatMap(({ name, config, written }) => (
    config.nat?.log === undefined ? [] : [{ index: written.index, name, file: config.nat.log }]
  ));
}
