// The benchmarks on devices: what lies between two guests, Taploom or a peer, and what is measured of it. A trial is
// one peer, started anew, with all that it is measured for; a figure that cannot be had is left out, with its reason.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { BenchLab, missingOf, obstacle } from "./lab/bench-lab.js";
import { connections, frames, idle, polledTrips, roundTrips, tcp, type Way } from "./lab/measure.js";
import { routers } from "./lab/routers.js";
import { switches, taploom, type Peer } from "./lab/switches.js";
import type { Case, Taken, Trial } from "./result.js";

const FEW = 64; // flows
const MANY = 10_000;
const IDLE_TIMES = 2; // idling is measured for longer than the rest

interface Figure {
  bench: string;
  at: number | string;
  take: (way: Way) => Promise<Taken>;
}

export interface DeviceOptions {
  seconds: number;
  /** A directory with programs of no package in build/: relay, pingpong, connrate. */
  peers?: string;
  /** Peers by name; absent: all. */
  only?: readonly string[];
}

/** TAP to TAP through Taploom alone. */
export function tapCases(seconds: number): Case[] {
  const figures = switchFigures({ seconds }).filter(({ bench, at }) => ["udp", "tcp"].includes(bench) && at !== MANY);
  return casesOf([taploom("taploom")], () => figures, { seconds });
}

/** All that is installed, side by side. */
export function peerCases(options: DeviceOptions): Case[] {
  const routerFigures = ({ flows = MANY }: Peer): Figure[] => natFigures(options, flows);
  return [
    ...casesOf(switches(options.peers), () => switchFigures(options), options),
    ...casesOf(routers(), routerFigures, options, "nat "),
  ];
}

function switchFigures({ seconds, peers }: DeviceOptions): Figure[] {
  const trips = (gap: number): string => gap === 0 ? "back to back" : `after ${gap} ms`;
  return [
    { bench: "idle", at: "", take: (way) => idle(way, seconds * IDLE_TIMES) },
    ...[0, 1].map((gap) => ({ bench: "ping", at: trips(gap), take: (way: Way) => roundTrips(way, gap, seconds) })),
    ...has(peers, "pingpong") ? [0, 1].map((gap) =>
      ({ bench: "polled", at: trips(gap), take: (way: Way) => polledTrips(way, peers!, gap) })) : [],
    ...[1, 4].map((streams) => ({ bench: "tcp", at: streams, take: (way: Way) => tcp(way, streams, seconds) })),
    { bench: "udp", at: "one way", take: (way) => frames(way, FEW, false, seconds) },
    { bench: "udp", at: "both ways", take: (way) => frames(way, FEW, true, seconds) },
    { bench: "udp", at: MANY, take: (way) => frames(way, MANY, false, seconds) },
  ];
}

function natFigures({ seconds, peers }: DeviceOptions, flows: number): Figure[] {
  return [
    { bench: "nat-idle", at: "", take: (way) => idle(way, seconds * IDLE_TIMES) },
    ...[1, 4].map((streams) => ({ bench: "nat-tcp", at: streams, take: (way: Way) => tcp(way, streams, seconds) })),
    ...has(peers, "connrate") ? [
      { bench: "nat-connections", at: "", take: (way: Way) => connections(way, peers!, seconds) },
    ] : [],
    { bench: "nat-udp", at: flows, take: (way) => frames(way, flows, false, seconds) },
  ];
}

function has(peers: string | undefined, program: string): boolean {
  return peers !== undefined && existsSync(join(peers, "build", program));
}

function casesOf(peers: Peer[], figuresOf: (peer: Peer) => Figure[], { only }: DeviceOptions, kind = ""): Case[] {
  const chosen = peers.filter(({ name }) => only === undefined || only.includes(name));
  const why = obstacle();
  if (why !== undefined) {
    console.error(`between devices: skipped: ${why}`);
    return [];
  }
  return chosen.flatMap((peer) => {
    const missing = missingPartsOf(peer);
    if (missing.length > 0) console.error(`${kind}${peer.name}: skipped: ${missing.join(", ")} not installed`);
    return missing.length > 0 ? [] : [{ name: kind + peer.name, run: () => runTrial(peer, figuresOf(peer)) }];
  });
}

function missingPartsOf({ needs }: Peer): string[] {
  const [files, commands] = [needs.filter((one) => one.includes("/")), needs.filter((one) => !one.includes("/"))];
  return [...missingOf(commands), ...files.filter((file) => !existsSync(file))];
}

async function runTrial(peer: Peer, figures: Figure[]): Promise<Trial[]> {
  const lab = new BenchLab();
  try {
    const way = await peer.start(lab);
    const trials: Trial[] = [];
    for (const { bench, at, take } of figures) {
      if (bench.endsWith("idle") && way.pid === undefined) continue; // the kernel has no process of its own
      try {
        trials.push({ bench, subject: peer.name, at, ...await take(way) });
      } catch (error) {
        console.error(`${peer.name}: ${bench} ${at}: skipped: ${(error as Error).message} (${lab.lastWords})`);
      }
    }
    return trials;
  } finally {
    lab.close();
  }
}
