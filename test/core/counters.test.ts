// Counters are read while workers count.

import { expect, it } from "vitest";
import { Reason } from "../../assembly/reason.js";
import { Counters } from "../../src/core/counters.js";
import * as layout from "../../src/core/layout.js";
import { SharedMemory } from "../../src/core/memory.js";

const PORT = 3;

/** A memory in which a frame enters and is dropped before each read of a counter. */
function busyMemory(): SharedMemory {
  const shared = SharedMemory.create({ workers: 1, pipes: 1, fdbCapacity: 64, natCapacity: 1024 });
  const at = layout.COUNTERS + PORT * layout.COUNTER_PORT_SIZE;
  const places = [layout.COUNTER_RX, layout.COUNTER_DROPS_IN + Reason.vlan * 8].map((offset) => (at + offset) >>> 3);
  const { longs } = shared;
  return Object.create(shared, {
    longs: {
      get: () => {
        for (const place of places) longs[place]! += 1n;
        return longs;
      },
    },
  }) as SharedMemory;
}

it("never tells of more frames that went nowhere than of frames that entered", () => {
  const { rx, dropsIn } = new Counters(busyMemory()).port(PORT);
  expect(dropsIn.vlan).toBeGreaterThan(0);
  expect(rx.frames).toBeGreaterThanOrEqual(dropsIn.vlan!);
});
