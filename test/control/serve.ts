// A control server over a fake engine, in a directory of its own, for the length of a test.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ControlClient } from "../../src/control/client.js";
import { serveControl } from "../../src/control/server.js";
import { FakeEngine } from "./fake.js";

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "taploom-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** All rows of a list. */
export async function allOf<Row>(batches: AsyncIterable<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

export interface Served {
  path: string;
  engine: FakeEngine;
  client: ControlClient;
  warnings: string[];
  close: () => Promise<void>;
}

/** Serves until the test has finished. */
export async function serveFake(path = join(temporaryDirectory(), "control.sock")): Promise<Served> {
  const engine = new FakeEngine();
  const warnings: string[] = [];
  const server = await serveControl(engine, {
    path,
    stop: () => engine.stop(),
    warn: (message) => warnings.push(message),
  });
  onTestFinished(() => server.close());
  return { path, engine, client: new ControlClient(path), warnings, close: () => server.close() };
}
