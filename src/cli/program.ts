// The command line as a whole: its commands, its help, and how a failure becomes a line and an exit status.
// Owns the list of commands; what each does is in a file of its own.

import { Command } from "commander";
import { packageVersion } from "../files.js";
import { benchCommand } from "./bench.js";
import { captureCommand } from "./capture.js";
import { applyCommand, fdbCommand, forwardCommand, portCommand, stopCommand } from "./change.js";
import { checkCommand } from "./check.js";
import { eventsCommand } from "./events.js";
import { DONE, exitOf } from "./exit.js";
import type { Io } from "./io.js";
import { complain } from "./log.js";
import { schemaCommand } from "./schema.js";
import { showCommand } from "./show.js";
import { upCommand } from "./up.js";

const COMMANDS = [
  upCommand, checkCommand, applyCommand, showCommand, portCommand, forwardCommand, fdbCommand, captureCommand,
  eventsCommand, benchCommand, schemaCommand, stopCommand,
];

/** Runs one command line (without node and script) and returns the exit status. */
export async function run(args: string[], io: Io): Promise<number> {
  const json = asksForJson(args);
  try {
    await createProgram(io, json).parseAsync(args, { from: "user" });
    return DONE;
  } catch (error) {
    const { status, complaints } = exitOf(error);
    complain(complaints, json, io.err);
    return status;
  }
}

/** Whether a command line, which may be wrong otherwise, asks for output that programs read. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

function createProgram(io: Io, json: boolean): Command {
  // For programs, what is wrong with a command line is told as all else is: by `run`.
  const writeErr = json ? () => undefined : (text: string) => io.err.write(text);
  const program = new Command("taploom")
    .description("A virtual network for virtual machines in one process.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr })
    .showHelpAfterError("(--help says more)");
  for (const command of COMMANDS) adopt(program, command(io));
  return program;
}

/** Adds a command that was made apart, with the settings that commander gives to those made in place. */
function adopt(parent: Command, command: Command): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  for (const child of command.commands) child.copyInheritedSettings(command);
}
