// Relative paths of a configuration file, made absolute: they start at the folder of the file, wherever the engine
// that opens them was started. Owns the list of keys that are paths.

import { resolve } from "node:path";
import { isMapping, mapping, mappings, type Mapping } from "./raw.js";

/** Resolves, in place, sockets, capture files, logs and the state. What is no path is left to the checks. */
export function resolvePaths(config: unknown, folder: string): void {
  const { switches, routers } = mapping(config);
  resolveKeys(config, ["state"], folder);
  for (const [, { ports }] of mappings(switches)) {
    for (const [, port] of mappings(ports)) resolvePort(port, folder);
  }
  for (const [, { uplink, nat }] of mappings(routers)) {
    resolvePort(mapping(uplink), folder);
    resolveKeys(nat, ["log"], folder);
  }
}

/** The same for a port alone. */
export function resolvePort(port: Mapping, folder: string): void {
  resolveKeys(port, ["stream"], folder);
  resolveKeys(port.pcap, ["read", "write"], folder);
}

function resolveKeys(value: unknown, keys: readonly string[], folder: string): void {
  if (!isMapping(value)) return;
  for (const key of keys) {
    const path = value[key];
    if (typeof path === "string" && path !== "") Object.assign(value, { [key]: resolve(folder, path) });
  }
}
