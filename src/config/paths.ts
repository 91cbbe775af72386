// Relative paths of a configuration file, made absolute: they start at the folder of the file, wherever the engine
// that opens them was started. Owns the list of keys that are paths.

import { resolve } from "node:path";
import { isMapping, mapping, mappings } from "./raw.js";

/** Resolves, in place, what ports name: sockets and capture files. What is no path is left to the checks. */
export function resolvePaths(config: unknown, folder: string): void {
  for (const [, { ports }] of mappings(mapping(config).switches)) {
    for (const [, port] of mappings(ports)) {
      resolveKeys(port, ["stream"], folder);
      resolveKeys(port.pcap, ["read", "write"], folder);
    }
  }
}

function resolveKeys(value: unknown, keys: readonly string[], folder: string): void {
  if (!isMapping(value)) return;
  for (const key of keys) {
    const path = value[key];
    if (typeof path === "string" && path !== "") Object.assign(value, { [key]: resolve(folder, path) });
  }
}
