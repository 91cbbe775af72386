// One port more, one port less: a configuration from a configuration. What is in it is checked where it is applied.

import { EngineError } from "../api.js";
import type { Config, PortConfig, SwitchConfig } from "../config/model.js";

const NAMES_MAX = 8; // in a message, so that it stays a line

/** The configuration with a port more. Throws EngineError PORT_EXISTS or NO_SWITCH. */
export function withPort(config: Config, switchName: string, portName: string, port: PortConfig): Config {
  const edited = structuredClone(config);
  const { ports } = switchOf(edited, switchName);
  if (Object.hasOwn(ports, portName)) {
    const why = "is there already; remove it first, or choose another name";
    throw new EngineError("PORT_EXISTS", `port ${switchName}/${portName}: ${why}`);
  }
  // Not by assignment: a name like __proto__ has to reach the check, which refuses it.
  Object.defineProperty(ports, portName, { value: port, enumerable: true, configurable: true, writable: true });
  return edited;
}

/** The configuration with a port less. Throws EngineError NO_PORT or NO_SWITCH. */
export function withoutPort(config: Config, switchName: string, portName: string): Config {
  requireNames(config, switchName, portName);
  const edited = structuredClone(config);
  delete switchOf(edited, switchName).ports[portName];
  return edited;
}

/** Throws EngineError NO_SWITCH or NO_PORT with the names that there are. */
export function requireNames(config: Config, switchName: string, portName?: string): void {
  const { ports } = switchOf(config, switchName);
  if (portName === undefined || Object.hasOwn(ports, portName)) return;
  const why = `there is none; switch ${switchName} has: ${listed(ports)}`;
  throw new EngineError("NO_PORT", `port ${switchName}/${portName}: ${why}`);
}

function switchOf({ switches }: Config, switchName: string): SwitchConfig {
  if (Object.hasOwn(switches, switchName)) return switches[switchName]!;
  throw new EngineError("NO_SWITCH", `switch ${switchName}: there is none; there are: ${listed(switches)}`);
}

function listed(record: object): string {
  const names = Object.keys(record);
  const more = names.length - NAMES_MAX;
  return (names.slice(0, NAMES_MAX).join(", ") || "none") + (more > 0 ? ` and ${more} more` : "");
}
