// How tests run: "unit" needs no privileges; "workers-2" and "workers-4" repeat what depends on the number of workers,
// with that many; "system" works on real devices in network namespaces of its own. With TAPLOOM_TEST_WORKERS=N, "unit"
// and "system" run with N workers.

import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const SYSTEM = "test/system/**";
const STRESS = "test/stress/**"; // of several workers only
const WORKERS = "TAPLOOM_TEST_WORKERS";

function withWorkers(count: string): TestProjectConfiguration {
  return {
    test: {
      name: `workers-${count}`,
      include: [
        "test/{core,engine,router,state,streams,stress}/**/*.test.ts", "test/cli/main.test.ts",
        "test/filter/capture.test.ts", "test/guest/quickstart.test.ts",
      ],
      env: { [WORKERS]: count },
      testTimeout: 60_000,
      maxWorkers: 2,
      sequence: { groupOrder: 0 },
    },
  };
}

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
          exclude: [SYSTEM, STRESS],
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      withWorkers("2"),
      withWorkers("4"),
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          env: { [WORKERS]: process.env[WORKERS] ?? "2" },
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // One file at a time, and after the other tests: they measure, and share the machine's devices.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
