// How tests run: "unit" needs no privileges, "system" works on real devices in network namespaces of its own.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // In CI a report for .ci/run, which counts from it.
    reporters: process.env["CI"] ? ["default", "json"] : ["default"],
    outputFile: { json: "build/test-report.json" },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/system/**"],
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // One file at a time, and after the unit tests: they measure, and share the machine's devices.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
