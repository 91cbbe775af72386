// Packets and frames for tests, from plain values: Ethernet with an optional 802.1Q tag, ARP, IPv4, UDP, TCP, ICMP.
// Lengths and checksums are right unless a field says otherwise, so that malformed ones are one field away.
// Owns the building; parse.ts reads, fragments.ts cuts and joins, and both are handed on from here.
// Read first: RFC 791, RFC 768, RFC 793, RFC 792, RFC 826.

import {
  ICMP, IP_SIZE, TCP, UDP, addressBytes, be16, be32, checksumOf, endpoint, macBytes, pseudoHeader, put16,
} from "./bytes.js";

export { ICMP, TCP, UDP, endpoint, endpointText, type Endpoint } from "./bytes.js";
export { parse, parseIp, type Parsed, type IpHeader } from "./parse.js";
export { fragmentsOf, reassemble } from "./fragments.js";

/** Bytes, or text that stands for its UTF-8. */
export type Payload = Uint8Array | string;

/** What every IPv4 packet may say of its header beyond addresses; what is absent is right by itself. */
export interface IpOptions {
  /** Default 64. */
  ttl?: number;
  /** Type of service, default 0. */
  tos?: number;
  /** Identification, default 0. */
  id?: number;
  df?: boolean;
  mf?: boolean;
  /** Bytes before this fragment's, a multiple of 8; default 0. */
  offset?: number;
  /** Bytes of options, a multiple of 4, up to 40. */
  ipOptions?: Uint8Array;
  version?: number;
  /** Words of header that it claims. */
  ihl?: number;
  /** Bytes of packet that it claims. */
  totalLength?: number;
  ipChecksum?: number;
}

export interface IpFields extends IpOptions {
  /** Addresses, `a.b.c.d`. */
  from: string;
  to: string;
  protocol: number;
  payload?: Payload;
}

export interface UdpFields extends IpOptions {
  /** Endpoints, `a.b.c.d:port`. */
  from: string;
  to: string;
  payload?: Payload;
  /** What its length field claims. */
  length?: number;
  /** 0: none was computed (RFC 768). */
  checksum?: number;
}

export interface TcpFields extends IpOptions {
  /** Endpoints, `a.b.c.d:port`. */
  from: string;
  to: string;
  /** Of the letters FSRPAU, default `A`. */
  flags?: string;
  seq?: number;
  ack?: number;
  /** Default 65535. */
  window?: number;
  urgent?: number;
  /** Puts the MSS option first (RFC 793, 3.1). */
  mss?: number;
  /** Further options; padded to whole words with zeros. */
  options?: Uint8Array;
  /** Words of header that it claims. */
  dataOffset?: number;
  checksum?: number;
  payload?: Payload;
}

export interface IcmpFields extends IpOptions {
  /** Addresses, `a.b.c.d`. */
  from: string;
  to: string;
  type: number;
  code?: number;
  /** The second word of the header, default 0. */
  rest?: number;
  checksum?: number;
  payload?: Payload;
}

export interface PingFields extends IpOptions {
  /** Endpoints, `a.b.c.d:identifier`: of the one that asks, in `from` of a request and in `to` of a reply. */
  from: string;
  to: string;
  /** Echo request (8) and reply (0), timestamp (13) and its reply (14); default 8. */
  type?: 8 | 0 | 13 | 14;
  seq?: number;
  payload?: Payload;
  checksum?: number;
}

export interface IcmpErrorFields extends IpOptions {
  /** Addresses, `a.b.c.d`. */
  from: string;
  to: string;
  /** Default 3. */
  type?: number;
  /** Default 1. */
  code?: number;
  /** Next-hop MTU (RFC 1191), in type 3 code 4. */
  mtu?: number;
  /** The packet that it is about, as it stood on the wire. */
  about: Uint8Array;
  /** How many bytes of it are inside; default: its header and 8 more (RFC 792). */
  keep?: number;
  checksum?: number;
}

/** An IPv4 packet with any protocol inside. */
export function ip(fields: IpFields): Uint8Array {
  const payload = bytesOf(fields.payload);
  const options = fields.ipOptions ?? new Uint8Array(0);
  const size = IP_SIZE + options.length;
  const flags = (fields.df ? 0x4000 : 0) | (fields.mf ? 0x2000 : 0);
  const header = Uint8Array.from([
    (fields.version ?? 4) * 16 + (fields.ihl ?? size / 4), fields.tos ?? 0,
    ...be16(fields.totalLength ?? size + payload.length), ...be16(fields.id ?? 0),
    ...be16(flags | ((fields.offset ?? 0) / 8)), fields.ttl ?? 64, fields.protocol, 0, 0,
    ...addressBytes(fields.from), ...addressBytes(fields.to), ...options,
  ]);
  put16(header, 10, fields.ipChecksum ?? checksumOf(header));
  return join(header, payload);
}

export function udp(fields: UdpFields): Uint8Array {
  const from = endpoint(fields.from);
  const to = endpoint(fields.to);
  const payload = bytesOf(fields.payload);
  const size = 8 + payload.length;
  const datagram = join([...be16(from.port), ...be16(to.port), ...be16(fields.length ?? size), 0, 0], payload);
  const pseudo = pseudoHeader(from.address, to.address, UDP, fields.length ?? size);
  put16(datagram, 6, fields.checksum ?? (checksumOf([...pseudo, ...datagram]) || 0xffff));
  return ip({ ...fields, from: from.address, to: to.address, protocol: UDP, payload: datagram });
}

export function tcp(fields: TcpFields): Uint8Array {
  const from = endpoint(fields.from);
  const to = endpoint(fields.to);
  const mss = fields.mss === undefined ? [] : [2, 4, ...be16(fields.mss)];
  const options = join(mss, fields.options ?? []);
  const padding = new Uint8Array((4 - options.length % 4) % 4);
  const words = 5 + (options.length + padding.length) / 4;
  const segment = join([
    ...be16(from.port), ...be16(to.port), ...be32(fields.seq ?? 0), ...be32(fields.ack ?? 0),
    (fields.dataOffset ?? words) * 16, flagBits(fields.flags ?? "A"), ...be16(fields.window ?? 65535),
    0, 0, ...be16(fields.urgent ?? 0), ...options, ...padding,
  ], bytesOf(fields.payload));
  const pseudo = pseudoHeader(from.address, to.address, TCP, segment.length);
  put16(segment, 16, fields.checksum ?? checksumOf([...pseudo, ...segment]));
  return ip({ ...fields, from: from.address, to: to.address, protocol: TCP, payload: segment });
}

export function icmp(fields: IcmpFields): Uint8Array {
  const head = [fields.type, fields.code ?? 0, 0, 0, ...be32(fields.rest ?? 0)];
  const message = join(head, bytesOf(fields.payload));
  put16(message, 2, fields.checksum ?? checksumOf(message));
  return ip({ ...fields, protocol: ICMP, payload: message });
}

/** An ICMP query or its reply; the side that does not ask needs no identifier (`198.51.100.1` alone is enough). */
export function ping({ from, to, type = 8, seq = 1, ...rest }: PingFields): Uint8Array {
  const asker = type === 8 || type === 13 ? from : to;
  const payload = rest.payload ?? (type < 13 ? "abcdefgh" : new Uint8Array(12));
  const word = endpoint(asker).port * 65536 + seq;
  return icmp({ ...rest, from: bare(from), to: bare(to), type, rest: word, payload });
}

export function icmpError({ about, keep, type = 3, code = 1, mtu = 0, ...rest }: IcmpErrorFields): Uint8Array {
  const header = (about[0]! & 15) * 4;
  return icmp({ ...rest, type, code, rest: mtu, payload: about.slice(0, keep ?? header + 8) });
}

export interface EtherFields {
  /** MACs, with colons. */
  to: string;
  from: string;
  /** Puts an 802.1Q tag with this VID. */
  vlan?: number;
  /** Default 0x0800. */
  type?: number;
  /** Bytes that the frame has at least; zeros make them up. Default: none, as a TAP hands frames over. */
  pad?: number;
}

/** A frame without its FCS. */
export function ether({ to, from, vlan, type = 0x0800, pad = 0 }: EtherFields, payload: Uint8Array): Uint8Array {
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...be16(vlan)];
  const frame = join([...macBytes(to), ...macBytes(from), ...tag, ...be16(type)], payload);
  return join(frame, new Uint8Array(Math.max(0, pad - frame.length)));
}

export interface ArpFields {
  op: "request" | "reply" | number;
  senderMac: string;
  senderIp: string;
  /** Default zeros: not known yet. */
  targetMac?: string;
  targetIp: string;
}

/** An ARP packet for IPv4 on Ethernet (RFC 826); `ether` with type 0x0806 carries it. */
export function arp({ op, senderMac, senderIp, targetMac = "0:0:0:0:0:0", targetIp }: ArpFields): Uint8Array {
  const number = op === "request" ? 1 : op === "reply" ? 2 : op;
  return Uint8Array.from([
    0, 1, 0x08, 0x00, 6, 4, ...be16(number),
    ...macBytes(senderMac), ...addressBytes(senderIp), ...macBytes(targetMac), ...addressBytes(targetIp),
  ]);
}

const FLAGS = "FSRPAU";

function flagBits(letters: string): number {
  return [...letters].reduce((bits, letter) => bits | (1 << FLAGS.indexOf(letter)), 0);
}

/** The address of what may be an endpoint. */
function bare(text: string): string {
  return text.split(":")[0]!;
}

function bytesOf(payload: Payload = new Uint8Array(0)): Uint8Array {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

function join(...parts: ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}
