// Frames of an EtherType for experiments (IEEE 802 9.2.4), which the kernel sends nobody by itself.

const HEADER = Buffer.from("02000000000a02000000000b88b5", "hex");

export function frame(length: number, seed = 0): Buffer {
  const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 13 + seed) & 0xff));
  HEADER.copy(bytes);
  return bytes;
}

/** Whether a frame that was seen is one of them, tagged or not. */
export function isOurs(bytes: Buffer): boolean {
  return bytes.subarray(0, 6).equals(HEADER.subarray(0, 6));
}
