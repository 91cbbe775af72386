// The workloads of benchmark runs, in the same memory as the core: generators that write the headers of each frame
// just before it is processed, as a read() would leave them, and a transmitter that takes everything. Here the
// switch's (that of a router is napt.ts, that of growth and workers spread.ts). Eight ports: 0-3 access ports of VLANs
// 10-13, 4-7 trunks of all four; every MAC lives on one port in one VLAN; sources and destinations are drawn so that
// they share a VLAN and never a port.

import {
  DESC_LENGTH, DESC_SIZE, HEADER_FRAMES, HEADROOM, DESC_PORT, DESC_START, SLOT_SIZE, WORKERS, WORKER_RX,
} from "../../assembly/layout";
import { draw, drawLength, putMac, seed, takeAll } from "./draw";

export { generateNapt, generateNew, introduceNapt, recordSession, resetNapt } from "./napt";
export { generateSpread, introduceSpread, placeSpread, resetSpread, transmitSpread } from "./spread";

const PORTS: u32 = 8;
const FIRST_VID: u32 = 10;

let macs: u32 = 0;
let imix: bool = false;

/** Begins anew: the number of MACs, a multiple of 32; frames of 60 bytes, or the mix 7 × 60, 4 × 590, 1 × 1514. */
export function reset(entries: u32, mixed: bool): void {
  seed();
  macs = entries;
  imix = mixed;
}

/** Writes `count` frames into the RX descriptors of worker 0. */
export function generate(count: u32): void {
  const frames = load<u32>(HEADER_FRAMES);
  for (let k: u32 = 0; k < count; k++) {
    const source = draw() % macs;
    const target = drawTarget(source);
    put(frames, k, source, target);
  }
}

/** Writes one frame from each of the MACs `first` to `first + count`, to itself: the switch learns them. */
export function introduce(first: u32, count: u32): void {
  for (let k: u32 = 0; k < count; k++) put(load<u32>(HEADER_FRAMES), k, first + k, first + k);
}

/** Takes what was queued, as a transmitter that is never full. */
export function transmit(): void {
  takeAll(PORTS);
}

@inline
function vlanIndex(mac: u32): u32 {
  return mac % PORTS < 4 ? mac % PORTS : (mac >> 3) & 3;
}

function drawTarget(source: u32): u32 {
  const port = source % PORTS;
  const vlan = vlanIndex(source);
  const r = draw();
  if (port >= 4 && (r & 1) == 0) return ((r >> 1) % (macs / PORTS)) * PORTS + vlan;
  const row = (r >> 1) % (macs / 32);
  const trunk = port < 4 ? 4 + (r >> 30) : 4 + ((port - 3 + (r >> 30) % 3) & 3);
  return (row * 4 + vlan) * PORTS + trunk;
}

function put(frames: u32, index: u32, source: u32, target: u32): void {
  const desc = WORKERS + WORKER_RX + index * DESC_SIZE;
  const at = frames + load<u32>(desc) * SLOT_SIZE + HEADROOM;
  const port = source % PORTS;
  putMac(at, target);
  putMac(at + 6, source);
  if (port < 4) {
    store<u16>(at, 0x0008, 12);
    store<u32>(at, 0, 14);
  } else {
    store<u16>(at, 0x0081, 12);
    store<u16>(at, bswap<u16>(<u16>(FIRST_VID + vlanIndex(source))), 14);
    store<u16>(at, 0x0008, 16);
  }
  store<u32>(desc, imix ? drawLength() : 60, DESC_LENGTH);
  store<u16>(desc, <u16>port, DESC_PORT);
  store<u8>(desc, HEADROOM, DESC_START);
}
