// Route: frames whose destination is an interface of a router leave it towards their next hop, translated where there is
// a flow that says so. The plain packet of a flow that is known goes the fast way here, in three loops over the
// batch: parse and hash; load what the hash points to, which hides the cache's misses; look up and rewrite. All else
// goes to router/receive.ts. Frames keep their places in the batch, and so their order.

import {
  BATCH_MAX, FLAG_ROUTER, ITEM_INNER, ITEM_LENGTH, ITEM_POP_MASK, ITEM_SHAPE, ITEM_SIZE, ITEM_SLOT, PORTS, PORTS_MAX,
  PORT_FLAGS, PORT_SIZE, PORT_WORKER, POP_SHIFT, SLOT_SIZE, START_SHIFT, WORKER_ITEMS,
} from "../layout";
import {
  BUCKET_NUMBERS, BUCKET_SIZE, HALF_ACK, HALF_ADDRESSES, HALF_DELTA_IP, HALF_DELTA_L4, HALF_EXPIRES, HALF_KEY,
  HALF_NEIGHBOR, HALF_PORTS, HALF_RENEW, HALF_SIZE, HALF_WINDOW, INTERFACES, INTERFACE_MTU, INTERFACE_SCOPE,
  INTERFACE_SIZE, NEIGHBOR_DESTINATION, NEIGHBOR_PORT, NEIGHBOR_USED, NUMBER_MASK, PARSED_BUCKET, PARSED_FINGERPRINT,
  PARSED_HALF, PARSED_PACKET, PARSED_SIZE, WORKER_PARSED, WORKER_ROUTED,
} from "../layout-router";
import { countTx } from "../counters";
import { isOwn } from "../pool";
import { leave } from "../router/leave";
import { receive } from "../router/receive";
import { base, flowBuckets, flowShift, flows, frames, hashSeed, hashSeedOther, self, ticks } from "../state";
import { hashOf, match } from "../table/hash";
import { verdictOf } from "../verdict";
import { sumOf20, updated, updatedUdp } from "../wire/checksum";
import { HEADER_SIZE, TYPE, isGroup } from "../wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_CHECKSUM, IP_FRAGMENT, IP_PROTOCOL, IP_SOURCE, IP_TOTAL, IP_TTL, PROTOCOL_TCP,
  PROTOCOL_UDP, TYPE_IPV4, UDP_SIZE, VERSION_IHL, load16,
} from "../wire/ipv4";
import {
  FIN, RST, SYN, TCP_ACK, TCP_CHECKSUM, TCP_FLAGS, TCP_OFFSET, TCP_SIZE, TCP_WINDOW, UDP_CHECKSUM, UDP_LENGTH,
} from "../wire/l4";

/** Where sums of what was only touched are kept: behind what is parsed. */
const KEPT: u32 = WORKER_PARSED + BATCH_MAX * PARSED_SIZE;

export function route(count: u32): void {
  const routed = listRouted(count);
  if (routed == 0) return;
  parse(routed);
  touchBuckets(routed);
  findHalves(routed);
  for (let i: u32 = 0; i < routed; i++) {
    const place = placeOf(i);
    const half = load<u32>(base + WORKER_PARSED + i * PARSED_SIZE, PARSED_HALF);
    if (half == 0 || !translate(i, place, half)) receive(place, verdictOf(place));
  }
}

@inline
function placeOf(i: u32): u32 {
  return <u32>load<u16>(base + WORKER_ROUTED + i * 2);
}

/** Lists the items that are for interfaces of routers on this worker; the others go to their worker as frames do. */
function listRouted(count: u32): u32 {
  let routed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const port = min<u32>(verdictOf(i), PORTS_MAX);
    const record = PORTS + port * PORT_SIZE;
    store<u16>(base + WORKER_ROUTED + routed * 2, <u16>i);
    const wanted = port < PORTS_MAX && (load<u32>(record, PORT_FLAGS) & FLAG_ROUTER) != 0
      && <u32>load<u8>(record, PORT_WORKER) == self
      && ((load<u32>(base + WORKER_ITEMS + i * ITEM_SIZE, ITEM_SHAPE) >> POP_SHIFT) & ITEM_INNER) == 0;
    routed += u32(wanted);
  }
  return routed;
}

/** Works out the keys of plain packets, and which bucket they are to be found in; 0: not a plain packet. */
function parse(routed: u32): void {
  let parsed = base + WORKER_PARSED;
  for (let i: u32 = 0; i < routed; i++) {
    const place = placeOf(i);
    const item = base + WORKER_ITEMS + place * ITEM_SIZE;
    const shape = load<u32>(item, ITEM_SHAPE);
    const tag = (shape >> POP_SHIFT) & ITEM_POP_MASK;
    const slot = load<u32>(item, ITEM_SLOT);
    const packet = frames + slot * SLOT_SIZE + ((shape >> START_SHIFT) & 0xff) + HEADER_SIZE + tag;
    const scope = load<u32>(INTERFACES + verdictOf(place) * INTERFACE_SIZE, INTERFACE_SCOPE);
    const first = load<u64>(packet, IP_SOURCE);
    const protocol = <u32>load<u8>(packet, IP_PROTOCOL);
    const second = (<u64>scope << 40) | (<u64>protocol << 32) | load<u32>(packet, IPV4_SIZE);
    const hash = hashOf(first, second, hashSeed, hashSeedOther);
    const plain = isPlain(packet, load<u32>(item, ITEM_LENGTH) - HEADER_SIZE - tag, protocol) && isOwn(slot)
      && !isGroup(load<u64>(packet - HEADER_SIZE - tag)); // RFC 1812 5.3.4
    store<u64>(parsed, first);
    store<u64>(parsed, second, 8);
    store<u32>(parsed, plain ? flowBuckets + <u32>(hash >> flowShift) * BUCKET_SIZE : 0, PARSED_BUCKET);
    store<u32>(parsed, <u32>hash, PARSED_FINGERPRINT);
    store<u32>(parsed, packet, PARSED_PACKET);
    parsed += PARSED_SIZE;
  }
}

/** Whether a packet of up to `size` bytes is whole and right, TCP or UDP, and nothing that changes a connection. */
@inline
function isPlain(packet: u32, size: u32, protocol: u32): bool {
  const total = load16(packet + IP_TOTAL);
  const tcp = u32(protocol == PROTOCOL_TCP);
  const l4 = packet + IPV4_SIZE;
  const offset = (<u32>load<u8>(l4, TCP_OFFSET) >> 4) * 4;
  const length = load16(l4 + UDP_LENGTH);
  const strange = u32(load<u16>(packet - HEADER_SIZE, TYPE) != TYPE_IPV4) | u32(load<u8>(packet) != VERSION_IHL)
    | (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) | u32(load<u8>(packet, IP_TTL) < 2)
    | u32(protocol != PROTOCOL_UDP) & (tcp ^ 1) | u32(total > size)
    | u32(total < IPV4_SIZE + UDP_SIZE + tcp * (TCP_SIZE - UDP_SIZE))
    | u32(sumOf20(packet) != 0xffff)
    | (<u32>load<u8>(l4, TCP_FLAGS) & (FIN | SYN | RST) & (0 - tcp))
    | (u32(offset < TCP_SIZE) | u32(offset + IPV4_SIZE > total)) & tcp
    | (u32(length < UDP_SIZE) | u32(length + IPV4_SIZE > total)) & (tcp ^ 1);
  return strange == 0;
}

/** Loads each bucket, and does nothing else, so that the cache's misses overlap. */
function touchBuckets(routed: u32): void {
  let sum: u32 = 0;
  const end = base + WORKER_PARSED + routed * PARSED_SIZE;
  for (let at = base + WORKER_PARSED; at < end; at += PARSED_SIZE) sum += load<u32>(load<u32>(at, PARSED_BUCKET));
  store<u32>(base + KEPT, sum); // so that the loads stay
}

/** Finds which half each packet may belong to, and loads it. */
function findHalves(routed: u32): void {
  let sum: u64 = 0;
  const end = base + WORKER_PARSED + routed * PARSED_SIZE;
  for (let at = base + WORKER_PARSED; at < end; at += PARSED_SIZE) {
    const bucket = load<u32>(at, PARSED_BUCKET);
    const matched = match(bucket, load<u32>(at, PARSED_FINGERPRINT));
    const number = load<u32>(bucket + ctz(matched | 256) * 4, BUCKET_NUMBERS) & NUMBER_MASK;
    const half = bucket && matched ? flows + number * HALF_SIZE : 0;
    store<u32>(at, half, PARSED_HALF);
    sum += load<u64>(half);
  }
  store<u32>(base + KEPT, <u32>sum);
}

/** Sends a plain packet on as its half says; false where that takes more than a rewrite. */
@inline
function translate(i: u32, place: u32, half: u32): bool {
  const parsed = base + WORKER_PARSED + i * PARSED_SIZE;
  const packet = load<u32>(parsed, PARSED_PACKET);
  const neighbor = load<u32>(half, HALF_NEIGHBOR);
  const destination = load<u64>(neighbor, NEIGHBOR_DESTINATION);
  const out = load<u32>(neighbor, NEIGHBOR_PORT);
  const left = <i32>(load<u32>(half, HALF_EXPIRES) - ticks);
  const strange = u32(load<u64>(half, HALF_KEY) != load<u64>(parsed)) | u32(load<u64>(half, HALF_KEY + 8) != load<u64>(parsed, 8))
    | u32(left <= <i32>load<u32>(half, HALF_RENEW)) | u32(neighbor == 0) | u32(destination == 0);
  if (strange || load16(packet + IP_TOTAL) > load<u32>(INTERFACES + (out & (PORTS_MAX - 1)) * INTERFACE_SIZE, INTERFACE_MTU)) {
    return false;
  }
  store<u32>(neighbor, ticks, NEIGHBOR_USED);
  rewrite(packet, half);
  const item = base + WORKER_ITEMS + place * ITEM_SIZE;
  const tag = (load<u32>(item, ITEM_SHAPE) >> POP_SHIFT) & ITEM_POP_MASK;
  countTx(verdictOf(place), 1, load<u32>(item, ITEM_LENGTH) - tag);
  leave(item, place, packet - HEADER_SIZE - tag, out, destination);
  return true;
}

@inline
function rewrite(packet: u32, half: u32): void {
  const tcp = load<u8>(packet, IP_PROTOCOL) == <u8>PROTOCOL_TCP;
  const l4 = packet + IPV4_SIZE;
  store<u64>(packet, load<u64>(half, HALF_ADDRESSES), IP_SOURCE);
  store<u32>(l4, load<u32>(half, HALF_PORTS));
  store<u8>(packet, load<u8>(packet, IP_TTL) - 1, IP_TTL);
  store<u16>(packet, <u16>updated(load<u16>(packet, IP_CHECKSUM), load<u16>(half, HALF_DELTA_IP)), IP_CHECKSUM);
  const at = l4 + select<u32>(TCP_CHECKSUM, UDP_CHECKSUM, tcp);
  const before = <u32>load<u16>(at);
  const delta = <u32>load<u16>(half, HALF_DELTA_L4);
  store<u16>(at, <u16>select<u32>(updated(before, delta), updatedUdp(before, delta), tcp));
  // What a reset from the other side has to fit (router/tcp.ts); of UDP it is never looked at.
  store<u32>(half, load<u32>(l4, TCP_ACK), HALF_ACK);
  store<u16>(half, load<u16>(l4, TCP_WINDOW), HALF_WINDOW);
}
