// The control API's resources that take documents: a configuration, and a port. Their JSON is not parsed here, on the
// thread that serves guests, but where it is checked. To the OpenAPI document their schemas are as any other's.

import type { FastifyInstance } from "fastify";
import { EngineError, type EngineApi } from "../api.js";
import type { Checker } from "../checker/checker.js";
import { BOUNDS } from "../config/bounds.js";
import { ConfigSchema } from "../config/schema.js";
import { PortSchema } from "../config/schema-port.js";
import { originOf } from "./origin.js";
import { says } from "./says.js";
import * as schema from "./schema.js";

type PortParams = { switch: string; port: string };

const JSON_TYPE = "application/json";
const NOTHING = Buffer.from("null"); // what a request without a body says
const bodyLimit = BOUNDS.bytes;
/** config/ says more of a document than a schema can; here the schema is documentation. */
const validatorCompiler = () => () => true;

export function addDocumentRoutes(app: FastifyInstance, engine: EngineApi, checker: Checker): void {
  app.register(async (scope) => {
    scope.removeContentTypeParser(JSON_TYPE);
    scope.addContentTypeParser(JSON_TYPE, { parseAs: "buffer" }, (_request, body, done) => { done(null, body); });
    addConfig(scope, engine, checker);
    addPort(scope, engine, checker);
  });
}

const applied = schema.named(schema.Applied);

function addConfig(app: FastifyInstance, engine: EngineApi, checker: Checker): void {
  app.put<{ Body: Buffer | undefined }>("/config", {
    schema: { ...says("Match a configuration: all of it or, on any error, nothing", applied), body: ConfigSchema },
    bodyLimit, validatorCompiler,
  }, async ({ raw, body }) => {
    const by = originOf(raw.socket);
    return engine.apply(await checker.config(body ?? NOTHING), by);
  });
}

function addPort(app: FastifyInstance, engine: EngineApi, checker: Checker): void {
  app.post<{ Params: PortParams; Body: Buffer | undefined }>("/switches/:switch/ports/:port", {
    schema: { ...says("Add a port", applied), params: schema.PortParams, body: PortSchema },
    bodyLimit, validatorCompiler,
  }, async ({ raw, params, body }) => {
    const by = originOf(raw.socket);
    const port = await checker.port(params.port, body ?? NOTHING);
    if (port.attachment.kind === "memory") throw memoryRefused(params.switch, params.port);
    return engine.addPort(params.switch, params.port, port, by);
  });
}

/** Frames of a memory port are the embedding program's: nobody else could give or take any. */
function memoryRefused(switchName: string, portName: string): EngineError {
  return new EngineError(
    "MEMORY_PORT",
    `port ${switchName}/${portName}: a memory port belongs to the program that embeds the engine, which adds it with `
    + "Engine.addPort; give this one a tap, an interface, a stream, a pcap or a generator",
  );
}
