// The tests that conditions are made of: a field of the frame, loaded and compared. Owns their instructions.

import * as bpf from "../../assembly/bpf.js";
import { and, not, or, type Condition, type Step } from "./program.js";

/** Loads `size` (W, H or B) of the frame at an offset. */
export function load(size: number, at: number): Step {
  return { code: bpf.LD | size | bpf.ABS, k: at };
}

/** A field's bits under a mask. */
export function masked(field: Step, mask: number): Step[] {
  return mask === 0xffffffff ? [field] : [field, { code: bpf.ALU | bpf.AND, k: mask }];
}

export function equals(steps: Step[], operand: number): Condition {
  return { kind: "test", steps, jump: bpf.JEQ, operand };
}

/** The field is loaded once: it is still in A when the next value is asked for. */
export function isOneOf(steps: Step[], values: number[]): Condition {
  return or(...values.map((value, i) => equals(i === 0 ? steps : [], value)));
}

export function isInRange(steps: Step[], first: number, last: number): Condition {
  if (first === last) return equals(steps, first);
  const isAbove: Condition = { kind: "test", steps: [], jump: bpf.JGT, operand: last };
  return and({ kind: "test", steps, jump: bpf.JGE, operand: first }, not(isAbove));
}
