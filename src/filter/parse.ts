// The grammar of capture filters: how tests are joined, and which words may stand before a value. Owns what
// values inherit: in `port 53 or 80`, 80 is a port, too. Read pcap-filter(7).

import type { Direction, Expression, Protocol } from "./ast.js";
import { Cursor } from "./cursor.js";
import { PROTOCOLS, UNSUPPORTED } from "./names.js";
import { parseRelation, startsRelation } from "./parse-arithmetic.js";
import { parseValue, VALUE_TYPES, type Qualifiers, type ValueType } from "./parse-value.js";
import { fault, named, type Token } from "./tokens.js";

/** An expression, and what values that follow it inherit; nothing after what had no value. */
interface Parsed {
  expression: Expression;
  qualifiers: Qualifiers | undefined;
}

const NUMBER_MAX = 2 ** 32 - 1;
const VID_MAX = 4095;

/** What a filter's text says; undefined where it says nothing. Throws EngineError FILTER with column and remedy. */
export function parseFilter(text: string): Expression | undefined {
  const cursor = new Cursor(text);
  if (cursor.peek().kind === "end") return undefined;
  const { expression } = parseExpression(cursor, undefined);
  const rest = cursor.peek();
  if (rest.kind === "end") return expression;
  throw fault(rest, `${named(rest)} where the end must be, or "and", "or" and another test`);
}

/** Tests joined by and and or, which bind alike. `inherited`: for values that stand at the beginning. */
function parseExpression(cursor: Cursor, inherited: Qualifiers | undefined): Parsed {
  let { expression, qualifiers } = parseOperand(cursor, inherited);
  for (;;) {
    const kind = takeJoint(cursor);
    if (!kind) return { expression, qualifiers };
    const right = parseOperand(cursor, qualifiers);
    expression = { kind, left: expression, right: right.expression };
    ({ qualifiers } = right);
  }
}

function takeJoint(cursor: Cursor): "and" | "or" | undefined {
  if (cursor.takes("and", "&&")) return "and";
  return cursor.takes("or", "||") ? "or" : undefined;
}

function parseOperand(cursor: Cursor, inherited: Qualifiers | undefined): Parsed {
  let isNegated = false;
  while (cursor.takes("not", "!")) isNegated = !isNegated;
  const { expression, qualifiers } = parseTest(cursor, inherited);
  return { expression: isNegated ? { kind: "not", of: expression } : expression, qualifiers };
}

function parseTest(cursor: Cursor, inherited: Qualifiers | undefined): Parsed {
  const isRange = inherited?.type === "portrange" && cursor.peek(1).text === "-";
  if (!isRange && startsRelation(cursor)) return { expression: parseRelation(cursor), qualifiers: undefined };
  if (cursor.takes("(")) {
    const { expression } = parseExpression(cursor, inherited);
    cursor.expect(")", "to close the bracket");
    return { expression, qualifiers: inherited };
  }
  if (cursor.peek().kind === "word" && isKeyword(cursor.peek().text)) return parseNamed(cursor);
  if (!inherited) throw misplaced(cursor.peek());
  return { expression: parseValue(cursor, inherited), qualifiers: inherited };
}

const DIRECTIONS: readonly string[] = ["src", "dst"];
const PLAIN: readonly string[] = ["vlan", "less", "greater", "broadcast", "multicast"];
const QUALIFYING: readonly string[] = [...DIRECTIONS, ...VALUE_TYPES];
const JOINING: readonly string[] = ["and", "or"];

function isKeyword(text: string): boolean {
  return [PROTOCOLS, QUALIFYING, PLAIN, JOINING].some((words) => words.includes(text)) || UNSUPPORTED.has(text);
}

/** A test that begins with a word. */
function parseNamed(cursor: Cursor): Parsed {
  const token = cursor.peek();
  if (PLAIN.includes(token.text)) return { expression: parsePlain(cursor), qualifiers: undefined };
  if (QUALIFYING.includes(token.text)) return parseQualified(cursor, undefined);
  if (!PROTOCOLS.includes(token.text)) throw misplaced(token);
  cursor.next();
  const protocol = token.text as Protocol;
  if (cursor.sees(...QUALIFYING)) return parseQualified(cursor, protocol);
  const cast = cursor.takes("broadcast", "multicast");
  if (cast) return { expression: castOf(cast, protocol), qualifiers: undefined };
  if (protocol !== "ether") return { expression: { kind: "protocol", protocol }, qualifiers: undefined };
  throw fault(cursor.peek(), `${named(cursor.peek())} after "ether": write ether host MAC, ether proto N or ether[0]`);
}

function parsePlain(cursor: Cursor): Expression {
  const token = cursor.next();
  if (token.text === "vlan") {
    const vid = cursor.peek().kind === "number" ? cursor.integer(0, VID_MAX, "VLAN") : undefined;
    return { kind: "vlan", vid };
  }
  if (token.text !== "less" && token.text !== "greater") return castOf(token, "ether");
  const value = cursor.integer(0, NUMBER_MAX, "length in bytes");
  const relation = token.text === "less" ? "<=" : ">=";
  return { kind: "relation", left: { kind: "length" }, relation, right: { kind: "constant", value } };
}

function castOf(token: Token, protocol: Protocol): Expression {
  const isBroadcast = token.text === "broadcast";
  if (isBroadcast && protocol === "ether") return { kind: "broadcast" };
  if (!isBroadcast && (protocol === "ether" || protocol === "ip" || protocol === "ip6")) {
    return { kind: "multicast", protocol };
  }
  const remedy = isBroadcast
    ? "an IP broadcast shows only to those who know the netmask; write \"ether broadcast\" or a \"dst host\""
    : "write \"ether multicast\", \"ip multicast\" or \"ip6 multicast\"";
  throw fault(token, `"${protocol} ${token.text}" is not supported: ${remedy}`);
}

/** A value with what stands before it: `src or dst port 53`. */
function parseQualified(cursor: Cursor, protocol: Protocol | undefined): Parsed {
  const token = cursor.peek();
  const direction = parseDirection(cursor);
  const type = cursor.takes(...VALUE_TYPES)?.text as ValueType | undefined;
  const qualifiers: Qualifiers = { token, protocol, direction: direction ?? "either", type: type ?? "host" };
  if (type === "proto" && direction) throw fault(token, `"${token.text} proto": protocols have no direction`);
  return { expression: parseValues(cursor, qualifiers), qualifiers };
}

function parseDirection(cursor: Cursor): Direction | undefined {
  const first = cursor.takes(...DIRECTIONS);
  if (!first) return undefined;
  const [joint, other] = [cursor.peek(), cursor.peek(1)];
  const isPair = JOINING.includes(joint.text) && DIRECTIONS.includes(other.text) && other.text !== first.text;
  if (!isPair) return first.text as Direction;
  cursor.next();
  cursor.next();
  return joint.text === "and" ? "both" : "either";
}

/** One value, or several in brackets. */
function parseValues(cursor: Cursor, qualifiers: Qualifiers): Expression {
  let isNegated = false;
  while (cursor.takes("not", "!")) isNegated = !isNegated;
  let expression: Expression;
  if (cursor.takes("(")) {
    ({ expression } = parseExpression(cursor, qualifiers));
    cursor.expect(")", "to close the bracket");
  } else {
    expression = parseValue(cursor, qualifiers);
  }
  return isNegated ? { kind: "not", of: expression } : expression;
}

/** The error for a word or value where a test must begin. */
function misplaced(token: Token): Error {
  const { kind, text } = token;
  if (kind === "word" && UNSUPPORTED.has(text)) {
    const instead = UNSUPPORTED.get(text);
    return fault(token, `"${text}" is not supported${instead ? `: write "${instead}"` : " in capture filters here"}`);
  }
  if (kind === "number" || kind === "dotted" || kind === "ipv6" || kind === "mac") {
    return fault(token, `${named(token)} stands alone: say what it is, as in "port 80", "host 10.0.0.1" or "net 10"`);
  }
  return fault(token, `${named(token)} where a test must be, as in "arp", "tcp port 80", "host 10.0.0.1" or "vlan 10"`);
}
