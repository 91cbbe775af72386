// Documents that are made to cost: each is refused for what it is, with a bounded answer.

import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkConfig } from "../../src/config/accept.js";
import { ConfigError } from "../../src/config/error.js";
import { configFromValue, parseConfig, parsePort, readConfig } from "../../src/config/parse.js";
import { valueOfConfig } from "../../src/config/print.js";
import { temporaryDirectory } from "../control/serve.js";

type Item = (number: number) => string;
const items = (count: number, item: Item): string[] => Array.from({ length: count }, (_, i) => item(i));
const list = (count: number, item: Item): string => `[${items(count, item).join()}]`;
const map = (count: number, item: Item): string => `{${items(count, item).join()}}`;

const port = (keys: string): string => `{"switches":{"s":{"ports":{"a":{"memory":true,${keys}}}}}}`;
const macs = list(300, (i) => `"02:00:00:00:${10 + Math.floor(i / 90)}:${10 + i % 90}"`);
const chain = items(4_000, (i) => `x${i + 1}: &x${i + 1} [*x${i}, *x${i}]`).join("\n");
const sides = list(4_100, () => "{\"switch\":\"s\",\"address\":\"10.0.0.1/24\"}");
const mirrored = `"mirrors":{"m":{"to":"x","from":${list(5_000, (i) => `"q${i}"`)}}}`;

const DOCUMENTS: [what: string, text: string, says: RegExp][] = [
  ["aliases by the thousand", `a: &a 1\nb: ${list(5_000, () => "*a")}`, /more than 4096 aliases/],
  ["anchors in anchors", `x0: &x0 []\n${chain}`, /more than 4096 aliases/],
  ["an alias of much, used often", `a: &a ${list(1_000, () => "1")}\nb: ${list(1_000, () => "*a")}`, /131072 values/],
  ["more text than there can be", `state: ${"x".repeat(5_000_000)}`, /and a configuration at most 4194304/],
  ["a text without end", `state: ${"x".repeat(100_000)}`, /a text has 100000 characters/],
  ["a key without end", `{"${"x".repeat(100_000)}": 1}`, /a key has 100000 characters/],
  ["brackets", "[".repeat(1_000_000), /nested more than 64 levels/],
  ["braces", "{".repeat(1_000_000), /nested more than 64 levels/],
  ["keys given twice", "a: 1\n".repeat(5_000), /is given twice/],
  ["unknown keys", map(10_000, (i) => `"k${i}": 1`), /unknown key/],
  ["syntax errors", "a: @b\n".repeat(5_000), /Plain value cannot start with reserved character @; quote the text/],
  ["mappings that begin in each other's lines", "a: b: c\n".repeat(10_000), /nested more than 64 levels/],
  ["interfaces in each other's networks", `{"switches":{},"routers":{"r":{"interfaces":${sides}}}}`,
    /up to 4096 items/],
  ["mirrors of ports that are not there",
    `{"switches":{"s":{"ports":${map(3_000, (i) => `"p${i}":{"memory":true}`)},${mirrored}}}}`, /no port "q0"/],
  ["static MACs in every VLAN", port(`"trunk":"1-4094","macs":${macs}`), /are beyond 1048576 MACs/],
  ["a VLAN list without end", port(`"trunk":${list(10_000, () => "1")}`), /VLAN 1 stands twice/],
];

test.each(DOCUMENTS)("%s", (_, text, says) => {
  const error = refusal(() => parseConfig(text, "net.yaml"));
  expect(error.message).toMatch(says);
  expect(error.problems.length).toBeLessThanOrEqual(100);
  expect(error.message.length).toBeLessThan(100_000);
});

test("more values than there can be", () => {
  const error = refusal(() => configFromValue(JSON.parse(list(140_000, () => "1"))));
  expect(error.message).toMatch(/more than 131072 values/);
});

test("a file that is too long is not read", () => {
  const file = join(temporaryDirectory(), "net.yaml");
  writeFileSync(file, "");
  truncateSync(file, 5_000_000);
  expect(refusal(() => readConfig(file)).message).toBe(
    `${file}:1:1: file: cannot be read: it has 5000000 bytes, and a configuration at most 4194304; `
    + "remove what is not needed",
  );
});

test("a configuration that is in force may take more values to write down than a document has", () => {
  const odd = Array.from({ length: 2_047 }, (_, i) => 2 * i + 1).join();
  const ports = Object.fromEntries(items(70, (i) => `p${i}`).map((name) => [name, { memory: true, trunk: odd }]));
  const config = configFromValue({ switches: { s: { ports } } });
  expect(() => configFromValue(valueOfConfig(config))).toThrow(/more than 131072 values/);
  expect(checkConfig(config)).toEqual(config);
});

test("of many problems a hundred are told, and how many more there are", () => {
  const error = refusal(() => configFromValue(JSON.parse(map(250, (i) => `"k${i}": 1`))));
  expect(error).toMatchObject({ problems: { length: 100 }, more: 151 }); // `switches` is missing, too
  expect(error.message.split("\n").at(-1)).toBe("and 151 more; correct the ones above first");
});

test("values are quoted in part, and the remedy is whole", () => {
  const error = refusal(() => parsePort("p", { tap: "x".repeat(60_000), [`k${"y".repeat(60_000)}`]: 1 }));
  expect(error.message.length).toBeLessThan(2_000);
  expect(error.message).toContain("a device name has up to 15 characters");
});

function refusal(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was not refused");
}
