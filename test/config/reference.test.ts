// The JSON Schema for editors, and the reference page that is made of it.

import { Ajv } from "ajv";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TSchema } from "@sinclair/typebox";
import { editorSchema, referencePage } from "../../src/config/reference.js";
import { packageFile } from "../../src/files.js";
import { Terminal } from "../cli/terminal.js";

describe("the JSON Schema", () => {
  test("is valid, and judges configurations", () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(editorSchema());
    expect(validate({ switches: { lab: { ports: { web: { tap: "tl-web", access: 10 } } } } })).toBe(true);
    expect(validate({ switches: { lab: { ports: { web: { tap: "tl-web", acess: 10 } } } } })).toBe(false);
    expect(validate({ switches: { lab: { ports: { web: { tap: "tl-web", access: 5000 } } } } })).toBe(false);
  });

  test("describes every key", () => {
    const silent: string[] = [];
    const walk = (schema: TSchema, path: string): void => {
      for (const [key, value] of Object.entries((schema.properties ?? {}) as Record<string, TSchema>)) {
        if (!value.description) silent.push(`${path}.${key}`);
        walk(value, `${path}.${key}`);
      }
      const inner = [...(schema.anyOf ?? []), schema.items, ...Object.values(schema.patternProperties ?? {})];
      for (const each of inner) if (each) walk(each as TSchema, path);
    };
    walk(editorSchema() as TSchema, "");
    expect(silent).toEqual([]);
  });

  test("is what `taploom schema` prints", async () => {
    const terminal = new Terminal();
    expect(await terminal.run("schema")).toBe(0);
    expect(JSON.parse(terminal.out.text)).toEqual(JSON.parse(JSON.stringify(editorSchema())));
    expect(JSON.parse(terminal.out.text).$schema).toBe("http://json-schema.org/draft-07/schema#");
  });
});

test("docs/configuration.md is up to date (npm run reference writes it)", () => {
  expect(readFileSync(packageFile("docs/configuration.md"), "utf8")).toBe(referencePage());
});
