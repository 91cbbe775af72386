// ICMP that a router says itself: errors about the packet at hand, and answers to pings. Each takes the packet's place,
// and goes back to the MAC from which the packet came. Read RFC 792, RFC 1812 4.3.2 (when not to, and how often),
// 5.2.7, RFC 1191 4.

import { ITEM_PORT } from "../layout";
import { INTERFACE_ADDRESS, INTERFACE_SOURCE } from "../layout-router";
import { dropOut } from "../counters";
import { Reason } from "../reason";
import { fold, sumOf } from "../wire/checksum";
import { MAC_MASK, SOURCE, isGroup } from "../wire/ethernet";
import {
  ADDRESS_BROADCAST, IPV4_SIZE, IP_DESTINATION, IP_FRAGMENT, IP_SOURCE, IP_TTL, OFFSET_MASK, PROTOCOL_ICMP, isUnicast,
  putChecksum, putHeader, store16,
} from "../wire/ipv4";
import { ECHO_REPLY, ICMP_CHECKSUM, ICMP_CODE, ICMP_MTU, ICMP_SIZE, ICMP_TYPE, isError } from "../wire/l4";
import { mayAfford } from "./budget";
import { leave } from "./leave";
import { absorb, accept, drop, entry, frame, index, item, packet, payload, port, protocol, resize, rest, router, total,
  wasGroup } from "./packet";
import { cameRound, sendRound } from "./round";
import { disown } from "./undone";

const ERROR_MAX: u32 = 576; // bytes of an error in all (RFC 1812 4.3.2.3)
const TTL: u8 = 64;

/**
 * Drops the packet at hand for a reason, and tells its sender where that is right. `mtu`: for "fragmentation needed".
 */
export function refuse(reason: u32, type: u32, code: u32, mtu: u32 = 0): void {
  if (!mayTell(type, code)) return drop(reason);
  dropOut(port, reason);
  tell(type, code, mtu);
}

/** The packet at hand was for the router, which has no use for it, and tells its sender where that is right. */
export function decline(type: u32, code: u32): void {
  if (!mayTell(type, code)) return absorb();
  accept();
  tell(type, code, 0);
}

/** Whether an error about the packet at hand may be sent (RFC 1812 4.3.2.7), and is not one too many (4.3.2.8). */
function mayTell(type: u32, code: u32): bool {
  if (wasGroup() || load<u32>(entry, INTERFACE_ADDRESS) == 0) return false;
  const source = load<u32>(packet, IP_SOURCE);
  if (isGroup(load<u64>(frame, SOURCE)) || !isUnicast(source)) return false;
  const destination = load<u32>(packet, IP_DESTINATION);
  if (!isUnicast(destination) || destination == ADDRESS_BROADCAST) return false;
  if (load<u16>(packet, IP_FRAGMENT) & OFFSET_MASK) return false;
  if (protocol == PROTOCOL_ICMP && (rest == 0 || isError(load<u8>(payload, ICMP_TYPE)))) return false;
  return mayAfford(router, load<u16>(item, ITEM_PORT), source, type, code);
}

/** Makes the packet at hand an error about itself: as much of it as fits stands in it. */
function tell(type: u32, code: u32, mtu: u32): void {
  const quoted = min(total, ERROR_MAX - IPV4_SIZE - ICMP_SIZE);
  const sender = load<u32>(packet, IP_SOURCE);
  memory.copy(packet + IPV4_SIZE + ICMP_SIZE, packet, quoted);
  putHeader(packet, IPV4_SIZE + ICMP_SIZE + quoted, PROTOCOL_ICMP, load<u32>(entry, INTERFACE_ADDRESS), sender);
  const message = packet + IPV4_SIZE;
  store<u64>(message, 0);
  store<u8>(message, <u8>type, ICMP_TYPE);
  store<u8>(message, <u8>code, ICMP_CODE);
  store16(message + ICMP_MTU, mtu);
  store<u16>(message, <u16>~sumOf(message, ICMP_SIZE + quoted), ICMP_CHECKSUM);
  resize(IPV4_SIZE + ICMP_SIZE + quoted);
  goBack();
}

/** Answers an echo request with what it holds. */
export function pong(): void {
  if (fold(sumOf(payload, rest)) != 0xffff) return drop(Reason.checksum);
  accept();
  const source = load<u32>(packet, IP_SOURCE);
  store<u32>(packet, load<u32>(packet, IP_DESTINATION), IP_SOURCE);
  store<u32>(packet, source, IP_DESTINATION);
  store<u8>(packet, TTL, IP_TTL);
  putChecksum(packet, payload - packet);
  store<u8>(payload, <u8>ECHO_REPLY, ICMP_TYPE);
  store<u16>(payload, 0, ICMP_CHECKSUM);
  store<u16>(payload, <u16>~sumOf(payload, rest), ICMP_CHECKSUM);
  resize(total);
  goBack();
}

/** Sends what stands in the place of the packet at hand to the MAC from which that came. */
export function goBack(): void {
  disown();
  if (cameRound()) return sendRound();
  const domain = load<u64>(entry, INTERFACE_SOURCE) & ~MAC_MASK;
  leave(item, index, frame, port, (load<u64>(frame, SOURCE) & MAC_MASK) | domain);
}
