// Frames for filters to tell apart: a few hundred, drawn from a seed out of small pools, so that every field has its
// hits and its near misses; one in four is cut short, down to the Ethernet header. Owns the pools.
// Read RFC 791 3.1, RFC 8200 3, RFC 826, RFC 9293 3.1, RFC 768.

const MACS = [
  "02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01",
];
const IPV4S = ["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.1.7", "224.0.0.251", "255.255.255.255"];
const IPV6S = [
  "20010db8000000000000000000000001", "20010db8000000010000000000000002", "fe800000000000000000000000000003",
  "ff020000000000000000000000000001",
];
const PORTS = [22, 53, 67, 68, 80, 123, 443, 6000, 8080, 40000];
const VIDS = [5, 10, 20, 0x105];
const TPIDS = [0x8100, 0x88a8, 0x9100];
const HEADER = 14;

/** A generator of numbers that a seed determines (Marsaglia's xorshift32). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `count` − 1. */
  roll(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }

  pick<T>(pool: readonly T[]): T {
    return pool[this.roll(pool.length)]!;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.roll(256)));
  }
}

/** So many frames, no two the same. */
export function frames(count: number, seed = 0x7a9100d): Uint8Array[] {
  const dice = new Dice(seed);
  const made = new Map<string, Uint8Array>();
  while (made.size < count) {
    const whole = frame(dice);
    const bytes = dice.roll(4) === 0 ? whole.subarray(0, HEADER + dice.roll(whole.length - HEADER)) : whole;
    made.set(bytes.toString("hex"), Uint8Array.from(bytes));
  }
  return [...made.values()];
}

function frame(dice: Dice): Buffer {
  const tags = Array.from({ length: dice.pick([0, 0, 0, 1, 1, 2]) }, () => [
    ...half(dice.pick(TPIDS)), ...half(dice.pick(VIDS) | (dice.roll(8) << 13)),
  ]);
  const [type, payload] = dice.pick([ipv4, ipv4, ipv6, arp, other])(dice);
  return Buffer.concat([mac(dice), mac(dice), Buffer.from(tags.flat()), Buffer.from(half(type)), payload]);
}

function ipv4(dice: Dice): [number, Buffer] {
  const words = dice.pick([5, 5, 6, 8]);
  const protocol = dice.pick([1, 2, 6, 6, 17, 17, 50, 132]);
  const header = dice.bytes(words * 4);
  header[0] = 0x40 | words;
  header.writeUInt16BE(dice.pick([0, 0, 0x4000, 0x2000, 0x0010]), 6);
  header[9] = protocol;
  address4(dice).copy(header, 12);
  address4(dice).copy(header, 16);
  return [0x0800, Buffer.concat([header, transport(dice, protocol)])];
}

function ipv6(dice: Dice): [number, Buffer] {
  const next = dice.pick([6, 17, 58, 132]);
  const isFragment = dice.roll(5) === 0;
  const header = dice.bytes(40);
  header[0] = 0x60;
  header[6] = isFragment ? 44 : next;
  Buffer.from(dice.pick(IPV6S), "hex").copy(header, 8);
  Buffer.from(dice.pick(IPV6S), "hex").copy(header, 24);
  const fragment = isFragment ? Buffer.concat([Buffer.of(next), dice.bytes(7)]) : Buffer.alloc(0);
  return [0x86dd, Buffer.concat([header, fragment, transport(dice, next)])];
}

function arp(dice: Dice): [number, Buffer] {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1 + dice.roll(4)]);
  const body = [mac(dice), address4(dice), mac(dice), address4(dice)];
  return [dice.pick([0x0806, 0x0806, 0x8035]), Buffer.concat([head, ...body])];
}

/** Another protocol, or a length as in IEEE 802.3. */
function other(dice: Dice): [number, Buffer] {
  return [dice.pick([0x88b5, 0x88cc, 0x0600, 46, 1500]), dice.bytes(dice.roll(60))];
}

function transport(dice: Dice, protocol: number): Buffer {
  const bytes = dice.bytes(20 + dice.roll(30));
  if (protocol === 6 || protocol === 17 || protocol === 132) {
    bytes.writeUInt16BE(dice.pick(PORTS), 0);
    bytes.writeUInt16BE(dice.pick(PORTS), 2);
  } else if (protocol === 1 || protocol === 58) {
    bytes[0] = dice.pick([0, 3, 8, 128, 129, 135]);
  }
  return bytes;
}

function mac(dice: Dice): Buffer {
  return Buffer.from(dice.pick(MACS).replaceAll(":", ""), "hex");
}

function address4(dice: Dice): Buffer {
  return Buffer.from(dice.pick(IPV4S).split(".").map(Number));
}

function half(value: number): number[] {
  return [value >> 8, value & 255];
}
