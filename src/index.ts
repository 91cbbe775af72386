// The library's public face: `import { Engine } from "taploom"`. Re-exports only.

export * from "./api.js";
export { ConfigError, type Problem } from "./config/error.js";
export type * from "./config/model.js";
export { configFromValue, parseConfig, parsePort, readConfig } from "./config/parse.js";
export { printConfig } from "./config/print.js";
export type { ConfigFile, MirrorFile, SwitchFile } from "./config/schema.js";
export type { PortFile } from "./config/schema-port.js";
export type { RouterFile } from "./config/schema-router.js";
export { Engine, type EngineOptions } from "./engine.js";
export type { ControlSocket } from "./engine/serving.js";
export { ERROR_CODES, type ErrorCode } from "./error-codes.js";
export { MemoryPort } from "./port/memory.js";
