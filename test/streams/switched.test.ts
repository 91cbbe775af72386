// Known streams of TCP and UDP through a switch, from every kind of port to every other, tagged and not: every byte
// that arrives and every checksum is what the sender meant. Read first: stream.ts, ends.ts.

import { describe, expect, it } from "vitest";
import { testMac } from "../model/frames.js";
import { Rig } from "../core/rig.js";
import { endsOn, give, hex, taken, type End } from "./ends.js";
import { PROTOCOLS, handedOver, packetsOf, piecesOf } from "./stream.js";

const VID = 10;
const ENDS = endsOn(VID);

const mac = ({ number }: End): string => testMac(number + 1);
const endpoint = ({ number }: End): string => `10.0.10.${number + 1}:${5000 + number}`;

function makeRig(): Rig {
  return new Rig(Object.fromEntries(ENDS.map((end) => [end.name, { ...end.spec, macs: [mac(end)] }])));
}

describe.each(PROTOCOLS)("a stream of %s", (protocol) => {
  it.each(ENDS.map((end) => [end.name, end] as const))("arrives from %s", (_, from) => {
    const rig = makeRig();
    for (const to of ENDS.filter((end) => end !== from)) {
      const pieces = piecesOf(from.number * ENDS.length + to.number, from.spec.offload === true);
      const macs = { to: mac(to), from: mac(from) };
      const route = { from: endpoint(from), to: endpoint(to), ttl: 64 };
      const wanted = packetsOf(protocol, pieces, route).flat().map(hex);
      handedOver(protocol, pieces, route).forEach((packet, i) => give(rig, from, macs, packet, pieces[i]!));
      rig.settle();
      const { [to.name]: frames = [], ...others } = rig.outputs();
      expect(others).toEqual({});
      expect(taken(rig, to, macs, frames), `to ${to.name}`).toEqual(wanted);
    }
  });
});
