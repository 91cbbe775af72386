// Reads the counters that the workers keep, summed over them. Writes nothing.

import * as layout from "./layout.js";
import { Reason, REASON_COUNT } from "../../assembly/reason.js";
import type { Drops, FrameCount } from "../api.js";
import type { SharedMemory } from "./memory.js";

/** The names of the drop reasons as users see them, by id: `queue-full`, … */
export const REASON_NAMES: readonly string[] = Array.from({ length: REASON_COUNT }, (_, id) =>
  Reason[id]!.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`));

export interface PortCounters {
  rx: FrameCount;
  tx: FrameCount;
  copies: number;
  merged: number;
  dropsIn: Drops;
  dropsOut: Drops;
  queued: number;
}

export class Counters {
  /** One sum of what ports that are no more have counted. */
  readonly retired: PortCounters[] = [];

  constructor(readonly shared: SharedMemory) {}

  /** What a port has counted since it was made. `queued`: frames that wait for its transmitter. */
  port(port: number): PortCounters {
    const at = port * layout.COUNTER_PORT_SIZE;
    const dropsIn = this.#drops(at + layout.COUNTER_DROPS_IN); // first: each of these has been counted as rx already
    return {
      rx: this.#pair(at + layout.COUNTER_RX),
      tx: this.#pair(at + layout.COUNTER_TX),
      copies: this.#sum(at + layout.COUNTER_COPIES),
      merged: this.#sum(at + layout.COUNTER_MERGED),
      dropsIn,
      dropsOut: this.#drops(at + layout.COUNTER_DROPS_OUT),
      queued: this.#queued(port),
    };
  }

  /** Sets a port's counters back to 0, for one that takes over its index; what they said stays in the totals. */
  retire(port: number): void {
    this.retired.push(this.port(port));
    for (let worker = 0; worker < this.shared.word(layout.HEADER_WORKERS); worker++) {
      const at = layout.COUNTERS + worker * layout.COUNTERS_SIZE + port * layout.COUNTER_PORT_SIZE;
      this.shared.longs.fill(0n, at >>> 3, (at + layout.COUNTER_PORT_SIZE) >>> 3);
    }
    this.retired.splice(0, this.retired.length, this.retired.reduce(addCounters));
  }

  /** What entered a domain. */
  domain(domain: number): FrameCount {
    return this.#pair(layout.COUNTER_DOMAINS + domain * layout.COUNTER_DOMAIN_SIZE);
  }

  /** Frames on their way from one worker to another. */
  lent(): number {
    const workers = this.shared.word(layout.HEADER_WORKERS);
    let lent = 0;
    for (let from = 0; from < workers; from++) {
      for (let to = 0; to < workers; to++) {
        const lane = layout.LANES + (from * layout.WORKERS_MAX + to) * layout.LANE_SIZE;
        lent += (this.shared.word(lane + layout.RING_NEXT) - this.shared.word(lane + layout.RING_TAIL)) >>> 0;
      }
    }
    return lent;
  }

  /** Frames that wait in routers: for a neighbor's answer, or a first fragment. */
  waiting(): number {
    return this.shared.shards.reduce((sum, shard) => (
      sum + this.shared.word(shard + layout.PENDING_SLAB + layout.SLAB_COUNT)
    ), 0);
  }

  #queued(port: number): number {
    let queued = 0;
    for (let worker = 0; worker < this.shared.word(layout.HEADER_WORKERS); worker++) {
      const ring = this.shared.queue(worker, port);
      queued += (this.shared.word(ring + layout.RING_NEXT) - this.shared.word(ring + layout.RING_CLEAN)) >>> 0;
    }
    return queued;
  }

  #pair(at: number): FrameCount {
    return { frames: this.#sum(at), bytes: this.#sum(at + 8) };
  }

  #drops(at: number): Drops {
    const drops: Drops = {};
    for (const [id, name] of REASON_NAMES.entries()) {
      const count = this.#sum(at + id * 8);
      if (count) drops[name] = count;
    }
    return drops;
  }

  #sum(at: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.shared.word(layout.HEADER_WORKERS); worker++) {
      sum += Number(this.shared.longs[(layout.COUNTERS + worker * layout.COUNTERS_SIZE + at) >>> 3]);
    }
    return sum;
  }
}

/** Two counts as one. */
export function addCounters(a: PortCounters, b: PortCounters): PortCounters {
  return {
    rx: addCount(a.rx, b.rx),
    tx: addCount(a.tx, b.tx),
    copies: a.copies + b.copies,
    merged: a.merged + b.merged,
    dropsIn: addDrops(a.dropsIn, b.dropsIn),
    dropsOut: addDrops(a.dropsOut, b.dropsOut),
    queued: a.queued + b.queued,
  };
}

export function addDrops(a: Drops, b: Drops): Drops {
  const sum = { ...a };
  for (const [reason, count] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

function addCount(a: FrameCount, b: FrameCount): FrameCount {
  return { frames: a.frames + b.frames, bytes: a.bytes + b.bytes };
}
