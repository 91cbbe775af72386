// Numbers, addresses and sums of packets, byte by byte: what builds test packets and what reads them stand on this.
// Owns the texts of addresses and endpoints, and the Internet checksum, written to be seen right and not to be fast.
// Nothing here comes from src/: it is the independent check of what does.
// Read first: RFC 1071.

/** Numbers of protocols (RFC 790). */
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

/** Bytes of an IPv4 header without options. */
export const IP_SIZE = 20;

/** Where the checksum stands in the header of each protocol. */
export const CHECKSUM_AT: Record<number, number> = { [ICMP]: 2, [TCP]: 16, [UDP]: 6 };

export function u16(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65536 + u16(bytes, at + 2);
}

/** Big-endian, for `concat`. */
export function be16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

export function be32(value: number): number[] {
  return [...be16(Math.floor(value / 65536)), ...be16(value % 65536)];
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes.set(be16(value), at);
}

/** The four bytes of `a.b.c.d`. Throws where it is not an address. */
export function addressBytes(text: string): number[] {
  const bytes = text.split(".").map(Number);
  const good = bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
  if (!good) throw new Error(`"${text}" is not an IPv4 address; write it as 10.0.10.5`);
  return bytes;
}

export function addressText(bytes: Uint8Array, at: number): string {
  return [...bytes.subarray(at, at + 4)].join(".");
}

/** The six bytes of `aa:bb:cc:dd:ee:ff`. Throws where it is not a MAC. */
export function macBytes(text: string): number[] {
  const bytes = text.split(":").map((byte) => parseInt(byte, 16));
  const good = bytes.length === 6 && !bytes.some(Number.isNaN);
  if (!good) throw new Error(`"${text}" is not a MAC; write it as 02:00:00:00:00:01`);
  return bytes;
}

export function macText(bytes: Uint8Array, at: number): string {
  return [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** An address with a port, or with an ICMP identifier in its place. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Reads `a.b.c.d:port`. Throws where the port is missing or above 65535. */
export function endpoint(text: string): Endpoint {
  const [address = "", digits = ""] = text.split(":");
  const port = Number(digits);
  const good = digits !== "" && Number.isInteger(port) && port >= 0 && port <= 65535;
  if (!good) throw new Error(`"${text}" is not an endpoint; write it as 10.0.10.5:1000`);
  addressBytes(address);
  return { address, port };
}

export function endpointText({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** The sum of 16-bit words modulo 65535, an odd byte at the end being the upper half of a word (RFC 1071). */
export function sumOf(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum + bytes[at]! * (at % 2 === 0 ? 256 : 1)) % 65535;
  return sum;
}

/** The checksum of bytes in which the checksum itself is 0: what makes the sum of all 0 modulo 65535. */
export function checksumOf(bytes: ArrayLike<number>): number {
  if (Array.from(bytes).every((byte) => byte === 0)) return 0xffff;
  return (65535 - sumOf(bytes)) % 65535;
}

/** What TCP and UDP sum before their header (RFC 793, 3.1): both addresses, the protocol, and bytes of segment. */
export function pseudoHeader(from: string, to: string, protocol: number, length: number): number[] {
  return [...addressBytes(from), ...addressBytes(to), 0, protocol, ...be16(length)];
}

/** A copy with zeros instead of the two bytes at `at`. */
export function zeroed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  put16(copy, at, 0);
  return copy;
}
