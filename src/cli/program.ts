// The command line as a whole: its commands, its help, and how a failure becomes a line and an exit status.
// Owns the list of commands; what each does is in a file of its own.

import { Command } from "commander";
import { packageVersion } from "../files.js";
import { benchCommand } from "./bench.js";
import { captureCommand } from "./capture.js";
import { applyCommand, fdbCommand, forwardCommand, portCommand, stopCommand } from "./change.js";
import { checkCommand } from "./check.js";
import { DONE, exitOf } from "./exit.js";
import { sayLine, type Io } from "./io.js";
import { showCommand } from "./show.js";
import { upCommand } from "./up.js";

const COMMANDS = [
  upCommand, checkCommand, applyCommand, showCommand, portCommand, forwardCommand, fdbCommand, captureCommand,
  benchCommand, stopCommand,
];

/** Runs one command line (without node and script) and returns the exit status. */
export async function run(args: string[], io: Io): Promise<number> {
  try {
    await createProgram(io).parseAsync(args, { from: "user" });
    return DONE;
  } catch (error) {
    const { status, lines } = exitOf(error);
    for (const line of lines) sayLine(io.err, line);
    return status;
  }
}

function createProgram(io: Io): Command {
  const program = new Command("taploom")
    .description("A virtual network for virtual machines in one process.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => io.err.write(text) })
    .showHelpAfterError("(--help says more)");
  for (const command of COMMANDS) adopt(program, command(io));
  return program;
}

/** Adds a command that was made apart, with the settings that commander gives to those made in place. */
function adopt(parent: Command, command: Command): void {
  parent.addCommand(command.copyInheritedSettings(parent));
  for (const child of command.commands) child.copyInheritedSettings(command);
}
