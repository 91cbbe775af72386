// `taploom capture`: what passes a port, live, into a pcapng file or down a pipe.
// Owns the file and the ends: a count, a duration, a signal, a reader that goes.

import { createWriteStream, ftruncateSync } from "node:fs";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { Argument, Command } from "commander";
import { EngineError, type CaptureOptions } from "../api.js";
import { NotACaptureError, openCaptureTarget } from "../disk/capture-target.js";
import { endSignal, sayLine, writeSlowly, type Io } from "./io.js";
import { clientOf, controlOption, forOption, integer, jsonOption, portTarget } from "./options.js";
import { BlockCutter } from "./pcapng.js";
import { counted } from "./views.js";

interface Options {
  write?: string;
  force?: boolean;
  filter?: string;
  snaplen?: number;
  count?: number;
  for?: number;
  control?: string;
  json?: boolean;
}

export function captureCommand(io: Io): Command {
  return new Command("capture")
    .summary("capture the frames of a port, live")
    .description(
      "Capture the frames of a port into a pcapng file, or with --write - to standard output: "
      + "taploom capture lab/web --write - | wireshark -k -i -",
    )
    .addArgument(new Argument("<switch/port>", "the port; ROUTER/uplink is that of a router").argParser(portTarget))
    .option("--write <file>", "where to; - is standard output (default: SWITCH-PORT.pcapng)")
    .option("--force", "overwrite a file that holds something other than a capture")
    .option("--filter <expression>", "only frames that match, in tcpdump's language (its common subset)")
    .option("--snaplen <bytes>", "of each frame, 14 to 65536 (default: whole frames)", integer(14, 65_536))
    .option("--count <frames>", "end after so many", integer(1, Number.MAX_SAFE_INTEGER))
    .addOption(forOption("end after this time, as in 10s"))
    .addOption(controlOption())
    .addOption(jsonOption())
    .action(async ({ switchName, portName }: ReturnType<typeof portTarget>, options: Options) => {
      const file = options.write === "/dev/stdout" ? "-" : options.write ?? `${switchName}-${portName}.pcapng`;
      const frames = await capture(switchName, portName, file, options, io);
      const isPiped = file === "-";
      const place = isPiped ? "standard output" : file;
      const summary = options.json
        ? JSON.stringify({ switch: switchName, port: portName, file, frames })
        : `${counted(frames, "frame")} of ${switchName}/${portName} written to ${place}`;
      // With --write -, standard output is the capture itself.
      sayLine(isPiped ? io.err : io.out, summary);
    });
}

/** Captures until an end comes; returns how many frames. */
async function capture(switchName: string, portName: string, file: string, options: Options, io: Io): Promise<number> {
  const { signal, release } = endSignal(io.signals, options.for);
  const cutter = new BlockCutter(options.count);
  let target: Writable | undefined;
  try {
    for await (const bytes of clientOf(options, io).capture(switchName, portName, asked(options), signal)) {
      // The file is made when the engine has agreed: a wrong port leaves nothing behind.
      target ??= file === "-" ? io.out : createFile(file, options.force);
      const goesOn = await writeSlowly(target, cutter.take(bytes), signal);
      if (!goesOn || cutter.isFull) break;
    }
  } finally {
    release();
    if (target && target !== io.out) await finished(target.end());
  }
  return cutter.frames;
}

function asked({ filter, snaplen }: Options): CaptureOptions {
  return { ...(filter !== undefined && { filter }), ...(snaplen !== undefined && { snaplen }) };
}

function createFile(file: string, force?: boolean): Writable {
  const stream = createWriteStream(file, { fd: openTarget(file, force) });
  stream.on("error", () => undefined); // finished() tells it, at the end
  return stream;
}

function openTarget(file: string, force?: boolean): number {
  try {
    const fd = openCaptureTarget(file, force);
    ftruncateSync(fd);
    return fd;
  } catch (cause) {
    const remedy = cause instanceof NotACaptureError ? "; name another file, or say --force" : "";
    throw new EngineError("CAPTURE", `${file}: ${(cause as Error).message}${remedy}`, { cause });
  }
}
