// A machine with a kernel of its own at every kind of port, in each way to belong to a VLAN, with routers between their
// VLANs and to outsides behind uplinks of every kind. Owns the addresses and the configuration; streams.py does the
// giving and taking on each machine.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Guest, Lab } from "./lab.js";
import { python } from "./python.js";
import { Product } from "./product.js";
import { until, type Running } from "./running.js";

const SCRIPT = fileURLToPath(new URL("streams.py", import.meta.url));
const PORT = 5001;
const UNTAGGED = "untagged";
const FORWARDED = 6000; // and the inside machine's number
const BYTES = { tcp: 400_000, udp: 90 * 1392 + 701, uso: 110 * 1392 + 1 };

/** What is at the other end of the port; `bare` is a TAP whose machine does all itself. */
export const KINDS = ["tap", "bare", "veth", "stream"] as const;
type Kind = (typeof KINDS)[number];

const WAYS = { access: (vid: number) => ({ access: vid }), trunk: (vid: number) => ({ trunk: [vid] }),
  native: (vid: number) => ({ trunk: [vid], native: vid }) };

/** A machine's place. `name`: of its port and its device, such as veth-t20: trunk, VLAN 20. */
export interface End {
  name: string;
  kind: Kind;
  way: keyof typeof WAYS;
  /** 0: outside. */
  vid: number;
  number: number;
}

const end = (kind: Kind, way: End["way"], vid: number, number: number): End =>
  ({ name: `${kind}-${vid ? `${way[0]}${vid}` : "out"}`, kind, way, vid, number });

export const TENS = KINDS.flatMap((kind, i) =>
  (["access", "trunk", "native"] as const).map((way, j) => end(kind, way, 10, i * 3 + j)));
export const TWENTIES = KINDS.map((kind, i) => end(kind, (["access", "trunk", "native", "trunk"] as const)[i]!, 20, i));
export const OUTSIDES = KINDS.map((kind, i) => end(kind, "access", 0, i));

export const addressOf = ({ vid, number }: End): string => vid ? `10.0.${vid}.${10 + number}` : `203.0.${number}.9`;

/** A router's own address towards an outside, and the port there that leads to an inside machine. */
export function forwarded(inside: End, outside: End): [address: string, port: number] {
  return [`203.0.${outside.number}.2`, FORWARDED + inside.number];
}

// ---- the configuration ----

const pathOf = (lab: Lab, { name }: End): string => join(lab.folder, name);

function attachment(lab: Lab, { kind, name, ...rest }: End): object {
  if (kind === "stream") return { stream: pathOf(lab, { kind, name, ...rest }) };
  return kind === "veth" ? { interface: `host-${name}` } : { tap: name };
}

/** The switch at the far end of a stream, with the machine's device. */
function farSwitch(lab: Lab, end: End): [string, object] {
  const vid = end.vid || 1;
  const cable = { stream: pathOf(lab, end), connect: true, ...WAYS[end.way](vid) };
  return [`far-${end.name}`, { ports: { cable, device: { tap: end.name, access: vid } } }];
}

function routerTo(lab: Lab, outside: End): [string, object] {
  const { number } = outside;
  const tens = { switch: "lab", vlan: 10, address: `10.0.10.${number + 1}/24` };
  const twenties = { switch: "lab", vlan: 20, address: "10.0.20.1/24" };
  const forwards = TENS.flatMap((inside) => ["tcp", "udp"].map((protocol) =>
    `${protocol} ${FORWARDED + inside.number} -> ${addressOf(inside)}:${PORT}`));
  return [`edge${number}`, {
    interfaces: number === 0 ? [tens, twenties] : [tens], forwards,
    uplink: { ...attachment(lab, outside), address: `203.0.${number}.2/24`, gateway: addressOf(outside) },
  }];
}

function configOf(lab: Lab): object {
  const ends = [...TENS, ...TWENTIES, ...OUTSIDES];
  const ports = [...TENS, ...TWENTIES].map((each) =>
    [each.name, { ...attachment(lab, each), ...WAYS[each.way](each.vid) }]);
  const far = ends.filter(({ kind }) => kind === "stream").map((each) => farSwitch(lab, each));
  return {
    switches: { lab: { ports: Object.fromEntries(ports) }, ...Object.fromEntries(far) },
    routers: Object.fromEntries(OUTSIDES.map((outside) => routerTo(lab, outside))),
  };
}

// ---- the machines ----

/** Makes a machine's device ready to be plugged in, where it is not the product that makes it. */
function prepare({ host }: Lab, { kind, name }: End): void {
  if (kind !== "veth") return;
  host.run("ip", "link", "add", `host-${name}`, "type", "veth", "peer", "name", name);
  host.run("ip", "link", "set", "dev", `host-${name}`, "up");
  host.run("ethtool", "-K", `host-${name}`, "gro", "off");
}

/**
 * Makes a device of a machine whose port is a trunk, on which its frames are untagged: a switch of its own stands
 * between them, since not every kernel knows VLANs. Returns its name.
 */
async function untag({ folder }: Lab, guest: Guest, { name, vid }: End): Promise<string> {
  const ports = { trunk: { interface: name, trunk: [vid] }, inside: { tap: UNTAGGED, access: vid } };
  const config = join(folder, `${name}.json`);
  writeFileSync(config, JSON.stringify({ switches: { own: { ports } } }));
  await Product.begin(guest.namespace, config, join(folder, `${name}.sock`)).ready();
  guest.run("ip", "link", "set", "dev", UNTAGGED, "up");
  return UNTAGGED;
}

function routesOf(vid: number): [to: string, via: string][] {
  if (vid === 0) return [];
  if (vid === 20) return [["10.0.10.0/24", "10.0.20.1"]];
  const out = KINDS.map((_, i): [string, string] => [`203.0.${i}.0/24`, `10.0.10.${i + 1}`]);
  return [["10.0.20.0/24", "10.0.10.1"], ...out];
}

/** Gives a machine that is plugged in its address, and its ways to the others. */
async function settle(lab: Lab, guest: Guest, each: End): Promise<void> {
  const { kind, way, vid, name } = each;
  if (kind === "bare") guest.run("ethtool", "-K", name, "tx", "off", "sg", "off", "tso", "off", "gso", "off");
  const isTagged = way === "trunk" && kind !== "stream"; // behind a stream, the far switch takes the tag off
  const device = isTagged ? await untag(lab, guest, each) : name;
  guest.run("ip", "address", "add", `${addressOf(each)}/24`, "dev", device);
  for (const [to, via] of routesOf(vid)) guest.run("ip", "route", "add", to, "via", via);
}

/** All machines in their places, each with what gives and takes. */
export class World {
  readonly #machines = new Map<End, Running>();

  static async begin(lab: Lab): Promise<World> {
    const ends = [...TENS, ...TWENTIES, ...OUTSIDES];
    const guests = ends.map((each) => {
      prepare(lab, each);
      const guest = lab.guest(each.name, {});
      guest.isCounted = each.kind !== "veth" && each.vid !== 0;
      return guest;
    });
    await lab.join(configOf(lab));
    for (const [i, each] of ends.entries()) await settle(lab, guests[i]!, each);
    const world = new World();
    ends.forEach((each, i) => world.#machines.set(each, guests[i]!.start(python(), SCRIPT)));
    for (const machine of world.#machines.values()) await machine.until(/^ready$/m);
    return world;
  }

  /** That streams of every kind from one machine to another arrive, each byte of them. */
  async expectStreams(
    from: End, to: End, seed: number, [address, port]: [string, number] = [addressOf(to), PORT],
  ): Promise<void> {
    const [giver, taker] = [from, to].map((each) => this.#machines.get(each)!) as [Running, Running];
    const wanted = Object.entries(BYTES).map(([kind, bytes]) => {
      giver.child.stdin!.write(`give ${kind} ${address} ${port} ${seed} ${bytes}\n`);
      return `took ${kind} ${seed} same`;
    });
    const words = (): string[] => taker.stdout.match(new RegExp(`^took \\w+ ${seed} .*$`, "gm")) ?? [];
    await until(() => `${from.name} to ${to.name} (seed ${seed}): ${words().join("; ")} ${giver.stderr}`,
      () => words().length >= wanted.length);
    expect(words(), `${from.name} to ${to.name}`).toEqual(wanted);
  }
}
