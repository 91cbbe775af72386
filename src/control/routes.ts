// The control API's resources, one entry each: what is asked, what is answered, and what the document says of it.
// Owns the mapping of HTTP onto EngineApi; decides nothing itself. Lists, documents and
// forwards have files of their own.

import { Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Readable } from "node:stream";
import { EngineError, type CaptureOptions, type Stats as EngineStats } from "../api.js";
import type { Checker } from "../checker/checker.js";
import { UPLINK } from "../config/expand.js";
import { valueOfConfig } from "../config/print.js";
import { ConfigSchema } from "../config/schema.js";
import { requireNames } from "../engine/edit.js";
import { eventLines, type ObservableEngine } from "./events.js";
import { addLists } from "./lists.js";
import { originOf } from "./origin.js";
import { addDocumentRoutes } from "./routes-documents.js";
import { addForwards } from "./routes-router.js";
import { says, streams } from "./says.js";
import * as schema from "./schema.js";
import type { Turns } from "./turns.js";

/** Streams (captures and events) at once; commands have connections left beside them. */
export const STREAMS_MAX = 16;

export interface RouteContext {
  engine: ObservableEngine;
  turns: Turns;
  /** Checks what is sent as a body. */
  checker: Checker;
  /** Aborts when the server closes; streams end then. */
  closing: AbortSignal;
  /** `by`: who asked for it. */
  stop: (by: string) => Promise<EngineStats>;
}

type SwitchParams = { switch: string };
type PortParams = { switch: string; port: string };

export function addRoutes(app: FastifyInstance, context: RouteContext): void {
  addLists(app, context.engine);
  addReads(app, context);
  addChanges(app, context);
  addDocumentRoutes(app, context.engine, context.checker);
  addForwards(app, context.engine);
  addStreams(app, context);
}

function addReads(app: FastifyInstance, { engine }: RouteContext): void {
  app.get("/stats", { schema: says("Totals of the engine", schema.named(schema.Stats)) }, async () => engine.stats());
  app.get("/config", { schema: says("The configuration, as a file would say it", ConfigSchema) },
    async () => valueOfConfig(engine.config()));
  app.get("/openapi.json", { schema: says("This document", Type.Object({}, { additionalProperties: true })) },
    async () => app.swagger());
}

function addChanges(app: FastifyInstance, { engine, stop }: RouteContext): void {
  const applied = schema.named(schema.Applied);
  app.delete<{ Params: PortParams }>("/switches/:switch/ports/:port", {
    schema: { ...says("Remove a port", applied), params: schema.PortParams },
  }, async ({ raw, params }) => engine.removePort(params.switch, params.port, originOf(raw.socket)));

  app.delete<{ Params: SwitchParams; Querystring: { vlan?: number; port?: string } }>("/switches/:switch/fdb", {
    schema: {
      ...says("Forget learned MACs", schema.named(schema.Flushed)),
      params: schema.SwitchParams,
      querystring: schema.FlushQuery,
    },
  }, async ({ raw, params, query }) => {
    requireNames(engine.config(), params.switch, query.port);
    return { flushed: engine.flush(params.switch, { ...query }, originOf(raw.socket)) };
  });

  app.post("/stop", {
    schema: says("Stop the engine; the answer is its final statistics", schema.named(schema.Stats)),
  }, ({ raw }) => stop(originOf(raw.socket)));
}

function addStreams(app: FastifyInstance, context: RouteContext): void {
  const { engine } = context;
  app.get<{ Params: PortParams; Querystring: CaptureOptions }>("/switches/:switch/ports/:port/capture", {
    schema: {
      ...streams("Live capture of a port, until either end hangs up", "application/x-pcapng"),
      params: schema.PortParams,
      querystring: schema.CaptureQuery,
    },
  }, async (request, reply) => {
    const { params, query } = request;
    requireWatchable(context, params.switch, params.port);
    const signal = beginStream(request, reply, context);
    const frames = engine.capture(params.switch, params.port, { ...query }, signal)[Symbol.asyncIterator]();
    // The file's header comes at once, and a refusal instead of it can still be said as a problem.
    const first = await frames.next();
    return reply.type("application/x-pcapng").send(Readable.from(resume(first, frames), { objectMode: false }));
  });

  app.get("/events", {
    schema: streams("Events from now on, a line of JSON each", "application/x-ndjson"),
  }, async (request, reply) => {
    const signal = beginStream(request, reply, context);
    if (signal.aborted) return reply.hijack();
    const lines = eventLines(engine, () => true);
    // Of a client that is still there the last lines are sent; one that has gone reads none, and would hold them.
    signal.addEventListener("abort", () => {
      if (reply.raw.destroyed) lines.destroy();
      else lines.push(null);
    });
    reply.type("application/x-ndjson").send(lines);
    reply.raw.flushHeaders(); // with nothing to tell yet: from here on the reader misses nothing, and knows it
    return reply;
  });
}

/** A capture takes a router's uplink, too, which is a port of its own. Throws EngineError NO_SWITCH or NO_PORT. */
function requireWatchable({ engine }: RouteContext, switchName: string, portName: string): void {
  const config = engine.config();
  if (portName !== UPLINK || !config.routers[switchName]?.uplink) requireNames(config, switchName, portName);
}

/**
 * Takes a stream's place and returns the signal that ends it: the client has gone, or the server closes. All that a
 * stream holds must end with this signal, since nothing reads the body of a response whose client hung up early.
 */
function beginStream(request: FastifyRequest, reply: FastifyReply, { turns, closing }: RouteContext): AbortSignal {
  if (reply.raw.destroyed) return AbortSignal.abort(); // its end was told already, and gave back no place
  if (turns.streams >= STREAMS_MAX) {
    throw new EngineError("BUSY", `${STREAMS_MAX} captures and event streams are open, the most; end one first`);
  }
  const { socket } = request.raw;
  turns.becomeStream(socket);
  socket.setTimeout(0); // a quiet network is no stall
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
}

/** What an iterator gives, its first result included; an abort is an end like any other. */
async function* resume(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let result = first; !result.done; result = await rest.next()) yield result.value;
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
  } finally {
    await rest.return?.();
  }
}
