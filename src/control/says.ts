// The OpenAPI document's part of a resource: its summary, what it answers, how it refuses. Owns their wording.

import { Type, type TSchema } from "@sinclair/typebox";
import type { FastifySchema } from "fastify";
import { PROBLEM_TYPE } from "./problem.js";
import * as schema from "./schema.js";

/** The document's part of a resource that answers JSON. */
export function says(summary: string, response: TSchema): FastifySchema {
  return answers(summary, "application/json", response);
}

/** The same of one that answers for as long as it is read. */
export function streams(summary: string, type: string): FastifySchema {
  return answers(summary, type, Type.String({ contentMediaType: type }));
}

function answers(summary: string, type: string, body: TSchema): FastifySchema {
  const done = { description: "done", content: { [type]: { schema: body } } };
  const refused = { description: "refused", content: { [PROBLEM_TYPE]: { schema: schema.named(schema.Problem) } } };
  return { summary, response: { "200": done, "4xx": refused, "5xx": refused } };
}
