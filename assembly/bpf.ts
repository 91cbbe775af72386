// Classic BPF's instructions, as far as filters use them: written by src/filter, run by filter.ts. Plain constants,
// compiled by asc and by tsc, like layout.ts. Read linux/filter.h and linux/bpf_common.h, whose numbers these are;
// McCanne and Jacobson, "The BSD Packet Filter", USENIX 1993, for what they do.
//
// An instruction is 8 bytes, little-endian: u16 code │ u8 jt │ u8 jf │ u32 k. Its code is a class and what the class
// asks for, joined by |. A jump skips jt instructions where its condition holds, else jf: there is no way back.

// ---- class ----
export const CLASS: u32 = 0x07; // mask
export const LD: u32 = 0x00; // A = what size and mode say
export const LDX: u32 = 0x01; // X = 4 × the low four bits of the byte at k (MSH): an IPv4 header's length
export const ST: u32 = 0x02; // M[k] = A
export const ALU: u32 = 0x04; // A = A op operand
export const JMP: u32 = 0x05; // A compared to operand
export const RET: u32 = 0x06; // the frame matches where k is not 0
export const MISC: u32 = 0x07; // TAX

// ---- LD: how much, and from where; values of the frame are big-endian ----
export const SIZE: u32 = 0x18; // mask
export const W: u32 = 0x00; // 4 bytes
export const H: u32 = 0x08; // 2
export const B: u32 = 0x10; // 1
export const MODE: u32 = 0xe0; // mask
export const IMM: u32 = 0x00; // k
export const ABS: u32 = 0x20; // the frame at k
export const IND: u32 = 0x40; // the frame at X + k
export const MEM: u32 = 0x60; // M[k]
export const LEN: u32 = 0x80; // the frame's length
export const MSH: u32 = 0xa0;

// ---- ALU and JMP: what to do, and with what ----
export const OPERATION: u32 = 0xf0; // mask
export const ADD: u32 = 0x00;
export const SUB: u32 = 0x10;
export const MUL: u32 = 0x20;
export const DIV: u32 = 0x30; // by 0: the frame does not match
export const OR: u32 = 0x40;
export const AND: u32 = 0x50;
export const LSH: u32 = 0x60;
export const RSH: u32 = 0x70;
export const JEQ: u32 = 0x10;
export const JGT: u32 = 0x20; // unsigned, like all
export const JGE: u32 = 0x30;
export const JSET: u32 = 0x40; // any bit in common
export const K: u32 = 0x00; // the operand is k
export const X: u32 = 0x08; // or X

export const TAX: u32 = 0x00; // MISC: X = A

export const INSTRUCTION_SIZE: u32 = 8;
export const SCRATCH_WORDS: u32 = 16; // M
