// What is measured between two guests, whatever lies between them. Each function takes one figure, or those that belong
// together. Frames are made by Taploom's own generator on the guest's device, in a process of its own, and counted by
// the kernel where they arrive. iperf3(1), ping(8), netdevice statistics of sysfs.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { medianOf, type Taken } from "../result.js";
import { TAPLOOM, until, type BenchLab, type End } from "./bench-lab.js";
import { machineSeconds, processSeconds } from "./cpu.js";

const WARM_MS = 300;
const FRAMES_FIRST = 1000; // beyond what a guest says by itself
const REST_MS = 1000;
const IDLE_SECONDS = 5; // what figures are told for
const FRAME = 60; // bytes, without FCS
const PINGS_MAX = 20_000;
const GENERATOR_CPU = "0";

/** What lies between two guests, ready to be measured. */
export interface Way {
  lab: BenchLab;
  from: End;
  /** Where frames arrive and are counted. */
  to: End;
  /** Where `to` can be reached with TCP and ping. */
  address: string;
  /** MAC that frames go to, each way. */
  target: string;
  back: string;
  /** The process that is measured; absent: the kernel's own, which has none. */
  pid?: number;
}

/** So far: seconds, frames. */
type Account = Record<"time" | "delivered" | "offered" | "process" | "machine", number>;

/** Where frames come from, where they arrive, and the MAC that they go to. */
type Stream = [from: End, to: End, target: string];

/** One of the two ends' frames, or both at once: delivered and offered frames/s, and what processors took. */
export async function frames(way: Way, flows: number, bothWays: boolean, seconds: number): Promise<Taken> {
  const ways: Stream[] = [[way.from, way.to, way.target]];
  if (bothWays) ways.push([way.to, way.from, way.back]);
  const first = ways.map(([, to]) => way.lab.counts(to).received);
  const generators = ways.map(([from, , target], number) => generate(way.lab, from, target, flows, number));
  try {
    const received = ([, to]: Stream): number => way.lab.counts(to).received;
    await until("frames to arrive", () => ways.every((one, i) => received(one) > first[i]! + FRAMES_FIRST));
    await sleep(WARM_MS);
    return await count(way, ways, seconds);
  } finally {
    await Promise.all(generators.map(end));
  }
}

async function count(way: Way, ways: readonly Stream[], seconds: number): Promise<Taken> {
  const before = account(way, ways);
  await sleep(seconds * 1000);
  const after = account(way, ways);
  const passed = (key: keyof typeof after): number => after[key] - before[key];
  if (passed("delivered") === 0) throw new Error("no frame arrived");
  const millions = passed("delivered") / 1e6;
  return {
    measures: {
      delivered: passed("delivered") / passed("time"), offered: passed("offered") / passed("time"),
      lost: Math.max(0, 1 - passed("delivered") / passed("offered")) * 100,
      ...way.pid === undefined ? {} : { process: passed("process") / millions }, machine: passed("machine") / millions,
    },
  };
}

function account({ lab, pid }: Way, ways: readonly Stream[]): Account {
  const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    time: performance.now() / 1000, process: pid === undefined ? 0 : processSeconds(pid), machine: machineSeconds(),
    delivered: sum(ways.map(([, to]) => lab.counts(to).received)),
    offered: sum(ways.map(([from]) => lab.counts(from).offered)),
  };
}

function generate(lab: BenchLab, from: End, target: string, flows: number, number: number): ChildProcess {
  const file = lab.file(`generator${number}.json`);
  const ports = { gen: { generator: { size: FRAME, flows, to: target } }, out: { interface: from.device } };
  writeFileSync(file, JSON.stringify({ switches: { s: { learning: false, ports } } }));
  const up = [...TAPLOOM, "up", file, "--control", lab.file(`generator${number}.sock`)];
  return lab.startAt(from.namespace, "taskset", "--cpu-list", GENERATOR_CPU, ...up);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** What is read of iperf3's report. */
interface Transfer {
  end: { sum_received?: { bits_per_second: number } };
}

/** iperf3 from one guest to the other. */
export async function tcp({ lab, from, to, address }: Way, streams: number, seconds: number): Promise<Taken> {
  const server = lab.startAt(to.namespace, "iperf3", "--server", "--one-off", "--logfile", lab.file("iperf3"));
  await until("iperf3 to listen", () => to.namespace.run("ss", "-Hltn", "sport = 5201") !== "");
  const options = ["--client", address, "--time", `${Math.ceil(seconds)}`, "--parallel", `${streams}`, "--json"];
  const report = JSON.parse(await output(from, ["iperf3", ...options])) as Transfer;
  if (server.exitCode === null) server.kill("SIGKILL");
  if (!report.end.sum_received) throw new Error("no connection");
  return { measures: { throughput: report.end.sum_received.bits_per_second / 1e9 } };
}

/** ping's own times, of frames of 60 bytes: one after the other, or each a while after the answer to the one before. */
export async function roundTrips({ from, address }: Way, gapMs: number, seconds: number): Promise<Taken> {
  const pace = gapMs === 0 ? ["-A"] : ["-i", `${gapMs / 1000}`];
  const limits = ["-c", `${PINGS_MAX}`, "-w", `${Math.ceil(seconds)}`];
  const text = await output(from, ["ping", "-n", "-s", `${FRAME - 42}`, ...pace, ...limits, address]);
  const times = [...text.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms) * 1000).sort((a, b) => a - b);
  if (times.length === 0) throw new Error("no ping was answered");
  return { measures: { p50: medianOf(times), p99: times[Math.floor((times.length - 1) * 0.99)]! } };
}

/** The same by a program that polls at both ends, so that only what lies between them has to be woken. */
export async function polledTrips({ from, to }: Way, peers: string, gapMs: number): Promise<Taken> {
  const ends = ["-A", nameOf(from), "-B", nameOf(to)];
  const options = ["-e", "spin", "-c", GENERATOR_CPU, "-g", `${gapMs * 1000}`, "-N", gapMs === 0 ? "10000" : "1000"];
  const text = await output(from, [join(peers, "build/pingpong"), ...ends, ...options]);
  const { p50_us: p50, p99_us: p99 } = JSON.parse(text) as { p50_us: number; p99_us: number };
  return { measures: { p50, p99 } };
}

/** New TCP connections a second: connect, accept, close. */
export async function connections({ from, to, address }: Way, peers: string, seconds: number): Promise<Taken> {
  const names = [from.namespace.name, to.namespace.name];
  const text = await output(from, [join(peers, "build/connrate"), ...names, address, "7777", `${seconds}`]);
  return { measures: { opened: (JSON.parse(text) as { conn_per_s: number }).conn_per_s } };
}

/** What a process takes while nothing happens. */
export async function idle({ pid }: Way, seconds: number): Promise<Taken> {
  await sleep(REST_MS);
  const [time, before] = [performance.now(), processSeconds(pid!)];
  await sleep(seconds * 1000);
  const share = (processSeconds(pid!) - before) / (performance.now() - time) * 1000;
  return { measures: { idle: share * IDLE_SECONDS } };
}

async function output(from: End, [command, ...args]: string[]): Promise<string> {
  const child = from.namespace.start(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout!.on("data", (chunk: Buffer) => { text += chunk.toString(); });
  await once(child, "close");
  return text;
}

function nameOf({ namespace, device }: End): string {
  return `${namespace.name}:${device}`;
}
