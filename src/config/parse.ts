// Reads configurations: text, files, JSON values and single ports → the model, or every problem at once.
// Owns the order of the work: source → structure → meaning → model. For the keys read schema.ts.

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { findExcess, tooLong } from "./bounds.js";
import { buildConfig } from "./build.js";
import { buildPort } from "./build-port.js";
import { checkMeaning } from "./checks.js";
import { checkPort } from "./check-port.js";
import {
  ConfigError, formatPath, PROBLEMS_MAX, shorten, type Path, type Position, type Problem,
} from "./error.js";
import type { Config, PortConfig } from "./model.js";
import { resolvePaths } from "./paths.js";
import { valueOfConfig } from "./print.js";
import { isMapping } from "./raw.js";
import { ConfigSchema, type ConfigFile } from "./schema.js";
import { PortsSchema, type PortFile } from "./schema-port.js";
import { readSource, type Where } from "./source.js";
import { checkStructure, type Report } from "./structure.js";

const EXAMPLE = "`switches: { lab: { ports: { web: { tap: tl-web, access: 10 } } } }`";

/** What reading a file fails with, in words. */
const READ_ERRORS: Record<string, string> = {
  ENOENT: "there is no such file; check the path",
  ENOTDIR: "a part of the path is not a directory; check the path",
  EISDIR: "is a directory; name a file in it",
  EACCES: "may not be read by this user; check its permissions (`ls -l`)",
  EPERM: "may not be read by this user; check its permissions (`ls -l`)",
};

/**
 * Reads a file, YAML or JSON in UTF-8; relative paths in it start at its folder, and come out absolute. Throws
 * ConfigError, also where there is no file.
 */
export function readConfig(file: string): Config {
  const fail = (message: string): never => {
    throw new ConfigError([{ file, line: 1, column: 1, path: "", message }]);
  };
  let bytes: Uint8Array;
  try {
    bytes = readRegular(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return fail(READ_ERRORS[code] ?? `cannot be read: ${message}`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("is not UTF-8 text; save it as UTF-8");
  }
  return parse(text, file, (value) => resolvePaths(value, dirname(resolve(file))));
}

/** The bytes of a regular file of bounded length; whatever else it is, nobody is waited for. */
function readRegular(file: string): Uint8Array {
  const fd = openSync(file, constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(fd);
    if (!found.isFile() && !found.isDirectory()) throw new Error("it is not a regular file; save it as one");
    const excess = tooLong(found.size);
    if (excess !== undefined) throw new Error(`it ${excess}`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads YAML 1.2 or JSON; relative paths in it stay as they are. `file` is the name that problems carry. Throws
 * ConfigError with all of them.
 */
export function parseConfig(text: string, file: string): Config {
  return parse(text, file);
}

/** `prepare` may change the value before it is checked. */
function parse(text: string, file: string, prepare?: (value: unknown) => void): Config {
  const { value, locate, problems, more } = readSource(text, file);
  // Without a value there is nothing to look into; an empty file has no value either, and says so.
  if (value === undefined) throw new ConfigError(inFileOrder(problems), more);
  const origin = { file, locate, problems, more };
  refuseExcess(value, [], origin);
  prepare?.(value);
  return convert(value, origin);
}

/** Takes the same shape as a value: JSON through the control API, or from an embedding program. Throws ConfigError. */
export function configFromValue(value: unknown): Config {
  refuseExcess(value, [], NO_FILE);
  return convert(value, NO_FILE);
}

/**
 * Checks a configuration that a program may have changed. Bounds are for documents: a model may take more values to
 * write down than it was read from. Throws ConfigError.
 */
export function checkModel(config: Config): Config {
  return convert(valueOfConfig(config), NO_FILE);
}

/** Takes one port as a file would have it, under the name that it is to get. Throws ConfigError. */
export function parsePort(name: string, value: unknown): PortConfig {
  refuseExcess(value, [name], NO_FILE);
  const { report, settle } = collect(NO_FILE);
  checkStructure(PortsSchema, { [name]: value }, [], report);
  if (isMapping(value)) checkPort(value, [name], report);
  settle();
  return buildPort(value as PortFile);
}

/** Where a value came from, and what was wrong with it so far. */
interface Origin {
  file: string;
  locate: (path: Path, where: Where) => Position;
  problems: readonly Problem[];
  /** How many there were besides. */
  more: number;
}

const NO_FILE: Origin = { file: "", locate: () => ({ line: 0, column: 0 }), problems: [], more: 0 };

function convert(value: unknown, origin: Origin): Config {
  const { report, settle } = collect(origin);
  if (value === null || value === undefined) {
    report([], `is empty; write at least ${EXAMPLE}`);
  } else {
    checkStructure(ConfigSchema, value, [], report);
    checkMeaning(value, report);
  }
  settle();
  return buildConfig(value as ConfigFile);
}

/** Throws where a value is too large to be checked. */
function refuseExcess(value: unknown, base: Path, origin: Origin): void {
  const excess = findExcess(value);
  if (!excess) return;
  const { report, settle } = collect(origin);
  report([...base, ...excess.path], excess.message);
  settle();
}

/**
 * Gathers problems, the first about each path: what follows from a fault is no news. Beyond PROBLEMS_MAX they are
 * counted only. `settle` throws what there is.
 */
function collect({ file, locate, problems: before, more: moreBefore }: Origin): {
  report: Report;
  settle: () => void;
} {
  const problems = [...before];
  const paths = new Set<string>();
  let more = moreBefore;
  const report: Report = (steps, message, where = "value") => {
    const path = formatPath(steps);
    if (paths.has(path)) return;
    paths.add(path);
    if (problems.length >= PROBLEMS_MAX) {
      more++;
      return;
    }
    const text = shorten(typeof message === "string" ? message : message());
    problems.push({ file, ...locate(steps, where), path, message: text });
  };
  const settle = (): void => {
    if (problems.length > 0) throw new ConfigError(inFileOrder(problems), more);
  };
  return { report, settle };
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
