// One port more, one port less, and the same of forwards: a configuration from a configuration. What is in it is
// checked where it is applied.

import { EngineError } from "../api.js";
import { parseForward, printForward } from "../config/forward.js";
import type { Config, ForwardConfig, PortConfig, RouterConfig, SwitchConfig } from "../config/model.js";

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

/** The configuration with a port less. Throws EngineError NO_PORT, NO_SWITCH, or PORT_MIRRORED. */
export function withoutPort(config: Config, switchName: string, portName: string): Config {
  requireNames(config, switchName, portName);
  const edited = structuredClone(config);
  const { ports, mirrors } = switchOf(edited, switchName);
  for (const [mirror, { from, to }] of Object.entries(mirrors)) {
    if (to !== portName && !from.includes(portName)) continue;
    const why = `mirror ${mirror} copies ${to === portName ? "to" : "from"} it; apply a configuration without first`;
    throw new EngineError("PORT_MIRRORED", `port ${switchName}/${portName}: ${why}`);
  }
  delete ports[portName];
  return edited;
}

/** Throws EngineError NO_SWITCH or NO_PORT with the names that there are. */
export function requireNames(config: Config, switchName: string, portName?: string): void {
  const { ports } = switchOf(config, switchName);
  if (portName === undefined || Object.hasOwn(ports, portName)) return;
  const why = `there is none; switch ${switchName} has: ${listed(ports)}`;
  throw new EngineError("NO_PORT", `port ${switchName}/${portName}: ${why}`);
}

/** The configuration with a forward more. Throws EngineError NO_ROUTER, FORWARD (no rule) or FORWARD_EXISTS. */
export function withForward(config: Config, router: string, rule: string): Config {
  const edited = structuredClone(config);
  const { forwards } = routerOf(edited, router);
  const forward = readRule(rule);
  if (indexOf(forwards, forward) >= 0) {
    throw new EngineError("FORWARD_EXISTS", `router ${router}: ${printForward(forward)}: is there already`);
  }
  forwards.push(forward);
  return edited;
}

/** The configuration with a forward less. Throws EngineError NO_ROUTER, FORWARD (no rule) or NO_FORWARD. */
export function withoutForward(config: Config, router: string, rule: string): Config {
  const edited = structuredClone(config);
  const { forwards } = routerOf(edited, router);
  const forward = readRule(rule);
  const index = indexOf(forwards, forward);
  if (index < 0) {
    const why = `there is none; there are: ${named(forwards.map(printForward))}`;
    throw new EngineError("NO_FORWARD", `router ${router}: ${printForward(forward)}: ${why}`);
  }
  forwards.splice(index, 1);
  return edited;
}

function readRule(rule: string): ForwardConfig {
  const forward = parseForward(rule);
  if (typeof forward === "string") throw new EngineError("FORWARD", forward);
  return forward;
}

/** Where a forward stands, however it was written; -1: nowhere. */
function indexOf(forwards: readonly ForwardConfig[], wanted: ForwardConfig): number {
  return forwards.findIndex((forward) => printForward(forward) === printForward(wanted));
}

function routerOf({ routers }: Config, router: string): RouterConfig {
  if (Object.hasOwn(routers, router)) return routers[router]!;
  throw new EngineError("NO_ROUTER", `router ${router}: there is none; there are: ${listed(routers)}`);
}

function switchOf({ switches }: Config, switchName: string): SwitchConfig {
  if (Object.hasOwn(switches, switchName)) return switches[switchName]!;
  throw new EngineError("NO_SWITCH", `switch ${switchName}: there is none; there are: ${listed(switches)}`);
}

function listed(record: object): string {
  return named(Object.keys(record));
}

function named(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return (names.slice(0, NAMES_MAX).join(", ") || "none") + (more > 0 ? ` and ${more} more` : "");
}
