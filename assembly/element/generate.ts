// Generate: built-in traffic for benchmark runs. UDP over IPv4 (RFC 768, RFC 791) to port 9, discard (RFC 863),
// going round the flows: each has its own source MAC and source port. The payload starts with the number of the
// frame, so that a sink can tell loss from reordering, and is zeros after it.

import {
  BATCH_MAX, DESC_LENGTH, DESC_SIZE, HEADROOM, DESC_PORT, DESC_START, SLOT_SIZE, SOURCES, SOURCE_FLOWS, SOURCE_LEFT,
  SOURCE_LENGTH, SOURCE_MAC, SOURCE_MADE, SOURCE_PACE, SOURCE_SIZE, SOURCE_TAG, SOURCE_TARGET, WORKER_RX,
} from "../layout";
import { mayStart } from "../pace";
import { base, frames } from "../state";
import { DESTINATION, HEADER_SIZE, MACS_SIZE, SOURCE, TAG_SIZE } from "../wire/ethernet";
import { IPV4_SIZE, PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE, putHeader, putUdp } from "../wire/ipv4";

const FIRST_PORT: u32 = 1024;
const DISCARD: u32 = 9;
const NETWORK: u32 = 0xc612_0000; // 198.18.0.0/15, benchmarking (RFC 2544)
const TARGET: u32 = 0xc613_0001;
const IMIX: u32 = 0;
const FLOW_SHIFT: u64 = 24; // flows count up at the end of the source MAC, in three bytes of which two are used

/** Makes up to `most` frames of a port in the RX descriptors from `first` on; returns how many. */
export function generate(port: u32, first: u32, most: u32): u32 {
  const source = SOURCES + port * SOURCE_SIZE;
  let made: u32 = 0;
  while (made < most && first + made < BATCH_MAX && load<f64>(source, SOURCE_LEFT) > 0) {
    const length = nextLength(source);
    if (!mayStart(source + SOURCE_PACE, length)) break;
    const desc = base + WORKER_RX + (first + made) * DESC_SIZE;
    build(source, frames + load<u32>(desc) * SLOT_SIZE + HEADROOM, length);
    store<u32>(desc, length, DESC_LENGTH);
    store<u16>(desc, <u16>port, DESC_PORT);
    store<u8>(desc, HEADROOM, DESC_START);
    store<f64>(source, load<f64>(source, SOURCE_LEFT) - 1, SOURCE_LEFT);
    store<f64>(source, load<f64>(source, SOURCE_MADE) + 1, SOURCE_MADE);
    made++;
  }
  return made;
}

function nextLength(source: u32): u32 {
  const fixed = load<u32>(source, SOURCE_LENGTH);
  if (fixed != IMIX) return fixed;
  const turn = <u32>(<u64>load<f64>(source, SOURCE_MADE) % 12);
  return turn < 7 ? 60 : turn < 11 ? 590 : 1514;
}

function build(source: u32, at: u32, length: u32): void {
  const number = <u64>load<f64>(source, SOURCE_MADE);
  const flow = <u32>(number % load<u32>(source, SOURCE_FLOWS));
  memory.fill(at, 0, length);
  store<u64>(at, load<u64>(source, SOURCE_TARGET), DESTINATION);
  store<u64>(at, load<u64>(source, SOURCE_MAC) + (<u64>bswap(flow << 8) << FLOW_SHIFT), SOURCE);
  const tag = load<u32>(source, SOURCE_TAG);
  store<u32>(at, tag, MACS_SIZE);
  const header = HEADER_SIZE + (tag ? TAG_SIZE : 0);
  store<u16>(at + header - 2, TYPE_IPV4);
  putHeader(at + header, length - header, PROTOCOL_UDP, bswap<u32>(NETWORK + 1 + flow), bswap<u32>(TARGET));
  putUdp(at + header + IPV4_SIZE, length - header - IPV4_SIZE, FIRST_PORT + flow % 60000, DISCARD);
  const payload = header + IPV4_SIZE + UDP_SIZE;
  if (length >= payload + 8) store<u64>(at + payload, bswap<u64>(number));
}
