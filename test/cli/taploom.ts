// Command lines for tests: what one prints, where, and its exit status.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveFake, temporaryDirectory, type Served } from "../control/serve.js";
import { Terminal } from "./terminal.js";

export interface Outcome {
  status: number;
  out: string;
  err: string;
}

/** Runs one command line to its end. */
export async function taploom(...args: string[]): Promise<Outcome> {
  const terminal = new Terminal();
  const status = await terminal.run(...args);
  return { status, out: terminal.out.text, err: terminal.err.text };
}

/** Runs one command line against a fake engine of its own. */
export async function withEngine(...args: string[]): Promise<Outcome & Served> {
  const served = await serveFake();
  return { ...served, ...await taploom(...args, "--control", served.path) };
}

/** A configuration file with this text, in a directory of its own. */
export function configFile(text: string): string {
  const file = join(temporaryDirectory(), "net.yaml");
  writeFileSync(file, text);
  return file;
}
