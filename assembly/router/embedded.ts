// ICMP errors about translated packets, both ways: the packet that an error quotes is what the other side of the
// router saw, and has to become what this error's receiver sent. An error changes no session and no timer. Read RFC
// 5508 4 (REQ-3 to REQ-5: checksums, who gets it, embedded addresses and ports), RFC 4787 REQ-12.

import { HALF_ADDRESSES, HALF_PORTS } from "../layout-router";
import { Reason } from "../reason";
import { findHalf, hasExpired, isOfKind, otherOf } from "../table/flow";
import { deltaOf, fold, sumOf, updated, updatedUdp } from "../wire/checksum";
import {
  IPV4_SIZE, IP_CHECKSUM, IP_DESTINATION, IP_FRAGMENT, IP_PROTOCOL, IP_SOURCE, OFFSET_MASK, PROTOCOL_ICMP, PROTOCOL_TCP,
  PROTOCOL_UDP, putChecksum,
} from "../wire/ipv4";
import {
  ICMP_CHECKSUM, ICMP_ID, ICMP_SIZE, ICMP_TYPE, REDIRECT, TCP_CHECKSUM, UDP_CHECKSUM, isError, isQuery, isReply,
} from "../wire/l4";
import { drop, header, packet, payload, protocol, rest } from "./packet";
import { isTranslated, portsAt, portsKey, scope } from "./tuple";

const QUOTED_MIN: u32 = 8; // bytes behind the embedded header: ports, or an identifier (RFC 792)

/** Whether the packet at hand is an ICMP error. */
export function isErrorMessage(): bool {
  if (protocol != PROTOCOL_ICMP || rest < ICMP_SIZE) return false;
  const type = <u32>load<u8>(payload, ICMP_TYPE);
  return isError(type) && type != REDIRECT; // which is about its own link, and no flow's
}

/** The half of the flow by which the quoted packet's answers go; 0: there is none, and the error was dropped. */
export function halfOfError(): u32 {
  const quoted = payload + ICMP_SIZE;
  const bytes = rest - ICMP_SIZE;
  const size = (<u32>load<u8>(quoted) & 15) * 4;
  const tooShort = bytes < IPV4_SIZE + QUOTED_MIN || load<u8>(quoted) >> 4 != 4 || size < IPV4_SIZE
    || bytes < size + QUOTED_MIN;
  if (tooShort) return refused(Reason.malformed);
  if (fold(sumOf(payload, rest)) != 0xffff) return refused(Reason.checksum);
  const inner = <u32>load<u8>(quoted, IP_PROTOCOL);
  if (!isTranslated(inner) || load<u16>(quoted, IP_FRAGMENT) & OFFSET_MASK) return refused(Reason.natFiltered);
  if (inner == PROTOCOL_ICMP && !isQueryOrReply(quoted + size)) return refused(Reason.natFiltered);
  const ports = rotl(portsAt(quoted + size, inner), 16);
  const half = findHalf(rotl(load<u64>(quoted, IP_SOURCE), 32), portsKey(ports, inner, scope()));
  if (half == 0 || hasExpired(half)) return refused(Reason.natFiltered);
  const fits = inner != PROTOCOL_ICMP || isOfKind(otherOf(half), load<u8>(quoted + size, ICMP_TYPE));
  return fits ? half : refused(Reason.natFiltered);
}

function refused(reason: u32): u32 {
  drop(reason);
  return 0;
}

function isQueryOrReply(message: u32): bool {
  const type = <u32>load<u8>(message, ICMP_TYPE);
  return isQuery(type) || isReply(type);
}

/**
 * Makes the error at hand one about the packet that its receiver sent. `fromInside`: whoever reports it is hidden,
 * too, behind the outside address of the flow (RFC 5508 REQ-5).
 */
export function rewriteError(half: u32, fromInside: bool): void {
  const addresses = load<u64>(half, HALF_ADDRESSES); // as an answer goes: from whom the quoted packet went to
  const quoted = payload + ICMP_SIZE;
  rewriteQuoted(quoted, rotl(addresses, 32), rotl(load<u32>(half, HALF_PORTS), 16));
  store<u32>(packet, <u32>(addresses >> 32), IP_DESTINATION);
  if (fromInside) store<u32>(packet, <u32>addresses, IP_SOURCE);
  putChecksum(packet, header);
  store<u16>(payload, 0, ICMP_CHECKSUM);
  store<u16>(payload, <u16>~sumOf(payload, rest), ICMP_CHECKSUM);
}

function rewriteQuoted(quoted: u32, addresses: u64, ports: u32): void {
  const inner = <u32>load<u8>(quoted, IP_PROTOCOL);
  const l4 = quoted + (<u32>load<u8>(quoted) & 15) * 4;
  const before = load<u64>(quoted, IP_SOURCE);
  const address = fold(deltaOf(<u32>before, <u32>addresses) + deltaOf(<u32>(before >> 32), <u32>(addresses >> 32)));
  const port = deltaOf(portsAt(l4, inner), ports);
  store<u64>(quoted, addresses, IP_SOURCE);
  store<u16>(quoted, <u16>updated(load<u16>(quoted, IP_CHECKSUM), address), IP_CHECKSUM);
  if (inner == PROTOCOL_ICMP) {
    store<u16>(l4, <u16>(isQuery(load<u8>(l4, ICMP_TYPE)) ? ports : ports >> 16), ICMP_ID);
    store<u16>(l4, <u16>updated(load<u16>(l4, ICMP_CHECKSUM), port), ICMP_CHECKSUM);
    return;
  }
  store<u32>(l4, ports);
  if (inner == PROTOCOL_UDP) {
    store<u16>(l4, <u16>updatedUdp(load<u16>(l4, UDP_CHECKSUM), fold(address + port)), UDP_CHECKSUM);
  } else if (inner == PROTOCOL_TCP && rest - ICMP_SIZE >= l4 - quoted + TCP_CHECKSUM + 2) {
    store<u16>(l4, <u16>updated(load<u16>(l4, TCP_CHECKSUM), fold(address + port)), TCP_CHECKSUM);
  }
}
