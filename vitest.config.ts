// How tests run: "unit" needs no privileges; "workers-2" repeats with two workers what depends on their number, and
// "workers-4" with four what hands frames from one to another; "system" works on real devices in network namespaces of
// its own. With TAPLOOM_TEST_WORKERS=N all of "unit" and "system" runs with N workers.

import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const SYSTEM = "test/system/**";
const STRESS = "test/stress/**/*.test.ts"; // of several workers only
const NUMBERED = [
  "test/{core,engine}/queues.test.ts", "test/{engine,router}/workers.test.ts", "test/engine/routed.test.ts",
];
const WORKERS = "TAPLOOM_TEST_WORKERS";
const PATIENT = { poll: { timeout: 20_000 } }; // what is waited for comes when a busy machine gets to it

function withWorkers(count: string, include: string[]): TestProjectConfiguration {
  return {
    test: {
      name: `workers-${count}`,
      include,
      exclude: NUMBERED, // they say themselves how many there are to be, each test of them
      env: { [WORKERS]: count },
      expect: PATIENT,
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
          expect: PATIENT,
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      withWorkers("2", ["test/{core,engine,router,state,streams,stress}/**/*.test.ts"]),
      withWorkers("4", ["test/core/{lane,pool,switch-property}.test.ts", "test/router/nat-*.test.ts", STRESS]),
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          env: { [WORKERS]: process.env[WORKERS] ?? "2" },
          expect: PATIENT,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2, // they wait more than they work, each in namespaces of its own
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
