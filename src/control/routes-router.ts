// The control API's resources that change a router: its forwards. What is read of routers stands in lists.ts.

import type { FastifyInstance } from "fastify";
import type { EngineApi } from "../api.js";
import { originOf } from "./origin.js";
import { says } from "./says.js";
import * as schema from "./schema.js";

type RouterParams = { router: string };

/** Adds POST and DELETE of `/routers/ROUTER/forwards`. */
export function addForwards(app: FastifyInstance, engine: EngineApi): void {
  const applied = schema.named(schema.Applied);
  app.post<{ Params: RouterParams; Body: { rule: string } }>("/routers/:router/forwards", {
    schema: { ...says("Publish a port", applied), params: schema.RouterParams, body: schema.Rule },
  }, async ({ raw, params, body }) => engine.addForward(params.router, body.rule, originOf(raw.socket)));
  app.delete<{ Params: RouterParams; Querystring: { rule: string } }>("/routers/:router/forwards", {
    schema: { ...says("Take a published port back", applied), params: schema.RouterParams, querystring: schema.Rule },
  }, async ({ raw, params, query }) => engine.removeForward(params.router, query.rule, originOf(raw.socket)));
}
