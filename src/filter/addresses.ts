// Addresses of a capture filter, from text to the words that frames hold. Owns their notations: what libpcap takes,
// but for names. Read RFC 4291 2.2 (IPv6), pcap-filter(7) (short IPv4 networks).

const WORD = 2 ** 32;

/** The six bytes of a MAC with colons or hyphens. */
export function macOf(text: string): Uint8Array {
  return Uint8Array.from(text.split(/[:-]/), (digits) => Number.parseInt(digits, 16));
}

/** An IPv4 address with one to four of its numbers, and the mask that covers these; undefined: it is none. */
export function ipv4Of(text: string): { address: number; mask: number; isWhole: boolean } | undefined {
  const numbers = text.split(".").map(Number);
  if (numbers.some((number) => number > 255)) return undefined;
  const whole = [...numbers, 0, 0, 0].slice(0, 4);
  return {
    address: whole.reduce((word, number) => word * 256 + number, 0),
    mask: maskOf(numbers.length * 8),
    isWhole: numbers.length === 4,
  };
}

/** An IPv4 address with its dots. */
export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** The four words of an IPv6 address that isIPv6 knows. */
export function ipv6Of(text: string): number[] {
  const plain = text.replace(/[\d.]+$/, (tail) => (tail.includes(".") ? groupsOfIpv4(tail) : tail));
  const [head = [], tail = []] = plain.split("::").map((half) => half.split(":").filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  const numbers = groups.map((group) => Number.parseInt(group, 16));
  return [0, 2, 4, 6].map((i) => numbers[i]! * 65536 + numbers[i + 1]!);
}

/** A word whose first `bits` bits are set, 0 to 32. */
export function maskOf(bits: number): number {
  return WORD - 2 ** (32 - bits);
}

/** The same over the four words of an IPv6 address, 0 to 128. */
export function masksOf(bits: number): number[] {
  return [0, 32, 64, 96].map((before) => maskOf(Math.max(0, Math.min(32, bits - before))));
}

function groupsOfIpv4(text: string): string {
  const { address } = ipv4Of(text)!;
  return `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`;
}
