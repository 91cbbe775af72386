// `taploom bench`: the benchmark runs that need no devices, with a table.

import { Command, Option } from "commander";
import { sayLine, type Io } from "./io.js";
import { integer, jsonOption } from "./options.js";
import { tableLines } from "./table.js";

const ENTRIES_MAX = 1_048_576;
const BATCH_MAX = 256;
const NAMES = "core-switch, core-napt, core-napt-new, core-napt-age";

interface Options {
  entries?: number;
  frame: "60" | "imix";
  batch: number;
  json?: boolean;
}

export function benchCommand(io: Io): Command {
  return new Command("bench")
    .summary("run benchmarks of the core")
    .description("Run benchmarks of the packet core in memory: median of several runs, in ns.")
    .argument("[names...]", `which; all where none is named: ${NAMES}`)
    .option("--entries <n>", "MACs or sessions, a multiple of 32 (default: several sizes)", integer(1, ENTRIES_MAX))
    .addOption(new Option("--frame <size>", "60 bytes, or a mix").choices(["60", "imix"]).default("60"))
    .option("--batch <n>", "frames a call into the core", integer(1, BATCH_MAX), BATCH_MAX)
    .addOption(jsonOption())
    .action(async (names: string[], { json, ...options }: Options) => {
      const { runBenches } = await import("../bench/run.js");
      const results = runBenches(names, options);
      if (json) return sayLine(io.out, JSON.stringify(results));
      const rows = results.map((result) => [
        result.name, result.entries, result.frame, result.batch, result.unit, result.nsPerFrame,
        `${result.min} - ${result.max}`,
        Number((result.framesPerSecond / 1e6).toPrecision(3)), result.digest,
      ]);
      const head = ["bench", "entries", "frame", "batch", "unit", "ns", "range", "M/s", "digest"];
      for (const line of tableLines(head, rows)) sayLine(io.out, line);
    });
}
