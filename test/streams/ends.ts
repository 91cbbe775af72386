// Every way to be at a port: its kind, with offloads or without, and how its frames stand on the wire. Owns the table
// of them, and a machine at each, which gives frames to its port and takes what comes out.

import { expect } from "vitest";
import { access, trunk, type PortSpec, type Rig } from "../core/rig.js";
import { ether } from "../router/packet.js";
import { leave, NOTHING_LEFT, packetsIn, type Piece } from "./stream.js";

export interface Kind {
  name: string;
  spec: PortSpec;
}

export const KINDS: readonly Kind[] = [
  { name: "tap", spec: { attachment: { kind: "tap", name: "t" }, offload: true } },
  { name: "tap without offloads", spec: { attachment: { kind: "tap", name: "t" } } },
  { name: "interface", spec: { attachment: { kind: "interface", name: "i" } } },
  { name: "stream", spec: { attachment: { kind: "stream", path: "/s", connect: false } } },
  { name: "memory", spec: { attachment: { kind: "memory" } } },
];

const MEMBERSHIPS = {
  access: (vid: number) => access(vid),
  trunk: (vid: number) => trunk([vid]),
  native: (vid: number) => trunk([vid, 999], vid),
};

/** A machine at a port. */
export interface End {
  /** Of its port, told in words. */
  name: string;
  spec: PortSpec;
  /** The VLAN tag that its frames carry, both ways. */
  vlan?: number;
  number: number;
}

/** A machine at each kind of port, in each way to belong to a VLAN. */
export function endsOn(vid: number): End[] {
  const ways = Object.entries(MEMBERSHIPS);
  return KINDS.flatMap(({ name, spec }, i) => ways.map(([way, vlan], j): End => ({
    name: `${name}, ${way} ${vid}`, spec: { ...spec, vlan: vlan(vid) }, number: i * ways.length + j,
    ...(way === "trunk" ? { vlan: vid } : {}),
  })));
}

/** Hands a frame over to the port as the machine behind it does. */
export function give(rig: Rig, end: End, macs: { to: string; from: string }, packet: Uint8Array, piece: Piece): void {
  const { name, spec, vlan } = end;
  const tag = vlan === undefined ? {} : { vlan };
  const { frame, header } = leave(ether({ ...macs, ...tag }, packet), vlan !== undefined, piece);
  const { pipe } = rig.end(name);
  if (pipe) expect(pipe.send(frame)).toBe(true);
  else if (spec.offload) rig.injectBehind(name, header, frame);
  else rig.inject(name, frame);
}

/** The packets that came out of the port in frames, as the machine behind it has them; the frames are its own. */
export function taken(rig: Rig, end: End, macs: { to: string; from: string }, frames: readonly Uint8Array[]): string[] {
  return frames.flatMap((frame) => {
    const at = end.vlan === undefined ? 14 : 18;
    const header = rig.headerOf(frame);
    if (!end.spec.offload) expect(hex(header ?? NOTHING_LEFT), "for a port that takes none").toBe(hex(NOTHING_LEFT));
    const tag = end.vlan === undefined ? {} : { vlan: end.vlan };
    expect(hex(frame.subarray(0, at))).toBe(hex(ether({ ...macs, ...tag }, new Uint8Array(0))));
    return packetsIn(frame, at, header).map(hex);
  });
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
