// `taploom up`: its command line. What it does is in start.ts, which is loaded when it is asked for and no earlier:
// the other commands need neither the engine nor the server, and are there at once.

import { Command, Option } from "commander";
import { POLL_MODES } from "../worker/patience.js";
import type { Io } from "./io.js";
import { controlOption, forOption, integer, jsonOption } from "./options.js";
import { Orders } from "./orders.js";
import type { UpOptions } from "./start.js";

const WORKERS_MAX = 16;

export function upCommand(io: Io): Command {
  return new Command("up")
    .summary("run the engine in the foreground")
    .description(
      "Run the engine in the foreground with a configuration; without one, the embedded quickstart, which needs "
      + "no privileges and no devices. SIGHUP reloads the file; SIGINT and SIGTERM stop.",
    )
    .argument("[config]", "YAML or JSON file")
    .option("--workers <n>", `data-plane threads, 1 to ${WORKERS_MAX}`, integer(1, WORKERS_MAX))
    .addOption(new Option("--poll <mode>", "how they wait for frames (default: adaptive)").choices(POLL_MODES))
    .addOption(forOption("stop by itself after this time, as in 10s"))
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (file: string | undefined, options: UpOptions) => {
      const orders = new Orders(io, options.json);
      try {
        const { start } = await import("./start.js");
        await start(file, options, orders, io);
      } finally {
        orders.release();
      }
    });
}
