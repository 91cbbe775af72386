// `npm run bench:plots`: what docs/ shows of the results in docs/data: plots (docs/*.svg), and the tables of
// docs/performance.md, each between a comment `<!-- table: NAME -->` and `<!-- end -->`.

import { readFileSync, writeFileSync } from "node:fs";
import { packageFile } from "../src/files.js";
import { draw, type Panel, type Point } from "./chart.js";
import { Data } from "./data.js";
import type { Measure, Result } from "./result.js";
import { comparison, coreTable, origin, workerTable } from "./table.js";

const PAGE = packageFile("docs/performance.md");
const data = Data.read(packageFile("docs/data"));

// ---- plots ----

function pointOf({ at, median, min, max }: Result, scale = 1): Point {
  return { x: at, median: median / scale, min: min / scale, max: max / scale };
}

/** Time over the size of a table; more than one bench: with names for them. */
function growth(title: string, x: string, benches: Record<string, string>, log: boolean): Panel {
  const series = Object.entries(benches)
    .map(([name, bench]) => ({ name, points: data.of(`growth-${bench}`, "time").map((result) => pointOf(result)) }));
  return { kind: "lines", title, x, y: "ns/frame", log, series };
}

/** A bar for each subject. */
function bars(
  title: string, unit: string, bench: string, at: number | string | undefined, measure: Measure, scale = 1,
): Panel {
  const found = data.of(bench, measure).filter((result) => at === undefined || result.at === at);
  const points = found.map((result) => ({ ...pointOf(result, scale), x: result.subject }));
  return { kind: "bars", title, x: unit, y: "", series: [{ name: title, points }] };
}

const PLOTS: Record<string, Panel[]> = {
  growth: [
    growth("Switching: MACs", "MACs known and in use", { "": "macs" }, true),
    growth("NAPT: sessions", "sessions known and in use", { "": "flows" }, true),
    growth("Switching: ports", "ports in use", { "": "ports" }, true),
    growth("Switching: VLANs", "VLANs in use", { "": "vlans" }, true),
    growth("Mirrors", "mirrors", {
      "one port each": "mirrors-apart", "all ports": "mirrors", "filtered, no match": "mirrors-filtered",
    }, false),
    growth("Capture filter that does not match", "ports it asks for (0: no mirror)", { "": "filter" }, false),
    growth("NAPT: published ports", "forwards, beside 992 sessions", { "": "forwards" }, true),
  ],
  switches: [
    bars("60-byte UDP, one way", "thousand frames/s delivered", "udp", "one way", "delivered", 1e3),
    bars("60-byte UDP, both ways", "thousand frames/s delivered, sum", "udp", "both ways", "delivered", 1e3),
    bars("TCP, one stream, MTU 1500", "Gbit/s", "tcp", 1, "throughput"),
    bars("TCP, four streams, MTU 1500", "Gbit/s", "tcp", 4, "throughput"),
    bars("Round trip, back to back, median", "µs (ping)", "ping", "back to back", "p50"),
    bars("Round trip, after 1 ms, median", "µs (ping)", "ping", "after 1 ms", "p50"),
  ],
  profile: [["switch", 64], ["switch", 65_536], ["napt", 992], ["napt", 1_000_000]].map(([work, at]) =>
    bars(`core-${work}, ${at!.toLocaleString("en")}`, "% of the core's time", `profile-${work}`, at, "share")),
  routers: [
    bars("TCP through NAPT, one stream, MTU 1500", "Gbit/s", "nat-tcp", 1, "throughput"),
    bars("TCP through NAPT, four streams", "Gbit/s", "nat-tcp", 4, "throughput"),
    bars("60-byte UDP through NAPT, many flows", "thousand frames/s delivered", "nat-udp", undefined, "delivered", 1e3),
    bars("New TCP connections", "thousand/s", "nat-connections", undefined, "opened", 1e3),
  ],
};

for (const [name, panels] of Object.entries(PLOTS)) {
  const filled = panels.filter(({ series }) => series.some(({ points }) => points.length > 0));
  if (filled.length > 0) writeFileSync(packageFile(`docs/${name}.svg`), draw(filled));
}

// ---- tables ----

const K = 1000;
const TABLES: Record<string, [bench: string, table: () => string]> = {
  "core": ["core-switch", () => coreTable(data)],
  "workers": ["workers", () => workerTable(data)],
  "tap to tap": ["udp", () => comparison(data, [
    { title: "one way, k frames/s", bench: "udp", at: "one way", measure: "delivered", scale: K },
    { title: "lost, %", bench: "udp", at: "one way", measure: "lost" },
    { title: "both ways, k frames/s", bench: "udp", at: "both ways", measure: "delivered", scale: K },
    { title: "10,000 flows, k frames/s", bench: "udp", at: 10_000, measure: "delivered", scale: K },
    { title: "CPU s/M frames", bench: "udp", at: "one way", measure: "process" },
    { title: "whole machine", bench: "udp", at: "one way", measure: "machine" },
  ])],
  "tcp": ["tcp", () => comparison(data, [
    { title: "1 stream, Gbit/s", bench: "tcp", at: 1, measure: "throughput" },
    { title: "4 streams, Gbit/s", bench: "tcp", at: 4, measure: "throughput" },
    { title: "idle, CPU s in 5 s", bench: "idle", measure: "idle" },
  ])],
  "round trips": ["ping", () => roundTrips("ping", "ping")],
  "polled round trips": ["polled", () => roundTrips("polled", "ends poll")],
  "routers": ["nat-tcp", () => comparison(data, [
    { title: "TCP, 1 stream, Gbit/s", bench: "nat-tcp", at: 1, measure: "throughput" },
    { title: "4 streams", bench: "nat-tcp", at: 4, measure: "throughput" },
    { title: "connections/s", bench: "nat-connections", measure: "opened" },
    { title: "UDP, k frames/s", bench: "nat-udp", measure: "delivered", scale: K },
    { title: "lost, %", bench: "nat-udp", measure: "lost" },
    { title: "CPU s/M frames", bench: "nat-udp", measure: "process" },
  ])],
};

/** `who`: what the first column says of the two ends. */
function roundTrips(bench: string, who: string): string {
  return comparison(data, [
    { title: `${who}, back to back: p50, µs`, bench, at: "back to back", measure: "p50" },
    { title: "p99", bench, at: "back to back", measure: "p99" },
    { title: "after 1 ms: p50", bench, at: "after 1 ms", measure: "p50" },
    { title: "p99", bench, at: "after 1 ms", measure: "p99" },
  ]);
}

const page = readFileSync(PAGE, "utf8").replaceAll(
  /(<!-- table: (.+) -->\n)[^]*?(<!-- end -->)/g,
  (whole, begin: string, name: string, end: string) => {
    const [bench, table] = TABLES[name] ?? [];
    const first = data.results.find((result) => result.bench === bench);
    if (!table || !first) return whole;
    return `${begin}${table()}\n\n${origin(first)}\n${end}`;
  },
);
writeFileSync(PAGE, page);
