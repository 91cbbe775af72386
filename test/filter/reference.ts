// Classic BPF as its papers tell it, slow and obvious: the model that the core's interpreter is held to.
// Read McCanne and Jacobson, USENIX 1993, table 1; linux/filter.h.

import * as bpf from "../../assembly/bpf.js";

/** Ends a program without a match. */
class Refused extends Error {}

/** Whether a program, two words an instruction, matches a frame. What it remembers starts as `scratch`. */
export function matches(program: Uint32Array, frame: Uint8Array, scratch: Uint32Array): boolean {
  try {
    return run(program, frame, scratch);
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

function run(program: Uint32Array, frame: Uint8Array, scratch: Uint32Array): boolean {
  let [a, x, at] = [0, 0, 0];
  for (;; at++) {
    if (at * 2 >= program.length) throw new Refused();
    const [word, k] = [program[at * 2]!, program[at * 2 + 1]!];
    const [code, yes, no] = [word & 0xffff, (word >>> 16) & 255, word >>> 24];
    const operand = code & bpf.X ? x : k;
    switch (code & bpf.CLASS) {
      case bpf.LD: a = load(code, k, x, frame, scratch); break;
      case bpf.LDX: x = 4 * (header(code, k, frame) & 15); break;
      case bpf.ST: scratch[within(k, bpf.SCRATCH_WORDS)] = a; break;
      case bpf.ALU: a = compute(code & bpf.OPERATION, a, operand); break;
      case bpf.JMP: at += compare(code & bpf.OPERATION, a, operand) ? yes : no; break;
      case bpf.RET: return k !== 0;
      case bpf.MISC: x = transfer(code, a); break;
      default: throw new Refused();
    }
  }
}

function transfer(code: number, a: number): number {
  if (code !== (bpf.MISC | bpf.TAX)) throw new Refused();
  return a;
}

function load(code: number, k: number, x: number, frame: Uint8Array, scratch: Uint32Array): number {
  switch (code & bpf.MODE) {
    case bpf.ABS: return field(code, k, frame);
    case bpf.IND: return field(code, x + k, frame);
    case bpf.IMM: return k;
    case bpf.LEN: return frame.length;
    case bpf.MEM: return scratch[within(k, bpf.SCRATCH_WORDS)]!;
    default: throw new Refused();
  }
}

function header(code: number, k: number, frame: Uint8Array): number {
  if ((code & bpf.MODE) !== bpf.MSH) throw new Refused();
  return frame[within(k, frame.length)]!;
}

function field(code: number, at: number, frame: Uint8Array): number {
  const size = code & bpf.SIZE;
  const bytes = size === bpf.W ? 4 : size === bpf.H ? 2 : 1;
  within(at + bytes - 1, frame.length);
  return frame.subarray(at, at + bytes).reduce((value, byte) => value * 256 + byte, 0);
}

function within(index: number, count: number): number {
  if (index >= count) throw new Refused();
  return index;
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case bpf.ADD: return (a + operand) >>> 0;
    case bpf.SUB: return (a - operand) >>> 0;
    case bpf.MUL: return Math.imul(a, operand) >>> 0;
    case bpf.DIV: if (operand === 0) throw new Refused(); return Math.floor(a / operand);
    case bpf.OR: return (a | operand) >>> 0;
    case bpf.AND: return (a & operand) >>> 0;
    case bpf.LSH: return operand < 32 ? (a << operand) >>> 0 : 0;
    case bpf.RSH: return operand < 32 ? a >>> operand : 0;
    default: throw new Refused();
  }
}

function compare(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case bpf.JEQ: return a === operand;
    case bpf.JGT: return a > operand;
    case bpf.JGE: return a >= operand;
    case bpf.JSET: return (a & operand) !== 0;
    default: throw new Refused();
  }
}
