// `taploom show`: the state of the running engine, once or every second.
// Owns the list of what can be shown; views.ts owns how it reads. Whatever is shown is written as it comes.

import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import type { ConfigValue, ControlClient } from "../control/client.js";
import type { Rows } from "../control/lists.js";
import { UsageError } from "./exit.js";
import { endSignal, isRead, writeSlowly, type Io, type Output } from "./io.js";
import { clientOf, controlOption, jsonOption } from "./options.js";
import { Screen } from "./screen.js";
import { leaseLines, natLines, neighborLines, routerLines } from "./router-views.js";
import type { Lines } from "./table.js";
import { fdbLines, mirrorLines, portLines, statsLines, vlanLines } from "./views.js";

const REFRESH_MS = 1_000;

/** How each list reads; a NAME narrows it. */
const LISTS: { [List in keyof Rows]: Lines<Rows[List]> } = {
  ports: portLines,
  fdb: fdbLines,
  vlans: vlanLines,
  nat: natLines,
  neighbors: neighborLines,
  leases: leaseLines,
  mirrors: mirrorLines,
  routers: routerLines,
};

/** How the rest reads, which is one value each. */
const VALUES = {
  stats: async (client: ControlClient) => statsLines(await client.stats()),
  config: async (client: ControlClient) => configLines(await client.config()),
};

type Listed = keyof typeof LISTS;
type What = Listed | keyof typeof VALUES;

const LISTED = Object.keys(LISTS) as Listed[];
const SHOWN = [...LISTED, ...Object.keys(VALUES)] as What[];

interface Options {
  watch?: boolean;
  json?: boolean;
  control?: string;
}

export function showCommand(io: Io): Command {
  return new Command("show")
    .summary("show the state of the running engine")
    .description("Show the state of the running engine.")
    .argument("<what>", `one of ${SHOWN.join(", ")}`, known)
    .argument("[name]", "only what belongs to this SWITCH, SWITCH/PORT or ROUTER")
    .option("--watch", "show it again every second, until interrupted")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action((what: What, name: string | undefined, options: Options) => {
      if (name !== undefined && !isListed(what)) {
        throw new UsageError(`show ${what} takes no name; what does is ${LISTED.join(", ")}`);
      }
      return show(what, name, options, io);
    });
}

function known(what: string): What {
  const found = SHOWN.find((shown) => shown === what);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${SHOWN.join(", ")}.`);
}

function isListed(what: What): what is Listed {
  return what in LISTS;
}

async function show(what: What, name: string | undefined, { watch, json, ...at }: Options, io: Io): Promise<void> {
  const client = clientOf(at, io);
  const lines = (): AsyncGenerator<string[]> => linesOf(client, what, name);
  const screen = new Screen(io.out);
  if (json) {
    const print = (ended?: AbortSignal): Promise<void> => write(io.out, oneLine(client.bytes(what, name)), ended);
    await (watch ? repeat(print, io) : print());
  } else if (!watch) await write(io.out, bytesOf(lines()));
  else if (screen.isLive) await repeat(async () => screen.draw(await firstOf(lines(), screen.room + 1)), io);
  else await repeat((ended) => write(io.out, bytesOf(lines(), "\n"), ended), io);
}

async function* linesOf(client: ControlClient, what: What, name?: string): AsyncGenerator<string[]> {
  if (isListed(what)) yield* listLines(client, what, name);
  else yield await VALUES[what](client);
}

function listLines<List extends Listed>(client: ControlClient, list: List, name?: string): AsyncGenerator<string[]> {
  return LISTS[list](client.rows(list, name));
}

/** The first lines; the rest is not asked for. */
async function firstOf(batches: AsyncIterable<string[]>, max: number): Promise<string[]> {
  const first: string[] = [];
  for await (const lines of batches) {
    first.push(...lines.slice(0, max - first.length));
    if (first.length === max) break;
  }
  return first;
}

async function* bytesOf(batches: AsyncIterable<string[]>, end = ""): AsyncGenerator<Uint8Array> {
  for await (const lines of batches) yield Buffer.from(lines.map((line) => `${line}\n`).join(""));
  if (end !== "") yield Buffer.from(end);
}

/** The bytes of a JSON value as they are, with the end of the line. */
async function* oneLine(value: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* value;
  yield Buffer.from("\n");
}

/** Writes no faster than it is read, until nobody reads any more or the signal aborts. */
async function write(out: Output, pieces: AsyncIterable<Uint8Array>, ended?: AbortSignal): Promise<void> {
  for await (const piece of pieces) if (!await writeSlowly(out, piece, ended)) return;
}

async function configLines(config: ConfigValue): Promise<string[]> {
  const { configFromValue } = await import("../config/parse.js");
  const { printConfig } = await import("../config/print.js");
  return printConfig(configFromValue(config)).trimEnd().split("\n");
}

/** Does it every second, until a signal or until nobody reads any more. */
async function repeat(act: (ended: AbortSignal) => Promise<void>, io: Io): Promise<void> {
  const { signal, release } = endSignal(io.signals);
  try {
    while (!signal.aborted && isRead(io.out)) {
      await act(signal);
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    release();
  }
}
