// Decode: bytes of a pipe become received frames. Framings: QEMU's (u32 big-endian length before each frame,
// qemu net/stream.c), libpcap records (draft-ietf-opsawg-pcap 5, file header taken off by the host) and pcapng
// blocks (draft-ietf-opsawg-pcapng 4.3, 4.4; little-endian). What cannot be a frame faults the pipe: in a stream
// of bytes there is no way to find the next beginning.

import {
  BATCH_MAX, CODEC_LENGTH, CODEC_PCAP, CODEC_PCAPNG, CODEC_SERVICE, DESC_LENGTH, DESC_PORT, DESC_SIZE, DESC_START,
  FACE_OTHER, FLAG_ROUTER, FRAME_MAX, HEADROOM, PIPE_FACES, PIPE_FAULT, PIPE_HUNGRY, PIPE_SIZE, PORTS, PORTS_MAX,
  PORT_CODEC, PORT_FLAGS, PORT_PIPE, PORT_SIZE, SLOT_SIZE, SOURCES, SOURCE_PACE, SOURCE_SIZE, WORKER_RX,
} from "../layout";
import { UNLIMITED, exhaust, fits, roomFor, spend } from "../backpressure";
import { countRx, dropIn } from "../counters";
import { addFace, faceOf, forgetFaces } from "../faces";
import { mayStart } from "../pace";
import { fault, peek, peek32, readable, skip } from "../pipe";
import { Reason } from "../reason";
import { base, counters, frames } from "../state";

const RECORD_SIZE: u32 = 16;
const RECORD_LENGTH: u32 = 8;
const RECORD_ORIGINAL: u32 = 12;
const BLOCK_SECTION: u32 = 0x0a0d_0d0a;
const BLOCK_INTERFACE: u32 = 1;
const BLOCK_SIMPLE: u32 = 3;
const BLOCK_ENHANCED: u32 = 6;
const BLOCK_MIN: u32 = 12;
const SECTION_MAGIC: u32 = 0x1a2b_3c4d;

/** What stands at the read position: how long the record is, where in it the frame begins, how long that is. */
let record: u32 = 0;
let skipped: u32 = 0;
let length: u32 = 0;

/** Takes up to `most` frames out of a port's pipe into the RX descriptors from `first` on; returns how many. */
export function decode(port: u32, first: u32, most: u32): u32 {
  const pipe = load<u32>(PORTS + port * PORT_SIZE, PORT_PIPE);
  const codec = <u32>load<u8>(PORTS + port * PORT_SIZE, PORT_CODEC);
  const pace = SOURCES + port * SOURCE_SIZE + SOURCE_PACE;
  let room = codec == CODEC_SERVICE ? UNLIMITED : roomFor(port);
  let taken: u32 = 0;
  while (taken < most && first + taken < BATCH_MAX && atomic.load<u32>(pipe, PIPE_FAULT) == 0) {
    const waiting = readable(pipe);
    const known = measure(pipe, codec, waiting);
    if (known && isLie(codec)) {
      hangUp(port, pipe);
      break;
    }
    if (!known || record > waiting) {
      store<u32>(pipe, 1, PIPE_HUNGRY);
      exhaust(port);
      break;
    }
    if (!isFrame(pipe, codec)) {
      skip(pipe, record);
      continue;
    }
    if (!fits(port, length, room) || !mayStart(pace, length)) break;
    room = spend(port, length, room);
    receive(codec == CODEC_SERVICE ? interfaceIn(pipe, port) : port, pipe, first + taken);
    taken++;
  }
  return taken;
}

/** Whether what a record says of itself cannot be. */
function isLie(codec: u32): bool {
  return record > PIPE_SIZE || length > FRAME_MAX || record < skipped + length
    || ((codec == CODEC_LENGTH || codec == CODEC_SERVICE) && length == 0);
}

/** Sets record, skipped and length; false where too few bytes have arrived to tell. */
function measure(pipe: u32, codec: u32, waiting: u32): bool {
  if (codec == CODEC_PCAPNG) return measureBlock(pipe, waiting);
  const header: u32 = codec == CODEC_LENGTH ? 4 : codec == CODEC_SERVICE ? 8 : RECORD_SIZE;
  if (waiting < header) return false;
  const field = peek32(pipe, header == RECORD_SIZE ? RECORD_LENGTH : 0);
  length = codec == CODEC_PCAP ? field : bswap(field);
  skipped = header;
  record = length > FRAME_MAX ? header : header + length;
  return true;
}

function measureBlock(pipe: u32, waiting: u32): bool {
  if (waiting < BLOCK_MIN) return false;
  const type = peek32(pipe, 0);
  record = peek32(pipe, 4);
  skipped = 0;
  length = 0;
  const wrongOrder = type == BLOCK_SECTION && peek32(pipe, 8) != SECTION_MAGIC;
  if (wrongOrder || record < BLOCK_MIN || record % 4 != 0) {
    length = FRAME_MAX + 1;
  } else if (type == BLOCK_ENHANCED) {
    if (waiting < 28) return false;
    skipped = 28;
    length = peek32(pipe, 20);
  } else if (type == BLOCK_SIMPLE) {
    skipped = 12;
    length = min(peek32(pipe, 8), record - 16);
  }
  return true;
}

/**
 * Whether the whole record at the read position holds a frame of Ethernet, which then ends before its FCS: of a packet
 * that was cut short when it was captured, less of it or nothing is there. Notes what blocks say of interfaces.
 */
function isFrame(pipe: u32, codec: u32): bool {
  if (codec == CODEC_LENGTH || codec == CODEC_SERVICE) return true;
  const type = codec == CODEC_PCAPNG ? peek32(pipe, 0) : 0;
  if (skipped == 0) {
    if (type == BLOCK_SECTION) forgetFaces(pipe);
    else if (type == BLOCK_INTERFACE) addFace(pipe, record);
    return false;
  }
  const face = type == BLOCK_ENHANCED ? peek32(pipe, 8) : 0;
  const fcs = codec == CODEC_PCAPNG ? faceOf(pipe, face) : <u32>load<u8>(pipe, PIPE_FACES);
  if (fcs >= FACE_OTHER) return false;
  const original = peek32(pipe, type == BLOCK_ENHANCED ? 24 : type == BLOCK_SIMPLE ? 8 : RECORD_ORIGINAL);
  const whole = max(length, codec == CODEC_PCAP || codec == CODEC_PCAPNG ? original : bswap(original));
  length = min(length, whole - min(whole, fcs));
  return true;
}

/** The interface out of which a router's services send what stands at the read position. */
function interfaceIn(pipe: u32, port: u32): u32 {
  const named = peek32(pipe, 4) & (PORTS_MAX - 1);
  return load<u32>(PORTS + named * PORT_SIZE, PORT_FLAGS) & FLAG_ROUTER ? named : port;
}

function receive(port: u32, pipe: u32, index: u32): void {
  const desc = base + WORKER_RX + index * DESC_SIZE;
  const slot = load<u32>(desc);
  peek(pipe, skipped, frames + slot * SLOT_SIZE + HEADROOM, length);
  skip(pipe, record);
  store<u32>(desc, length, DESC_LENGTH);
  store<u16>(desc, <u16>port, DESC_PORT);
  store<u8>(desc, HEADROOM, DESC_START);
}

/** The fault is counted as one frame that was malformed, so that the account shows it. */
function hangUp(port: u32, pipe: u32): void {
  countRx(counters, port, 0);
  dropIn(port, Reason.malformed);
  fault(pipe, Reason.malformed);
}
