// What the workloads have in common: the numbers that they draw, from xorshift32 (Marsaglia, Journal of Statistical
// Software 8, 14), so that other programs can make the identical frames, their MACs, and the transmitter.

import {
  QUEUE_SIZE, RING_HEAD, RING_TAIL, WORKERS, WORKER_DIRTY, WORKER_DIRTY_LIST, WORKER_QUEUES, WORKER_SIZE,
} from "../../assembly/layout";

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

/** MAC i: 02:00 and murmur3's finaliser of i + 1. */
export function putMac(at: u32, i: u32): void {
  let h = i + 1;
  h ^= h >> 16;
  h *= 0x85eb_ca6b;
  h ^= h >> 13;
  h *= 0xc2b2_ae35;
  h ^= h >> 16;
  store<u16>(at, 0x0002);
  store<u32>(at, bswap(h), 2);
}

/** Takes what was queued for the first `ports` ports, as a transmitter that is never full. */
export function takeAll(ports: u32): void {
  for (let port: u32 = 0; port < ports; port++) take(WORKERS, port);
  store<u32>(WORKERS, 0, WORKER_DIRTY);
}

/** The same for the ports that a worker has listed, however many there are. */
export function takeListed(worker: u32): void {
  const block = WORKERS + worker * WORKER_SIZE;
  const listed = load<u32>(block, WORKER_DIRTY);
  for (let i: u32 = 0; i < listed; i++) take(block, <u32>load<u16>(block + WORKER_DIRTY_LIST + i * 2));
  store<u32>(block, 0, WORKER_DIRTY);
}

@inline
function take(block: u32, port: u32): void {
  const queue = load<u32>(block, WORKER_QUEUES) + port * QUEUE_SIZE;
  atomic.store<u32>(queue, atomic.load<u32>(queue, RING_HEAD), RING_TAIL);
}
