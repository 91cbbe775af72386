// `taploom check`: reads a configuration, touches nothing, and says all that is wrong with it.

import { Command } from "commander";
import { ConfigError } from "../config/error.js";
import type { Config } from "../config/model.js";
import { readConfig } from "../config/parse.js";
import { sayLine, type Io } from "./io.js";
import { jsonOption } from "./options.js";
import { counted } from "./views.js";

export function checkCommand(io: Io): Command {
  return new Command("check")
    .summary("validate a configuration without touching anything")
    .description(
      "Validate a configuration without touching anything; where it is wrong, a line for each error "
      + "and exit status 2.",
    )
    .argument("<config>", "YAML or JSON file")
    .addOption(jsonOption())
    .action((file: string, { json }: { json?: boolean }) => {
      const sizes = sizesOf(json ? readTelling(file, io) : readConfig(file));
      if (json) sayLine(io.out, JSON.stringify({ file, ok: true, ...sizes, problems: [] }));
      else sayLine(io.out, `${file}: ok: ${summaryText(sizes)}`);
    });
}

/** Reads, and says what is wrong as JSON before it throws. */
function readTelling(file: string, io: Io): Config {
  try {
    return readConfig(file);
  } catch (error) {
    if (error instanceof ConfigError) sayLine(io.out, JSON.stringify({ file, ok: false, problems: error.problems }));
    throw error;
  }
}

interface Sizes {
  switches: number;
  ports: number;
  mirrors: number;
  routers: number;
}

function sizesOf({ switches, routers }: Config): Sizes {
  const all = Object.values(switches);
  return {
    switches: all.length,
    ports: all.reduce((sum, { ports }) => sum + Object.keys(ports).length, 0),
    mirrors: all.reduce((sum, { mirrors }) => sum + Object.keys(mirrors).length, 0),
    routers: Object.keys(routers).length,
  };
}

function summaryText({ switches, ports, mirrors, routers }: Sizes): string {
  const on = `${counted(ports, "port")} on ${switches} switch${switches === 1 ? "" : "es"}`;
  return `${on}, ${counted(mirrors, "mirror")}, ${counted(routers, "router")}`;
}
