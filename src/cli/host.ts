// Hosts a running engine in the foreground: control socket, reload, what is told while it runs, the end.
// Owns the order in which it ends; knows neither how the engine was made nor what is in its configuration.

import type { Logger } from "pino";
import { EngineError, type EngineEvent, type Stats } from "../api.js";
import { ConfigError } from "../config/error.js";
import type { Config } from "../config/model.js";
import { eventLines, type ObservableEngine } from "../control/events.js";
import type { ControlPath } from "../control/path.js";
import { serveControl } from "../control/server.js";
import { CONTROL_UNWRITABLE, refuseTaken } from "../control/socket.js";
import { failedText, type Failed } from "../engine/failed.js";
import { eventText } from "./event-text.js";
import { exitOf } from "./exit.js";
import { sayLine, type Io } from "./io.js";
import { complain } from "./log.js";
import type { Orders } from "./orders.js";
import { Screen } from "./screen.js";
import { appliedText } from "./views.js";

const VIEW_MS_LIVE = 1_000;
const VIEW_MS_PLAIN = 10_000; // where views do not replace each other
const VIEW_MS_FIRST = 1_000;

/** What is hosted. */
export interface Hosted {
  engine: ObservableEngine;
  /** Where SIGHUP finds the configuration; absent: there is none to reload, and SIGHUP ends the engine. */
  reload?: () => Config | Promise<Config>;
  /** A view to show to people while it runs, line by line. */
  lines?: () => string[];
  /** Stops the engine; the summary is for people. */
  stop(): Promise<{ stats: Stats; summary: string }>;
}

export interface HostOptions {
  /** From usableControl; undefined: no control socket. */
  control: ControlPath | undefined;
  json: boolean;
  /** Milliseconds after which it ends by itself; absent: never. */
  forMs?: number;
}

type ControlServer = Awaited<ReturnType<typeof serveControl>>;

/**
 * Where the control socket can be, or undefined where there can be none and nobody asked for it. To be asked before
 * an engine starts, so that a second one touches no device of the first. Throws EngineError.
 */
export async function usableControl({ path, asked }: ControlPath, log: Logger): Promise<ControlPath | undefined> {
  try {
    await refuseTaken(path);
    return { path, asked };
  } catch (error) {
    return doWithout(error, asked, log);
  }
}

/** Runs until a signal, the time, or `POST /stop` ends it; rejects where the control socket cannot be had. */
export async function host(
  hosted: Hosted, options: HostOptions, orders: Orders, io: Io, log: Logger,
): Promise<void> {
  let final: ReturnType<Hosted["stop"]> | undefined;
  const stop = (): ReturnType<Hosted["stop"]> => (final ??= hosted.stop());
  const control = await openControl(hosted.engine, options.control, log, async (by) => {
    log.info(`stopped by ${by}`);
    orders.end();
    return (await stop()).stats;
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const { engine, reload } = hosted;
  orders.onHangup(reload && (() => void reloadFrom(reload, engine, options.json, io, log)));
  const hush = tell(hosted, options.json, control && options.control?.path, io, log);
  const failure = watchFailure(engine, orders);
  const releaseLog = logChanges(engine, log);
  const timer = options.forMs === undefined ? undefined : setTimeout(() => orders.end(), options.forMs);
  try {
    await orders.ended;
    hush();
    const { stats, summary } = await stop();
    sayLine(io.out, options.json ? JSON.stringify({ event: "stopped", stats }) : summary);
    failure.raise();
  } finally {
    failure.release();
    releaseLog();
    clearTimeout(timer);
    await control?.close();
  }
}

/** Writes down who changed what, and when; returns what ends that. */
function logChanges(engine: ObservableEngine, log: Logger): () => void {
  const onEvent = (event: EngineEvent): void => {
    if (event.event === "change") log.info(`${event.time} ${eventText(event)}`);
  };
  engine.on("event", onEvent);
  return () => { engine.off("event", onEvent); };
}

/** Ends it all when the engine ends by itself; `raise` throws what it told then. */
function watchFailure(engine: ObservableEngine, orders: Orders): { raise: () => void; release: () => void } {
  let failed: Failed | undefined;
  const onEvent = (event: EngineEvent): void => {
    if (event.event !== "failed") return;
    failed = event;
    orders.end();
  };
  engine.on("event", onEvent);
  return {
    raise() {
      if (failed) throw new EngineError("WORKER", failedText(failed));
    },
    release: () => { engine.off("event", onEvent); },
  };
}

async function openControl(
  engine: ObservableEngine, where: ControlPath | undefined, log: Logger, stop: (by: string) => Promise<Stats>,
): Promise<ControlServer | undefined> {
  if (!where) return undefined;
  try {
    return await serveControl(engine, { path: where.path, stop, warn: (message) => log.warn(message) });
  } catch (error) {
    return doWithout(error, where.asked, log);
  }
}

/** Says that there will be no control socket, or throws where that will not do. */
function doWithout(error: unknown, asked: boolean, log: Logger): undefined {
  if (asked || !(error instanceof EngineError) || error.code !== CONTROL_UNWRITABLE) throw error;
  log.warn(`${error.message}; running without one`);
}

async function reloadFrom(
  reload: NonNullable<Hosted["reload"]>, engine: ObservableEngine, json: boolean, io: Io, log: Logger,
): Promise<void> {
  try {
    log.info(`reloaded: ${appliedText(await engine.apply(reload, "SIGHUP"))}`);
  } catch (error) {
    // A configuration's errors are whole lines already, each with its place in the file.
    if (error instanceof ConfigError) complain(exitOf(error).complaints, json, io.err);
    log.warn(`not reloaded, nothing changed${error instanceof ConfigError ? "" : `: ${(error as Error).message}`}`);
  }
}

/** Says `ready`, and from then on what happens; returns what ends that. */
function tell({ engine, lines }: Hosted, json: boolean, control: string | undefined, io: Io, log: Logger): () => void {
  return json ? tellPrograms(engine, control, io) : tellPeople(engine, lines, control, io, log);
}

function tellPrograms(engine: ObservableEngine, control: string | undefined, io: Io): () => void {
  const { pid, version, workers } = engine.stats();
  const ready = { event: "ready", pid, version, workers, control: control ?? null, ports: engine.ports().length };
  sayLine(io.out, JSON.stringify(ready));
  // A MAC flood is thousands of events a second: who wants them reads GET /events.
  const events = eventLines(engine, ({ event }) => event !== "mac");
  events.pipe(io.out, { end: false });
  return () => {
    events.unpipe(io.out);
    events.destroy();
  };
}

function tellPeople(
  engine: ObservableEngine, lines: Hosted["lines"], control: string | undefined, io: Io, log: Logger,
): () => void {
  sayLine(io.out, "ready");
  if (control !== undefined) log.info(`control socket ${control}`);
  const onEvent = (event: EngineEvent): void => logPort(event, log);
  engine.on("event", onEvent);
  const stopViews = lines ? showViews(lines, new Screen(io.out)) : () => undefined;
  return () => {
    engine.off("event", onEvent);
    stopViews();
  };
}

function logPort(event: EngineEvent, log: Logger): void {
  if (event.event !== "port") return;
  if (event.link === "up") log.info(eventText(event));
  else log.warn(eventText(event));
}

function showViews(lines: () => string[], screen: Screen): () => void {
  let timer = setTimeout(function show() {
    screen.draw(lines());
    timer = setTimeout(show, screen.isLive ? VIEW_MS_LIVE : VIEW_MS_PLAIN);
  }, VIEW_MS_FIRST);
  return () => clearTimeout(timer);
}
