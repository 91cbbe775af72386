#!/usr/bin/env node
// The command line's entry: the process as the commands see it.

import { flushOutput, ignoreBrokenPipe } from "./io.js";
import { run } from "./program.js";

const FLUSH_MS_MAX = 1_000;

const { stdout: out, stderr: err, env } = process;
ignoreBrokenPipe(out);
ignoreBrokenPipe(err);
const status = await run(process.argv.slice(2), { out, err, env, signals: process });
await Promise.all([flushOutput(out, FLUSH_MS_MAX), flushOutput(err, FLUSH_MS_MAX)]);
process.exit(status);
