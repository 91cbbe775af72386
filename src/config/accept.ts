// What the library takes as a configuration or a port: a value as a file would have it, or the model that readConfig,
// parsePort and `engine.config()` give. Owns how the two are told apart.

import type { Config, PortConfig } from "./model.js";
import { configFromValue, parsePort } from "./parse.js";
import { valueOfConfig } from "./print.js";
import { isMapping } from "./raw.js";
import type { ConfigFile } from "./schema.js";
import type { PortFile } from "./schema-port.js";

/** A configuration, read if it is as a file has it. Throws ConfigError. */
export function acceptConfig(config: Config | ConfigFile): Config {
  return isModel(config) ? config : configFromValue(config);
}

/** The same, and a model is checked as well: it may have been changed since it was read. Throws ConfigError. */
export function checkConfig(config: Config | ConfigFile): Config {
  return configFromValue(isModel(config) ? valueOfConfig(config) : config);
}

/** A port, read if it is as a file has it, under the name that it is to get. Throws ConfigError. */
export function acceptPort(name: string, port: PortConfig | PortFile): PortConfig {
  return isMapping(port) && "attachment" in port ? port as PortConfig : parsePort(name, port);
}

/** Only the model has all defaults filled in. */
function isModel(config: Config | ConfigFile): config is Config {
  return isMapping(config) && "fdbCapacity" in config;
}
