// The first of two checks of a configuration: does it have the shape of the schema? Owns the validator, and the
// sentences that its errors become; they are made of titles, bounds and examples in schema.ts.

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TSchema } from "@sinclair/typebox";
import { closest, distance } from "fastest-levenshtein";
import { ATTACHMENTS } from "./schema-port.js";
import { NOT_FOR_UPLINKS } from "./schema-router.js";
import type { Path } from "./error.js";
import { ipv6Refused, looksLikeIpv6 } from "./ipv6.js";
import { MERGE_KEY } from "./raw.js";
import type { Where } from "./source.js";

/**
 * Takes a problem; what comes first of several about one path is what counts. A sentence that is dear to make is given
 * as a function: a hostile document has a fault in every value, of which a hundred are told.
 */
export type Report = (path: Path, message: string | (() => string), where?: Where) => void;

const NOT_YET = `is not in this version yet; it has ${list(ATTACHMENTS, "and")}`;
/** Keys of the public interface that ports do not have yet. */
const LATER = {
  "vhost-user": `vhost-user ${NOT_YET}`,
  "dgram": `dgram ${NOT_YET}`,
  "peer": "peer belongs to dgram, which is not in this version yet; remove the key",
};
/** Keys of which there is more to say than that they are unknown, by the title of the schema they would stand in. */
const REFUSED: Record<string, Record<string, string>> = {
  router: Object.fromEntries(["nptv6", "nat64", "inbound"].map((key) => [key, ipv6Key(key)])),
  interface: Object.fromEntries(["ra", "dhcp6"].map((key) => [key, ipv6Key(key)])),
  port: LATER,
  uplink: {
    ...LATER,
    ...Object.fromEntries(NOT_FOR_UPLINKS.map((key) =>
      [key, `an uplink is on no switch, and takes all that is for its router in one VLAN; remove ${key}`])),
  },
};
/** What keys have to be, where the user makes them up: by the title of the schema. */
const KEYS: Record<string, string> = {
  "reservations": "is not a valid MAC address; write it like 02:00:00:00:00:01",
  "static names": "is not a valid host name; write it like web or web.lab.example",
  "timeouts by port": "is not a protocol and a port; write it like udp 53 or tcp 22",
};
const NAMES = "is not a valid name; use up to 63 letters, digits, . _ and -, the first a letter or digit";
export const LATER_ATTACHMENTS = ["vhost-user", "dgram"] as const;

function ipv6Key(key: string): string {
  return `${key} is part of IPv6, which is not in this version yet; remove the key`;
}

const MERGE_REFUSED = "merge keys (<<) are not part of YAML 1.2; write the keys out, or an alias for all of it";

/** What a validator finds in mappings only: with these, the branch of a union that is a mapping was meant. */
const ABOUT_KEYS: readonly string[] = ["additionalProperties", "required"];

// A validator is made at every start and used for a file or two: optimized, it would take twice as long to be there.
const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, code: { optimize: false } });
const validators = new Map<TSchema, ValidateFunction>();

/** Reports every place where a value does not have the schema's shape. `base` leads to the value. */
export function checkStructure(schema: TSchema, value: unknown, base: Path, report: Report): void {
  let validate = validators.get(schema);
  if (!validate) validators.set(schema, validate = ajv.compile(schema));
  if (validate(value)) return;
  const errors = settleUnions(validate.errors!);
  const lacking = new Set(errors.filter(({ keyword }) => keyword === "required").map((error) => error.instancePath));
  const meant = new Set(errors.filter((error) => lacking.has(error.instancePath)).map(meantKey));
  for (const error of errors) {
    const path = [...base, ...pathOf(error.instancePath, value)];
    const { params } = error as { params: Record<string, string> };
    if (error.keyword === "additionalProperties") {
      report([...path, params.additionalProperty!], () => refuseKey(params.additionalProperty!, error), "key");
    } else if (error.keyword === "required") {
      if (meant.has(`${error.instancePath}/${params.missingProperty!}`)) continue;
      if (Object.hasOwn(error.data as object, MERGE_KEY)) continue; // it may be in there
      const { [params.missingProperty!]: missing } = error.parentSchema!.properties as Record<string, TSchema>;
      report([...path, params.missingProperty!], `is missing; write ${expected(missing!)}`, "key");
    } else {
      report(path, () => describe(error));
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

/** What there is instead of a name that is not: the nearest, or the first few of all. `has`: who has them. */
export function alternatives(name: string, names: readonly string[], has: string): string {
  const some = names.length > 8 ? [...names.slice(0, 8), "…"] : names;
  return didYouMean(name, names) || `${has} ${names.length > 0 ? list(some, "and") : "none"}`;
}

/** Words among which a nearest one is looked for, and characters of a word that could be meant to be another. */
const WORDS_MAX = 1024;
const WORD_MAX = 255;

function nearestOf(word: string, all: readonly string[]): string | undefined {
  const words = all.slice(0, WORDS_MAX).filter(({ length }) => length <= WORD_MAX);
  if (words.length === 0 || word.length > WORD_MAX) return undefined;
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
    const deeper = branches.filter(({ instancePath, keyword }) =>
      instancePath !== error.instancePath || ABOUT_KEYS.includes(keyword));
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
  const title = parentSchema!.title as string;
  if (key === MERGE_KEY) return MERGE_REFUSED;
  if (parentSchema!.patternProperties) return `${show(key)} ${KEYS[title] ?? NAMES}`;
  const refused = REFUSED[title];
  if (refused && Object.hasOwn(refused, key)) return refused[key]!;
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
  if (keyword === "maxItems") return `is too long: a ${schema.title} has up to ${params.limit} items`;
  if (keyword === "minItems") return `is an empty list; write ${expected(schema)}`;
  if (schema.type === "boolean" && !("const" in schema)) return `${show(data)} is neither true nor false; write one`;
  if (schema.type === "object") return `${show(data)} is not a mapping; write ${expected(schema)}`;
  if (typeof data === "string" && looksLikeIpv6(data)) {
    return ipv6Refused(show(data), expected(schema).replace(/^it /, ""));
  }
  return `${show(data)} is not a valid ${schema.title}; write ${expected(schema)}${unquote(schema, data)}`;
}

/** What would be right, for "write …". */
function expected(schema: TSchema): string {
  if ("const" in schema) return show(schema.const);
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "integer") return `a whole number, ${schema.minimum} to ${schema.maximum}`;
  const examples = schema.examples as unknown[];
  if (schema.type === "object") return `a mapping, such as ${JSON.stringify(examples[0])}`;
  const choices = list(examples.map(sample), "or");
  const isChoice = (schema.anyOf as TSchema[] | undefined)?.every((branch) => "const" in branch);
  return isChoice ? choices : `it like ${choices}`;
}

/** An example as a user would write it. */
function sample(example: unknown): string {
  if (typeof example === "string") return example;
  const parts: unknown[] = Array.isArray(example) ? example : [example];
  return parts.some((part) => typeof part === "object") ? JSON.stringify(example) : show(example);
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
