// How large a document may be before its parts are checked: bytes, values, levels, length of a text. Owns these bounds,
// which are far beyond any configuration, and keep the cost of a hostile one to seconds.

import type { Path } from "./error.js";

export const BOUNDS = {
  /** Of a file, or of the JSON that the control socket takes. */
  bytes: 4 * 1024 * 1024,
  /** Mappings, lists and scalars; what an alias stands for counts each time. */
  values: 131_072,
  /** Mappings and lists in each other; a configuration has about 8. */
  depth: 64,
  /** Characters of a text or a key; a path, the longest that means something, has 4,095. */
  text: 65_536,
} as const;

/** What is wrong with a size in bytes; undefined if nothing is. */
export function tooLong(bytes: number): string | undefined {
  if (bytes <= BOUNDS.bytes) return undefined;
  return `has ${bytes} bytes, and a configuration at most ${BOUNDS.bytes}; remove what is not needed`;
}

/** The first place where a value is beyond the bounds; undefined if it is within them. Does not recurse. */
export function findExcess(value: unknown): { path: Path; message: string } | undefined {
  const waiting: { value: unknown; path: Path }[] = [{ value, path: [] }];
  for (let seen = 1; waiting.length > 0; seen++) {
    const { value: at, path } = waiting.pop()!;
    if (seen + waiting.length > BOUNDS.values) {
      return { path, message: `more than ${BOUNDS.values} values, counted with every alias; remove some before here` };
    }
    if (typeof at === "string" && at.length > BOUNDS.text) return { path, message: tooLongText("a text", at) };
    if (typeof at !== "object" || at === null) continue;
    if (path.length >= BOUNDS.depth) {
      return { path, message: `is nested more than ${BOUNDS.depth} levels deep; a configuration needs eight` };
    }
    for (const key of Object.keys(at)) {
      if (key.length > BOUNDS.text) return { path, message: tooLongText("a key", key) };
      if (waiting.length > BOUNDS.values) break; // told in the next round
      const step = Array.isArray(at) ? Number(key) : key;
      waiting.push({ value: (at as Record<string, unknown>)[key], path: [...path, step] });
    }
  }
  return undefined;
}

function tooLongText(what: string, { length }: string): string {
  return `${what} has ${length} characters, and a configuration's at most ${BOUNDS.text}; shorten it`;
}
