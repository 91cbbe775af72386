// `taploom show`: the state of the running engine, once or every second.
// Owns the list of what can be shown; views.ts owns how it reads.

import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import type { ConfigValue, ControlClient } from "../control/client.js";
import { endSignal, isRead, sayLine, type Io } from "./io.js";
import { clientOf, controlOption, jsonOption } from "./options.js";
import { Screen } from "./screen.js";
import { natText, natView } from "./nat.js";
import { leaseLines, neighborLines, routerLines } from "./router-views.js";
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
  nat: (client) => natView(client),
  neighbors: (client) => view(client.neighbors(), neighborLines),
  leases: (client) => view(client.leases(), leaseLines),
  mirrors: (client) => view(client.mirrors(), mirrorLines),
  routers: (client) => view(client.routers(), routerLines),
  stats: (client) => view(client.stats(), statsLines),
  config: (client) => view(client.config(), configLines),
};
const NAMES = Object.keys(VIEWS);

export function showCommand(io: Io): Command {
  return new Command("show")
    .summary("show the state of the running engine")
    .description("Show the state of the running engine.")
    .argument("<what>", `one of ${NAMES.join(", ")}`, known)
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
      if (what === "nat" && (options.json || !options.watch)) {
        const print = (): Promise<void> => natText(client, options.json === true, io.out);
        await (options.watch ? repeat(print, io) : print());
      } else if (options.watch) await repeat(async () => say(await look(client)), io);
      else say(await look(client));
    });
}

function known(what: string): string {
  if (NAMES.includes(what)) return what;
  throw new InvalidArgumentError(`It must be one of ${NAMES.join(", ")}.`);
}

async function view<T>(asked: Promise<T>, lines: (value: T) => string[] | Promise<string[]>): Promise<View> {
  const value = await asked;
  return { value, lines: await lines(value) };
}

async function configLines(config: ConfigValue): Promise<string[]> {
  const { configFromValue } = await import("../config/parse.js");
  const { printConfig } = await import("../config/print.js");
  return printConfig(configFromValue(config)).trimEnd().split("\n");
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
