// Ethernet II and VLAN tags: where the fields stand, and the constants as a little-endian load sees them.
// Accessors cannot fail once the length is checked. Read IEEE 802.3 3.1, IEEE 802.1Q 9.6 (tags), 8.6.3
// (reserved addresses).

export const DESTINATION: u32 = 0;
export const SOURCE: u32 = 6;
export const TYPE: u32 = 12;
export const MACS_SIZE: u32 = 12;
export const TYPE_SIZE: u32 = 2;
export const TYPE_MASK: u32 = 0xffff; // of a tag that was loaded: its TPID
export const TAG_SIZE: u32 = 4;
export const HEADER_SIZE: u32 = 14;
export const TAGGED_HEADER_SIZE: u32 = 18;

export const TPID_CUSTOMER: u32 = 0x0081; // 0x8100
export const TPID_SERVICE: u32 = 0xa888; // 0x88a8

export const MAC_MASK: u64 = 0xffff_ffff_ffff;
const GROUP_BIT: u64 = 1;
const RESERVED_MASK: u64 = 0xf0ff_ffff_ffff; // 01:80:c2:00:00:0x
const RESERVED: u64 = 0x0000_00c2_8001;
const RESERVED_NUMBER_SHIFT: u64 = 40;
const RESERVED_OF_CUSTOMERS: u32 = 0xb801; // 00, 0b, 0c, 0d and 0f

/** Whether a MAC, in the order of the wire in the low 48 bits, names a group. */
@inline
export function isGroup(mac: u64): bool {
  return (mac & GROUP_BIT) != 0;
}

/** Whether a MAC is one that bridges of customers never forward (IEEE 802.1Q, table 8-1). */
@inline
export function isReserved(mac: u64): bool {
  return (mac & RESERVED_MASK) == RESERVED;
}

/** Whether a reserved MAC is one that bridges of a provider forward for their customers (IEEE 802.1Q, table 8-2). */
@inline
export function isOfCustomers(reserved: u64): bool {
  return ((RESERVED_OF_CUSTOMERS >> <u32>((reserved >> RESERVED_NUMBER_SHIFT) & 0xf)) & 1) != 0;
}

/** Whether a type field, loaded little-endian, begins a VLAN tag: 1 or 0, for arithmetic. */
@inline
export function isTag(type: u32): u32 {
  return u32(type == TPID_CUSTOMER) | u32(type == TPID_SERVICE);
}

/** The VID in a tag loaded little-endian. */
@inline
export function vidOf(tag: u32): u32 {
  return ((tag >> 8) & 0xf00) | (tag >> 24);
}

/**
 * Whether one of the VLAN tags that stand from `offset` on, one behind the other, names a VLAN: its VID is not 0. A tag
 * that is cut off counts, since padding may complete it. `length`: of the frame, at least `offset`.
 */
export function namesVlan(frame: u32, offset: u32, length: u32): bool {
  for (let at = offset; at + TYPE_SIZE <= length && isTag(load<u16>(frame + at)); at += TAG_SIZE) {
    if (at + TAG_SIZE > length || vidOf(load<u32>(frame + at)) != 0) return true;
  }
  return false;
}
