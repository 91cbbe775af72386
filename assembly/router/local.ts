// What is for the router itself: pings, which it answers; DHCP and DNS, which it hands to its services; and the rest,
// to which it says that nothing is there, or, towards the outside of a NAT, nothing. Read RFC 1122 3.2.2, RFC 792,
// RFC 9293 3.10.7.1 (resets), RFC 5382 REQ-4 (silence about SYNs that nobody asked for).

import {
  ITEM_LENGTH, ITEM_POP_MASK, ITEM_PORT, ITEM_SHAPE, ITEM_SLOT, POP_SHIFT, SHAPE_PLACE, TAG_CAME_SHIFT,
} from "../layout";
import {
  INTERFACE_DHCP_CLIENT, INTERFACE_DHCP_SERVER, INTERFACE_DNS, INTERFACE_FLAGS, INTERFACE_UPLINK, ROUTER_FLAGS,
  ROUTER_NAT, ROUTER_SERVICES,
} from "../layout-router";
import { countCopies } from "../counters";
import { cutOf, enqueue } from "../egress";
import { Reason } from "../reason";
import { takerOf } from "../ring";
import { fold, sumOf } from "../wire/checksum";
import { HEADER_SIZE } from "../wire/ethernet";
import {
  FRAGMENT_MASK, IPV4_SIZE, IP_DESTINATION, IP_FRAGMENT, IP_SOURCE, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP,
  pseudoSum, putHeader,
} from "../wire/ipv4";
import {
  ACK, CODE_PORT, CODE_PROTOCOL, DESTINATION_PORT, ECHO, FIN, ICMP_TYPE, RST, SYN, TCP_ACK, TCP_CHECKSUM, TCP_FLAGS,
  TCP_OFFSET, TCP_SEQUENCE, TCP_SIZE, UNREACHABLE,
} from "../wire/l4";
import { decline, goBack, pong } from "./icmp";
import {
  absorb, accept, detach, drop, entry, frame, item, lend, own, packet, payload, port, protocol, resize, rest, router,
} from "./packet";
import { checkPayload } from "./tuple";
import { finish, note } from "./undone";

const PORT_DNS: u16 = 0x3500; // 53, as on the wire
const PORT_DHCP_SERVER: u16 = 0x4300; // 67
const PORT_DHCP_CLIENT: u16 = 0x4400; // 68

/** The packet at hand is for one of the router's addresses. */
export function deliver(): void {
  if (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) return drop(Reason.fragment);
  if (!finish()) return;
  const fault = checkPayload(false);
  if (fault >= 0) return drop(fault);
  if (protocol == PROTOCOL_ICMP && load<u8>(payload, ICMP_TYPE) == ECHO) return pong();
  if (hasService()) return handUp();
  if (isOutside()) return drop(Reason.natFiltered);
  if (protocol == PROTOCOL_ICMP) return absorb();
  if (protocol == PROTOCOL_TCP) return reset();
  decline(UNREACHABLE, protocol == PROTOCOL_UDP ? CODE_PORT : CODE_PROTOCOL);
}

/** The packet at hand is for all on its link: the router takes part in DHCP only. */
export function deliverBroadcast(): void {
  const whole = (load<u16>(packet, IP_FRAGMENT) & FRAGMENT_MASK) == 0 && checkPayload(false) < 0;
  if (!whole || !isDhcp()) return absorb();
  if (!own()) return;
  note();
  if (finish()) handUp();
}

/** Whether it came from where a NAT hides what is behind it. */
function isOutside(): bool {
  const uplink = (load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_UPLINK) != 0;
  return uplink && (load<u32>(router, ROUTER_FLAGS) & ROUTER_NAT) != 0;
}

function hasService(): bool {
  const dns = (load<u32>(entry, INTERFACE_FLAGS) & INTERFACE_DNS) != 0;
  const asks = protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP;
  return (dns && asks && load<u16>(payload, DESTINATION_PORT) == PORT_DNS) || isDhcp();
}

function isDhcp(): bool {
  if (protocol != PROTOCOL_UDP) return false;
  const flags = load<u32>(entry, INTERFACE_FLAGS);
  const to = load<u16>(payload, DESTINATION_PORT);
  return ((flags & INTERFACE_DHCP_SERVER) != 0 && to == PORT_DHCP_SERVER)
    || ((flags & INTERFACE_DHCP_CLIENT) != 0 && to == PORT_DHCP_CLIENT);
}

/** Hands the packet at hand to the router's services: a copy, for the account, that leaves by their port. */
function handUp(): void {
  const services = load<u32>(router, ROUTER_SERVICES);
  if (!lend(takerOf(services))) return;
  accept();
  countCopies(port, 1);
  const length = load<u32>(item, ITEM_LENGTH) - (packet - frame - HEADER_SIZE);
  const shape = load<u32>(item, ITEM_SHAPE) & ((ITEM_POP_MASK << POP_SHIFT) | SHAPE_PLACE);
  const tag = port | (<u32>load<u16>(item, ITEM_PORT) << TAG_CAME_SHIFT);
  enqueue(services, load<u32>(item, ITEM_SLOT), length | cutOf(item), tag, shape);
  detach();
}

/** Answers a segment for which there is no connection. */
function reset(): void {
  const flags = <u32>load<u8>(payload, TCP_FLAGS);
  if (flags & RST) return absorb();
  if (fold(sumOf(payload, rest) + fold(pseudoSum(packet, PROTOCOL_TCP, rest))) != 0xffff) return drop(Reason.checksum);
  accept();
  const length = rest - (<u32>load<u8>(payload, TCP_OFFSET) >> 4) * 4 + u32((flags & SYN) != 0) + (flags & FIN);
  const sequence = flags & ACK ? load<u32>(payload, TCP_ACK) : 0;
  const acknowledged = flags & ACK ? 0 : bswap<u32>(bswap<u32>(load<u32>(payload, TCP_SEQUENCE)) + length);
  const ports = rotl(load<u32>(payload), 16);
  const from = load<u32>(packet, IP_DESTINATION);
  putHeader(packet, IPV4_SIZE + TCP_SIZE, PROTOCOL_TCP, from, load<u32>(packet, IP_SOURCE));
  const segment = packet + IPV4_SIZE;
  store<u32>(segment, ports);
  store<u32>(segment, sequence, TCP_SEQUENCE);
  store<u32>(segment, acknowledged, TCP_ACK);
  store<u64>(segment, 0x50 | (<u64>(flags & ACK ? RST : RST | ACK) << 8), TCP_OFFSET);
  const sum = sumOf(segment, TCP_SIZE) + fold(pseudoSum(packet, PROTOCOL_TCP, TCP_SIZE));
  store<u16>(segment, <u16>~fold(sum), TCP_CHECKSUM);
  resize(IPV4_SIZE + TCP_SIZE);
  goBack();
}
