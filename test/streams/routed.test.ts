// Known streams of TCP and UDP through a router, from every kind of port to every other, tagged and not; and
// translated, through an uplink of every kind, outwards and back: every byte that arrives and every checksum is what
// the sender meant. Read first: stream.ts, ends.ts, test/router/rig.ts.

import { describe, expect, it } from "vitest";
import { endpoint } from "../router/packet.js";
import { ROUTER_MAC, RouterRig } from "../router/rig.js";
import { KINDS, endsOn, give, hex, taken, type End } from "./ends.js";
import { PROTOCOLS, handedOver, packetsOf, piecesOf, type Piece, type Protocol } from "./stream.js";

const OUTSIDE = "203.0.113.2";
const REMOTE = "198.51.100.9:53";
const [TENS, TWENTIES] = [endsOn(10), endsOn(20)] as [End[], End[]];
const UPLINKS = KINDS.map(({ name, spec }, i): [string, End] => [name, { name: "up", spec, number: 100 + i }]);

const TTL = 64;
const addressOf = (vid: number, { number }: End): string => `10.0.${vid}.${100 + number}`;
const socketOf = (vid: number, end: End): string => `${addressOf(vid, end)}:${5000 + end.number}`;

/** Puts machines at ports of their own into a router's network. */
function settle(rig: RouterRig, vid: number, ends: readonly End[]): void {
  for (const end of ends) {
    rig.rig.addPort(end.name, end.spec);
    rig.places.set(addressOf(vid, end), end.name);
  }
}

/** MAC of the machine to which frames for an address go. */
function hopTo(rig: RouterRig, address: string): string {
  return rig.macOf(rig.wireOf(address) === "up" ? "203.0.113.1" : address);
}

interface Way {
  protocol: Protocol;
  from: End;
  to: End;
  /** Endpoints as the sender sees them, and, where a router translates, as the receiver does. */
  sent: { from: string; to: string };
  seen: { from: string; to: string };
}

/** Sends a stream to the router, and checks what the machine at the other end has of it. */
function expectStream(rig: RouterRig, { protocol, from, to, sent, seen }: Way, pieces: readonly Piece[]): void {
  const wanted = packetsOf(protocol, pieces, { ...seen, ttl: TTL - 1 }).flat().map(hex);
  const [source, destination] = [endpoint(sent.from).address, endpoint(seen.to).address];
  handedOver(protocol, pieces, { ...sent, ttl: TTL }).forEach((packet, i) =>
    give(rig.rig, from, { to: ROUTER_MAC, from: hopTo(rig, source) }, packet, pieces[i]!));
  const { [to.name]: frames = [], ...others } = rig.sendFrame(from.name);
  expect(others).toEqual({});
  const macs = { to: hopTo(rig, destination), from: ROUTER_MAC };
  expect(taken(rig.rig, to, macs, frames.map(({ frame }) => frame)), `to ${to.name}`).toEqual(wanted);
}

/** The same stream for the same ends. */
function piecesBetween(from: End, to: End): Piece[] {
  return piecesOf(from.number * 1000 + to.number, from.spec.offload === true);
}

describe.each(PROTOCOLS)("a stream of %s", (protocol) => {
  it.each(TENS.map((end) => [end.name, end] as const))("arrives routed from %s", (_, from) => {
    const rig = new RouterRig({ uplink: false });
    settle(rig, 10, [from]);
    settle(rig, 20, TWENTIES);
    for (const to of TWENTIES) {
      const sockets = { from: socketOf(10, from), to: socketOf(20, to) };
      expectStream(rig, { protocol, from, to, sent: sockets, seen: sockets }, piecesBetween(from, to));
    }
  });

  it.each(UPLINKS)("arrives translated through an uplink of kind %s, and back", (_, up) => {
    const rig = new RouterRig();
    rig.rig.removePort("up");
    rig.rig.addPort("up", { on: "edge", ...up.spec });
    settle(rig, 10, TENS);
    for (const end of TENS) {
      const [inside, outside] = [socketOf(10, end), `${OUTSIDE}:${5000 + end.number}`];
      const out = { sent: { from: inside, to: REMOTE }, seen: { from: outside, to: REMOTE } };
      expectStream(rig, { protocol, from: end, to: up, ...out }, piecesBetween(end, up));
      const back = { sent: { from: REMOTE, to: outside }, seen: { from: REMOTE, to: inside } };
      expectStream(rig, { protocol, from: up, to: end, ...back }, piecesBetween(up, end));
    }
  });
});
