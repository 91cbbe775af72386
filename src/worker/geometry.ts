// Where a worker's poller finds its part of the memory: the memory map in the addon's terms.

import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import type { Geometry } from "../port/addon.js";

export function geometryOf(shared: SharedMemory, worker: number): Geometry {
  const block = layout.WORKERS + worker * layout.WORKER_SIZE;
  return {
    rx: block + layout.WORKER_RX,
    rxMax: layout.BATCH_MAX,
    slots: shared.word(layout.HEADER_FRAMES),
    slotSize: layout.SLOT_SIZE,
    slotCount: shared.word(layout.HEADER_WORKERS) * layout.SLOTS_PER_WORKER,
    headroom: layout.HEADROOM,
    frameMax: layout.FRAME_MAX,
    dirtyCount: block + layout.WORKER_DIRTY,
    dirtyList: block + layout.WORKER_DIRTY_LIST,
    queues: shared.queue(worker, 0),
    queueSize: layout.QUEUE_SIZE,
    ringSize: layout.RING_SIZE,
    portsMax: layout.PORTS_MAX,
    cuts: layout.CUTS,
    pipeSize: layout.PIPE_SIZE,
  };
}
