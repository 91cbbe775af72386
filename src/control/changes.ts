// Changes to a running engine, one after the other: read what is there, alter it, apply the whole.
// Owns the order: two changes at once never undo each other, wherever they come from (the control API, SIGHUP).

import { EngineError, type Applied, type EngineApi } from "../api.js";
import { configFromValue } from "../config/parse.js";
import { valueOfConfig } from "../config/print.js";
import type { Config } from "../config/model.js";

/** A configuration in the shape of the user's file, as far as changes look into it. */
interface FileValue {
  switches?: Record<string, { ports?: Record<string, unknown> }>;
}

export class Changes {
  readonly #engine: EngineApi;
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  /** Makes the engine match what `read` returns when its turn has come; what `read` throws changes nothing. */
  apply(read: () => Config | Promise<Config>): Promise<Applied> {
    return this.#inTurn(async () => this.#engine.apply(await read()));
  }

  /** Hot-plugs a port, given as in the user's file. Throws EngineError, or ConfigError where `port` is wrong. */
  addPort(switchName: string, portName: string, port: unknown): Promise<Applied> {
    return this.apply(() => {
      const value = this.#current();
      const ports = portsOf(value, switchName);
      if (Object.hasOwn(ports, portName)) {
        const why = "is there already; remove it first, or choose another name";
        throw new EngineError("PORT_EXISTS", `port ${switchName}/${portName}: ${why}`);
      }
      // Not by assignment: a name like __proto__ has to reach the parser, which refuses it.
      Object.defineProperty(ports, portName, { value: port, enumerable: true });
      return configFromValue(value);
    });
  }

  /** Unplugs a port. Throws EngineError, or ConfigError where something still refers to it. */
  removePort(switchName: string, portName: string): Promise<Applied> {
    return this.apply(() => {
      const value = this.#current();
      const ports = portsOf(value, switchName);
      requirePort(ports, switchName, portName);
      delete ports[portName];
      return configFromValue(value);
    });
  }

  #current(): FileValue {
    return valueOfConfig(this.#engine.config());
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(change);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** Throws EngineError NO_SWITCH or NO_PORT with the names that there are. */
export function requireNames(config: Config, switchName: string, portName?: string): void {
  const ports = portsOf(config, switchName);
  if (portName !== undefined) requirePort(ports, switchName, portName);
}

function portsOf(value: FileValue, switchName: string): Record<string, unknown> {
  const switches = value.switches ?? {};
  const found = Object.hasOwn(switches, switchName) ? switches[switchName] : undefined;
  if (!found) {
    throw new EngineError("NO_SWITCH", `switch ${switchName}: there is none; there are: ${listed(switches)}`);
  }
  found.ports ??= {};
  return found.ports;
}

function requirePort(ports: Record<string, unknown>, switchName: string, portName: string): void {
  if (Object.hasOwn(ports, portName)) return;
  const why = `there is none; switch ${switchName} has: ${listed(ports)}`;
  throw new EngineError("NO_PORT", `port ${switchName}/${portName}: ${why}`);
}

/** A few names, so that a message stays a line. */
function listed(record: object): string {
  const names = Object.keys(record);
  if (names.length === 0) return "none";
  return names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
}
