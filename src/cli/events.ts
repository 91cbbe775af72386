// `taploom events`: what happens in the running engine, a line each, until it ends or nobody reads any more.

import { Command } from "commander";
import { eventText } from "./event-text.js";
import { endSignal, writeSlowly, type Io } from "./io.js";
import { clientOf, controlOption, jsonOption } from "./options.js";
import { printable } from "./table.js";

export function eventsCommand(io: Io): Command {
  return new Command("events")
    .summary("follow what happens in the running engine")
    .description(
      "Print an event a line: ports that go up or down, MACs, changes of the configuration. Ends with the engine, at "
      + "SIGINT or SIGTERM, or when nobody reads any more. With --json: NDJSON.",
    )
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (options: { control?: string; json?: boolean }) => {
      const { signal, release } = endSignal(io.signals);
      const gone = new AbortController(); // a quiet engine writes nothing by which it would be seen
      const leave = (): void => { gone.abort(); };
      io.out.once("close", leave).once("error", leave);
      try {
        for await (const event of clientOf(options, io).events(AbortSignal.any([signal, gone.signal]))) {
          const line = options.json
            ? JSON.stringify(event) : `${new Date().toISOString()} ${printable(eventText(event))}`;
          if (!await writeSlowly(io.out, Buffer.from(`${line}\n`))) break;
        }
      } finally {
        release();
        io.out.off("close", leave).off("error", leave);
      }
    });
}
