// A YAML 1.2 text (and so JSON) as a plain value that remembers where each part stood. Owns the parser and its
// faults: syntax, keys given twice, aliases that lead nowhere or multiply. YAML 1.2.2; library `yaml`.

import {
  Composer, isAlias, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, visit,
  type Alias, type CST, type Document, type Node, type Pair, type YAMLParseError,
} from "yaml";
import { BOUNDS, tooLong } from "./bounds.js";
import { formatPath, PROBLEMS_MAX, shorten, type Path, type Position, type Problem } from "./error.js";

/** What the lexer splits the text into: words, signs and blanks, of which a value has some six. */
const LEXEMES_MAX = 6 * BOUNDS.values;
/** Uses of anchors. What they multiply to is bounded as values are. */
const ALIASES_MAX = 4096;

/** Which end of a pair a problem is about. */
export type Where = "key" | "value";

export interface Source {
  value: unknown;
  /** Where a part stands, or the innermost part around it that is there. */
  locate: (path: Path, where: Where) => Position;
  problems: Problem[];
  /** How many problems there are besides. */
  more: number;
}

/** Reads one document. With problems other than keys given twice, `value` is undefined. */
export function readSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  let more = 0;
  const report: Report = (offset, path, message) => {
    if (problems.length >= PROBLEMS_MAX) return void more++;
    problems.push({ file, ...position(lines, offset), path: formatPath(path()), message: shorten(message) });
  };
  const document = compose(text, lines, report);
  if (!document) return { value: undefined, locate: () => ({ line: 1, column: 1 }), problems, more };
  // What follows from a fault in the same place is no news.
  const faults = new Map([...document.errors, ...document.warnings].reverse().map((fault) => [fault.pos[0], fault]));
  for (const [offset, fault] of faults) report(offset, NOWHERE, explain(fault));
  const anchors = inspect(document, report);
  const isBroken = problems.length > 0;
  findDoubles(document, report);
  return {
    value: isBroken ? undefined : toValue(document.contents, anchors, new Map()),
    locate: (path, where) => position(lines, findOffset(document, anchors, path, where)),
    problems,
    more,
  };
}

/** `path` is asked for where the problem is told: to find it takes a while in a long list. */
type Report = (offset: number, path: () => Path, message: string) => void;

const NOWHERE = (): Path => [];

/** What aliases stand for. An anchor that is given twice means the last one before the alias (YAML 1.2.2, 7.1). */
type Anchors = ReadonlyMap<Alias, Node>;

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The text as one document; undefined where there is none, or one that is too deep to look at. */
function compose(text: string, lines: LineCounter, report: Report): Document.Parsed | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  const excess = tooLong(text.length);
  if (excess !== undefined) return void report(0, NOWHERE, excess);
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (++lexemes > LEXEMES_MAX) {
      return void report(parser.offset, NOWHERE, `holds more than ${BOUNDS.values} values; remove some before here`);
    }
    if (parser.stack.length <= BOUNDS.depth) continue;
    return void report(
      parser.offset, NOWHERE, `is nested more than ${BOUNDS.depth} levels deep; a configuration needs eight`,
    );
  }
  tokens.push(...parser.end());
  // Keys given twice are found below, with their path; the core schema also where a %YAML directive asks for 1.1.
  const composer = new Composer({ uniqueKeys: false, schema: "core", version: "1.2" });
  const [first, second] = [...composer.compose(tokens, true, text.length)] as Document.Parsed[];
  if (second) {
    report(second.range[0], NOWHERE, "holds a second document; keep one, and put everything under one `switches:`");
  }
  return first;
}

/** Says what the parser found in terms of what to do about it. */
function explain({ code, message }: YAMLParseError | { code: string; message: string }): string {
  if (/^Flow (map|sequence)/.test(message)) return unclosed(message);
  switch (code) {
    case "TAB_AS_INDENT": return "a tab cannot indent YAML; use spaces";
    case "TAG_RESOLVE_FAILED": return "YAML tags (`!…`) mean nothing here; remove the tag";
    case "BAD_INDENT": return "begins at another column than what it stands with; indent entries of one level alike";
    case "MULTILINE_IMPLICIT_KEY": return "a key without its value; write `key: value`, with a blank after the colon";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "a second `: ` in one line; start a new line, or quote the text that contains it";
    case "BAD_SCALAR_START": return `${message}; quote the text`;
    case "MISSING_CHAR":
      return message.startsWith("Missing closing") ? "a quoted text does not end; close its quotes" : nearby(message);
    default: return nearby(message);
  }
}

function unclosed(message: string): string {
  return message.startsWith("Flow map")
    ? "a mapping in braces is not closed before this; close it with }, or indent what continues it"
    : "a list in brackets is not closed before this; close it with ], or indent what continues it";
}

/** Faults that are rare: the parser's own words. */
function nearby(message: string): string {
  return `${message}; check the syntax near here`;
}

/**
 * Aliases without an end, and keys that are no text: what would break the value. Returns what aliases stand for, which
 * the library would look for in the whole document for each of them.
 */
function inspect(document: Document.Parsed, report: Report): Anchors {
  const named = new Map<string, Node>();
  const anchors = new Map<Alias, Node>();
  visit(document, {
    Node(_, node) {
      if ("anchor" in node && node.anchor !== undefined) named.set(node.anchor, node);
    },
    Alias(_, alias, ancestors) {
      const source = named.get(alias.source);
      if (source) anchors.set(alias, source);
      const path = (): Path => pathOf(ancestors);
      if (!source) report(offsetOf(alias), path, `no anchor &${alias.source} stands before this alias`);
      else if (ancestors.includes(source)) {
        report(offsetOf(alias), path, `*${alias.source} contains itself; remove the alias`);
      } else if (anchors.size === ALIASES_MAX + 1) {
        report(offsetOf(alias), path, `more than ${ALIASES_MAX} aliases; write the values out`);
      }
    },
    Pair(_, pair, ancestors) {
      if (isScalar(pair.key)) return;
      report(offsetOf(pair.key), () => pathOf(ancestors), "a key is a list, a mapping or an alias; write a name");
    },
  });
  return anchors;
}

/** Reports keys that stand more than once in a mapping. */
function findDoubles(document: Document.Parsed, report: Report): void {
  visit(document, {
    Map(_, map, ancestors) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = keyText(key);
        if (seen.has(name)) {
          report(offsetOf(key), () => [...pathOf(ancestors), name], "is given twice; keep one of them");
        }
        seen.add(name);
      }
    },
  });
}

/** The plain value of a node. Whatever an alias stands for comes before it and is made once. */
function toValue(node: unknown, anchors: Anchors, made: Map<unknown, unknown>): unknown {
  if (isAlias(node)) return made.get(anchors.get(node));
  let value: unknown = null;
  if (isMap(node)) {
    value = Object.fromEntries(node.items.map((pair) => [keyText(pair.key), toValue(pair.value, anchors, made)]));
  } else if (isSeq(node)) value = node.items.map((item) => toValue(item, anchors, made));
  else if (isScalar(node)) ({ value } = node);
  made.set(node, value);
  return value;
}

/** The offset of the innermost part of the path that is there. */
function findOffset(document: Document.Parsed, anchors: Anchors, path: Path, where: Where): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [at, step] of path.entries()) {
    const inside = isAlias(node) ? anchors.get(node) : node;
    const last = at === path.length - 1;
    if (isMap(inside)) {
      // Of a key given twice the last counts.
      const pair = inside.items.findLast(({ key }) => keyText(key) === String(step));
      if (!pair) return offset;
      offset = offsetOf(last && where === "value" && isPresent(pair) ? pair.value : pair.key);
      node = pair.value;
    } else if (isSeq(inside) && typeof step === "number" && inside.items[step]) {
      node = inside.items[step];
      offset = offsetOf(node);
    } else {
      return isScalar(inside) ? offsetOf(inside) : offset;
    }
  }
  return offset;
}

/** Whether a pair has a value that is written out. */
function isPresent({ value }: Pair): boolean {
  return !(isScalar(value) && value.value === null && value.source === "");
}

function offsetOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

function keyText(key: unknown): string {
  return isScalar<string | number | null>(key) ? String(key.value ?? "") : String(key);
}

/** The keys and indices that lead to a node, from the nodes around it. */
function pathOf(ancestors: readonly unknown[]): (string | number)[] {
  return ancestors.flatMap((ancestor, at): (string | number)[] => {
    const next = ancestors[at + 1];
    if (isSeq(ancestor) && next) return [ancestor.items.indexOf(next)];
    return isPair(ancestor) ? [keyText(ancestor.key)] : [];
  });
}
