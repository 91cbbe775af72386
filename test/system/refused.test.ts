// A device of the host that refuses frames: for good, because the host's egress policy drops them, or for a moment,
// because its queueing discipline is full. What it refuses for good must cost nobody else a frame (a Linux bridge and
// Open vSwitch drop the one frame and go on); what it refuses for a moment must not be lost. native/refusals.h.

import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon, Rig } from "../native/rig.js";
import { frame, isOurs } from "./experiment.js";
import { inNamespace } from "./namespace.js";

const OUT = 1;
const IN = 2;
const QUEUE_FULL = 3;
const REFUSED = 0x99; // the first byte of a frame's payload that the policy drops

const run = (command: string) => execFileSync("sh", ["-ec", command], { encoding: "utf8" });
const refused = (length: number): Buffer => frame(length, REFUSED - 14 * 13);

const addon = loadAddon("devices that refuse frames")!;

describe.skipIf(!addon)("devices that refuse frames", () => inNamespace(import.meta.url, () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig(addon);
    run("ip link add out type veth peer name in && ip link set out up && ip link set in up");
    for (const [port, name] of [[OUT, "out"], [IN, "in"]] as const) {
      rig.poller.attach(port, "packet", addon.openPacket(name).fd, 0, -1);
      rig.until(port, "up");
    }
  });
  afterEach(() => {
    rig.poller.close();
    run("ip link delete out; nft flush ruleset");
  });

  /** Makes the host drop what leaves with that first byte. */
  function dropAtEgress(): void {
    run(`nft add table netdev t
      nft add chain netdev t c '{ type filter hook egress device out priority 0; policy accept; }'
      nft add rule netdev t c @ll,112,8 ${REFUSED} drop`);
  }

  /** Sends frames until none of them waits, and what of them arrives is there. Returns that. */
  function deliver(frames: Buffer[], count: number): Buffer[] {
    for (const bytes of frames) rig.send(OUT, bytes);
    const came: Buffer[] = [];
    rig.turnUntil((turn) => {
      came.splice(0, came.length, ...turn.frames.filter(({ port }) => port === IN).map(({ bytes }) => bytes)
        .filter(isOurs));
      return came.length >= count && rig.waiting(OUT) === 0;
    });
    return came;
  }

  const failures = (count: number) => Array.from({ length: count }, (_, i) => rig.failure(OUT, count - 1 - i));

  it("lose the frames that a policy refuses, and none of those behind them", () => {
    dropAtEgress();
    const allowed = Array.from({ length: 100 }, (_, i) => frame(60 + i, 1));
    const all = allowed.flatMap((bytes) => [bytes, refused(bytes.length)]);
    expect(deliver(all, allowed.length)).toEqual(allowed);
    expect(failures(all.length)).toEqual(allowed.flatMap(() => [undefined, QUEUE_FULL]));
    expect(deliver(allowed, allowed.length)).toEqual(allowed);
  });

  it("lose one that nothing stands behind after a few tries, for which nobody spins", () => {
    dropAtEgress();
    rig.send(OUT, refused(60));
    let turns = 0;
    while (rig.waiting(OUT) > 0 && turns < 100) {
      rig.turn(1000);
      turns++;
    }
    expect(turns).toBeLessThan(20);
    expect(rig.failure(OUT)).toBe(QUEUE_FULL);
  });

  it("lose all where all is refused, at a pace that keeps the queue empty", () => {
    dropAtEgress();
    for (let i = 0; i < 250; i++) rig.send(OUT, refused(60));
    rig.turnUntil(() => rig.waiting(OUT) === 0);
    expect(failures(250)).toEqual(Array(250).fill(QUEUE_FULL));
  });

  it("lose nothing where they are full for a moment, and still only what a policy refuses", () => {
    run("tc qdisc add dev out root tbf rate 8mbit burst 2000 limit 3000"); // 1 ms a frame, two of which may wait
    const frames = Array.from({ length: 30 }, (_, i) => frame(1000, i));
    expect(deliver(frames, frames.length)).toEqual(frames);
    dropAtEgress();
    expect(deliver([...frames, refused(1000), ...frames], 2 * frames.length)).toEqual([...frames, ...frames]);
    expect(failures(61)).toEqual([...frames.map(() => undefined), QUEUE_FULL, ...frames.map(() => undefined)]);
  });
}, "nft", "tc"));
