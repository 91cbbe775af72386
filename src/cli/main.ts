#!/usr/bin/env node
// The command line's entry: the process as the commands see it.

import { flushOutput, ignoreBrokenPipe } from "./io.js";
import { tellFaults } from "./log.js";
import { asksForJson, run } from "./program.js";

const FLUSH_MS_MAX = 1_000;

const { stdout: out, stderr: err, env } = process;
ignoreBrokenPipe(out);
ignoreBrokenPipe(err);
const args = process.argv.slice(2);
if (asksForJson(args)) tellFaults(process, err);
const status = await run(args, { out, err, env, signals: process });
await Promise.all([flushOutput(out, FLUSH_MS_MAX), flushOutput(err, FLUSH_MS_MAX)]);
process.exit(status);
