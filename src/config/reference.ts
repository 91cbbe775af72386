// The configuration's JSON Schema as editors take it, and the page that is made of it (docs/configuration.md).
// Owns the page's layout; what it says of each key stands in the schema.

import type { TSchema } from "@sinclair/typebox";
import { ConfigSchema } from "./schema.js";

/** The schema with the dialect that it is written in. */
export function editorSchema(): object {
  return { $schema: "http://json-schema.org/draft-07/schema#", ...ConfigSchema };
}

const HEAD = `<!-- Made of the schema by \`npm run reference\`: edit src/config/schema*.ts instead. -->
# Configuration

Every key of a configuration file. \`taploom check FILE\` says what is wrong with a file; \`taploom schema\` prints the
JSON Schema that this page is made of. For completion in an editor, save it
(\`taploom schema > taploom.schema.json\`) and begin the file with
\`# yaml-language-server: $schema=taploom.schema.json\`.
`;

interface Section {
  path: string;
  schema: TSchema;
}

/** The page, in Markdown. */
export function referencePage(): string {
  const sections = sectionsOf({ path: "", schema: ConfigSchema });
  return [HEAD, ...sections.map(sectionText)].join("\n");
}

/** A mapping and all that is inside it, outermost first. */
function sectionsOf(section: Section): Section[] {
  const inner = keysOf(section.schema).flatMap(([key, schema]) => (
    mappingsIn(join(section.path, key), schema).flatMap(sectionsOf)
  ));
  return [section, ...inner];
}

/** The mappings with keys of their own that a value may be or hold. */
function mappingsIn(path: string, schema: TSchema): Section[] {
  if (schema.properties) return [{ path, schema }];
  if (schema.anyOf) return (schema.anyOf as TSchema[]).flatMap((branch) => mappingsIn(path, branch));
  if (schema.items) return mappingsIn(`${path}[]`, schema.items as TSchema);
  const named = namedBy(schema);
  return named ? mappingsIn(`${path}.${named.key}`, named.schema) : [];
}

function keysOf(schema: TSchema): [key: string, schema: TSchema][] {
  return Object.entries(schema.properties as Record<string, TSchema>);
}

/** What stands under names that users make up. */
function namedBy({ patternProperties, title }: TSchema): { key: string; schema: TSchema } | undefined {
  const [schema] = Object.values((patternProperties ?? {}) as Record<string, TSchema>);
  return schema && { key: title === "reservations" ? "MAC" : "NAME", schema };
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function sectionText({ path, schema }: Section): string {
  const required = (schema.required ?? []) as string[];
  const rows = keysOf(schema).map(([key, value]) => {
    const byDefault = value.default === undefined ? (required.includes(key) ? "required" : "") : code(value.default);
    return `| \`${key}\` | ${typeText(value)} | ${byDefault} | ${cell(textOf(value))} |`;
  });
  const [example] = (schema.examples ?? []) as unknown[];
  return [
    `## ${path === "" ? "The file" : `\`${path}\``}\n`,
    ...(schema.description ? [`${schema.description}.\n`] : []),
    "| key | value | default | meaning |\n| --- | --- | --- | --- |",
    ...rows,
    ...(example === undefined ? [] : [`\nExample: ${code(example)}`]),
    "",
  ].join("\n");
}

/** What a key means; a mapping's own section says more. */
function textOf({ description, title }: TSchema): string {
  return description ?? title ?? "";
}

function typeText(schema: TSchema): string {
  if ("const" in schema) return code(schema.const);
  if (schema.anyOf) return [...new Set((schema.anyOf as TSchema[]).map(typeText))].join(" or ");
  if (schema.type === "boolean") return "`true` or `false`";
  if (schema.type === "integer") return `number, ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === "array") return `list of ${typeText(schema.items as TSchema)}`;
  const named = namedBy(schema);
  if (named) return `mapping: ${named.key} → ${typeText(named.schema)}`;
  if (schema.type === "object") return "mapping";
  const [example] = (schema.examples ?? []) as unknown[];
  return example === undefined ? "text" : `text, as ${code(example)}`;
}

function code(value: unknown): string {
  return `\`${cell(typeof value === "string" ? value : JSON.stringify(value))}\``;
}

/** Text in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
