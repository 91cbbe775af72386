// Two workers and real TAPs under load, while MACs move between machines, a port comes and goes, a link flaps, and
// isolation and a mirror change: no frame is doubled, none overtakes another of its flow, none is unaccounted for.
// stress.py sends and looks. (In memory, faster: test/stress.)

import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dice, type Dice } from "../model/dice.js";
import { MAC_BROADCAST, testMac } from "../model/frames.js";
import { useLab, type Guest, type Lab } from "./lab.js";
import { privileged } from "./namespace.js";
import { python } from "./python.js";
import { Running, until } from "./running.js";
import type { Product } from "./product.js";

const SCRIPT = fileURLToPath(new URL("stress.py", import.meta.url));
const SEED = 1;
const CHANGES = 12;
const PAUSE_MS_MAX = 200;
const MOBILE = [101, 102].map(testMac);
const VISITOR = "visitor";

const can = privileged("workers under stress", "python3");

const bare = (mac: string): string => mac.replaceAll(":", "");

/** What the last line of a machine that begins with a word says, in numbers. */
async function asked(machine: Running, question: string, word: string): Promise<number[]> {
  const before = machine.stdout.length;
  machine.child.stdin!.write(`${question}\n`);
  const line = (): string | undefined => new RegExp(`^${word} .*\n`, "m").exec(machine.stdout.slice(before))?.[0];
  await until(() => `${word} from ${machine.name}: ${machine.stdout}${machine.stderr}`, () => line() !== undefined);
  return line()!.match(/\d+/g)!.map(Number);
}

class Scene {
  readonly machines = new Map<string, Running>();
  readonly #isolated = new Set<string>();
  #watched = ["a"];
  #isVisited = false;
  #flows = 0;
  readonly #guises = new Map<string, number>();

  constructor(readonly lab: Lab, readonly product: Product, readonly roll: Dice) {}

  static config(isolated: ReadonlySet<string>, watched: readonly string[], isVisited: boolean): object {
    const tap = (name: string): [string, object] => [name, { tap: name, isolated: isolated.has(name) }];
    const visitor = isVisited ? [tap(VISITOR)] : [];
    const ports = { ...Object.fromEntries([..."abcd"].map(tap).concat(visitor)), ids: { tap: "ids", monitor: true } };
    return { switches: { lab: { ports, mirrors: { watch: { from: watched, to: "ids" } } } } };
  }

  async seat(name: string, machine: Running): Promise<void> {
    await machine.until(/^ready$/m);
    this.machines.set(name, machine);
  }

  talk(name: string, source: string, destination: string): void {
    this.#tell(name, `talk ${this.#flows++} ${bare(source)} ${bare(destination)}`);
  }

  /** A MAC shows itself at a machine. */
  move(): void {
    const [mac, name] = [MOBILE[this.roll(MOBILE.length)]!, "abcd"[this.roll(4)]!];
    const flow = this.#guises.get(`${mac} ${name}`) ?? this.#flows++;
    this.#guises.set(`${mac} ${name}`, flow);
    this.#tell(name, `show ${flow} ${bare(mac)} ${bare(MAC_BROADCAST)} ${1 + this.roll(4)}`);
  }

  async change(flapper: Guest): Promise<void> {
    const kind = this.roll(4);
    if (kind === 0) return this.#flap(flapper);
    if (kind === 1) this.#isVisited = !this.#isVisited;
    else if (kind === 2) this.#watched = ["a", ...[..."bcd"].filter(() => this.roll(2))];
    else if (!this.#isolated.delete("b")) this.#isolated.add("b");
    writeFileSync(this.lab.config, JSON.stringify(Scene.config(this.#isolated, this.#watched, this.#isVisited)));
    await this.product.run("apply", this.lab.config);
  }

  async #flap(guest: Guest): Promise<void> {
    guest.run("ip", "link", "set", "dev", guest.name, "down");
    await this.product.untilLink(guest.name, "down");
    guest.run("ip", "link", "set", "dev", guest.name, "up");
    await this.product.untilLink(guest.name, "up");
  }

  #tell(name: string, line: string): void {
    this.machines.get(name)!.child.stdin!.write(`${line}\n`);
  }
}

describe.skipIf(!can)("workers", () => {
  const lab = useLab();

  async function begin(guests: Guest[]): Promise<Scene> {
    const product = await lab().join(Scene.config(new Set(), ["a"], false), "--workers", "2");
    const scene = new Scene(lab(), product, dice(SEED));
    for (const guest of guests) await scene.seat(guest.name, guest.start(python(), SCRIPT, guest.name));
    lab().host.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"); // as with guests: no words of its own
    lab().host.run("ip", "tuntap", "add", "dev", VISITOR, "mode", "tap"); // stays where it is, whoever attaches to it
    lab().host.run("ip", "link", "set", "dev", VISITOR, "up");
    const visitor = lab().host.start(python(), [SCRIPT, VISITOR]);
    await scene.seat(VISITOR, new Running(visitor, "the visitor"));
    return scene;
  }

  it("keep every frame, in order, whatever changes", async () => {
    const guests = ["a", "b", "c", "d", "ids"].map((name) => lab().guest(name, {}));
    const [a, b, c, d] = guests as [Guest, Guest, Guest, Guest];
    const scene = await begin(guests);
    scene.talk("a", a.mac, b.mac);
    scene.talk("b", b.mac, c.mac);
    scene.talk("c", c.mac, MAC_BROADCAST);
    scene.talk("a", a.mac, MOBILE[0]!);
    scene.talk("c", c.mac, MOBILE[1]!);
    scene.talk("d", d.mac, a.mac);
    scene.talk(VISITOR, testMac(99), MAC_BROADCAST);
    for (let change = 0; change < CHANGES; change++) {
      for (let move = 0; move < 5; move++) {
        scene.move();
        await sleep(scene.roll(PAUSE_MS_MAX / 5));
      }
      await scene.change(d);
    }
    const sent = new Map<string, number>();
    for (const [name, machine] of scene.machines) sent.set(name, (await asked(machine, "end", "sent"))[0]!);
    await lab().account(scene.product);
    for (const guest of guests) {
      const machine = scene.machines.get(guest.name)!;
      const [got, lost, faults] = await asked(machine, "count", "got") as [number, number, number];
      expect([guest.name, faults], machine.stdout).toEqual([guest.name, 0]);
      if (guest === d) continue; // what waits in a device is lost where that goes down, and nobody counts it
      expect([guest.name, got + lost]).toEqual([guest.name, guest.counter("rx_packets")]);
      expect([guest.name, sent.get(guest.name)]).toEqual(
        [guest.name, guest.counter("tx_packets") + guest.counter("tx_dropped")]);
    }
  });
});
