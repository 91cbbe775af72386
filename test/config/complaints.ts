// What is wrong with a configuration, as the lines that a user reads.

import { ConfigError } from "../../src/config/error.js";
import { parseConfig } from "../../src/config/parse.js";

/** What `parseConfig` says about a text, a line a problem; "" where it is right. */
export function complaints(text: string): string {
  try {
    parseConfig(text, "net.yaml");
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}
