// MAC addresses between text and the two little-endian words that the core's tables hold.

/** `02:00:00:00:00:01` as its first four and last two bytes, in the order of the wire, little-endian. */
export function macWords(mac: string): [number, number] {
  const bytes = mac.split(":").map((byte) => parseInt(byte, 16));
  const word = (from: number, to: number): number =>
    bytes.slice(from, to).reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
  return [word(0, 4), word(4, 6)];
}

/** The MAC that stands at an offset. */
export function macAt(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
