// `taploom schema`: the JSON Schema of a configuration file, for editors.

import { Command } from "commander";
import { sayLine, type Io } from "./io.js";
import { jsonOption } from "./options.js";

export function schemaCommand(io: Io): Command {
  return new Command("schema")
    .summary("print the JSON Schema of a configuration file")
    .description(
      "Print the JSON Schema of a configuration file, for editors: save it, and begin a configuration with "
      + "\"# yaml-language-server: $schema=FILE\".",
    )
    .addOption(jsonOption())
    .action(async ({ json }: { json?: boolean }) => {
      const { editorSchema } = await import("../config/reference.js");
      sayLine(io.out, JSON.stringify(editorSchema(), undefined, json ? undefined : 2));
    });
}
