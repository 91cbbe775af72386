// IPv6: where the fields stand that tell where a packet's payload is. Read RFC 8200 3 and 4 (extension headers).

export const TYPE_IPV6: u16 = 0xdd86; // 0x86dd, little-endian
export const IPV6_SIZE: u32 = 40;

export const IPV6_PAYLOAD: u32 = 4;
export const IPV6_NEXT: u32 = 6;
export const IPV6_ADDRESSES: u32 = 8;
export const IPV6_ADDRESSES_SIZE: u32 = 32;

const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const DESTINATION_OPTIONS: u32 = 60;
const EXTENSIONS_MAX: u32 = 8;

/** What the extension headers of a packet lead to, and how many bytes all headers before it have. */
export let upperProtocol: u32 = 0;
export let upperOffset: u32 = 0;

/** Goes through the extension headers of a packet of `size` bytes. False: they do not end inside it. */
export function skipExtensions(packet: u32, size: u32): bool {
  upperProtocol = load<u8>(packet, IPV6_NEXT);
  upperOffset = IPV6_SIZE;
  for (let i: u32 = 0; i < EXTENSIONS_MAX && isExtension(upperProtocol); i++) {
    if (upperOffset + 8 > size) return false;
    upperProtocol = load<u8>(packet + upperOffset);
    upperOffset += (<u32>load<u8>(packet + upperOffset, 1) + 1) * 8;
  }
  return upperOffset <= size;
}

function isExtension(protocol: u32): bool {
  return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == DESTINATION_OPTIONS;
}
