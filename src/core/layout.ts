// The memory map for the rest of the host: src/core is the only importer of assembly/.

export * from "../../assembly/layout.js";
export * from "../../assembly/layout-router.js";
