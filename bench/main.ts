// `npm run bench [GROUP...]`: the benchmarks that need nothing but Taploom. Groups: core (switching and translating in
// memory), workers (one and two, in memory), taps (from TAP to TAP; root); growth (what each table costs as it grows)
// when it is named. `--peers DIRECTORY`: one with build/native_core, to which the core is compared; `--rounds N`,
// `--seconds N`, `--json`, `--out FILE`.

import { parseArgs } from "node:util";
import { tapCases } from "./devices.js";
import { coreCases, growthCases } from "./memory.js";
import { report, REPORT_OPTIONS } from "./report.js";
import type { Case } from "./result.js";
import { workerCases } from "./workers.js";

const GROUPS: Record<string, (seconds: number, peers?: string) => Case[]> = {
  core: coreCases, workers: workerCases, taps: tapCases, growth: growthCases,
};
const USUAL = ["core", "workers", "taps"];

const { values, positionals } = parseArgs({
  options: { ...REPORT_OPTIONS, peers: { type: "string" } }, allowPositionals: true,
});
const unknown = positionals.find((name) => !Object.hasOwn(GROUPS, name));
if (unknown !== undefined) {
  console.error(`there is no group "${unknown}"; there are ${Object.keys(GROUPS).join(", ")}`);
  process.exitCode = 2;
} else {
  const groups = positionals.length > 0 ? positionals : USUAL;
  await report(groups.flatMap((name) => GROUPS[name]!(Number(values.seconds), values.peers)), values);
}
