// Engine events as lines of JSON (NDJSON), for a reader that may be slower than the engine.
// Owns the bound: what does not fit is left out, counted, and told by one `lost` line when there is room again.

import { Readable } from "node:stream";
import type { EngineApi, EngineEvent } from "../api.js";

/** An engine as its hosts see it: what can be asked of it, and what it tells. */
export interface ObservableEngine extends EngineApi {
  on(name: "event", listener: (event: EngineEvent) => void): unknown;
  off(name: "event", listener: (event: EngineEvent) => void): unknown;
}

/** Bytes of lines that wait for their reader. */
const WAITING_MAX = 65536;

/** The wanted events from now on, until the stream is destroyed. */
export function eventLines(engine: ObservableEngine, wanted: (event: EngineEvent) => boolean): Readable {
  let full = false;
  let lost = 0;
  const lines = new Readable({
    highWaterMark: WAITING_MAX,
    read() {
      full = false;
      if (lost === 0) return;
      const event: EngineEvent = { event: "lost", count: lost };
      lost = 0;
      write(event);
    },
    destroy(error, done) {
      engine.off("event", take);
      done(error);
    },
  });
  function write(event: EngineEvent): void {
    full = !lines.push(`${JSON.stringify(event)}\n`);
  }
  function take(event: EngineEvent): void {
    if (!wanted(event)) return;
    if (full) lost += event.event === "lost" ? event.count : 1;
    else write(event);
  }
  engine.on("event", take);
  return lines;
}
