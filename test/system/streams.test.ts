// Known streams of TCP and UDP between the kernels of machines at every kind of port, tagged and not: switched, routed,
// and translated, outwards and to published ports. Every byte is compared where it arrives. (Every byte of every frame:
// test/streams.)

import { describe, it } from "vitest";
import { shareLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { forwarded, OUTSIDES, TENS, TWENTIES, World, type End } from "./streams-lab.js";

const can = privileged("streams", "ethtool", "python3");

/** Rows of a table, each with seeds of its own. */
const rows = (ends: readonly End[], first: number): [name: string, seed: number, end: End][] =>
  ends.map((end, i) => [end.name, first + 100 * i, end]);

describe.skipIf(!can)("streams of TCP, UDP and segmented UDP", () => {
  let world: World;
  shareLab(async (lab) => { world = await World.begin(lab); });

  it.each(rows(TENS, 0))("are switched from %s (seed %i)", async (_, seed, from) => {
    for (const [i, to] of TENS.entries()) if (to !== from) await world.expectStreams(from, to, seed + i);
  });

  it.each(rows(TENS, 2000))("are routed from %s and back (seed %i)", async (_, seed, from) => {
    for (const [i, to] of TWENTIES.entries()) {
      await world.expectStreams(from, to, seed + i);
      await world.expectStreams(to, from, seed + 50 + i);
    }
  });

  it.each(rows(OUTSIDES, 4000))("are translated to %s, and from there (seed %i)", async (_, seed, outside) => {
    for (const [i, inside] of TENS.entries()) {
      await world.expectStreams(inside, outside, seed + i);
      await world.expectStreams(outside, inside, seed + 50 + i, forwarded(inside, outside));
    }
  });
});
