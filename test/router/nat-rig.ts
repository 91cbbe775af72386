// Words for tests of translation: what became of a packet as one line, such as `203.0.113.2:1000 > 198.51.100.9:53` or
// the reason for which it was dropped; every packet that leaves is checked to be right. Owns the usual endpoints.

import { expect } from "vitest";
import type { Outcome } from "../model/nat.js";
import { parseIp, tcp, udp, type Parsed } from "./packet.js";
import type { RouterRig } from "./rig.js";

/** Inside endpoints, the router's outside address, and remotes. */
export const A = "10.0.10.5:1000";
export const B = "10.0.10.6:1000";
export const C = "10.0.20.7:1000";
export const OUT = "203.0.113.2";
export const R = "198.51.100.9:53";
export const R2 = "198.51.100.9:54";
export const S = "198.51.100.10:53";

export const dgram = (from: string, to: string, payload = "x") => udp({ from, to, payload });
export const seg = (from: string, to: string, flags: string, more: object = {}) => tcp({ from, to, flags, ...more });

/** Seconds for which a session may live beyond its time: it is not renewed with every packet. */
export const GRACE = 5;

/** What left, read; it is right. Fails where nothing left. */
export function seen(outcome: Outcome): Parsed {
  if (outcome.kind !== "forward") throw new Error(`nothing left: ${JSON.stringify(outcome)}`);
  const parsed = parseIp(outcome.packet);
  expect(parsed.faults).toEqual([]);
  return parsed;
}

/** An outcome as one line. */
export function said(outcome: Outcome): string {
  if (outcome.kind === "drop") return outcome.reason;
  if (outcome.kind === "local") return "local";
  const { ip, udp: datagram, tcp: segment, icmp } = seen(outcome);
  const ports = datagram ?? segment;
  if (ports) return `${ports.from} > ${ports.to}`;
  return icmp ? `${ip!.from} > ${ip!.to} icmp ${icmp.type} ${icmp.id ?? ""}`.trim() : `${ip!.from} > ${ip!.to}`;
}

/** The port at which a datagram or segment left. */
export function portOf(outcome: Outcome): number {
  const { udp: datagram, tcp: segment } = seen(outcome);
  return Number((datagram ?? segment)!.from.split(":")[1]);
}

/** Opens a connection from inside that keeps its port: SYN, SYN+ACK, ACK; both sides are at 1001 then. */
export function connect(rig: RouterRig, inside = A, remote = R): void {
  const outside = `${OUT}:${inside.split(":")[1]}`;
  rig.outbound(seg(inside, remote, "S", { seq: 1000 }));
  rig.inbound(seg(remote, outside, "SA", { seq: 1000, ack: 1001 }));
  rig.outbound(seg(inside, remote, "A", { seq: 1001, ack: 1001 }));
}
