// Relations of capture filters: which protocols a frame must have for them to be asked, and the instructions that
// compute both sides. Owns the use of the scratch memory. Read pcap-filter(7), "proto [ expr : size ]".

import * as bpf from "../../assembly/bpf.js";
import { EngineError } from "../api.js";
import type { Arithmetic, Operator, Primitive, Relation } from "./ast.js";
import { ETHER, IPV6, type Place } from "./fields.js";
import { and, not, type Condition, type Step } from "./program.js";

const OFFSET_MAX = 0xffffffff;

const OPERATIONS: Record<Operator, number> = {
  "+": bpf.ADD, "-": bpf.SUB, "*": bpf.MUL, "/": bpf.DIV, "&": bpf.AND, "|": bpf.OR, "<<": bpf.LSH, ">>": bpf.RSH,
};

const JUMPS: Record<Relation, { jump: number; negated: boolean }> = {
  "=": { jump: bpf.JEQ, negated: false }, "!=": { jump: bpf.JEQ, negated: true },
  ">": { jump: bpf.JGT, negated: false }, "<=": { jump: bpf.JGT, negated: true },
  ">=": { jump: bpf.JGE, negated: false }, "<": { jump: bpf.JGE, negated: true },
};

const SIZES = { 1: bpf.B, 2: bpf.H, 4: bpf.W };
const TAX: Step = { code: bpf.MISC | bpf.TAX, k: 0 };

/** A frame without the protocols whose fields are named does not match, whatever the relation. */
export function compileRelation(
  { left, relation, right }: Extract<Primitive, { kind: "relation" }>, place: Place,
): Condition {
  const { jump, negated } = JUMPS[relation];
  const isConstant = right.kind === "constant";
  const steps = isConstant ? compute(left, place, 0) : computePair(left, right, place, 0);
  const test: Condition = { kind: "test", steps, jump, operand: isConstant ? right.value : "x" };
  return and(...needs(left, place), ...needs(right, place), negated ? not(test) : test);
}

// ---- what must be there ----

function needs(arithmetic: Arithmetic, place: Place): Condition[] {
  if (arithmetic.kind === "binary") return [...needs(arithmetic.left, place), ...needs(arithmetic.right, place)];
  if (arithmetic.kind !== "field") return [];
  const { protocol, offset } = arithmetic;
  const inner = needs(offset, place);
  switch (protocol) {
    case "ether": return inner;
    case "ip": case "ip6": case "arp": case "rarp": return [...inner, place.has(protocol)];
    case "icmp6": return [...inner, place.has("ip6"), place.nextHeaderIs("icmp6")];
    default: return [place.has("ip"), ...inner, place.has(protocol), place.isFirstFragment()];
  }
}

// ---- what is computed ----

/** Steps that leave a value in A; `depth`: words of the scratch memory that are taken. */
function compute(arithmetic: Arithmetic, place: Place, depth: number): Step[] {
  switch (arithmetic.kind) {
    case "constant": return [{ code: bpf.LD | bpf.IMM, k: arithmetic.value }];
    case "length": return [{ code: bpf.LD | bpf.LEN, k: 0 }];
    case "field": return computeField(arithmetic, place, depth);
    case "binary": {
      const { left, right, operator } = arithmetic;
      const code = bpf.ALU | OPERATIONS[operator];
      if (right.kind === "constant") return [...compute(left, place, depth), { code: code | bpf.K, k: right.value }];
      return [...computePair(left, right, place, depth), { code: code | bpf.X, k: 0 }];
    }
  }
}

/** Steps that leave one value in A and the other in X. */
function computePair(left: Arithmetic, right: Arithmetic, place: Place, depth: number): Step[] {
  if (depth >= bpf.SCRATCH_WORDS) {
    throw new EngineError("FILTER", `filter: arithmetic is nested more than ${bpf.SCRATCH_WORDS} deep: take it apart`);
  }
  return [
    ...compute(left, place, depth), { code: bpf.ST, k: depth },
    ...compute(right, place, depth + 1), TAX,
    { code: bpf.LD | bpf.MEM, k: depth },
  ];
}

function computeField(
  { protocol, offset, size }: Extract<Arithmetic, { kind: "field" }>, place: Place, depth: number,
): Step[] {
  const isBehindIpv4 = protocol === "tcp" || protocol === "udp" || protocol === "sctp" || protocol === "icmp";
  const start = protocol === "ether" ? ETHER.destination : place.payload + (protocol === "icmp6" ? IPV6.size : 0);
  const header: Step = { code: bpf.LDX | bpf.B | bpf.MSH, k: place.payload };
  const at = (mode: number, k: number): Step => ({ code: bpf.LD | SIZES[size] | mode, k: Math.min(k, OFFSET_MAX) });
  if (offset.kind === "constant") {
    return isBehindIpv4 ? [header, at(bpf.IND, start + offset.value)] : [at(bpf.ABS, start + offset.value)];
  }
  const behind: Step[] = isBehindIpv4 ? [header, { code: bpf.ALU | bpf.ADD | bpf.X, k: 0 }] : [];
  return [...compute(offset, place, depth), ...behind, TAX, at(bpf.IND, start)];
}
