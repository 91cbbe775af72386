// A router's wires without hosts on them: what the tests of routing do to a RouterRig where its hosts, which answer by
// themselves, would be in the way. Owns nothing.

import { wire } from "../../src/core/router-tables.js";
import * as layout from "../../src/core/layout.js";
import { recordsOf } from "../../src/core/nat.js";
import { arp, ether, parse } from "./packet.js";
import { ROUTER_MAC, type RouterRig, type Seen } from "./rig.js";

export const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Lays frames on a wire and returns what came out of all wires, by wire, with nobody answering. */
export function raw(rig: RouterRig, name: string, ...frames: Uint8Array[]): Record<string, Seen[]> {
  rig.rig.inject(name, ...frames);
  rig.rig.settle();
  return outputs(rig);
}

/** Lets seconds pass, a look each, with nobody answering. */
export function rawWait(rig: RouterRig, seconds: number): Record<string, Seen[]> {
  for (let i = 0; i < seconds; i++) {
    rig.rig.turn(1000);
    rig.rig.turn(1);
    rig.rig.settle();
  }
  return outputs(rig);
}

export function outputs(rig: RouterRig): Record<string, Seen[]> {
  return Object.fromEntries(Object.entries(rig.rig.outputs())
    .map(([name, frames]) => [name, frames.map((frame) => ({ ...parse(frame), frame }))]));
}

/** A frame with ARP in it, from a host to all or, where `to` says so, to one. */
export function arpFrame(
  rig: RouterRig,
  fields: { op: number; from: string; target: string; mac?: string; to?: string; targetMac?: string; vlan?: number },
): Uint8Array {
  const senderMac = fields.mac ?? rig.macOf(fields.from);
  const tag = fields.vlan === undefined ? {} : { vlan: fields.vlan };
  return ether(
    { to: fields.to ?? (fields.op === 1 ? BROADCAST : ROUTER_MAC), from: rig.macOf(fields.from), type: 0x0806, ...tag },
    arp({
      op: fields.op, senderMac, senderIp: fields.from, targetIp: fields.target,
      ...(fields.targetMac === undefined ? {} : { targetMac: fields.targetMac }),
    }),
  );
}

/** What a router knows of an address: its MAC where it has one, "asked" where it has not, undefined where nothing. */
export function neighbor(rig: RouterRig, address: string): string | undefined {
  const { shared } = rig.rig;
  const key = wire(address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0));
  for (const at of recordsOf(shared, layout.NEIGHBOR_SLAB)) {
    if (shared.word(at) !== key || shared.word(at + 4) === 0) continue;
    const mac = shared.bytes.subarray(at + layout.NEIGHBOR_DESTINATION, at + layout.NEIGHBOR_DESTINATION + 6);
    if (mac.every((byte) => byte === 0)) return "asked";
    return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
  }
  return undefined;
}

/** How many neighbors stand in the table, of all interfaces; of several workers' tables, in the fullest. */
export function neighbors(rig: RouterRig): number {
  const { shared } = rig.rig;
  return Math.max(...shared.shards.map((shard) => shared.word(shard + layout.NEIGHBOR_SLAB + layout.SLAB_COUNT)));
}

/** Frames that wait. */
export function waiting(rig: RouterRig): number {
  return rig.rig.counters.waiting();
}
