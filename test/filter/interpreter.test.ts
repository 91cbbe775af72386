// The interpreter in the core, through mirrors: it does what the model does, for any program, and ends; it sees frames
// as they leave, whatever was done to their tags; and what it refuses leaves no trace in any counter.

import fc from "fast-check";
import { expect, test } from "vitest";
import * as bpf from "../../assembly/bpf.js";
import { compileFilter } from "../../src/filter/compile.js";
import * as layout from "../../src/core/layout.js";
import { access, trunk, tunnel } from "../core/rig.js";
import { cTag, pushTag, sTag } from "../model/frames.js";
import { frames } from "./frames.js";
import { matches } from "./reference.js";
import { hexOf, Sieve } from "./sieve.js";

const SCRATCH = (layout.WORKERS + layout.WORKER_SCRATCH) >>> 2;

/** An instruction as compilers write them: operands small, so that programs come to something. */
const sensible = fc.tuple(
  fc.constantFrom(
    ...[bpf.W, bpf.H, bpf.B].flatMap((size) => [bpf.LD | size | bpf.ABS, bpf.LD | size | bpf.IND]),
    bpf.LD | bpf.IMM, bpf.LD | bpf.LEN, bpf.LD | bpf.MEM, bpf.LDX | bpf.B | bpf.MSH, bpf.ST, bpf.MISC | bpf.TAX,
    ...[bpf.ADD, bpf.SUB, bpf.MUL, bpf.DIV, bpf.OR, bpf.AND, bpf.LSH, bpf.RSH].flatMap((operation) =>
      [bpf.ALU | operation | bpf.K, bpf.ALU | operation | bpf.X]),
    ...[bpf.JEQ, bpf.JGT, bpf.JGE, bpf.JSET].flatMap((operation) =>
      [bpf.JMP | operation | bpf.K, bpf.JMP | operation | bpf.X]),
    bpf.RET,
  ), fc.nat(6), fc.nat(6), fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 2, 0x7fffffff, 0xffffffff)),
).map(([code, yes, no, k]): [number, number] => [(code | yes << 16 | no << 24) >>> 0, k]);

/** Two words of nothing in particular. */
const garbage = fc.tuple(fc.nat(0xffffffff), fc.oneof(fc.nat(0xffffffff), fc.nat(64)));

const programs = fc.array(fc.oneof({ weight: 9, arbitrary: sensible }, { weight: 1, arbitrary: garbage }), {
  minLength: 1, maxLength: 40,
}).map((instructions) => Uint32Array.from([...instructions.flat(), bpf.RET, 1]));

test("does what the model does, for any program", () => {
  const sieve = new Sieve();
  const sample = frames(40);
  const { words } = sieve.rig.shared;
  fc.assert(fc.property(programs, (program) => {
    words.fill(0, SCRATCH, SCRATCH + bpf.SCRATCH_WORDS);
    const scratch = new Uint32Array(bpf.SCRATCH_WORDS);
    const expected = inOrderOfCopies(sieve, sample).filter((index) => matches(program, sample[index]!, scratch));
    expect(sieve.matches(sample, program)).toEqual(expected.sort((a, b) => a - b));
    expect(words.slice(SCRATCH, SCRATCH + bpf.SCRATCH_WORDS)).toEqual(scratch);
  }), { numRuns: 400 });
});

const IMM = bpf.LD | bpf.IMM;
const TAX: [number, number] = [bpf.MISC | bpf.TAX, 0];
const MATCH: [number, number] = [bpf.RET, 1];

test.each<[string, [number, number][], boolean]>([
  ["a return with a number", [[bpf.RET, 0x80000000]], true],
  ["a return with 0", [[bpf.RET, 0]], false],
  ["an end without a return", [[IMM, 1]], false],
  ["a jump over the end", [[IMM, 1], [jump(bpf.JEQ, 255, 0), 1], MATCH], false],
  ["an instruction that there is not", [[0xffff, 0], MATCH], false],
  ["an offset that wraps round", [[IMM, 0xffffffff], TAX, [bpf.LD | bpf.B | bpf.IND, 1], MATCH], false],
  ["the last byte", [[bpf.LD | bpf.B | bpf.ABS, 59], MATCH], true],
  ["a byte behind the frame", [[bpf.LD | bpf.B | bpf.ABS, 60], MATCH], false],
  ["a word that hangs over the end", [[bpf.LD | bpf.W | bpf.ABS, 57], MATCH], false],
  ["memory that there is not", [[bpf.ST, 16], MATCH], false],
  ["division by 0", [[IMM, 1], [bpf.ALU | bpf.DIV | bpf.X, 0], MATCH], false],
  ["a shift by all bits", [[IMM, 1], [bpf.ALU | bpf.LSH | bpf.K, 32], [jump(bpf.JEQ, 0, 1), 0], MATCH], true],
  ["the last instruction of all", [...Array<[number, number]>(255).fill([IMM, 1]), MATCH], true],
  ["more instructions than there can be", [...Array<[number, number]>(256).fill([IMM, 1]), MATCH], false],
])("%s", (_, instructions, expected) => {
  const sieve = new Sieve();
  const frame = frames(200).find(({ length }) => length >= 60)!.slice(0, 60);
  expect(sieve.matches([frame], Uint32Array.from(instructions.flat()))).toEqual(expected ? [0] : []);
});

function jump(operation: number, yes: number, no: number): number {
  return (bpf.JMP | operation | bpf.K | yes << 16 | no << 24) >>> 0;
}

test("ends with any garbage in its place, and any count of instructions", () => {
  const sieve = new Sieve();
  const sample = frames(20);
  const known = new Set(sample.map(hexOf));
  const at = layout.FILTERS + sieve.mirror * layout.FILTER_SIZE;
  const area = fc.uint8Array({ minLength: layout.FILTER_SIZE, maxLength: layout.FILTER_SIZE });
  fc.assert(fc.property(area, fc.nat(0xffffffff), (bytes, count) => {
    sieve.rig.shared.bytes.set(bytes, at);
    sieve.rig.shared.setWord(layout.MIRRORS + sieve.mirror * layout.MIRROR_SIZE + layout.MIRROR_FILTER, count);
    expect((sieve.pass(sample)["ids"] ?? []).every((copy) => known.has(hexOf(copy)))).toBe(true);
  }), { numRuns: 200 });
});

const SHAPES = [
  ["a tag that is put in", trunk("all", 5), trunk("all")],
  ["a service tag that is put in", tunnel(5), trunk("all")],
  ["a tag that is taken out", trunk("all"), access(5)],
  ["a priority tag that is replaced", trunk("all", 5), trunk([5])],
  ["tags as they were", trunk("all"), trunk("all")],
] as const;

test.each(SHAPES)("sees frames as they leave: %s", (_, vlanIn, vlanOut) => {
  const outgoing = new Sieve({ in: { vlan: vlanIn }, out: { vlan: vlanOut } }, "out", "out");
  const incoming = new Sieve();
  const tags = [cTag(5), cTag(0, 6), sTag(5)];
  const sample = frames(30).flatMap((frame) => [frame, ...tags.map((tag) => pushTag(frame, tag))]);
  const wire = outgoing.pass(sample)["out"]!;
  expect(wire.length).toBeGreaterThan(10);
  for (const expression of ["vlan 5", "ip", "vlan and tcp", "len > 60", "host 10.0.0.1", ...fieldsOf(wire[7]!)]) {
    const program = compileFilter(expression);
    outgoing.arm(program);
    const copies = new Set(outgoing.pass(sample)["ids"]?.map(hexOf));
    const expected = incoming.matches(unique(wire), program).map((index) => hexOf(unique(wire)[index]!));
    expect([...copies].sort(), expression).toEqual(expected.sort());
  }
});

test("what a filter refuses is neither a copy nor a drop", () => {
  const sieve = new Sieve({ out: { vlan: trunk("all") } });
  const sample = frames(100);
  sieve.arm(compileFilter("arp"));
  const copies = sieve.pass(sample)["ids"]!.length;
  expect(copies).toBeGreaterThan(0);
  expect(copies).toBeLessThan(50);
  expect(sieve.rig.count("ids").tx.frames).toBe(copies);
  expect(sieve.rig.drops("ids")).toEqual({});
  expect(sieve.rig.count("in").copies).toBe(copies);
});

test("a mirror that gets no program any more copies all again", () => {
  const sieve = new Sieve();
  const sample = frames(20);
  sieve.arm(compileFilter("less 1"));
  expect(sieve.pass(sample)["ids"]).toBeUndefined();
  sieve.arm();
  expect(sieve.pass(sample)["ids"]).toHaveLength(20);
});

/** Every width at every offset round the place of a tag, with what one frame has there. */
function fieldsOf(frame: Uint8Array): string[] {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return Array.from({ length: 14 }, (_, i) => i + 8).flatMap((at) => [
    `ether[${at}] = ${view.getUint8(at)}`,
    `ether[${at}:2] = ${view.getUint16(at)}`,
    `ether[${at}:4] = ${view.getUint32(at)}`,
  ]);
}

/** Numbers of the sample in the order in which the core copies them: scratch memory goes from frame to frame. */
function inOrderOfCopies(sieve: Sieve, sample: Uint8Array[]): number[] {
  sieve.arm();
  const numbers = new Map(sample.map((frame, index) => [hexOf(frame), index]));
  return sieve.pass(sample)["ids"]!.map((copy) => numbers.get(hexOf(copy))!);
}

function unique(all: Uint8Array[]): Uint8Array[] {
  return [...new Map(all.map((frame) => [hexOf(frame), frame])).values()];
}
