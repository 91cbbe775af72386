// What `taploom up` does: an engine from a file or, without one, the embedded quickstart, hosted until it ends.
// Owns the start: everything that can be refused is looked at before anything is touched.

import { Checker } from "../checker/checker.js";
import { readConfig } from "../config/parse.js";
import { controlPath } from "../control/path.js";
import type { PollMode } from "../worker/patience.js";
import { Engine, type EngineOptions } from "../engine.js";
import { startQuickstart } from "../guest/quickstart.js";
import { host, usableControl, type Hosted } from "./host.js";
import type { Io } from "./io.js";
import { createLogger } from "./log.js";
import type { Orders } from "./orders.js";
import { statsLines } from "./views.js";

export interface UpOptions {
  control?: string;
  workers?: number;
  poll?: PollMode;
  /** Milliseconds. */
  for?: number;
  json?: boolean;
}

/** Runs until it is ended. Throws ConfigError, or EngineError where it cannot start. */
export async function start(
  file: string | undefined, options: UpOptions, orders: Orders, io: Io,
): Promise<void> {
  const json = options.json === true;
  const log = createLogger(io.err, json);
  const config = file === undefined ? undefined : readConfig(file);
  const control = await usableControl(controlPath(options.control, io.env), log);
  const engineOptions: EngineOptions = {
    ...(options.workers !== undefined && { workers: options.workers }),
    ...(options.poll !== undefined && { poll: options.poll }),
    warn: (line) => { log.warn(line); },
  };
  const hosted = file === undefined || config === undefined
    ? await hostQuickstart(engineOptions)
    : hostEngine(await Engine.start(config, engineOptions), file);
  await host(hosted, { control, json, ...(options.for !== undefined && { forMs: options.for }) }, orders, io, log);
}

function hostEngine(engine: Engine, file: string): Hosted {
  const checker = new Checker();
  return {
    engine,
    reload: () => checker.file(file),
    async stop() {
      await checker.close();
      const stats = await engine.stop();
      return { stats, summary: statsLines(stats).join("\n") };
    },
  };
}

async function hostQuickstart(options: EngineOptions): Promise<Hosted> {
  const quickstart = await startQuickstart(options);
  return {
    engine: quickstart.engine,
    lines: () => quickstart.lines(),
    async stop() {
      const summary = await quickstart.stop();
      return { stats: await quickstart.engine.stop(), summary };
    },
  };
}
