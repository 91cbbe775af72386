// The thread that checks documents: what it passes and refuses, and its end if a document takes too long.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Checker, type CheckerLimits } from "../../src/checker/checker.js";
import { ConfigError } from "../../src/config/error.js";
import { configFromValue, parsePort } from "../../src/config/parse.js";
import { temporaryDirectory } from "../control/serve.js";

const GOOD = { switches: { lab: { ports: { web: { memory: true, access: 10 } } } } };
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function makeChecker(limits: Partial<CheckerLimits> = {}): Checker {
  const checker = new Checker(limits);
  onTestFinished(() => checker.close());
  return checker;
}

test("passes what is right, as the parser does", async () => {
  const checker = makeChecker();
  expect(await checker.config(json(GOOD))).toEqual(configFromValue(GOOD));
  expect(await checker.port("web", json({ memory: true }))).toEqual(parsePort("web", { memory: true }));
  const file = join(temporaryDirectory(), "net.json");
  writeFileSync(file, json(GOOD));
  expect(await checker.file(file)).toEqual(configFromValue(GOOD));
});

test("refuses what is wrong, as the parser does", async () => {
  const checker = makeChecker();
  await expect(checker.config(json({ switches: 1 }))).rejects.toBeInstanceOf(ConfigError);
  await expect(checker.port("web", json({ access: 0 }))).rejects.toThrow("web.access: VLAN 0 is out of range");
  await expect(checker.config(Buffer.from("{"))).rejects.toMatchObject({ code: "JSON" });
});

test("a document that takes too long is refused, and its thread ends", async () => {
  const checker = makeChecker({ checkMs: 0 });
  await expect(checker.config(json(GOOD))).rejects.toMatchObject({ code: "TOO_LONG" });
  await expect(checker.config(json(GOOD))).rejects.toMatchObject({ code: "TOO_LONG" }); // of a new thread
});
