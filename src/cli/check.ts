// `taploom check`: reads a configuration, touches nothing, and says all that is wrong with it. Here, as in apply and in
// show, the reader is loaded when it is asked for: it takes longer to load than all other commands, which need none.

import { Command } from "commander";
import { ConfigError } from "../config/error.js";
import type { Config } from "../config/model.js";
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
    .action(async (file: string, { json }: { json?: boolean }) => {
      const sizes = sizesOf(await read(file, json ? io : undefined));
      if (json) sayLine(io.out, JSON.stringify({ file, ok: true, ...sizes, problems: [] }));
      else sayLine(io.out, `${file}: ok: ${summaryText(sizes)}`);
    });
}

/** Reads, and says what is wrong to `told`, as JSON, before it throws. */
async function read(file: string, told: Io | undefined): Promise<Config> {
  const { readConfig } = await import("../config/parse.js");
  try {
    return readConfig(file);
  } catch (error) {
    if (told && error instanceof ConfigError) {
      const { problems, more } = error;
      sayLine(told.out, JSON.stringify({ file, ok: false, problems, ...(more > 0 && { more }) }));
    }
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
