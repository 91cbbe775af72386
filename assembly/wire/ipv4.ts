// IPv4 and UDP headers as the generator writes them. Read RFC 791 3.1, RFC 768, RFC 1071 (checksum).

export const TYPE_IPV4: u16 = 0x0008; // 0x0800, little-endian
export const IPV4_SIZE: u32 = 20;
export const UDP_SIZE: u32 = 8;

const VERSION_IHL: u8 = 0x45;
const TTL_DEFAULT: u8 = 64;
const PROTOCOL_UDP: u8 = 17;

/** Writes a header without options for a packet of `total` bytes; addresses are plain numbers. */
export function putIpv4(at: u32, total: u32, source: u32, destination: u32): void {
  store<u8>(at, VERSION_IHL);
  store<u16>(at, bswap<u16>(<u16>total), 2);
  store<u8>(at, TTL_DEFAULT, 8);
  store<u8>(at, PROTOCOL_UDP, 9);
  store<u16>(at, 0, 10);
  store<u32>(at, bswap(source), 12);
  store<u32>(at, bswap(destination), 16);
  store<u16>(at, headerSum(at), 10);
}

/** Writes a header for a datagram of `total` bytes, without a checksum (RFC 768 allows 0 for IPv4). */
export function putUdp(at: u32, total: u32, source: u32, destination: u32): void {
  store<u16>(at, bswap<u16>(<u16>source));
  store<u16>(at, bswap<u16>(<u16>destination), 2);
  store<u16>(at, bswap<u16>(<u16>total), 4);
  store<u16>(at, 0, 6);
}

/** The checksum of 20 bytes; the order of bytes does not matter to it (RFC 1071, 2 B). */
function headerSum(at: u32): u16 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < IPV4_SIZE; i += 2) sum += load<u16>(at + i);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u16>~(sum + (sum >> 16));
}
