// The control API's resources of routers: sessions, neighbors, leases, forwards. Sessions may be millions: they are
// written in slices, between which the engine's other work has its turn, and no faster than they are read.

import { Type, type TSchema } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { EngineApi } from "../api.js";
import { originOf } from "./origin.js";
import { says } from "./says.js";
import * as schema from "./schema.js";

/** Sessions in a slice: some milliseconds. */
const SLICE = 1_000;
export const LINES_TYPE = "application/x-ndjson";

/** How a list stands in an answer: what opens it, stands between two, and closes it. */
type Brackets = [open: string, between: string, close: string];

const ARRAY: Brackets = ["[", ",", "]"];
const LINES: Brackets = ["", "\n", "\n"];

type RouterParams = { router: string };

export function addRouterRoutes(app: FastifyInstance, engine: EngineApi): void {
  addReads(app, engine);
  addForwards(app, engine);
}

function addReads(app: FastifyInstance, engine: EngineApi): void {
  const list = (item: TSchema): TSchema => Type.Array(schema.named(item));
  app.get("/routers", { schema: says("Routers", list(schema.Router)) }, async () => engine.routers());
  app.get("/leases", { schema: says("DHCP leases", list(schema.LeaseEntry)) }, async () => engine.leases());
  app.get("/neighbors", { schema: says("Whom routers know by ARP", list(schema.NeighborEntry)) },
    async () => engine.neighbors());
  app.get("/nat", {
    schema: {
      ...says("Sessions; a line of JSON each where application/x-ndjson is asked for", list(schema.NatEntry)),
    },
  }, async ({ headers: { accept } }, reply) => {
    const asLines = accept?.includes(LINES_TYPE) === true;
    const text = sliced(engine.nat(), asLines ? LINES : ARRAY);
    return reply.type(asLines ? LINES_TYPE : "application/json; charset=utf-8")
      .send(Readable.from(text, { objectMode: false }));
  });
}

function addForwards(app: FastifyInstance, engine: EngineApi): void {
  const applied = schema.named(schema.Applied);
  app.post<{ Params: RouterParams; Body: { rule: string } }>("/routers/:router/forwards", {
    schema: { ...says("Publish a port", applied), params: schema.RouterParams, body: schema.Rule },
  }, async ({ raw, params, body }) => engine.addForward(params.router, body.rule, originOf(raw.socket)));
  app.delete<{ Params: RouterParams; Querystring: { rule: string } }>("/routers/:router/forwards", {
    schema: { ...says("Take a published port back", applied), params: schema.RouterParams, querystring: schema.Rule },
  }, async ({ raw, params, query }) => engine.removeForward(params.router, query.rule, originOf(raw.socket)));
}

/** A list as text, a slice at a time. */
async function* sliced(entries: Iterable<unknown>, [open, between, close]: Brackets): AsyncGenerator<string> {
  let text = open;
  let count = 0;
  for (const entry of entries) {
    text += (count === 0 ? "" : between) + JSON.stringify(entry);
    count += 1;
    if (count % SLICE !== 0) continue;
    yield text;
    text = "";
    await nextTurn();
  }
  yield count === 0 && open === "" ? "" : text + close;
}
