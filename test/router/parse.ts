// Frames and packets read back into plain values, with every fault that they have. Nothing is trusted: each length is
// compared with what is there, each checksum is summed from scratch. Owns the shapes of what was read.
// Read first: RFC 791, RFC 768, RFC 793, RFC 792, RFC 826; RFC 5508, 4 for packets inside ICMP errors.

import {
  CHECKSUM_AT, ICMP, IP_SIZE, TCP, UDP, addressText, macText, pseudoHeader, sumOf, u16, u32,
} from "./bytes.js";

export interface EtherHeader { to: string; from: string; vlan?: number; type: number }
export interface ArpHeader { op: number; senderMac: string; senderIp: string; targetMac: string; targetIp: string }

export interface IpHeader {
  /** Addresses, `a.b.c.d`. */
  from: string;
  to: string;
  protocol: number;
  ttl: number;
  tos: number;
  id: number;
  df: boolean;
  mf: boolean;
  /** Bytes before this fragment's. */
  offset: number;
  /** Bytes. */
  headerLength: number;
  totalLength: number;
  checksum: number;
}

export interface UdpHeader { from: string; to: string; length: number; checksum: number }

export interface TcpHeader {
  /** Endpoints, `a.b.c.d:port`. */
  from: string;
  to: string;
  seq: number;
  ack: number;
  /** Of the letters FSRPAU, in this order. */
  flags: string;
  window: number;
  checksum: number;
  mss?: number;
  options: Uint8Array;
}

export interface IcmpHeader {
  type: number;
  code: number;
  checksum: number;
  rest: number;
  /** Identifier and sequence number of a query or its reply. */
  id?: number;
  seq?: number;
  /** What an error is about; faults of what is inside are its own, and truncation is none. */
  about?: Parsed;
}

export interface Parsed {
  ether?: EtherHeader;
  arp?: ArpHeader;
  ip?: IpHeader;
  /** Of a whole packet or a first fragment; inside an error: as far as it was there, at least 8 bytes. */
  udp?: UdpHeader;
  tcp?: TcpHeader;
  icmp?: IcmpHeader;
  /** What the innermost header that was read carries. */
  payload: Uint8Array;
  /** The sum modulo 65535 over pseudo-header and segment with its checksum, where that is there and not UDP's 0: 0 is
   *  right, and of a truncated segment it is what a translation must not change (RFC 5508, 4.2). */
  residue?: number;
  /** What is wrong; empty: nothing. */
  faults: string[];
}

const QUERIES = [0, 8, 13, 14];
const ERRORS = [3, 4, 5, 11, 12];
const FLAGS = "FSRPAU";

/** Reads an Ethernet frame. */
export function parse(frame: Uint8Array): Parsed {
  const parsed: Parsed = { payload: frame, faults: [] };
  if (frame.length < 14) return fault(parsed, `frame: ${frame.length} bytes are less than a header`);
  const tagged = u16(frame, 12) === 0x8100;
  if (tagged && frame.length < 18) return fault(parsed, "frame: ends within its tag");
  const start = tagged ? 18 : 14;
  parsed.ether = { to: macText(frame, 0), from: macText(frame, 6), type: u16(frame, start - 2) };
  if (tagged) parsed.ether.vlan = u16(frame, 14) & 0xfff;
  parsed.payload = frame.subarray(start);
  if (parsed.ether.type === 0x0806) return readArp(parsed);
  if (parsed.ether.type !== 0x0800) return parsed;
  return { ...parseIp(parsed.payload), ether: parsed.ether };
}

/** Reads an IPv4 packet; bytes beyond its total length are a frame's padding and no fault. */
export function parseIp(bytes: Uint8Array): Parsed {
  return readIp(bytes, true);
}

/** Reads what is inside an ICMP error: a packet that may end anywhere after the first 8 bytes of its segment. */
export function parseCut(bytes: Uint8Array): Parsed {
  return readIp(bytes, false);
}

function readArp(parsed: Parsed): Parsed {
  const bytes = parsed.payload;
  if (bytes.length < 28) return fault(parsed, `arp: ${bytes.length} bytes are less than 28`);
  if (u16(bytes, 0) !== 1 || u16(bytes, 2) !== 0x0800 || u16(bytes, 4) !== 0x0604) {
    return fault(parsed, "arp: not of IPv4 on Ethernet");
  }
  parsed.arp = {
    op: u16(bytes, 6),
    senderMac: macText(bytes, 8), senderIp: addressText(bytes, 14),
    targetMac: macText(bytes, 18), targetIp: addressText(bytes, 24),
  };
  return parsed;
}

/** `whole`: false for what is inside an ICMP error, which may end anywhere. */
function readIp(bytes: Uint8Array, whole: boolean): Parsed {
  const parsed: Parsed = { payload: bytes, faults: [] };
  if (bytes.length < IP_SIZE) return fault(parsed, `ip: ${bytes.length} bytes are less than a header`);
  const headerLength = (bytes[0]! & 15) * 4;
  const totalLength = u16(bytes, 2);
  if (bytes[0]! >> 4 !== 4) return fault(parsed, `ip: version ${bytes[0]! >> 4}`);
  if (headerLength < IP_SIZE) return fault(parsed, `ip: header of ${headerLength} bytes`);
  if (headerLength > bytes.length) return fault(parsed, "ip: ends within its options");
  if (totalLength < headerLength) return fault(parsed, `ip: total length ${totalLength} is less than its header`);
  if (whole && totalLength > bytes.length) {
    return fault(parsed, `ip: total length ${totalLength} of ${bytes.length} bytes`);
  }
  parsed.ip = ipHeader(bytes, headerLength, totalLength);
  parsed.payload = bytes.subarray(headerLength, totalLength);
  if (sumOf(bytes.subarray(0, headerLength)) !== 0) fault(parsed, "ip: checksum");
  if (parsed.ip.offset > 0) return parsed;
  return readTransport(parsed, whole && !parsed.ip.mf, whole);
}

function ipHeader(bytes: Uint8Array, headerLength: number, totalLength: number): IpHeader {
  return {
    from: addressText(bytes, 12), to: addressText(bytes, 16), protocol: bytes[9]!, ttl: bytes[8]!, tos: bytes[1]!,
    id: u16(bytes, 4), df: (bytes[6]! & 0x40) !== 0, mf: (bytes[6]! & 0x20) !== 0,
    offset: (u16(bytes, 6) & 0x1fff) * 8, headerLength, totalLength, checksum: u16(bytes, 10),
  };
}

/** `whole`: the segment is all there; `first`: it is no packet inside an error, which is to have its whole header. */
function readTransport(parsed: Parsed, whole: boolean, first: boolean): Parsed {
  const at = CHECKSUM_AT[parsed.ip!.protocol];
  if (at === undefined) return parsed;
  const { ip, payload: segment } = parsed;
  const complete = whole || (!first && segment.length === ip!.totalLength - ip!.headerLength);
  const name = nameOf(ip!.protocol);
  if (segment.length < 8) return fault(parsed, `${name}: ${segment.length} bytes are less than a header`);
  const noSum = ip!.protocol === UDP && u16(segment, 6) === 0;
  if (segment.length >= at + 2 && !noSum) {
    parsed.residue = residueOf(ip!, segment, complete);
    if (complete && parsed.residue !== 0) fault(parsed, `${name}: checksum`);
  }
  if (ip!.protocol === UDP) return readUdp(parsed, segment, complete);
  if (ip!.protocol === TCP) return readTcp(parsed, segment, first);
  return readIcmp(parsed, segment);
}

function residueOf(ip: IpHeader, segment: Uint8Array, complete: boolean): number {
  if (ip.protocol === ICMP) return sumOf(segment);
  // A datagram is as long as its own header says; a lie about it shows as a fault of its length.
  const claimed = ip.protocol === UDP ? u16(segment, 4) : ip.totalLength - ip.headerLength;
  const covered = complete ? segment.subarray(0, claimed) : segment;
  return sumOf([...pseudoHeader(ip.from, ip.to, ip.protocol, claimed), ...covered]);
}

function readUdp(parsed: Parsed, segment: Uint8Array, complete: boolean): Parsed {
  const { from, to } = parsed.ip!;
  const length = u16(segment, 4);
  parsed.udp = {
    from: `${from}:${u16(segment, 0)}`, to: `${to}:${u16(segment, 2)}`, length, checksum: u16(segment, 6),
  };
  parsed.payload = segment.subarray(8, Math.max(8, length));
  if (length < 8) fault(parsed, `udp: length ${length} is less than its header`);
  if (complete && length !== segment.length) fault(parsed, `udp: length ${length} of ${segment.length} bytes`);
  return parsed;
}

function readTcp(parsed: Parsed, segment: Uint8Array, first: boolean): Parsed {
  const { from, to } = parsed.ip!;
  // Inside an error the header may be cut after its first 8 bytes; the rest is then read as zeros.
  const header = new Uint8Array(Math.max(20, segment.length));
  header.set(segment);
  parsed.tcp = {
    from: `${from}:${u16(header, 0)}`, to: `${to}:${u16(header, 2)}`, seq: u32(header, 4), ack: u32(header, 8),
    flags: [...FLAGS].filter((_, bit) => (header[13]! >> bit) & 1).join(""),
    window: u16(header, 14), checksum: u16(header, 16), options: new Uint8Array(0),
  };
  const size = (header[12]! >> 4) * 4;
  if (first && segment.length < 20) fault(parsed, `tcp: ${segment.length} bytes are less than a header`);
  else if (first && size < 20) fault(parsed, `tcp: header of ${size} bytes`);
  else if (first && size > segment.length) fault(parsed, `tcp: header of ${size} bytes in ${segment.length}`);
  else if (size >= 20 && size <= segment.length) readTcpOptions(parsed.tcp, segment.subarray(20, size));
  parsed.payload = segment.subarray(Math.max(20, size));
  return parsed;
}

function readTcpOptions(header: TcpHeader, options: Uint8Array): void {
  header.options = options;
  for (let at = 0; at < options.length && options[at] !== 0;) {
    if (options[at] === 2 && options[at + 1] === 4 && at + 4 <= options.length) header.mss = u16(options, at + 2);
    at += options[at] === 1 ? 1 : Math.max(2, options[at + 1] ?? 2);
  }
}

function readIcmp(parsed: Parsed, message: Uint8Array): Parsed {
  const type = message[0]!;
  parsed.icmp = { type, code: message[1]!, checksum: u16(message, 2), rest: u32(message, 4) };
  parsed.payload = message.subarray(8);
  if (QUERIES.includes(type)) Object.assign(parsed.icmp, { id: u16(message, 4), seq: u16(message, 6) });
  if (ERRORS.includes(type)) parsed.icmp.about = readIp(parsed.payload, false);
  return parsed;
}

function nameOf(protocol: number): string {
  return { [ICMP]: "icmp", [TCP]: "tcp", [UDP]: "udp" }[protocol]!;
}

function fault(parsed: Parsed, text: string): Parsed {
  parsed.faults.push(text);
  return parsed;
}
