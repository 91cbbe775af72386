// The workload of growth: the same traffic over any number of MACs, ports and VLANs, so that a plot shows what each of
// them costs. MAC m lives on port m % ports, in VLAN 1 + m / ports % vlans. A worker's frames come from its own ports,
// which are every workers-th, and go to the ports of the worker that is `reach` further (0: its own), or to any.

import {
  DESC_LENGTH, DESC_PORT, DESC_SIZE, DESC_START, HEADER_FRAMES, HEADROOM, SLOT_SIZE, WORKERS, WORKER_RX, WORKER_SIZE,
} from "../../assembly/layout";
import { draw, putMac, seed, takeListed } from "./draw";

const LENGTH: u32 = 60;
const UDP_PORT: u32 = 53;

let macs: u32 = 0;
let ports: u32 = 0;
let vlans: u32 = 0;
let self: u32 = 0;
let workers: u32 = 0;
let reach: u32 = 0;

/** Begins anew: `entries`, a multiple of `inPorts` × `inVlans`, live on at least two ports of each worker. */
export function resetSpread(entries: u32, inPorts: u32, inVlans: u32): void {
  seed();
  macs = entries;
  ports = inPorts;
  vlans = inVlans;
}

/** Says which worker this is, of how many, and how far its frames go; as far as there are workers: to any port. */
export function placeSpread(worker: u32, ofWorkers: u32, far: u32): void {
  self = worker;
  workers = ofWorkers;
  reach = far;
}

/** Writes `count` frames into the RX descriptors of this worker. */
export function generateSpread(count: u32): void {
  const each = ports / workers; // a worker's ports
  const rows = macs / ports;
  for (let k: u32 = 0; k < count; k++) {
    const place = draw() % each;
    const row = draw() % rows;
    const vlan = row % vlans;
    const to = reach < workers ? (self + reach) % workers : draw() % workers;
    const away = to == self ? (place + 1 + draw() % (each - 1)) % each : draw() % each; // never where it came from
    const targetRow = vlan + vlans * (draw() % (rows / vlans));
    const target = targetRow * ports + away * workers + to;
    put(k, row * ports + place * workers + self, target, vlan);
  }
}

/** Writes one frame from each of this worker's MACs `first` to `first + count`, to itself: the switch learns them. */
export function introduceSpread(first: u32, count: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    const mac = (first + k) * workers + self;
    put(k, mac, mac, mac / ports % vlans);
  }
}

/** Takes what was queued, as a transmitter that is never full. */
export function transmitSpread(): void {
  takeListed(self);
}

/** Frames of one VLAN are untagged, those of more are tagged. */
function put(index: u32, source: u32, target: u32, vlan: u32): void {
  const desc = WORKERS + self * WORKER_SIZE + WORKER_RX + index * DESC_SIZE;
  const at = load<u32>(HEADER_FRAMES) + load<u32>(desc) * SLOT_SIZE + HEADROOM;
  putMac(at, target);
  putMac(at + 6, source);
  if (vlans > 1) {
    store<u32>(at, 0x81 | (<u32>bswap<u16>(<u16>(vlan + 1)) << 16), 12);
    putPacket(at + 16);
  } else {
    putPacket(at + 12);
  }
  store<u32>(desc, LENGTH, DESC_LENGTH);
  store<u16>(desc, <u16>(source % ports), DESC_PORT);
  store<u8>(desc, HEADROOM, DESC_START);
}

/** As much of a UDP packet as a capture filter looks at, with its EtherType. */
@inline
function putPacket(at: u32): void {
  store<u64>(at, 0x0000_0000_0045_0008);
  store<u64>(at, 0x0000_1140_0000_0000, 6);
  store<u64>(at, 0x0100_000a_0200_000a, 14);
  store<u32>(at, bswap<u16>(<u16>UDP_PORT), 22);
}
