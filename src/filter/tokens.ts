// The words of a capture filter, each with its column. Owns what an address, a number and a name look like, and the
// one place where a fault is put into words. Read pcap-filter(7).

import { isIPv6 } from "node:net";
import { EngineError } from "../api.js";

export type TokenKind = "mac" | "ipv6" | "dotted" | "number" | "word" | "symbol" | "end";

export interface Token {
  kind: TokenKind;
  text: string;
  /** Counted from 1. */
  column: number;
}

/** Tried in this order, each at the place where the last token ended. */
const PATTERNS: [TokenKind, RegExp][] = [
  ["mac", /[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}(?![0-9a-f:])/iy],
  ["ipv6", /[0-9a-f]*:[0-9a-f:]*:\d+(?:\.\d+){3}|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*/iy],
  ["dotted", /\d+(?:\.\d+){1,3}(?![\w.])/y],
  ["number", /(?:0x[0-9a-f]+|\d+)(?![\w.])/iy],
  ["word", /\\?[a-z](?:[\w.-]*\w)?/iy],
  ["symbol", /&&|\|\||<<|>>|<=|>=|==|!=|[=<>!()[\]:/+*&|-]/y],
];
const BLANK = /\s*/y;
const STRANGE = /\S[\w.:]*/y;

/** The last token is always of kind `end`. Throws EngineError FILTER at what is no token. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = matchAt(BLANK, text, 0).length; at < text.length;) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.text.length;
    at += matchAt(BLANK, text, at).length;
  }
  return [...tokens, { kind: "end", text: "", column: text.length + 1 }];
}

/** The error for what stands at a token: what it is, and what would be right. */
export function fault({ column }: Pick<Token, "column">, what: string): EngineError {
  return new EngineError("FILTER", `filter, column ${column}: ${what}`);
}

/** What to call a token in an error. */
export function named({ kind, text }: Token): string {
  return kind === "end" ? "the end" : `"${text}"`;
}

/** The u32 that a number stands for: decimal, 0x hexadecimal, or octal with a 0 in front, as in C. */
export function numberOf(token: Token): number {
  const isOctal = /^0[0-9]+$/.test(token.text);
  const value = isOctal ? Number(`0o${token.text.slice(1)}`) : Number(token.text);
  if (Number.isInteger(value) && value < 2 ** 32) return value;
  const hint = isOctal ? ": a 0 in front makes it octal" : "";
  throw fault(token, `${token.text} is no number from 0 to ${2 ** 32 - 1}${hint}`);
}

function tokenAt(text: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    const found = matchAt(pattern, text, at);
    if (found === "" || (kind === "ipv6" && !isIPv6(found))) continue;
    return { kind, text: found, column: at + 1 };
  }
  const strange = matchAt(STRANGE, text, at);
  throw fault({ column: at + 1 }, `"${strange}" is no word, number, address or sign of this language`);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
