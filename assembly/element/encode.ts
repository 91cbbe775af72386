// Encode: frames queued for a pipe become bytes in it, in the framing that the port asks for (see decode.ts).
// A pipe without room loses the frame and nobody waits: the byte ring is the queue.

import {
  CODEC_LENGTH, CODEC_PCAP, CODEC_SERVICE, CODEC_SINK, CUTS, CUT_SHIFT, DESC_FAILED, DESC_LENGTH, DESC_POP, DESC_START,
  DESC_TAG, FLAG_UP, PIPE_OUT_HEAD, PORTS, PORT_CODEC_OUT, PORT_FLAGS, PORT_PIPE, PORT_SIZE, SLOT_SIZE,
} from "../layout";
import { keepPromise } from "../backpressure";
import { commit, put, put32, writable } from "../pipe";
import { Reason } from "../reason";
import { consume, headOf, queueOf, slotAt, tailOf } from "../ring";
import { frames, wall } from "../state";
import { MACS_SIZE, TAG_SIZE } from "../wire/ethernet";

const LENGTH_MASK: u32 = (1 << CUT_SHIFT) - 1;
const RECORD_SIZE: u32 = 16;
const BLOCK_SIZE: u32 = 32;
const BLOCK_ENHANCED: u32 = 6;
const MICROSECONDS: f64 = 1000; // in the clock's milliseconds
const WORD: f64 = 4294967296;

/** Bytes that a descriptor's frame has on the wire. */
@inline
function wireLength(desc: u32): u32 {
  return load<u32>(desc, DESC_LENGTH) & LENGTH_MASK;
}

/** Moves what is queued for a port into its pipe; says whether there were frames. */
export function encode(port: u32): bool {
  const queue = queueOf(port);
  const head = headOf(queue);
  let cursor = tailOf(queue);
  if (cursor == head) return false;
  const codec = <u32>load<u8>(PORTS + port * PORT_SIZE, PORT_CODEC_OUT);
  const pipe = load<u32>(PORTS + port * PORT_SIZE, PORT_PIPE);
  const up = (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_UP) != 0;
  let room = up && codec != CODEC_SINK ? writable(pipe) : 0;
  let at = codec != CODEC_SINK ? load<u32>(pipe, PIPE_OUT_HEAD) : 0;
  for (; cursor != head; cursor++) {
    const desc = slotAt(queue, cursor);
    if (codec == CODEC_SINK) continue;
    const length = wireLength(desc);
    const cut = min(length, load<u32>(CUTS + (load<u32>(desc, DESC_LENGTH) >> CUT_SHIFT) * 4));
    const bytes = framed(codec, cut);
    if (bytes > room) {
      store<u8>(desc, DESC_FAILED + Reason.queueFull, DESC_POP);
      continue;
    }
    at = frame(codec, pipe, at, desc, length, cut);
    room -= bytes;
  }
  consume(queue, head);
  if (codec != CODEC_SINK) commit(pipe, at);
  keepPromise(port);
  return true;
}

/** Bytes that a frame takes in the pipe. */
function framed(codec: u32, length: u32): u32 {
  if (codec == CODEC_LENGTH) return length + 4;
  if (codec == CODEC_SERVICE) return length + 8;
  if (codec == CODEC_PCAP) return length + RECORD_SIZE;
  return ((length + 3) & ~3) + BLOCK_SIZE;
}

function frame(codec: u32, pipe: u32, at: u32, desc: u32, length: u32, cut: u32): u32 {
  if (codec == CODEC_LENGTH) return body(pipe, put32(pipe, at, bswap(cut)), desc, cut);
  if (codec == CODEC_SERVICE) return serviceFrame(pipe, put32(pipe, at, bswap(cut)), desc, cut);
  const micros = wall * MICROSECONDS;
  if (codec == CODEC_PCAP) {
    const seconds = <u32>(wall / 1000);
    at = put32(pipe, at, seconds);
    at = put32(pipe, at, <u32>(micros - <f64>seconds * 1000 * MICROSECONDS));
    at = put32(pipe, at, cut);
    return body(pipe, put32(pipe, at, length), desc, cut);
  }
  const total = framed(codec, cut);
  at = put32(pipe, at, BLOCK_ENHANCED);
  at = put32(pipe, at, total);
  at = put32(pipe, at, 0); // interface
  at = put32(pipe, at, <u32>(micros / WORD));
  at = put32(pipe, at, <u32>(<u64>micros));
  at = put32(pipe, at, cut);
  at = body(pipe, put32(pipe, at, length), desc, cut);
  return put32(pipe, pad(pipe, at, cut), total);
}

/** For a router's services: in the place of a tag its descriptor says where the frame came in. */
function serviceFrame(pipe: u32, at: u32, desc: u32, cut: u32): u32 {
  at = put32(pipe, at, load<u32>(desc, DESC_TAG));
  store<u32>(desc, 0, DESC_TAG);
  return body(pipe, at, desc, cut);
}

/** The frame itself: addresses, the tag that is put in, and the rest behind the tag that is taken out. */
function body(pipe: u32, at: u32, desc: u32, cut: u32): u32 {
  const from = frames + load<u32>(desc) * SLOT_SIZE + load<u8>(desc, DESC_START);
  const pop = <u32>load<u8>(desc, DESC_POP);
  const inserted = load<u32>(desc, DESC_TAG) ? TAG_SIZE : 0;
  if (inserted == 0 && pop == 0) return put(pipe, at, from, cut);
  const macs = min(MACS_SIZE, cut);
  const tag = min(inserted, cut - macs);
  at = put(pipe, put(pipe, at, from, macs), desc + DESC_TAG, tag);
  return put(pipe, at, from + macs + pop, cut - macs - tag);
}

/** Blocks end on a multiple of four bytes. */
function pad(pipe: u32, at: u32, length: u32): u32 {
  const zeros = (4 - (length & 3)) & 3;
  if (zeros == 0) return at;
  put32(pipe, at, 0);
  return at + zeros;
}
