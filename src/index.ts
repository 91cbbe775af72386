// The library's public face: `import { Engine } from "taploom"`. Re-exports only.

export * from "./api.js";
export { ConfigError, type Problem } from "./config/error.js";
export type * from "./config/model.js";
export { configFromValue, parseConfig, parsePort, readConfig } from "./config/parse.js";
export { printConfig } from "./config/print.js";
export { Engine, type EngineOptions } from "./engine.js";
export { MemoryPort } from "./port/memory.js";
