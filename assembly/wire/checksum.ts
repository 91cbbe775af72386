// The Internet checksum: in full, and what it becomes when a part changes. Sums are of 16-bit words as they are
// loaded, since the order of bytes does not matter to it. Read RFC 1071 (2 B) and RFC 1624 (3, equation 3).

/** What a decrement of the TTL adds to the sum of a header: its word becomes one less. */
export const TTL_DELTA: u32 = 0xfffe;

/** A sum with its carries brought back into 16 bits. */
@inline
export function fold(sum: u32): u32 {
  const once = (sum & 0xffff) + (sum >> 16);
  return (once & 0xffff) + (once >> 16);
}

/** The sum, not inverted, of so many bytes, 0 to 65,536. */
export function sumOf(at: u32, bytes: u32): u32 {
  let lanes = i32x4.splat(0); // each gains two words at a time: no carry is lost before 512 KiB
  let i: u32 = 0;
  for (; i + 16 <= bytes; i += 16) lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at + i)));
  const halves = i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes));
  let sum = <u64>i64x2.extract_lane(halves, 0) + <u64>i64x2.extract_lane(halves, 1);
  for (; i + 4 <= bytes; i += 4) sum += load<u32>(at + i);
  if (i + 2 <= bytes) {
    sum += load<u16>(at + i);
    i += 2;
  }
  if (i < bytes) sum += load<u8>(at + i);
  sum = (sum & 0xffff_ffff) + (sum >> 32);
  sum = (sum & 0xffff_ffff) + (sum >> 32);
  return fold(fold((<u32>sum & 0xffff) + (<u32>sum >> 16)));
}

/**
 * Whether the checksum of an IPv4 header without options is right: its first eight, next four and last eight bytes. A
 * sum of halves is added to itself with its halves exchanged: the upper one then is both, with the carry brought back.
 */
@inline
export function isWhole20(start: u64, middle: u32, addresses: u64): bool {
  const sum = (start & 0xffff_ffff) + (start >> 32) + middle + (addresses & 0xffff_ffff) + (addresses >> 32);
  const half = <u32>((sum + rotl(sum, 32)) >> 32);
  return half + rotl(half, 16) >= 0xffff_0000;
}

/** What the sum gains when a 32-bit field changes. */
@inline
export function deltaOf(before: u32, after: u32): u32 {
  return fold((~before & 0xffff) + (~before >> 16) + (after & 0xffff) + (after >> 16));
}

/** A checksum after its sum has gained `delta`. */
@inline
export function updated(checksum: u32, delta: u32): u32 {
  const sum = (checksum ^ 0xffff) + delta; // 17 bits at most: one carry to bring back
  return ((sum + (sum >> 16)) ^ 0xffff) & 0xffff;
}

/**
 * The sum of the pseudo-header that stands for a checksum until it is complete, after addresses have changed: it gains
 * what the header's sum did, but for the TTL's part.
 */
@inline
export function updatedPartial(sum: u32, headerDelta: u32): u32 {
  return fold(sum + headerDelta + (~TTL_DELTA & 0xffff));
}

/** `updated` for UDP over IPv4: 0 means that there is none, and stays; one that comes out as 0 is sent as 0xffff. */
@inline
export function updatedUdp(checksum: u32, delta: u32): u32 {
  const after = updated(checksum, delta);
  return checksum == 0 ? 0 : after == 0 ? 0xffff : after;
}
