// The top-level domains: a single label that stands for one is a name in the world, and no guest's.
// Owns the list only: what IANA has delegated (package tlds), and what the RFCs keep.
// Read first: RFC 6761 (special-use names), RFC 6762 section 3 (local), RFC 7686 (onion), RFC 9476 (alt).

import { createRequire } from "node:module";

const delegated = createRequire(import.meta.url)("tlds") as string[];
const SPECIAL = ["alt", "arpa", "example", "invalid", "local", "localhost", "onion"];

/** Names beyond ASCII stand in the list as people read them; in questions they are in Punycode. */
const TOP_LEVEL = new Set([...SPECIAL, ...delegated.map((name) => new URL(`http://${name}`).hostname)]);

/** Whether a label, lower case, is a top-level domain. */
export function isTopLevel(label: string): boolean {
  return TOP_LEVEL.has(label);
}
