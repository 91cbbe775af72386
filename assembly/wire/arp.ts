// ARP for Ethernet and IPv4: where the fields stand, and packets as they are written here. Read RFC 826.

import { MAC_MASK } from "./ethernet";

export const TYPE_ARP: u16 = 0x0608; // 0x0806, little-endian
export const ARP_SIZE: u32 = 28;
export const ARP_OPERATION: u32 = 6;
export const ARP_SENDER_MAC: u32 = 8;
export const ARP_SENDER: u32 = 14;
export const ARP_TARGET_MAC: u32 = 18;
export const ARP_TARGET: u32 = 24;
export const ARP_REQUEST: u16 = 0x0100;
export const ARP_REPLY: u16 = 0x0200;

const FIXED: u64 = 0x0406_0008_0100; // Ethernet, IPv4, lengths 6 and 4
const FIXED_MASK: u64 = 0xffff_ffff_ffff;

/** Whether it is ARP for Ethernet and IPv4. */
@inline
export function isArp(at: u32): bool {
  return (load<u64>(at) & FIXED_MASK) == FIXED;
}

/** Writes a packet; MACs in the low 48 bits. */
export function putArp(at: u32, operation: u16, mac: u64, sender: u32, targetMac: u64, target: u32): void {
  store<u64>(at, FIXED | (<u64>operation << 48));
  store<u64>(at, (mac & MAC_MASK) | (<u64>sender << 48), ARP_SENDER_MAC);
  store<u16>(at, <u16>(sender >> 16), ARP_SENDER + 2);
  store<u64>(at, (targetMac & MAC_MASK) | (<u64>target << 48), ARP_TARGET_MAC);
  store<u16>(at, <u16>(target >> 16), ARP_TARGET + 2);
}
