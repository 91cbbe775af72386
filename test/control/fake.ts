// An engine that is only its interface: what the control API and the command line are tested against.
// Owns a configuration and canned answers; moves no frame.

import { EventEmitter } from "node:events";
import {
  EngineError, type Applied, type CaptureOptions, type EngineEvent, type FdbEntry, type MirrorStatus, type PortStatus,
  type Stats, type VlanStatus,
} from "../../src/api.js";
import type { Config, PortConfig } from "../../src/config/model.js";
import { configFromValue } from "../../src/config/parse.js";
import { valueOfConfig } from "../../src/config/print.js";
import { withoutPort, withPort } from "../../src/engine/edit.js";
import type { ObservableEngine } from "../../src/control/events.js";
import { enhancedPacket, pcapngHeader } from "./pcapng.js";

const FRAME = new Uint8Array(60);

export class FakeEngine extends EventEmitter<{ event: [EngineEvent] }> implements ObservableEngine {
  readonly flushes: unknown[] = [];
  readonly captures: { options: CaptureOptions; signal: AbortSignal }[] = [];
  /** Frames that a capture gives before it waits for its end. */
  framesCaptured = 3;
  /** MACs that `fdb` tells. */
  macs = 1;
  fdbReads = 0;
  stops = 0;
  #config: Config = configFromValue({
    switches: { lab: { ports: { web: { memory: true, access: 10 }, ids: { memory: true, monitor: true } } } },
  });

  ports(): PortStatus[] {
    return this.#names().map(([of, name]): PortStatus => ({
      switch: of, name, kind: "memory", device: "", link: "up", vlan: "access 10",
      rx: { frames: 5, bytes: 300 }, tx: { frames: 4, bytes: 240 }, drops: { vlan: 1 },
      forwarded: 4, copies: 0, offered: 4, queued: 0,
    }));
  }

  fdb(): FdbEntry[] {
    this.fdbReads += 1;
    return Array.from({ length: this.macs }, (): FdbEntry => (
      { switch: "lab", vlan: 10, mac: "02:00:00:00:00:01", port: "web", age: 1.5, static: false }
    ));
  }

  vlans(): VlanStatus[] {
    return [{ switch: "lab", vlan: 10, tagged: [], untagged: ["web"], rx: { frames: 5, bytes: 300 }, macs: 1 }];
  }

  mirrors(): MirrorStatus[] {
    const places = { switch: "lab", name: "watch", from: ["web"], vlans: [], to: "ids" };
    return [{ ...places, direction: "both", snaplen: null, rate: "200mbit" }];
  }

  stats(): Stats {
    return {
      version: "0.0.0", pid: process.pid, uptime: 2, workers: 1,
      totals: {
        rx: { frames: 5, bytes: 300 }, tx: { frames: 4, bytes: 240 }, drops: { vlan: 1 },
        forwarded: 4, copies: 0, queued: 0, unaccounted: 0,
      },
      fdb: { entries: 1, capacity: 65536 },
    };
  }

  config(): Config {
    return this.#config;
  }

  async apply(wanted: Config | (() => Config)): Promise<Applied> {
    const config = configFromValue(valueOfConfig(typeof wanted === "function" ? wanted() : wanted));
    if ("refused" in config.switches) {
      throw new EngineError("DEVICE_BUSY", "switches.refused: the device is in use; free it");
    }
    const before = new Set(this.#names().map((name) => name.join("/")));
    this.#config = config;
    const after = new Set(this.#names().map((name) => name.join("/")));
    return {
      added: [...after].filter((name) => !before.has(name)),
      removed: [...before].filter((name) => !after.has(name)),
      changed: [],
      unchanged: [...after].filter((name) => before.has(name)),
    };
  }

  addPort(switchName: string, portName: string, port: PortConfig): Promise<Applied> {
    return this.apply(() => withPort(this.#config, switchName, portName, port));
  }

  removePort(switchName: string, portName: string): Promise<Applied> {
    return this.apply(() => withoutPort(this.#config, switchName, portName));
  }

  flush(switchName: string, only: { vlan?: number; port?: string } = {}): number {
    this.flushes.push({ switchName, ...only });
    return 7;
  }

  async* capture(
    _switch: string, _port: string, options: CaptureOptions, signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    if (options.filter === "nonsense") throw new EngineError("FILTER", "filter \"nonsense\": is not understood");
    this.captures.push({ options, signal });
    yield pcapngHeader();
    for (let frame = 0; frame < this.framesCaptured; frame += 1) {
      if (signal.aborted) return;
      yield enhancedPacket(FRAME);
    }
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }

  async stop(): Promise<Stats> {
    this.stops += 1;
    return this.stats();
  }

  #names(): [switchName: string, portName: string][] {
    const switches = Object.entries(this.#config.switches);
    return switches.flatMap(([of, { ports }]) => Object.keys(ports).map((name): [string, string] => [of, name]));
  }
}
