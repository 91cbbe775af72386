// Filters: runs a classic BPF program (bpf.ts) over a frame as it will stand on the wire, before anything is copied.
// Total: whatever the program is, each of its instructions runs once at most, a load outside the frame or the
// scratch memory ends it, and so does an instruction that there is not. Nothing of that matches.

import {
  ABS, ADD, ALU, AND, B, CLASS, DIV, H, IMM, IND, INSTRUCTION_SIZE, JEQ, JGE, JGT, JMP, JSET, LD, LDX, LEN, LSH, MEM,
  MISC, MODE, MSH, MUL, OPERATION, OR, RET, RSH, SCRATCH_WORDS, SIZE, ST, SUB, TAX, W, X,
} from "./bpf";
import {
  FILTERS, FILTER_INSTRUCTIONS_MAX, FILTER_SIZE, MIRRORS, MIRROR_FILTER, MIRROR_SIZE, POP_SHIFT, SLOT_SIZE,
  START_SHIFT, WORKER_SCRATCH,
} from "./layout";
import { base, frames } from "./state";
import { MACS_SIZE, TAG_SIZE } from "./wire/ethernet";

const WORD_BITS: u32 = 32;

/** The frame that is looked at: its length, where its MACs stand, and where what follows them does. */
let bytes: u32 = 0;
let macs: u32 = 0;
let rest: u32 = 0;
/** The tag between the two, as a little-endian load sees it, and how many bytes it has there: 0 or 4. */
let tag: u32 = 0;
let tagBytes: u32 = 0;

/** A, X, and whether the program has come to its end: with what it found, or with a load that it may not do. */
let a: u32 = 0;
let x: u32 = 0;
let ended: bool = false;

/** Whether a mirror wants a frame; `length`, `tag` and `shape` as for a TX descriptor. Without a program: all. */
export function wants(mirror: u32, slot: u32, length: u32, put: u32, shape: u32): bool {
  const count = min(load<u32>(MIRRORS + mirror * MIRROR_SIZE, MIRROR_FILTER), FILTER_INSTRUCTIONS_MAX);
  if (count == 0) return true;
  bytes = length;
  macs = frames + slot * SLOT_SIZE + (shape >> START_SHIFT & 0xff);
  rest = macs + MACS_SIZE + (shape >> POP_SHIFT);
  tag = put;
  tagBytes = put ? TAG_SIZE : 0;
  const program = FILTERS + mirror * FILTER_SIZE;
  return run(program, program + count * INSTRUCTION_SIZE);
}

function run(first: u32, end: u32): bool {
  a = 0;
  x = 0;
  ended = false;
  for (let at = first; at < end && !ended; at += INSTRUCTION_SIZE) {
    const code = <u32>load<u16>(at);
    const k = load<u32>(at, 4);
    switch (code & CLASS) {
      case LD: a = loaded(code, k); break;
      case LDX: x = headerLength(code, k); break;
      case ST: remember(k); break;
      case ALU: a = computed(code & OPERATION, code & X ? x : k); break;
      case JMP: at += skipped(at, holds(code & OPERATION, code & X ? x : k)); break;
      case RET: return k != 0;
      case MISC: x = code == (MISC | TAX) ? a : refuse(); break;
      default: return false;
    }
  }
  return false;
}

/** Ends the program without a match. */
function refuse(): u32 {
  ended = true;
  return 0;
}

function loaded(code: u32, k: u32): u32 {
  const mode = code & MODE;
  if (mode == ABS) return field(code & SIZE, k);
  if (mode == IND) return field(code & SIZE, <u64>x + k);
  if (mode == IMM) return k;
  if (mode == LEN) return bytes;
  return mode == MEM && k < SCRATCH_WORDS ? load<u32>(base + WORKER_SCRATCH + k * 4) : refuse();
}

function headerLength(code: u32, k: u32): u32 {
  return (code & MODE) == MSH ? (field(B, k) & 0xf) << 2 : refuse();
}

function remember(k: u32): void {
  if (k < SCRATCH_WORDS) store<u32>(base + WORKER_SCRATCH + k * 4, a);
  else refuse();
}

function computed(operation: u32, operand: u32): u32 {
  switch (operation) {
    case ADD: return a + operand;
    case SUB: return a - operand;
    case MUL: return a * operand;
    case DIV: return operand ? a / operand : refuse();
    case OR: return a | operand;
    case AND: return a & operand;
    case LSH: return operand < WORD_BITS ? a << operand : 0;
    case RSH: return operand < WORD_BITS ? a >> operand : 0;
    default: return refuse();
  }
}

function holds(operation: u32, operand: u32): bool {
  switch (operation) {
    case JEQ: return a == operand;
    case JGT: return a > operand;
    case JGE: return a >= operand;
    case JSET: return (a & operand) != 0;
    default: return refuse() != 0;
  }
}

/** Bytes of program that a jump passes over. */
function skipped(at: u32, taken: bool): u32 {
  return <u32>(taken ? load<u8>(at, 2) : load<u8>(at, 3)) * INSTRUCTION_SIZE;
}

// ---- the frame as it will stand on the wire ----

/** The big-endian value at an offset. */
function field(size: u32, offset: u64): u32 {
  const width: u32 = size == W ? 4 : size == H ? 2 : 1;
  if (offset + width > bytes) return refuse();
  const from = <u32>offset;
  const behind = MACS_SIZE + tagBytes;
  if (from >= behind) return big(rest + from - behind, width);
  if (from + width <= MACS_SIZE) return big(macs + from, width);
  let value: u32 = 0;
  for (let i: u32 = 0; i < width; i++) value = value << 8 | byteAt(from + i, behind);
  return value;
}

function big(at: u32, width: u32): u32 {
  if (width == 4) return bswap(load<u32>(at));
  if (width == 2) return bswap<u16>(load<u16>(at));
  return load<u8>(at);
}

function byteAt(offset: u32, behind: u32): u32 {
  if (offset < MACS_SIZE) return load<u8>(macs + offset);
  if (offset >= behind) return load<u8>(rest + offset - behind);
  return tag >> (offset - MACS_SIZE) * 8 & 0xff;
}
