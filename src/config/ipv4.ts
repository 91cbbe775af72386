// IPv4 addresses and networks as users write them, and as the numbers that they are (RFC 791, RFC 4632). Owns their
// grammar: dotted decimal without leading zeros; what is printed parses to the same value.

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ADDRESS = `${OCTET}(?:\\.${OCTET}){3}`;
const PREFIX = "/(?:3[0-2]|[12]?\\d)";

/** `10.0.10.1` */
export const IPV4_PATTERN = `^${ADDRESS}$`;
/** `10.0.10.1/24` */
export const CIDR_PATTERN = `^${ADDRESS}${PREFIX}$`;
/** `10.0.10.1`, with or without `/24` */
export const IPV4_OR_CIDR_PATTERN = `^${ADDRESS}(?:${PREFIX})?$`;
/** `10.0.10.100-10.0.10.199` */
export const IPV4_RANGE_PATTERN = `^${ADDRESS} ?- ?${ADDRESS}$`;
/** `192.0.2.53`, with or without `:5353` */
export const ENDPOINT_PATTERN = `^${ADDRESS}(?::[1-9]\\d{0,4})?$`;

/** An address, as a number from 0 to 2^32 - 1, and the length of its network's prefix, 0 to 32. */
export interface Cidr {
  address: number;
  prefix: number;
}

/** `10.0.10.1` → a number from 0 to 2^32 - 1; undefined where it is no address. */
export function parseIpv4(text: unknown): number | undefined {
  if (typeof text !== "string" || !new RegExp(IPV4_PATTERN).test(text)) return undefined;
  return text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function printIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** `10.0.10.1/24`; undefined where it is not of this form. */
export function parseCidr(text: unknown): Cidr | undefined {
  if (typeof text !== "string" || !new RegExp(CIDR_PATTERN).test(text)) return undefined;
  const [address, prefix] = text.split("/");
  return { address: parseIpv4(address)!, prefix: Number(prefix) };
}

export function printCidr({ address, prefix }: Cidr): string {
  return `${printIpv4(address)}/${prefix}`;
}

/** `A-B` → first and last, in whatever order they stand; undefined where it is not of this form. */
export function parseIpv4Range(text: unknown): [first: number, last: number] | undefined {
  if (typeof text !== "string" || !new RegExp(IPV4_RANGE_PATTERN).test(text)) return undefined;
  const [first, last] = text.split("-").map((address) => parseIpv4(address.trim())!);
  return [first!, last!];
}

/** The network that an address is in: without host bits. */
export function networkOf({ address, prefix }: Cidr): Cidr {
  return { address: firstOf(address, prefix), prefix };
}

/** The last address of a network, its broadcast address. */
export function lastOf({ address, prefix }: Cidr): number {
  return firstOf(address, prefix) + 2 ** (32 - prefix) - 1;
}

/** First and last address that a host can have; in networks of /31 (RFC 3021) and /32 all are hosts'. */
export function hostsOf(network: Cidr): [first: number, last: number] {
  const reserved = network.prefix > 30 ? 0 : 1;
  return [networkOf(network).address + reserved, lastOf(network) - reserved];
}

export function contains(network: Cidr, address: number): boolean {
  return firstOf(address, network.prefix) === firstOf(network.address, network.prefix);
}

/** Whether a network is in another, or the same. */
export function isInside(network: Cidr, outer: Cidr): boolean {
  return network.prefix >= outer.prefix && contains(outer, network.address);
}

export function overlap(one: Cidr, other: Cidr): boolean {
  return isInside(one, other) || isInside(other, one);
}

/** Whether a host can have it: neither of network 0 or 127, nor multicast, nor above (RFC 1122, 3.2.1.3). */
export function isUnicast(address: number): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

function firstOf(address: number, prefix: number): number {
  return address - address % 2 ** (32 - prefix);
}
