// What hosts and services say on the wire: Ethernet with VLAN tags, ARP, IPv4, ICMP echo and UDP, built and parsed.
// Owns no state. Addresses are text as people write them: "02:00:00:00:00:01", "10.0.10.1". A parser never throws
// and never reads past its input: it gives a value or a Fault. Trailing bytes (Ethernet padding) are not a fault.
// Read first: IEEE 802.3 clause 3, IEEE 802.1Q clause 9, RFC 826, 791, 792, 768 and 1071.

/** Why a packet was not understood: too short or contradicting itself, damaged, or outside of what is spoken here. */
export type Fault = "malformed" | "checksum" | "unsupported";

export const MAC_BROADCAST = "ff:ff:ff:ff:ff:ff";
export const MAC_NONE = "00:00:00:00:00:00";
export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;
export const TPID_CUSTOMER = 0x8100;
export const TPID_SERVICE = 0x88a8;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_UDP = 17;

const MAC_SIZE = 6;
const TAG_SIZE = 4;
const ETHERNET_SIZE = 14;
const ARP_SIZE = 28;
const IPV4_SIZE = 20;
const ICMP_SIZE = 8;
const UDP_SIZE = 8;
const ICMP_REPLY = 0;
const ICMP_REQUEST = 8;
const IPV4_TTL = 64;

/** One VLAN tag. `pcp` 0 to 7, `vid` 0 (priority-tagged) to 4095. */
export interface Tag {
  tpid: number;
  pcp: number;
  dei: boolean;
  vid: number;
}

export interface Frame {
  destination: string;
  source: string;
  /** Outermost first. */
  tags: readonly Tag[];
  type: number;
  payload: Uint8Array;
}

export interface Arp {
  operation: "request" | "reply";
  senderMac: string;
  senderAddress: string;
  targetMac: string;
  targetAddress: string;
}

export interface Ipv4 {
  source: string;
  destination: string;
  protocol: number;
  /** 0 to 65535, RFC 6864. */
  identification: number;
  payload: Uint8Array;
}

export interface Echo {
  kind: "request" | "reply";
  /** 0 to 65535, as `sequence`. */
  identifier: number;
  sequence: number;
  data: Uint8Array;
}

export interface Udp {
  sourcePort: number;
  destinationPort: number;
  payload: Uint8Array;
}

// ---- addresses ----

/** The six bytes of a MAC; throws RangeError where the text is none. */
export function macBytes(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`"${text}" is not a MAC address: write six bytes in hex, as in 02:00:00:00:00:01`);
  }
  return Uint8Array.from(text.split(":"), (byte) => parseInt(byte, 16));
}

/** The MAC at `offset`; the caller has checked that six bytes are there. */
export function macText(bytes: Uint8Array, offset: number): string {
  const mac = bytes.subarray(offset, offset + MAC_SIZE);
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Whether it is a group address (multicast or broadcast): the lowest bit of the first byte. */
export function isGroup(mac: string): boolean {
  return (parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** An IPv4 address as a number, 0 to 2^32 - 1; throws RangeError where the text is none. */
export function addressNumber(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) {
    throw new RangeError(`"${text}" is not an IPv4 address: write four numbers up to 255, as in 10.0.10.1`);
  }
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The text of an IPv4 address given as a number. */
export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

// ---- checksum ----

/**
 * The Internet checksum (RFC 1071) over the parts, one after the other; only the last may have an odd length.
 * Over data that holds its own right checksum it is 0.
 */
export function checksum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

// ---- Ethernet ----

export function buildFrame(frame: Frame): Uint8Array {
  const header = ETHERNET_SIZE + TAG_SIZE * frame.tags.length;
  const bytes = new Uint8Array(header + frame.payload.length);
  const view = viewOf(bytes);
  bytes.set(macBytes(frame.destination), 0);
  bytes.set(macBytes(frame.source), MAC_SIZE);
  let at = 2 * MAC_SIZE;
  for (const { tpid, pcp, dei, vid } of frame.tags) {
    view.setUint16(at, tpid);
    view.setUint16(at + 2, (pcp << 13) | (dei ? 0x1000 : 0) | vid);
    at += TAG_SIZE;
  }
  view.setUint16(at, frame.type);
  bytes.set(frame.payload, header);
  return bytes;
}

/** Takes off every tag, however many; the payload is a view on the input. */
export function parseFrame(bytes: Uint8Array): Frame | Fault {
  if (bytes.length < ETHERNET_SIZE) return "malformed";
  const view = viewOf(bytes);
  const tags: Tag[] = [];
  let at = 2 * MAC_SIZE;
  let type = view.getUint16(at);
  while (type === TPID_CUSTOMER || type === TPID_SERVICE) {
    if (bytes.length < at + TAG_SIZE + 2) return "malformed";
    const tci = view.getUint16(at + 2);
    tags.push({ tpid: type, pcp: tci >>> 13, dei: (tci & 0x1000) !== 0, vid: tci & 0xfff });
    at += TAG_SIZE;
    type = view.getUint16(at);
  }
  const payload = bytes.subarray(at + 2);
  return { destination: macText(bytes, 0), source: macText(bytes, MAC_SIZE), tags, type, payload };
}

// ---- ARP (RFC 826) ----

const ARP_ETHERNET = 1;

export function buildArp(arp: Arp): Uint8Array {
  const bytes = new Uint8Array(ARP_SIZE);
  const view = viewOf(bytes);
  view.setUint16(0, ARP_ETHERNET);
  view.setUint16(2, TYPE_IPV4);
  view.setUint8(4, MAC_SIZE);
  view.setUint8(5, 4);
  view.setUint16(6, arp.operation === "request" ? 1 : 2);
  bytes.set(macBytes(arp.senderMac), 8);
  view.setUint32(14, addressNumber(arp.senderAddress));
  bytes.set(macBytes(arp.targetMac), 18);
  view.setUint32(24, addressNumber(arp.targetAddress));
  return bytes;
}

export function parseArp(bytes: Uint8Array): Arp | Fault {
  if (bytes.length < ARP_SIZE) return "malformed";
  const view = viewOf(bytes);
  const operation = view.getUint16(6);
  if (view.getUint16(0) !== ARP_ETHERNET || view.getUint16(2) !== TYPE_IPV4) return "unsupported";
  if (view.getUint8(4) !== MAC_SIZE || view.getUint8(5) !== 4) return "malformed";
  if (operation !== 1 && operation !== 2) return "unsupported";
  return {
    operation: operation === 1 ? "request" : "reply",
    senderMac: macText(bytes, 8),
    senderAddress: addressText(view.getUint32(14)),
    targetMac: macText(bytes, 18),
    targetAddress: addressText(view.getUint32(24)),
  };
}

// ---- IPv4 (RFC 791) ----

/** A packet without options, not to be fragmented. */
export function buildIpv4(packet: Ipv4): Uint8Array {
  const bytes = new Uint8Array(IPV4_SIZE + packet.payload.length);
  const view = viewOf(bytes);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(4, packet.identification);
  view.setUint16(6, 0x4000);
  view.setUint8(8, IPV4_TTL);
  view.setUint8(9, packet.protocol);
  view.setUint32(12, addressNumber(packet.source));
  view.setUint32(16, addressNumber(packet.destination));
  view.setUint16(10, checksum(bytes.subarray(0, IPV4_SIZE)));
  bytes.set(packet.payload, IPV4_SIZE);
  return bytes;
}

/** Options are skipped; fragments are "unsupported". The payload is a view on the input, without padding. */
export function parseIpv4(bytes: Uint8Array): Ipv4 | Fault {
  if (bytes.length < IPV4_SIZE) return "malformed";
  const view = viewOf(bytes);
  const header = (view.getUint8(0) & 15) * 4;
  const total = view.getUint16(2);
  if (view.getUint8(0) >>> 4 !== 4 || header < IPV4_SIZE) return "malformed";
  if (total < header || total > bytes.length) return "malformed";
  if (checksum(bytes.subarray(0, header)) !== 0) return "checksum";
  if ((view.getUint16(6) & 0x3fff) !== 0) return "unsupported";
  return {
    source: addressText(view.getUint32(12)),
    destination: addressText(view.getUint32(16)),
    protocol: view.getUint8(9),
    identification: view.getUint16(4),
    payload: bytes.subarray(header, total),
  };
}

// ---- ICMP echo (RFC 792) ----

export function buildEcho(echo: Echo): Uint8Array {
  const bytes = new Uint8Array(ICMP_SIZE + echo.data.length);
  const view = viewOf(bytes);
  view.setUint8(0, echo.kind === "request" ? ICMP_REQUEST : ICMP_REPLY);
  view.setUint16(4, echo.identifier);
  view.setUint16(6, echo.sequence);
  bytes.set(echo.data, ICMP_SIZE);
  view.setUint16(2, checksum(bytes));
  return bytes;
}

/** Every other ICMP message is "unsupported". */
export function parseEcho(bytes: Uint8Array): Echo | Fault {
  if (bytes.length < ICMP_SIZE) return "malformed";
  if (checksum(bytes) !== 0) return "checksum";
  const view = viewOf(bytes);
  const type = view.getUint8(0);
  if ((type !== ICMP_REQUEST && type !== ICMP_REPLY) || view.getUint8(1) !== 0) return "unsupported";
  return {
    kind: type === ICMP_REQUEST ? "request" : "reply",
    identifier: view.getUint16(4),
    sequence: view.getUint16(6),
    data: bytes.subarray(ICMP_SIZE),
  };
}

// ---- UDP (RFC 768) ----

/** The addresses go into the checksum. */
export function buildUdp(udp: Udp, source: string, destination: string): Uint8Array {
  const bytes = new Uint8Array(UDP_SIZE + udp.payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, udp.sourcePort);
  view.setUint16(2, udp.destinationPort);
  view.setUint16(4, bytes.length);
  bytes.set(udp.payload, UDP_SIZE);
  // 0 on the wire says "no checksum": a sum that comes out as 0 is sent as its other form.
  view.setUint16(6, checksum(pseudoHeader(source, destination, bytes.length), bytes) || 0xffff);
  return bytes;
}

export function parseUdp(bytes: Uint8Array, source: string, destination: string): Udp | Fault {
  if (bytes.length < UDP_SIZE) return "malformed";
  const view = viewOf(bytes);
  const length = view.getUint16(4);
  if (length < UDP_SIZE || length > bytes.length) return "malformed";
  const datagram = bytes.subarray(0, length);
  const summed = view.getUint16(6) !== 0;
  if (summed && checksum(pseudoHeader(source, destination, length), datagram) !== 0) return "checksum";
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: datagram.subarray(UDP_SIZE),
  };
}

function pseudoHeader(source: string, destination: string, length: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = viewOf(bytes);
  view.setUint32(0, addressNumber(source));
  view.setUint32(4, addressNumber(destination));
  view.setUint8(9, PROTOCOL_UDP);
  view.setUint16(10, length);
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
