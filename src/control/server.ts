// The control API's server: HTTP/1.1 with JSON on a Unix socket, and never on anything else.
// Owns limits, errors and the life cycle; what is said stands in routes.ts, the socket's file in socket.ts.
// Read: RFC 9112, RFC 9457.
//
// Who may connect may also stop the engine (mode 0600), so the limits are not about secrets: they keep a broken
// or hostile client from costing the engine memory, descriptors or time that its frames need.

import swagger from "@fastify/swagger";
import Fastify, { type ConnectionError, type FastifyInstance } from "fastify";
import type { Socket } from "node:net";
import type { Stats } from "../api.js";
import { Checker } from "../checker/checker.js";
import type { ObservableEngine } from "./events.js";
import { PROBLEM_TYPE, makeProblem, problemOf } from "./problem.js";
import { addRoutes } from "./routes.js";
import { NAMED } from "./schema.js";
import { claimSocket } from "./socket.js";
import { Turns } from "./turns.js";

const BODY_BYTES_MAX = 16_384; // configurations and ports have a limit of their own (routes-documents.ts)
const HEADER_BYTES_MAX = 8192;
const CONNECTIONS_MAX = 64;
const HEADERS_MS_MAX = 3_000;
const REQUEST_MS_MAX = 10_000;
const CHECK_MS = 500; // how often the two above are looked at
const STALL_MS_MAX = 30_000; // a connection on which nothing moves, streams excepted
const KEEP_ALIVE_MS = 5_000;
const FAREWELL_MS_MAX = 1_000; // for responses that are on their way when the server closes

export interface ControlOptions {
  /** Where to listen; see controlPath. */
  path: string;
  /** Stops the engine and ends its host; the final statistics are the answer to POST /stop. `by`: who asked for it. */
  stop: (by: string) => Promise<Stats>;
  /** Told of failures that are the engine's, not the client's. */
  warn: (message: string) => void;
}

/** Serves an engine until `close`. Throws EngineError where the socket cannot be had. */
export async function serveControl(
  engine: ObservableEngine, options: ControlOptions,
): Promise<{ close(): Promise<void> }> {
  const turns = new Turns();
  const checker = new Checker();
  const closing = new AbortController();
  const app = createApp(options.warn);
  app.addHook("onRequest", (request, reply) => turns.take(request.raw.socket, reply.raw));
  await app.register(swagger, { openapi: DOCUMENT, refResolver: { buildLocalReference: ({ $id }) => $id as string } });
  for (const schema of NAMED) app.addSchema(schema);
  await app.register(async (scope) => {
    addRoutes(scope, { engine, turns, checker, closing: closing.signal, stop: (by) => options.stop(by) });
  });
  await app.ready();
  app.server.maxConnections = CONNECTIONS_MAX;
  const release = await claimSocket(app.server, options.path);
  return {
    async close() {
      release();
      closing.abort();
      const farewell = setTimeout(() => app.server.closeAllConnections(), FAREWELL_MS_MAX);
      await new Promise((resolve) => {
        app.server.close(resolve);
        app.server.closeIdleConnections();
      });
      clearTimeout(farewell);
      await checker.close();
    },
  };
}

const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "Taploom control",
    description: "What a running engine can be asked, over its Unix socket.",
    version: "1",
  },
};

function createApp(warn: (message: string) => void): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    connectionTimeout: STALL_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_MS_MAX, connectionsCheckingInterval: CHECK_MS },
    exposeHeadRoutes: false, // HEAD would start captures
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, code: { optimize: false } } },
    clientErrorHandler: refuseGarbage,
  });
  app.removeContentTypeParser("text/plain");
  // What the engine says is sent as it is: the schemas describe it, and the tests hold it to them.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url}: no such resource; GET /openapi.json lists them`;
    return reply.code(404).type(PROBLEM_TYPE).send(makeProblem(404, detail));
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) warn(`control: ${request.method} ${request.url}: ${problem.detail}`);
    return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
  });
  return app;
}

/** Answers what is not HTTP, or comes too slowly or with too many headers, and hangs up. */
function refuseGarbage(error: ConnectionError, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, detail] = GARBAGE[error.code] ?? [400, "not an HTTP/1.1 request"];
  const problem = makeProblem(status, detail);
  const body = JSON.stringify(problem);
  socket.write(
    `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

const GARBAGE: Record<string, [status: number, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408, `the request took too long: headers within ${HEADERS_MS_MAX} ms, all within ${REQUEST_MS_MAX} ms`,
  ],
  HPE_HEADER_OVERFLOW: [431, `headers of more than ${HEADER_BYTES_MAX} bytes`],
};
