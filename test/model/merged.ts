// Merged frames for tests, and what they must become: a slow, obvious model that builds each segment from its fields.
// Owns nothing; the segmenters of native/ and assembly/ are held against it.
// Read first: virtio 1.2 5.1.6, RFC 9293 3.1, RFC 768.

/** Kinds of segmentation offload (virtio 1.2 5.1.6); `udp4` is fragmentation, which is obsolete. */
export const GSO = { none: 0, tcp4: 1, udp4: 3, tcp6: 4, udp: 5 };
export const ECN = 0x80;
export const [FIN, PSH, ACK, CWR] = [0x01, 0x08, 0x10, 0x80];

/** What a test varies of a packet of TCP or UDP. */
export interface Packet {
  ip: 4 | 6;
  protocol: "tcp" | "udp";
  tags: string;
  ipOptions: number;
  tcpOptions: number;
  id: number;
  /** Of the receiver, which tells flows apart. */
  port: number;
  sequence: number;
  flags: number;
  payload: Buffer;
}

export const payload = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
export const packet = (fields: Partial<Packet> = {}): Packet => ({
  ip: 4, protocol: "tcp", tags: "", ipOptions: 0, tcpOptions: 12, id: 0xfffe, port: 40000, sequence: 0xffffff00,
  flags: ACK, payload: payload(1001), ...fields,
});

// ---- the model ----

/** RFC 1071, a word at a time. */
function checksum(...parts: Buffer[]): number {
  const bytes = Buffer.concat([...parts, Buffer.alloc(1)]);
  let sum = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const u16 = (...values: number[]) => Buffer.from(values.flatMap((value) => [value >> 8 & 0xff, value & 0xff]));

function addresses({ ip }: Packet): Buffer {
  return ip === 4 ? Buffer.from("0a0900010a090002", "hex")
    : Buffer.from("fd000000000000000000000000000001fd000000000000000000000000000002", "hex");
}

function transport(item: Packet): Buffer {
  const isTcp = item.protocol === "tcp";
  const header = isTcp ? Buffer.alloc(20 + item.tcpOptions, 1) : Buffer.alloc(8);
  header.set(u16(5201, item.port));
  if (isTcp) {
    header.writeUInt32BE(item.sequence >>> 0, 4);
    header.set([header.length << 2, item.flags, 0x20, 0, 0, 0], 12);
  } else {
    header.writeUInt16BE(8 + item.payload.length, 4);
  }
  const length = header.length + item.payload.length;
  const sum = checksum(addresses(item), u16(isTcp ? 6 : 17, length), header, item.payload);
  header.writeUInt16BE(sum || 0xffff, isTcp ? 16 : 6);
  return Buffer.concat([header, item.payload]);
}

function network(item: Packet): Buffer {
  const inner = transport(item);
  const protocol = item.protocol === "tcp" ? 6 : 17;
  if (item.ip === 6) {
    return Buffer.concat([u16(0x6001, 0x2345, inner.length, protocol << 8 | 64), addresses(item), inner]);
  }
  const header = Buffer.alloc(20 + item.ipOptions, 1);
  header.set(u16((4 << 4 | header.length / 4) << 8, header.length + inner.length, item.id & 0xffff, 0x4000));
  header.set(u16(64 << 8 | protocol, 0), 8);
  header.set(addresses(item), 12);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, inner]);
}

/** The packet as it is on the wire, with every checksum right. */
export function frameOf(item: Packet): Buffer {
  const macs = Buffer.from("020000000001020000000002", "hex");
  return Buffer.concat([macs, Buffer.from(item.tags, "hex"), u16(item.ip === 4 ? 0x0800 : 0x86dd), network(item)]);
}

/** A frame of TCP over IP with its checksums right again, after a test has overwritten something. */
export function repaired(frame: Buffer): Buffer {
  const right = Buffer.from(frame);
  const network = 14 + tagBytes(right);
  const isIpv4 = right[network]! >> 4 === 4;
  const segment = network + (isIpv4 ? (right[network]! & 15) * 4 : 40);
  if (isIpv4) {
    right.set([0, 0], network + 10);
    right.writeUInt16BE(checksum(right.subarray(network, segment)), network + 10);
  }
  const whole = isIpv4 ? right.readUInt16BE(network + 2) : 40 + right.readUInt16BE(network + 4);
  const inner = right.subarray(segment, network + whole);
  const ends = right.subarray(network + (isIpv4 ? 12 : 8), network + (isIpv4 ? 20 : 40));
  inner.set([0, 0], 16);
  inner.writeUInt16BE(checksum(ends, u16(6, inner.length), inner) || 0xffff, 16);
  return right;
}

/** The segments of a frame of TCP that came behind a header, made one by one from its bytes. */
export function split(frame: Buffer, header: Buffer): Buffer[] {
  const [size, segment] = [header.readUInt16LE(4), header.readUInt16LE(6)];
  const network = 14 + tagBytes(frame);
  const isIpv4 = frame[network]! >> 4 === 4;
  const headers = segment + (frame[segment + 12]! >> 4) * 4;
  return Array.from({ length: Math.ceil((frame.length - headers) / size) }, (_, index) => {
    const at = headers + index * size;
    const made = Buffer.concat([frame.subarray(0, headers), frame.subarray(at, at + size)]);
    made.writeUInt16BE(made.length - network - (isIpv4 ? 0 : 40), network + (isIpv4 ? 2 : 4));
    if (isIpv4) made.writeUInt16BE((made.readUInt16BE(network + 4) + index) & 0xffff, network + 4);
    made.writeUInt32BE((made.readUInt32BE(segment + 4) + index * size) >>> 0, segment + 4);
    if (at + size < frame.length) made[segment + 13]! &= ~PSH;
    return repaired(made);
  });
}

/** Its segments of `size` bytes of payload, each built from its fields. */
export function model(item: Packet, size: number): Buffer[] {
  const count = Math.ceil(item.payload.length / size);
  return Array.from({ length: count }, (_, index) => frameOf({
    ...item,
    id: item.id + index,
    sequence: item.sequence + index * size,
    flags: item.flags & ~(index > 0 ? CWR : 0) & ~(index < count - 1 ? FIN | PSH : 0),
    payload: item.payload.subarray(index * size, (index + 1) * size),
  }));
}

// ---- headers ----

/** A frame and the header before it: how it is merged, and where its checksum is to be completed. */
export interface Merged {
  frame: Buffer;
  gso: number;
  size: number;
  flags: number;
  start: number;
  offset: number;
}

/** A packet with the header that Linux gives it. */
export function merged(item: Packet, size: number, lies: Partial<Merged> = {}): Merged {
  const isTcp = item.protocol === "tcp";
  const start = 14 + item.tags.length / 2 + (item.ip === 4 ? 20 + item.ipOptions : 40);
  const gso = isTcp ? (item.ip === 4 ? GSO.tcp4 : GSO.tcp6) : GSO.udp;
  return { frame: frameOf(item), gso, size, flags: 1, start, offset: isTcp ? 16 : 6, ...lies };
}

/** As `merged`, with one field of the frame overwritten. */
export function forged(item: Packet, at: number, bytes: string, size = 300): Merged {
  const whole = merged(item, size);
  whole.frame.set(Buffer.from(bytes, "hex"), at);
  return whole;
}

/** The ten bytes of a header. */
export function headerOf({ gso, size, flags, start, offset }: Omit<Merged, "frame">, hint = 0xffff): Buffer {
  const header = Buffer.from([flags, gso, 0, 0, 0, 0, 0, 0, 0, 0]);
  [hint, size, start, offset].forEach((value, index) => header.writeUInt16LE(value, 2 + index * 2));
  return header;
}

/** The same frame as its sender would leave it: its checksum covers the pseudo-header only. */
export function unfinished(item: Merged): Merged {
  const { start, offset } = item;
  const frame = Buffer.from(item.frame);
  const network = 14 + tagBytes(frame);
  const isIpv4 = frame[network]! >> 4 === 4;
  const [from, to] = isIpv4 ? [network + 12, network + 20] : [network + 8, network + 40];
  const protocol = offset === 16 ? 6 : 17;
  const sum = ~checksum(frame.subarray(from, to), u16(protocol, frame.length - start)) & 0xffff;
  frame.writeUInt16BE(sum, start + offset);
  return { ...item, frame };
}

function tagBytes(frame: Buffer): number {
  let bytes = 0;
  while ([0x8100, 0x88a8].includes(frame.readUInt16BE(12 + bytes))) bytes += 4;
  return bytes;
}
