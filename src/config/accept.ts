// What the library takes as a configuration or a port: a value as a file would have it, or the model that readConfig,
// parsePort and `engine.config()` give. Owns how the two are told apart.

import type { Config, PortConfig } from "./model.js";
import { checkModel, configFromValue, parsePort } from "./parse.js";
import { isMapping } from "./raw.js";
import type { ConfigFile } from "./schema.js";
import type { PortFile } from "./schema-port.js";
import { isVouchedFor } from "./vouched.js";

export type Wanted = Config | ConfigFile;

/** A configuration, read if it is as a file has it. Throws ConfigError. */
export function acceptConfig(config: Wanted): Config {
  return isModel(config) ? config : configFromValue(config);
}

/**
 * The same, and a model is checked as well unless the checking thread has passed it: it may have been changed since it
 * was read. Throws ConfigError.
 */
export function checkConfig(config: Wanted): Config {
  if (!isModel(config)) return configFromValue(config);
  return isVouchedFor(config) ? config : checkModel(config);
}

/** A port, read if it is as a file has it, under the name that it is to get. Throws ConfigError. */
export function acceptPort(name: string, port: PortConfig | PortFile): PortConfig {
  return isMapping(port) && "attachment" in port ? port as PortConfig : parsePort(name, port);
}

/** Only the model has all defaults filled in. */
function isModel(config: Wanted): config is Config {
  return isMapping(config) && "fdbCapacity" in config;
}
