// What the workloads have in common: the numbers that they draw, from xorshift32 (Marsaglia, Journal of Statistical
// Software 8, 14), so that other programs can make the identical frames, and the transmitter.

import { QUEUES, QUEUE_SIZE, RING_HEAD, RING_TAIL, WORKERS, WORKER_DIRTY } from "../../assembly/layout";

const SEED: u32 = 0x1234_5678;

let random: u32 = SEED;

/** Begins anew. */
export function seed(): void {
  random = SEED;
}

export function draw(): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random;
}

/** Bytes of a frame of the mix 7 × 60, 4 × 590, 1 × 1514. */
export function drawLength(): u32 {
  const r = draw() % 12;
  return r < 7 ? 60 : r < 11 ? 590 : 1514;
}

/** Takes what was queued for the first `ports` ports, as a transmitter that is never full. */
export function takeAll(ports: u32): void {
  for (let port: u32 = 0; port < ports; port++) {
    const queue = QUEUES + port * QUEUE_SIZE;
    atomic.store<u32>(queue, atomic.load<u32>(queue, RING_HEAD), RING_TAIL);
  }
  store<u32>(WORKERS, 0, WORKER_DIRTY);
}
