// `taploom show`: the state of the running engine, once or every second.
// Owns the list of what can be shown; views.ts owns how it reads.

import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { configFromValue } from "../config/parse.js";
import { printConfig } from "../config/print.js";
import type { ControlClient } from "../control/client.js";
import { UsageError } from "./exit.js";
import { endSignal, isRead, sayLine, type Io } from "./io.js";
import { clientOf, controlOption, jsonOption } from "./options.js";
import { Screen } from "./screen.js";
import { fdbLines, mirrorLines, portLines, statsLines, vlanLines } from "./views.js";

const REFRESH_MS = 1_000;

/** What was asked of the engine, and its lines for people. */
interface View {
  value: unknown;
  lines: string[];
}

const VIEWS: Record<string, (client: ControlClient) => Promise<View>> = {
  ports: (client) => view(client.ports(), portLines),
  fdb: (client) => view(client.fdb(), fdbLines),
  vlans: (client) => view(client.vlans(), vlanLines),
  mirrors: (client) => view(client.mirrors(), mirrorLines),
  stats: (client) => view(client.stats(), statsLines),
  config: (client) => view(client.config(), (config) => printConfig(configFromValue(config)).trimEnd().split("\n")),
};
const NOW = Object.keys(VIEWS);
const LATER = ["nat", "neighbors", "leases", "routers"];

export function showCommand(io: Io): Command {
  return new Command("show")
    .summary("show the state of the running engine")
    .description("Show the state of the running engine.")
    .argument("<what>", `one of ${NOW.join(", ")}`, known)
    .option("--watch", "show it again every second, until interrupted")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (what: string, options: { watch?: boolean; json?: boolean; control?: string }) => {
      const look = VIEWS[what]!;
      const client = clientOf(options, io);
      const screen = new Screen(io.out);
      const say = ({ value, lines }: View): void => {
        if (options.json) sayLine(io.out, JSON.stringify(value));
        else if (options.watch) screen.draw(lines);
        else sayLine(io.out, lines.join("\n"));
      };
      if (options.watch) await repeat(async () => say(await look(client)), io);
      else say(await look(client));
    });
}

function known(what: string): string {
  if (NOW.includes(what)) return what;
  if (LATER.includes(what)) throw new UsageError(`show ${what}: not in this version yet`);
  throw new InvalidArgumentError(`It must be one of ${NOW.join(", ")}.`);
}

async function view<T>(asked: Promise<T>, lines: (value: T) => string[]): Promise<View> {
  const value = await asked;
  return { value, lines: lines(value) };
}

/** Does it every second, until a signal or until nobody reads any more. */
async function repeat(act: () => Promise<void>, io: Io): Promise<void> {
  const { signal, release } = endSignal(io.signals);
  try {
    while (!signal.aborted && isRead(io.out)) {
      await act();
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    release();
  }
}
