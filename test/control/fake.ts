// An engine that is only its interface: what the control API and the command line are tested against.
// Owns a configuration and canned answers; moves no frame.

import { EventEmitter } from "node:events";
import {
  EngineError, type Applied, type CaptureOptions, type EngineEvent, type FdbEntry, type LeaseEntry, type MirrorStatus,
  type NatEntry, type NeighborEntry, type PortStatus, type RouterStatus, type Stats, type VlanStatus,
} from "../../src/api.js";
import type { Config, PortConfig } from "../../src/config/model.js";
import { configFromValue } from "../../src/config/parse.js";
import { valueOfConfig } from "../../src/config/print.js";
import { withForward, withoutForward, withoutPort, withPort } from "../../src/engine/edit.js";
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
  /** Sessions that `nat` tells. */
  sessions = 2;
  sessionsRead = 0;
  stops = 0;
  #config: Config = configFromValue({
    switches: { lab: { ports: { web: { memory: true, access: 10 }, ids: { memory: true, monitor: true } } } },
    routers: {
      edge: {
        interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }],
        uplink: { memory: true, address: "203.0.113.2/24", gateway: "203.0.113.1" },
        forwards: ["tcp 8080 -> 10.0.10.5:80"],
      },
    },
  });

  ports(): PortStatus[] {
    return this.#names().map(([of, name]): PortStatus => ({
      switch: of, name, kind: "memory", device: "", link: "up", why: "", vlan: "access 10",
      rx: { frames: 5, bytes: 300 }, tx: { frames: 4, bytes: 240 }, drops: { vlan: 1 },
      forwarded: 4, copies: 0, merged: 0, offered: 4, queued: 0,
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

  * nat(): Generator<NatEntry> {
    for (let number = 0; number < this.sessions; number++) {
      this.sessionsRead += 1;
      yield {
        router: "edge", protocol: "tcp", inside: `10.0.10.5:${number}`, outside: `203.0.113.2:${number}`,
        remote: "198.51.100.9:443", state: "established", expires: 7440,
      };
    }
  }

  neighbors(): NeighborEntry[] {
    const place = { router: "edge", switch: "lab", vlan: 10 };
    return [
      { ...place, address: "10.0.10.5", mac: "02:00:00:00:00:05", state: "reachable", age: 1.5 },
      { ...place, address: "10.0.10.6", mac: "", state: "failed", age: 3 },
    ];
  }

  leases(): LeaseEntry[] {
    return [{
      router: "edge", vlan: 10, mac: "02:00:00:00:00:05", address: "10.0.10.100", hostname: "vm5", expires: 3599,
    }];
  }

  routers(): RouterStatus[] {
    const use = { used: 1, free: 65_534 };
    return [{
      name: "edge", mac: "02:54:00:00:00:01",
      interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", mtu: 1500, dhcp: true }],
      uplink: {
        kind: "memory", device: "", link: "up", address: "203.0.113.2/24", gateway: "203.0.113.1", mtu: 1500,
        dhcp: false,
      },
      nat: {
        mapping: "endpoint-independent", filtering: "address-dependent", sessions: 2, mappings: 1, hosts: 1,
        outside: [{ address: "203.0.113.2", inside: null, tcp: use, udp: use, icmp: use }],
      },
      routes: [
        { to: "10.0.10.0/24", via: null, switch: "lab", vlan: 10 },
        { to: "0.0.0.0/0", via: "203.0.113.1", switch: "edge", vlan: 1 },
      ],
      services: { dhcp: { offers: 2 } },
    }];
  }

  stats(): Stats {
    return {
      version: "0.0.0", pid: process.pid, uptime: 2, workers: 1,
      totals: {
        rx: { frames: 5, bytes: 300 }, tx: { frames: 4, bytes: 240 }, drops: { vlan: 1 },
        forwarded: 4, copies: 0, merged: 0, queued: 0, unaccounted: 0,
      },
      fdb: { entries: 1, capacity: 65536 },
    };
  }

  config(): Config {
    return this.#config;
  }

  async apply(
    wanted: Config | (() => Config | Promise<Config>), by = "library", what = "apply",
  ): Promise<Applied> {
    const config = configFromValue(valueOfConfig(await (typeof wanted === "function" ? wanted() : wanted)));
    if ("refused" in config.switches) {
      throw new EngineError("TAP", "switches.refused: the device is in use; free it");
    }
    const before = new Set(this.#names().map((name) => name.join("/")));
    this.#config = config;
    const after = new Set(this.#names().map((name) => name.join("/")));
    const added = [...after].filter((name) => !before.has(name));
    const removed = [...before].filter((name) => !after.has(name));
    this.emit("event", { event: "change", time: "2026-01-01T00:00:00.000Z", by, what, added, removed, changed: [] });
    return { added, removed, changed: [], unchanged: [...after].filter((name) => before.has(name)) };
  }

  addPort(switchName: string, portName: string, port: PortConfig, by?: string): Promise<Applied> {
    return this.apply(() => withPort(this.#config, switchName, portName, port), by, "port add");
  }

  removePort(switchName: string, portName: string, by?: string): Promise<Applied> {
    return this.apply(() => withoutPort(this.#config, switchName, portName), by, "port remove");
  }

  addForward(router: string, rule: string, by?: string): Promise<Applied> {
    return this.apply(() => withForward(this.#config, router, rule), by, "forward add");
  }

  removeForward(router: string, rule: string, by?: string): Promise<Applied> {
    return this.apply(() => withoutForward(this.#config, router, rule), by, "forward remove");
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
