// Configurations that the checking thread has passed and that nobody else holds, so that the engine's thread need not
// check them again. Owns the set of them.

import type { Config } from "./model.js";

const vouched = new WeakSet<object>();

/** Marks a configuration that was checked, and that its receiver does not change. */
export function vouchFor(config: Config): Config {
  vouched.add(config);
  return config;
}

export function isVouchedFor(config: object): boolean {
  return vouched.has(config);
}
