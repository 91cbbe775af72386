// The benchmarks, tiny: that each does its work and tells it in the form that docs/ is made from, and that what cannot
// be had is skipped with its reason. How fast anything is is not asked here.

import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { draw } from "../../bench/chart.js";
import { Data } from "../../bench/data.js";
import { medianOf, summarize, takeTurns, type Case } from "../../bench/result.js";
import { comparison, coreTable, workerTable } from "../../bench/table.js";
import { runTrial, type Work } from "../../bench/trial.js";
import { packageFile } from "../../src/files.js";

const SECONDS = 0.02;

function bench(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, [packageFile(`dist/bench/${program}.js`), ...args], { encoding: "utf8", env });
}

function caseOf(name: string, values: number[], ran: string[] = []): Case {
  return {
    name,
    run: async () => {
      ran.push(name);
      const time = values.shift();
      if (time === undefined) throw new Error("there is no such device");
      return [{ bench: "b", subject: name, at: 1, measures: { time } }];
    },
  };
}

describe("a trial", () => {
  it.each<[string, Work, string?]>([
    ["switches", { work: "switch", entries: 64, digest: true, seconds: SECONDS }, "7cb73ced"],
    ["switches by a large table", { work: "switch", entries: 65_536, digest: true, seconds: SECONDS }, "0685afd0"],
    ["translates", { work: "napt", entries: 992, digest: true, seconds: SECONDS }, "ff89ce33"],
    ["publishes ports", { work: "forwards", forwards: 3, seconds: SECONDS }],
    ["has many ports", { work: "growth", shape: { ports: 960 }, seconds: SECONDS }],
    ["has all VLANs", { work: "growth", shape: { ports: 8, vlans: 4094 }, seconds: SECONDS }],
    ["mirrors", { work: "growth", shape: { mirrors: 32, watches: "one" }, seconds: SECONDS }],
    ["filters", { work: "growth", shape: { mirrors: 1, filter: "udp and port 1000" }, seconds: SECONDS }],
  ])("%s", (_, work, digest) => {
    const taken = runTrial(work);
    expect(taken.measures.time).toBeGreaterThan(0);
    expect(taken.digest).toBe(digest);
  });

  it.each([["devices", "any"], ["pipes", "any"], ["pipes", "other"]])("has two workers: %s, to %s", (ports, reach) => {
    const { stdout } = bench("workers", [JSON.stringify({ workers: 2, macs: 1024, ports, reach, seconds: 0.5 })]);
    const { measures } = JSON.parse(stdout as string) as { measures: Record<string, number> };
    expect(Object.keys(measures)).toEqual(["delivered", "offered", "lost", "time"]);
    expect(measures["delivered"]).toBeGreaterThan(0);
  });
});

describe("trials", () => {
  it("are taken in turn, and give medians with their ranges", async () => {
    const ran: string[] = [];
    const results = await takeTurns([caseOf("x", [3, 1, 2], ran), caseOf("y", [5, 5, 5], ran)], 3, () => {});
    expect(ran.join("")).toBe("xyxyxy");
    expect(results).toMatchObject([
      { subject: "x", median: 2, min: 1, max: 3, runs: 3, unit: "ns/frame", measure: "time" },
      { subject: "y", median: 5 },
    ]);
    const machine = ["cpu", "cores", "kernel", "node", "commit", "date"];
    expect(Object.keys(results[0]!)).toEqual(expect.arrayContaining(machine));
  });

  it("go on without one that cannot be had, whose reason is said", async () => {
    const said: string[] = [];
    const results = await takeTurns([caseOf("x", []), caseOf("y", [1, 2])], 2, (line) => { said.push(line); });
    expect(results).toMatchObject([{ subject: "y", runs: 2 }]);
    expect(said.filter((line) => line.includes("skipped"))).toEqual(["x: skipped: there is no such device"]);
  });

  it.each([[[1], 1], [[2, 1], 1], [[3, 1, 2], 2]])("have the median of %j", (values, median) => {
    expect(medianOf(values)).toBe(median);
  });
});

describe("the programs", () => {
  it("refuse a group that there is not", () => {
    const { status, stderr } = bench("main", ["nope"]);
    expect([status, stderr]).toEqual([2, 'there is no group "nope"; there are core, workers, taps, growth\n']);
  });

  it("say what is not there", () => {
    const { status, stdout, stderr } = bench("peers", ["--json"], { PATH: "/nowhere" });
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^C relays, .*: skipped: .*--peers\nbetween devices: skipped: /);
  });
});

describe("what is shown of results", () => {
  const core = { bench: "core-switch", at: 64, digest: "7cb73ced" };
  const workers = { bench: "workers", subject: "1024 MACs" };
  const data = new Data(summarize([
    { ...core, subject: "taploom", measures: { time: 20 } },
    { ...core, subject: "native C", measures: { time: 15 } },
    { ...workers, at: 1, measures: { delivered: 20e6, lost: 0 } },
    { ...workers, at: 2, measures: { delivered: 39e6, lost: 0.5 } },
  ]));

  it("is a table", () => {
    expect(coreTable(data)).toContain("| 20 (20 to 20) | 50.0 | `7cb73ced` | 15 (15 to 15) | 0.75 |");
    expect(workerTable(data)).toContain("| 20 (20 to 20) | 39 (39 to 39) | 1.95 | 0.5 (0.5 to 0.5) |");
    const columns = [{ title: "ns", bench: "core-switch", measure: "time" as const }];
    expect(comparison(data, columns).split("\n").slice(2)).toEqual([
      "| taploom | 20 (20 to 20) |", "| native C | 15 (15 to 15) |",
    ]);
  });

  it.each(["lines", "bars"] as const)("is a plot with %s, titles and units", (kind) => {
    const points = [1, 4].map((x) => ({ x, median: 2, min: 1, max: 3 }));
    const series = [{ name: "taploom", points }];
    const svg = draw([{ kind, title: "Ports", x: "ports", y: "ns/frame", log: true, series }]);
    expect(svg).toMatch(/^<svg /);
    for (const text of ["Ports", "ports"]) expect(svg).toContain(`>${text}</text>`);
  });
});
