// The first of two checks of a configuration: does it have the shape of the schema? Owns the validator, and the
// sentences that its errors become; they are made of titles, bounds and examples in schema.ts.

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "@sinclair/typebox";
import { closest, distance } from "fastest-levenshtein";
import { ATTACHMENTS } from "./schema.js";
import type { Path } from "./error.js";
import type { Where } from "./source.js";

/** Takes a problem; what comes first of several about one path is what counts. */
export type Report = (path: Path, message: string, where?: Where) => void;

const NOT_YET = `is not in this version yet; it has ${list(ATTACHMENTS, "and")}`;
/** Keys of the public interface that this version does not have yet, by the schema that they would stand in. */
const LATER: Record<string, Record<string, string>> = {
  configuration: {
    routers: "routers are not in this version yet; remove the key",
    state: "state is not in this version yet, what is learned is lost at exit; remove the key",
  },
  port: {
    "vhost-user": `vhost-user ${NOT_YET}`,
    "dgram": `dgram ${NOT_YET}`,
    "peer": "peer belongs to dgram, which is not in this version yet; remove the key",
  },
};
export const LATER_ATTACHMENTS = ["vhost-user", "dgram"] as const;

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
const validators = new Map<TSchema, ValidateFunction>();

/** Reports every place where a value does not have the schema's shape. `base` leads to the value. */
export function checkStructure(schema: TSchema, value: unknown, base: Path, report: Report): void {
  let validate = validators.get(schema);
  if (!validate) validators.set(schema, validate = ajv.compile(schema));
  if (validate(value)) return;
  const errors = settleUnions(validate.errors!);
  const meant = new Set(errors.map(meantKey));
  for (const error of errors) {
    const path = [...base, ...pathOf(error.instancePath, value)];
    const { params } = error as { params: Record<string, string> };
    if (error.keyword === "additionalProperties") {
      report([...path, params.additionalProperty!], refuseKey(params.additionalProperty!, error), "key");
    } else if (error.keyword === "required") {
      if (meant.has(`${error.instancePath}/${params.missingProperty!}`)) continue;
      const { [params.missingProperty!]: missing } = error.parentSchema!.properties as Record<string, TSchema>;
      report([...path, params.missingProperty!], `is missing; write ${expected(missing!)}`, "key");
    } else {
      report(path, describe(error));
    }
  }
}

/** `a, b or c` */
export function list(words: readonly string[], link: "and" | "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${link} ${words.at(-1)}`;
}

/** The nearest of `words`, as a question; "" where none is near. */
export function didYouMean(word: string, words: readonly string[]): string {
  const nearest = nearestOf(word, words);
  return nearest === undefined ? "" : `did you mean "${nearest}"?`;
}

function nearestOf(word: string, words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const nearest = closest(word, words);
  return distance(word, nearest) <= Math.max(1, Math.floor(word.length / 2)) ? nearest : undefined;
}

/** Where the key would stand that an unknown one is taken for: it is not missing, it is misspelt. */
function meantKey({ keyword, instancePath, params, parentSchema }: ErrorObject): string | undefined {
  if (keyword !== "additionalProperties" || parentSchema!.patternProperties) return undefined;
  const { additionalProperty } = params as { additionalProperty: string };
  const nearest = nearestOf(additionalProperty, Object.keys(parentSchema!.properties as object));
  return nearest === undefined ? undefined : `${instancePath}/${nearest}`;
}

/**
 * A value that fits no branch of a union fails in every branch and then in the union. Keeps what helps: what is
 * wrong deeper inside the branch that was meant, or the bound that was missed, or else the union's own failure.
 */
function settleUnions(errors: readonly ErrorObject[]): ErrorObject[] {
  const settled: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== "anyOf") {
      settled.push(error);
      continue;
    }
    // The validator reports a union right after its branches.
    const branches = settled.splice(settled.findLastIndex((before) => !isInside(before, error)) + 1);
    const deeper = branches.filter(({ instancePath }) => instancePath !== error.instancePath);
    const bound = branches.find(({ keyword }) => /^(min|max)/.test(keyword));
    settled.push(...(deeper.length > 0 ? deeper : [bound ?? error]));
  }
  return settled;
}

function isInside({ schemaPath, instancePath }: ErrorObject, union: ErrorObject): boolean {
  return schemaPath.startsWith(`${union.schemaPath}/`) && `${instancePath}/`.startsWith(`${union.instancePath}/`);
}

/** A JSON pointer as steps, with numbers where the value has lists. */
function pathOf(pointer: string, value: unknown): Path {
  let inside = value;
  return pointer.split("/").slice(1).map((escaped) => {
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    const step = Array.isArray(inside) ? Number(key) : key;
    inside = (inside as Record<string | number, unknown>)[step];
    return step;
  });
}

function refuseKey(key: string, { parentSchema }: ErrorObject): string {
  if (parentSchema!.patternProperties) {
    return `${show(key)} is not a valid name; use up to 63 letters, digits, . _ and -, the first a letter or digit`;
  }
  const later = LATER[parentSchema!.title as string];
  if (later && Object.hasOwn(later, key)) return later[key]!;
  const known = Object.keys(parentSchema!.properties as object);
  return `unknown key ${show(key)}; ${didYouMean(key, known) || `there is ${list(known, "and")}`}`;
}

function describe({ keyword, data, parentSchema, params }: ErrorObject): string {
  const schema = parentSchema as TSchema;
  if (data === null || data === "") return `has no value; write ${expected(schema)}`;
  if (keyword === "minimum" || keyword === "maximum") {
    return `${schema.title} ${show(data)} is out of range: ${schema.minimum} to ${schema.maximum}`;
  }
  if (keyword === "maxLength") {
    return `${show(data)} is too long: a ${schema.title} has up to ${params.limit} characters`;
  }
  if (keyword === "minItems") return `is an empty list; write ${expected(schema)}`;
  if (schema.type === "boolean" && !("const" in schema)) return `${show(data)} is neither true nor false; write one`;
  if (schema.type === "object") return `${show(data)} is not a mapping; write ${expected(schema)}`;
  return `${show(data)} is not a valid ${schema.title}; write ${expected(schema)}${unquote(schema, data)}`;
}

/** What would be right, for "write …". */
function expected(schema: TSchema): string {
  if ("const" in schema) return show(schema.const);
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "integer") return `a whole number, ${schema.minimum} to ${schema.maximum}`;
  const examples = schema.examples as unknown[];
  if (schema.type === "object") return `a mapping, such as ${JSON.stringify(examples[0])}`;
  const choices = list(examples.map((example) => typeof example === "string" ? example : show(example)), "or");
  const isChoice = (schema.anyOf as TSchema[] | undefined)?.every((branch) => "const" in branch);
  return isChoice ? choices : `it like ${choices}`;
}

function unquote(schema: TSchema, data: unknown): string {
  return schema.type === "integer" && typeof data === "string" && /^\d+$/.test(data) ? ", without quotes" : "";
}

/** A value as part of a sentence. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 && value.length < 8 ? `[${value.map(show).join(", ")}]` : "a list";
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
