// The arithmetic of capture filters: `tcp[tcpflags] & (tcp-syn|tcp-ack) != 0`. Owns its precedence, which is C's
// without what C is ashamed of: relations bind last. Read pcap-filter(7), "expr1 relop expr2".

import type { Arithmetic, Expression, Operator, Protocol, Relation } from "./ast.js";
import type { Cursor } from "./cursor.js";
import { CONSTANTS, PROTOCOLS } from "./names.js";
import { fault, named, numberOf, type Token } from "./tokens.js";

/** What binds least stands first. */
const LEVELS: readonly (readonly Operator[])[] = [["|"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/"]];
const OPERATORS: readonly string[] = LEVELS.flat();
const RELATIONS = new Map<string, Relation>([
  ["=", "="], ["==", "="], ["!=", "!="], [">", ">"], [">=", ">="], ["<", "<"], ["<=", "<="],
]);

/** Whether what comes next is a relation and not a test by name: that shows in what stands behind its first operand. */
export function startsRelation(cursor: Cursor): boolean {
  const { kind, text } = cursor.peek();
  if (kind === "number") return continues(cursor.peek(1));
  if (kind === "symbol") return text === "(" && continues(cursor.afterClosing(0));
  if (kind !== "word") return false;
  return text === "len" || CONSTANTS.has(text) || (PROTOCOLS.includes(text) && cursor.peek(1).text === "[");
}

/** A whole relation: two sides and what is asked of them. */
export function parseRelation(cursor: Cursor): Expression {
  const left = parseArithmetic(cursor);
  const token = cursor.next();
  const relation = token.kind === "symbol" ? RELATIONS.get(token.text) : undefined;
  if (!relation) throw fault(token, `${named(token)} where a comparison must be: =, !=, >, >=, < or <=`);
  return { kind: "relation", left, relation, right: parseArithmetic(cursor) };
}

function continues({ kind, text }: Token): boolean {
  return kind === "symbol" && (OPERATORS.includes(text) || RELATIONS.has(text));
}

function parseArithmetic(cursor: Cursor, level = 0): Arithmetic {
  const operators = LEVELS[level];
  if (!operators) return parseOperand(cursor);
  let left = parseArithmetic(cursor, level + 1);
  for (;;) {
    const token = cursor.takes(...operators);
    if (!token) return left;
    const operator = token.text as Operator;
    const right = parseArithmetic(cursor, level + 1);
    refuseSenseless(token, operator, right);
    left = { kind: "binary", operator, left, right };
  }
}

function refuseSenseless(token: Token, operator: Operator, right: Arithmetic): void {
  if (right.kind !== "constant") return;
  if (operator === "/" && right.value === 0) throw fault(token, "division by 0");
  if ((operator === "<<" || operator === ">>") && right.value > 31) {
    throw fault(token, `a shift by ${right.value} bits: numbers have 32, shift by 31 at most`);
  }
}

function parseOperand(cursor: Cursor): Arithmetic {
  const token = cursor.next();
  if (token.kind === "number") return { kind: "constant", value: numberOf(token) };
  if (token.text === "(") {
    const inner = parseArithmetic(cursor);
    cursor.expect(")", "to close the bracket");
    return inner;
  }
  if (token.text === "len") return { kind: "length" };
  const value = CONSTANTS.get(token.text);
  if (value !== undefined) return { kind: "constant", value };
  if (PROTOCOLS.includes(token.text)) return parseField(cursor, token.text as Protocol);
  throw fault(token, `${named(token)} where a number must be: 20, 0x14, len, ip[8] or tcp[2:2]`);
}

function parseField(cursor: Cursor, protocol: Protocol): Arithmetic {
  cursor.expect("[", `as in ${protocol}[0]: a protocol's name is no number`);
  const offset = parseArithmetic(cursor);
  const size = cursor.takes(":") ? sizeOf(cursor.next()) : 1;
  cursor.expect("]", `as in ${protocol}[0] or ${protocol}[0:2]`);
  return { kind: "field", protocol, offset, size };
}

function sizeOf(token: Token): 1 | 2 | 4 {
  const size = token.kind === "number" ? numberOf(token) : 0;
  if (size === 1 || size === 2 || size === 4) return size;
  throw fault(token, `${named(token)} is no size: 1, 2 or 4 bytes`);
}
