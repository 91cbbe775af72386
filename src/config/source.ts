// A YAML 1.2 text (and so JSON) as a plain value that remembers where each part stood. Owns the parser and its
// faults: syntax, keys given twice, aliases that lead nowhere or multiply. YAML 1.2.2; library `yaml`.

import {
  Composer, isAlias, isMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, visit,
  type CST, type Document, type Node, type Pair, type YAMLParseError,
} from "yaml";
import { formatPath, type Path, type Position, type Problem } from "./error.js";

/** Far beyond any configuration, far below what the parser's recursion bears. */
const DEPTH_MAX = 64;
/** Uses of anchors, multiplied through anchors in anchors. */
const ALIASES_MAX = 4096;

/** Which end of a pair a problem is about. */
export type Where = "key" | "value";

export interface Source {
  value: unknown;
  /** Where a part stands, or the innermost part around it that is there. */
  locate: (path: Path, where: Where) => Position;
  problems: Problem[];
}

/** Reads one document. With problems other than keys given twice, `value` is undefined. */
export function readSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const report = (offset: number, path: Path, message: string): void => {
    problems.push({ file, ...position(lines, offset), path: formatPath(path), message });
  };
  const document = compose(text, lines, report);
  if (!document) return { value: undefined, locate: () => ({ line: 1, column: 1 }), problems };
  // What follows from a fault in the same place is no news.
  const faults = new Map([...document.errors, ...document.warnings].reverse().map((fault) => [fault.pos[0], fault]));
  for (const [offset, fault] of faults) report(offset, [], explain(fault));
  inspect(document, report);
  const doubles = findDoubles(document, report);
  const sound = problems.length === doubles;
  return {
    value: sound ? toValue(document, report) : undefined,
    locate: (path, where) => position(lines, findOffset(document, path, where)),
    problems,
  };
}

type Report = (offset: number, path: Path, message: string) => void;

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The text as one document; undefined where there is none, or one that is too deep to look at. */
function compose(text: string, lines: LineCounter, report: Report): Document.Parsed | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= DEPTH_MAX) continue;
    report(parser.offset, [], `is nested more than ${DEPTH_MAX} levels deep; a configuration needs eight`);
    return undefined;
  }
  tokens.push(...parser.end());
  // Keys given twice are found below, with their path; the core schema also where a %YAML directive asks for 1.1.
  const composer = new Composer({ uniqueKeys: false, schema: "core", version: "1.2" });
  const [first, second] = [...composer.compose(tokens, true, text.length)] as Document.Parsed[];
  if (second) {
    report(second.range[0], [], "holds a second document; keep one, and put everything under one `switches:`");
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

/** Aliases without an end, and keys that are no text: what would break the value. */
function inspect(document: Document.Parsed, report: Report): void {
  visit(document, {
    Alias(_, alias, ancestors) {
      const source = alias.resolve(document);
      if (!source) report(offsetOf(alias), pathOf(ancestors), `no anchor &${alias.source} stands before this alias`);
      else if (ancestors.includes(source)) {
        report(offsetOf(alias), pathOf(ancestors), `*${alias.source} contains itself; remove the alias`);
      }
    },
    Pair(_, pair, ancestors) {
      if (isScalar(pair.key)) return;
      report(offsetOf(pair.key), pathOf(ancestors), "a key is a list, a mapping or an alias; write a name");
    },
  });
}

/** Reports keys that stand more than once in a mapping; returns how many. */
function findDoubles(document: Document.Parsed, report: Report): number {
  let found = 0;
  visit(document, {
    Map(_, map, ancestors) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = keyText(key);
        if (seen.has(name)) {
          found++;
          report(offsetOf(key), [...pathOf(ancestors), name], "is given twice; keep one of them");
        }
        seen.add(name);
      }
    },
  });
  return found;
}

function toValue(document: Document.Parsed, report: Report): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    report(0, [], `aliases multiply to more than ${ALIASES_MAX} uses; write the values out`);
    return undefined;
  }
}

/** The offset of the innermost part of the path that is there. */
function findOffset(document: Document.Parsed, path: Path, where: Where): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [at, step] of path.entries()) {
    const inside = isAlias(node) ? node.resolve(document) : node;
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
