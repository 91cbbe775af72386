// The embedded quickstart, what `taploom up` runs without a configuration: one switch with two VLANs, built-in guests
// on memory ports, a mirror into a capture file. No privileges, no devices.
// Owns the configuration, the engine it starts, the beat of its guests and the directory of the capture file.

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError, type PortStatus } from "../api.js";
import type { Config } from "../config/model.js";
import { parseConfig } from "../config/parse.js";
import { Engine, type EngineOptions } from "../engine.js";
import type { MemoryPort } from "../port/memory.js";
import { BEAT_MS, Lab, type FramePort } from "./lab.js";
import { liveLines, summaryText } from "./report.js";

/** The configuration as a user would write it; the capture file goes into a directory of its own for each run. */
export const QUICKSTART_YAML = `\
# One switch, two networks. Ports of VLAN 10 reach each other, ports of VLAN 20 reach each other,
# and nothing goes from one to the other.
switches:
  lab:
    ports:
      web:  { memory: true, access: 10 }       # memory: the guest lives in this program
      db:   { memory: true, access: 10 }
      app:  { memory: true, access: 10 }
      cam:  { memory: true, access: 20 }
      nvr:  { memory: true, access: 20 }
      fw:   { memory: true, trunk: [10, 20] }  # in both networks, its frames carry VLAN tags
      tape: { pcap: { write: quickstart.pcap }, monitor: true }
    mirrors:
      watch: { from: [web, cam], direction: both, to: tape, snaplen: 128 }
`;

const SWITCH = "lab";
const TAPE = "tape";
const SETTLE_MS_MAX = 2_000;
const SETTLE_STEP_MS = 20;

export interface Quickstart {
  readonly engine: Engine;
  /** Where the capture is written; the directory is the user's own (mode 0700) and stays after the end. */
  readonly capturePath: string;
  /** The live view, line by line; rates are those since the call before. */
  lines(): string[];
  /** Silences the guests, lets what is on its way arrive, stops the engine and gives the summary. */
  stop(): Promise<string>;
}

/** Starts the quickstart; the options go to the engine. Rejects as Engine.start does and then leaves nothing behind. */
export async function startQuickstart(options: EngineOptions = {}): Promise<Quickstart> {
  const directory = await mkdtemp(join(tmpdir(), "taploom-quickstart-"));
  const capturePath = join(directory, "quickstart.pcap");
  try {
    const engine = await Engine.start(quickstartConfig(capturePath), options);
    return run(engine, capturePath);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function quickstartConfig(capturePath: string): Config {
  const config = parseConfig(QUICKSTART_YAML, "quickstart");
  const tape = config.switches[SWITCH]?.ports[TAPE]?.attachment;
  if (tape?.kind === "pcap") tape.write = capturePath;
  return config;
}

function run(engine: Engine, capturePath: string): Quickstart {
  const lab = new Lab((port) => unpluggable(engine.memory(SWITCH, port)), () => performance.now(), Math.random);
  const beat = setInterval(() => lab.beat(), BEAT_MS);
  let before: PortStatus[] = [];
  let beforeMs = performance.now();
  let stopping: Promise<string> | undefined;

  async function finish(): Promise<string> {
    clearInterval(beat);
    await settle(engine, lab);
    const ports = engine.ports();
    const { totals } = engine.stats();
    await engine.stop();
    const { size } = await stat(capturePath);
    const frames = ports.find((port) => port.name === TAPE)?.tx.frames ?? 0;
    return summaryText(ports, totals, lab.report(), { path: capturePath, bytes: size, frames });
  }

  return {
    engine,
    capturePath,
    lines() {
      const ports = engine.ports();
      const nowMs = performance.now();
      const lines = liveLines(ports, before, Math.max(nowMs - beforeMs, 1) / 1000, lab.report());
      before = ports;
      beforeMs = nowMs;
      return lines;
    },
    stop: () => (stopping ??= finish()),
  };
}

/** A port that may be unplugged while its guest talks on, by `taploom port remove` for one: it then takes nothing. */
function unpluggable(port: MemoryPort): FramePort {
  return {
    sendBatch(frames) {
      try {
        return port.sendBatch(frames);
      } catch (error) {
        if (error instanceof EngineError && error.code === "CLOSED") return 0;
        throw error;
      }
    },
    onFrames: (callback) => void port.onFrames(callback),
  };
}

/** Waits until all that the guests gave has gone its way, and none of them has anything to answer. */
async function settle(engine: Engine, lab: Lab): Promise<void> {
  let before = -1;
  for (let waitedMs = 0; waitedMs < SETTLE_MS_MAX; waitedMs += SETTLE_STEP_MS) {
    await sleep(SETTLE_STEP_MS);
    const { given } = lab.report();
    const { rx, queued, unaccounted } = engine.stats().totals;
    if (rx.frames === given && queued === 0 && unaccounted === 0 && given === before) return;
    before = given;
  }
}
