// Pipes: a pair of byte rings between the core and what moves bytes (a socket, a file, the embedding program).
// Here: reading and writing at a free-running position, round the end of the ring. Cursors are u32 and free;
// the other side's is read once and checked before it is believed.

import {
  PIPE_FAULT, PIPE_IN, PIPE_IN_HEAD, PIPE_IN_TAIL, PIPE_OUT, PIPE_OUT_HEAD, PIPE_OUT_TAIL, PIPE_SIZE,
} from "./layout";

const MASK: u32 = PIPE_SIZE - 1;

/** Bytes that wait in the ring towards the core; none where the cursors cannot be right. */
export function readable(pipe: u32): u32 {
  const waiting = atomic.load<u32>(pipe, PIPE_IN_HEAD) - load<u32>(pipe, PIPE_IN_TAIL);
  return waiting <= PIPE_SIZE ? waiting : 0;
}

/** Bytes for which the ring out of the core has room. */
export function writable(pipe: u32): u32 {
  const waiting = load<u32>(pipe, PIPE_OUT_HEAD) - atomic.load<u32>(pipe, PIPE_OUT_TAIL);
  return waiting <= PIPE_SIZE ? PIPE_SIZE - waiting : 0;
}

/** Takes `bytes` off the ring towards the core. */
export function skip(pipe: u32, bytes: u32): void {
  atomic.store<u32>(pipe, load<u32>(pipe, PIPE_IN_TAIL) + bytes, PIPE_IN_TAIL);
}

/** Copies `bytes` that stand `ahead` bytes past the read position. */
export function peek(pipe: u32, ahead: u32, to: u32, bytes: u32): void {
  const at = (load<u32>(pipe, PIPE_IN_TAIL) + ahead) & MASK;
  const first = min(bytes, PIPE_SIZE - at);
  memory.copy(to, pipe + PIPE_IN + at, first);
  if (first < bytes) memory.copy(to + first, pipe + PIPE_IN, bytes - first);
}

/** The little-endian u32 that stands `ahead` bytes past the read position. */
export function peek32(pipe: u32, ahead: u32): u32 {
  const at = load<u32>(pipe, PIPE_IN_TAIL) + ahead;
  const ring = pipe + PIPE_IN;
  if ((at & MASK) <= PIPE_SIZE - 4) return load<u32>(ring + (at & MASK));
  return <u32>load<u8>(ring + (at & MASK)) | (<u32>load<u8>(ring + ((at + 1) & MASK)) << 8)
    | (<u32>load<u8>(ring + ((at + 2) & MASK)) << 16) | (<u32>load<u8>(ring + ((at + 3) & MASK)) << 24);
}

/** Copies bytes to position `at` of the ring out; returns the position after them. */
export function put(pipe: u32, at: u32, from: u32, bytes: u32): u32 {
  const offset = at & MASK;
  const first = min(bytes, PIPE_SIZE - offset);
  memory.copy(pipe + PIPE_OUT + offset, from, first);
  if (first < bytes) memory.copy(pipe + PIPE_OUT, from + first, bytes - first);
  return at + bytes;
}

/** Writes a little-endian u32 at position `at` of the ring out; returns the position after it. */
export function put32(pipe: u32, at: u32, value: u32): u32 {
  const ring = pipe + PIPE_OUT;
  if ((at & MASK) <= PIPE_SIZE - 4) {
    store<u32>(ring + (at & MASK), value);
  } else {
    for (let i: u32 = 0; i < 4; i++) store<u8>(ring + ((at + i) & MASK), <u8>(value >> (8 * i)));
  }
  return at + 4;
}

/** Lets the consumer of the ring out see everything before `at`, and wakes it where it sleeps in this memory. */
export function commit(pipe: u32, at: u32): void {
  atomic.store<u32>(pipe, at, PIPE_OUT_HEAD);
  atomic.notify(pipe + PIPE_OUT_HEAD, 1);
}

/** Asks for the peer to be hung up on: what it sends cannot be made sense of. */
export function fault(pipe: u32, reason: u32): void {
  atomic.store<u32>(pipe, reason + 1, PIPE_FAULT);
}
