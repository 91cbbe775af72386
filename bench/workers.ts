// One worker and two, in memory: the same frames between the same sixteen ports, spread over the workers. The ports are
// as those of devices are, which every worker sends to, and frames go to any; or as those of pipes, which one worker
// has, and frames go to any, or all to the other worker's, over a lane. A trial is a process
// (`node workers.js '{"workers":2,"macs":1024,"ports":"devices","reach":"any","seconds":1}'`) with a thread for each
// worker, which is this file again. Frames count where they leave.

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Counters } from "../src/core/counters.js";
import * as layout from "../src/core/layout.js";
import { compileCore, instantiateCore, SharedMemory } from "../src/core/memory.js";
import { Registry } from "../src/core/registry.js";
import { Tables } from "../src/core/tables.js";
import { loadWorkload } from "../src/bench/memory-core.js";
import { inProcess } from "./memory.js";
import type { Case, Taken } from "./result.js";

const FILE = fileURLToPath(import.meta.url);
const PORTS = 16;
const REACH = { any: (workers: number) => workers, other: (workers: number) => workers - 1 };
const CASES = [["devices", "any"], ["pipes", "any"], ["pipes", "other"]] as const;
const WARM_MS = 300;
const [READY, RUN] = [0, 1]; // words that the threads share: how many are ready, and whether they are to go on

export interface Work {
  workers: number;
  macs: number;
  ports: "devices" | "pipes";
  /** Whose ports its frames go to. */
  reach: keyof typeof REACH;
  seconds: number;
}

interface Thread extends Work {
  index: number;
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  origin: number;
  state: SharedArrayBuffer;
}

export function workerCases(seconds: number): Case[] {
  return [1024, 65_536].flatMap((macs) => CASES.flatMap(
    ([ports, reach]) => [1, 2].map((workers) => caseOf({ workers, macs, ports, reach, seconds })),
  ));
}

function caseOf(work: Work): Case {
  const name = { bench: "workers", subject: `${work.macs} MACs, ${work.ports}, to ${work.reach}`, at: work.workers };
  return {
    name: `workers ${name.subject}, ${name.at}`,
    run: async () => [{ ...name, ...await inProcess(FILE, work) }],
  };
}

// ---- the process ----

async function runTrial(work: Work): Promise<Taken> {
  const shared = SharedMemory.create({ workers: work.workers, pipes: 1, fdbCapacity: work.macs, natCapacity: 1024 });
  const module = compileCore();
  const ports = configure(shared, module, work);
  const state = new SharedArrayBuffer(8);
  const flags = new Int32Array(state);
  const origin = performance.timeOrigin;
  for (let index = 0; index < work.workers; index++) {
    const thread: Thread = { ...work, index, memory: shared.memory, module, origin, state };
    new Worker(FILE, { workerData: thread });
  }
  while (Atomics.load(flags, READY) < work.workers) await sleep(1);
  Atomics.store(flags, RUN, 1);
  Atomics.notify(flags, RUN);
  await sleep(WARM_MS);
  const before = account(shared, ports);
  await sleep(work.seconds * 1000);
  const after = account(shared, ports);
  Atomics.store(flags, RUN, 2);
  const per = 1000 / (after.time - before.time);
  const delivered = (after.sent - before.sent) * per;
  const offered = (after.received - before.received) * per;
  return { measures: { delivered, offered, lost: Math.max(0, 1 - delivered / offered) * 100, time: 1e9 / delivered } };
}

function configure(shared: SharedMemory, module: WebAssembly.Module, { workers, ports }: Work): Set<number> {
  const core = instantiateCore(module, shared);
  core.attach();
  core.clearCuts();
  const registry = new Registry(workers);
  const tables = new Tables(shared, core, registry);
  tables.writeSwitch(registry.addSwitch("bench"), { learning: true, agingSeconds: 300 });
  for (let i = 0; i < PORTS; i++) {
    const name = `port${i}`;
    const port = registry.addPort("bench", name, {
      attachment: ports === "devices" ? { kind: "tap", name } : { kind: "memory" },
      vlan: { mode: "access", vid: 1 }, isolated: false, monitor: false, macs: [],
    });
    tables.writePort(port, { in: layout.CODEC_NONE, out: layout.CODEC_NONE });
    core.setLink(port.index, true);
  }
  return new Set(registry.byIndex.keys());
}

function account(shared: SharedMemory, ports: ReadonlySet<number>): { time: number; sent: number; received: number } {
  const counters = new Counters(shared);
  const [time, all] = [performance.now(), [...ports].map((port) => counters.port(port))];
  const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  return { time, sent: sum(all.map(({ tx }) => tx.frames)), received: sum(all.map(({ rx }) => rx.frames)) };
}

// ---- a worker ----

function runWorker({ index, workers, macs, reach, memory, module, origin, state }: Thread): void {
  const shared = new SharedMemory(memory);
  const flags = new Int32Array(state);
  const core = instantiateCore(module, shared);
  const workload = loadWorkload(shared);
  const skew = performance.timeOrigin - origin;
  const turn = (count: number): void => {
    core.turn(count, performance.now() + skew);
    workload.transmitSpread();
  };
  core.bind(index, true);
  workload.placeSpread(index, workers, REACH[reach](workers));
  workload.resetSpread(macs, PORTS, 1);
  for (let first = 0; first < macs / workers; first += layout.BATCH_MAX) {
    const count = Math.min(layout.BATCH_MAX, macs / workers - first);
    workload.introduceSpread(first, count);
    turn(count);
  }
  Atomics.add(flags, READY, 1);
  Atomics.wait(flags, RUN, 0);
  while (Atomics.load(flags, RUN) === 1) {
    workload.generateSpread(layout.BATCH_MAX);
    turn(layout.BATCH_MAX);
  }
}

const [argument] = process.argv.slice(2);
if (!isMainThread) runWorker(workerData as Thread);
else if (process.argv[1] === FILE) console.log(JSON.stringify(await runTrial(JSON.parse(argument!) as Work)));
