// A network that does not rest: steady machines in one VLAN, of which nothing changes; in another, machines between
// which MACs move, ports that come and go, a peer that hangs up and comes back; isolation and a mirror that change; and
// generators that fill the lanes. Owns the machines and the chance by which things happen.

import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../src/config/model.js";
import type { Engine } from "../../src/engine.js";
import { network, startEngine, StreamPeer, until } from "../engine/lab.js";
import { dice, type Dice } from "../model/dice.js";
import { MAC_BROADCAST, testMac } from "../model/frames.js";
import { Arrivals, Flow } from "./flows.js";
import { Station } from "./station.js";

export const STEADY = ["s0", "s1", "s2", "s3"];
const MEETING = ["m0", "m1", "m2", "m3"];
const VISITORS = ["v0", "v1", "v2"];
const MOBILE = [101, 102, 103].map(testMac);
const CHANGE_MS_MAX = 60; // so that much is sent between two changes
const RATE = "20kpps"; // of each generator: more than nothing, less than the rest of the test needs

const macOf = (name: string): string => testMac(1 + [...STEADY, ...MEETING, ...VISITORS].indexOf(name));

/** What of the configuration changes. */
interface Mood {
  isolated: Set<string>;
  visitors: Set<string>;
  watched: string[];
  direction: string;
  /** Whether there are generators. */
  loaded: boolean;
}

const newMood = (): Mood =>
  ({ isolated: new Set(), visitors: new Set(), watched: ["m0"], direction: "both", loaded: true });

function configOf({ isolated, visitors, watched, direction, loaded }: Mood, path: string): Config {
  const generator = (to: number) => ({ generator: { rate: RATE, flows: 9, to: testMac(to) }, access: 30 });
  const member = (name: string) => [name, { memory: true, access: 20, isolated: isolated.has(name) }];
  const ports = {
    ...Object.fromEntries(STEADY.map((name) => [name, { memory: true }])),
    ...Object.fromEntries([...MEETING, ...visitors].map(member)),
    ...(loaded ? { load0: generator(200), load1: generator(201) } : {}),
    peer: { stream: path, access: 20 }, ids: { memory: true, monitor: true },
  };
  return network(ports, { mirrors: { watch: { from: watched, to: "ids", direction } } });
}

export class Scene {
  readonly stations = new Map<string, Station>();
  /** Of all ports that there ever were. */
  readonly arrivals: Arrivals[] = [];
  readonly #mood = newMood();
  #peer: { peer: StreamPeer; arrivals: Arrivals } | undefined;
  #isOver = false;

  private constructor(readonly engine: Engine, readonly path: string, readonly roll: Dice) {}

  /** An engine whose steady machines know each other. `path`: of its stream port. */
  static async begin(seed: number, path: string): Promise<Scene> {
    const scene = new Scene(await startEngine(configOf(newMood(), path)), path, dice(seed));
    for (const name of [...STEADY, ...MEETING, "ids"]) scene.#seat(name);
    for (const [i, name] of STEADY.entries()) {
      const station = scene.at(name);
      station.talk(macOf(name), macOf(STEADY[(i + 1) % STEADY.length]!));
      station.send(station.flows[0]!, 1);
    }
    await until(() => scene.engine.fdb().length >= STEADY.length, "steady machines that are known");
    for (const [i, name] of MEETING.entries()) scene.at(name).talk(macOf(name), MOBILE[i] ?? MAC_BROADCAST);
    return scene;
  }

  at(name: string): Station {
    return this.stations.get(name)!;
  }

  /** Lets everything happen until so much has changed. */
  async play(changes: number): Promise<void> {
    const others = [() => this.#send(), () => this.#move()].map((part) => this.#again(part));
    try {
      for (let change = 0; change < changes; change++) {
        await this.#change();
        await sleep(this.roll(CHANGE_MS_MAX));
      }
    } finally {
      this.#isOver = true;
      await Promise.all(others);
      this.#hangUp();
    }
  }

  /** Waits until all that was sent has arrived, or was dropped. */
  async rest(): Promise<void> {
    this.#mood.loaded = false;
    await this.#apply();
    const isStill = (): boolean => [...this.stations.values()].every(({ account: { counted, here } }) =>
      counted[0] === here[0] && counted[1] === here[1]);
    await until(() => this.engine.stats().totals.queued === 0 && isStill(), "the network to come to rest");
  }

  // ---- what happens ----

  async #again(part: () => Promise<void>): Promise<void> {
    while (!this.#isOver) await part();
  }

  async #send(): Promise<void> {
    for (const station of this.stations.values()) station.burst();
    await breathe();
  }

  /** A MAC shows itself somewhere. */
  async #move(): Promise<void> {
    const mac = MOBILE[this.roll(MOBILE.length)]!;
    const station = this.at(MEETING[this.roll(MEETING.length)]!);
    const flow = station.guises.get(mac) ?? new Flow(mac, MAC_BROADCAST);
    station.guises.set(mac, flow);
    station.send(flow, 1 + this.roll(3));
    await sleep(this.roll(4));
  }

  async #change(): Promise<void> {
    const { isolated, visitors } = this.#mood;
    const kind = this.roll(4);
    if (kind === 0) toggle(isolated, MEETING[this.roll(MEETING.length)]!);
    else if (kind === 1) this.#watch();
    else if (kind === 2) return this.#peer ? this.#hangUp() : this.#dial();
    else {
      const name = VISITORS[this.roll(VISITORS.length)]!;
      this.stations.delete(name);
      if (toggle(visitors, name)) return this.#welcome(name);
    }
    await this.#apply();
  }

  async #apply(): Promise<void> {
    await this.engine.apply(configOf(this.#mood, this.path));
  }

  #watch(): void {
    this.#mood.watched = ["m0", ...[...STEADY, "m1", "m3"].filter(() => this.roll(3) === 0)];
    this.#mood.direction = ["in", "out", "both"][this.roll(3)]!;
  }

  async #welcome(name: string): Promise<void> {
    await this.#apply();
    this.#seat(name).talk(macOf(name), this.roll(2) ? MAC_BROADCAST : macOf("m2"));
  }

  #seat(name: string): Station {
    const station = new Station(this.engine, name);
    this.stations.set(name, station);
    this.arrivals.push(station.arrivals);
    return station;
  }

  async #dial(): Promise<void> {
    const peer = await StreamPeer.dial(this.path);
    this.#peer = { peer, arrivals: new Arrivals("peer") };
    this.arrivals.push(this.#peer.arrivals);
  }

  #hangUp(): void {
    this.#peer?.peer.socket.destroy();
    this.#peer?.arrivals.take(this.#peer.peer.frames);
    this.#peer = undefined;
  }
}

/** Puts something into a set or takes it out; says whether it is in then. */
function toggle<T>(set: Set<T>, one: T): boolean {
  if (!set.delete(one)) set.add(one);
  return set.has(one);
}
