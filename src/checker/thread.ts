// The thread that parses and checks documents, one after the other. A hostile one costs this thread its time, and no
// other: whoever asked ends it (checker.ts).

import { parentPort } from "node:worker_threads";
import { ConfigError } from "../config/error.js";
import { configFromValue, parsePort, readConfig } from "../config/parse.js";
import type { Document, Verdict } from "./message.js";

parentPort!.on("message", (document: Document) => { parentPort!.postMessage(verdictOn(document)); });
parentPort!.postMessage("ready");

function verdictOn(document: Document): Verdict {
  try {
    if (document.kind === "file") return { config: readConfig(document.path) };
    const value = JSON.parse(Buffer.from(document.json).toString("utf8")) as unknown;
    return document.kind === "config" ? { config: configFromValue(value) } : { port: parsePort(document.name, value) };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, more: error.more };
    const { message } = error as Error;
    return { fault: message, isSyntax: error instanceof SyntaxError };
  }
}
