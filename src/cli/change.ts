// The commands that change a running engine in one step: apply, port and forward add and remove, fdb flush, stop.
// Owns their command lines; what they do is the control API's.

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { resolvePort } from "../config/paths.js";
import type { ConfigValue } from "../control/client.js";
import { sayLine, type Io } from "./io.js";
import { clientOf, controlOption, integer, jsonObject, jsonOption } from "./options.js";
import { appliedText, counted, statsLines } from "./views.js";

interface Options {
  control?: string;
  json?: boolean;
}

export function applyCommand(io: Io): Command {
  return new Command("apply")
    .summary("make the running engine match a configuration")
    .description(
      "Make the running engine match a configuration, as one transaction: all of it or, on any error, nothing. "
      + "Ports that did not change lose no frame.",
    )
    .argument("<config>", "YAML or JSON file")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const { readConfig } = await import("../config/parse.js");
      const { valueOfConfig } = await import("../config/print.js");
      const config = valueOfConfig(readConfig(file)) as ConfigValue;
      say(io, options, await clientOf(options, io).apply(config), appliedText);
    });
}

export function portCommand(io: Io): Command {
  const port = new Command("port")
    .summary("add or remove a port")
    .description("Hot-plug a port, as a hypervisor does.");
  port.addCommand(new Command("add")
    .description("Add a port to a switch of the running engine. A relative path in it starts where you are.")
    .argument("<switch>")
    .argument("<name>", "the port's name")
    .argument("<json>", "the port, as in a configuration: '{\"tap\": \"tl-web\", \"access\": 10}'", jsonObject)
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (switchName: string, portName: string, value: Record<string, unknown>, options: Options) => {
      resolvePort(value, process.cwd());
      say(io, options, await clientOf(options, io).addPort(switchName, portName, value), appliedText);
    }));
  port.addCommand(new Command("remove")
    .description("Remove a port from a switch of the running engine.")
    .argument("<switch>")
    .argument("<name>", "the port's name")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (switchName: string, portName: string, options: Options) => {
      say(io, options, await clientOf(options, io).removePort(switchName, portName), appliedText);
    }));
  return port;
}

export function forwardCommand(io: Io): Command {
  const forward = new Command("forward")
    .summary("publish ports of inside hosts")
    .description("Ports that a router publishes to the outside.");
  forward.addCommand(new Command("add")
    .description("Publish a port on a router of the running engine.")
    .argument("<router>")
    .argument("<rule>", "as in a configuration: 'tcp 8080 -> 10.0.10.5:80'")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (router: string, rule: string, options: Options) => {
      say(io, options, await clientOf(options, io).addForward(router, rule), () => `${router}: added ${rule}`);
    }));
  forward.addCommand(new Command("remove")
    .description("Take a published port back; its sessions end.")
    .argument("<router>")
    .argument("<rule>", "as in a configuration: 'tcp 8080 -> 10.0.10.5:80'")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (router: string, rule: string, options: Options) => {
      say(io, options, await clientOf(options, io).removeForward(router, rule), () => `${router}: removed ${rule}`);
    }));
  return forward;
}

export function fdbCommand(io: Io): Command {
  const fdb = new Command("fdb").summary("forget learned MACs").description("The forwarding database.");
  fdb.addCommand(new Command("flush")
    .description("Forget what a switch learned.")
    .argument("<switch>")
    .option("--vlan <vid>", "of this VLAN only", integer(1, 4094))
    .option("--port <name>", "of this port only")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (switchName: string, options: Options & { vlan?: number; port?: string }) => {
      const { vlan, port } = options;
      const only = { ...(vlan !== undefined && { vlan }), ...(port !== undefined && { port }) };
      const answer = await clientOf(options, io).flush(switchName, only);
      say(io, options, answer, ({ flushed }) => `forgot ${counted(flushed, "MAC")}`);
    }));
  return fdb;
}

const GONE_MS_MAX = 5_000;
const GONE_MS_STEP = 20;

export function stopCommand(io: Io): Command {
  return new Command("stop")
    .summary("stop the running engine")
    .description("Stop the running engine and print its final statistics.")
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const client = clientOf(options, io);
      const stats = await client.stop();
      // Whoever starts the next engine in the next line of a script finds the socket free.
      for (let waited = 0; waited < GONE_MS_MAX && await client.answers(); waited += GONE_MS_STEP) {
        await sleep(GONE_MS_STEP);
      }
      say(io, options, stats, (final) => statsLines(final).join("\n"));
    });
}

/** The answer itself for programs, its text for people. */
function say<T>(io: Io, options: Options, answer: T, text: (answer: T) => string): void {
  sayLine(io.out, options.json ? JSON.stringify(answer) : text(answer));
}
