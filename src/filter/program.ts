// From conditions to a program of classic BPF. Owns the order of instructions: every jump goes forward.
// Read McCanne and Jacobson, "The BSD Packet Filter", USENIX 1993, 3.

import * as bpf from "../../assembly/bpf.js";
import { EngineError } from "../api.js";

/** An instruction that does not jump. */
export interface Step {
  code: number;
  k: number;
}

/** What a program decides. `and` and `or` ask their parts from first to last and no more than they need. */
export type Condition =
  | { kind: "and" | "or"; parts: Condition[] }
  | { kind: "not"; of: Condition }
  /** Whether A, after some steps, stands to the operand as the jump says. */
  | { kind: "test"; steps: Step[]; jump: number; operand: number | "x" };

export const INSTRUCTIONS_MAX = 256; // a filter's place in the core, and what the 8 bits of a jump can pass over

const MATCH: Jump = { code: bpf.RET, k: 1, yes: 0, no: 0 };
const MISMATCH: Jump = { code: bpf.RET, k: 0, yes: 0, no: 0 };

/** An instruction with how many it skips, either way. */
interface Jump extends Step {
  yes: number;
  no: number;
}

export const and = (...parts: Condition[]): Condition => ({ kind: "and", parts });
export const or = (...parts: Condition[]): Condition => ({ kind: "or", parts });
export const not = (of: Condition): Condition => ({ kind: "not", of });

/** The program that says whether a condition holds: two words an instruction. Throws EngineError FILTER: too long. */
export function assemble(condition: Condition): Uint32Array {
  // From the last instruction to the first, so that where a jump leads is known when it is written.
  const backwards = [MISMATCH, MATCH];
  write(backwards, condition, 1, 0);
  if (backwards.length > INSTRUCTIONS_MAX) {
    const excess = `${backwards.length} instructions, and a filter can have ${INSTRUCTIONS_MAX}`;
    throw new EngineError("FILTER", `filter: it takes ${excess}: name fewer hosts and ports, or "net" and "portrange"`);
  }
  const words = backwards.reverse().flatMap(({ code, k, yes, no }) => [(code | yes << 16 | no << 24) >>> 0, k]);
  return Uint32Array.from(words);
}

/** Puts a condition in front of what is there and returns its place; places are counted from the end. */
function write(backwards: Jump[], condition: Condition, yes: number, no: number): number {
  switch (condition.kind) {
    case "not": return write(backwards, condition.of, no, yes);
    case "and": return condition.parts.reduceRight((next, part) => write(backwards, part, next, no), yes);
    case "or": return condition.parts.reduceRight((next, part) => write(backwards, part, yes, next), no);
    case "test": {
      const { steps, jump, operand } = condition;
      const here = backwards.length;
      const [code, k] = operand === "x" ? [bpf.JMP | jump | bpf.X, 0] : [bpf.JMP | jump | bpf.K, operand];
      backwards.push({ code, k, yes: here - yes - 1, no: here - no - 1 });
      for (const step of steps.toReversed()) backwards.push({ ...step, yes: 0, no: 0 });
      return backwards.length - 1;
    }
  }
}
