// The client FQDN option: the name that a client gives itself with its domain, in either of its two encodings, and what
// the server says to it: that the server enters the name in the DNS. Owns no state.
// Read first: RFC 4702 section 2 (format, flags), section 4 (servers).

const FLAGS = { S: 1, O: 2, E: 4, N: 8 } as const;
/** In front of the name: flags and two result codes that servers set to 255 and nobody reads (RFC 4702, 2.2). */
const HEADER = 3;
const RCODE = 255;
const LABEL_MAX = 63;

/** The name in the option, with dots; "" if the client wants one; undefined if there is none or it is malformed. */
export function fqdnIn(option: Uint8Array | undefined): string | undefined {
  if (!option || option.length < HEADER) return undefined;
  const name = option.subarray(HEADER);
  if ((option[0]! & FLAGS.E) === 0) return Buffer.from(name).toString("latin1").replace(/\0.*$/s, "");
  const labels: string[] = [];
  for (let at = 0; at < name.length && name[at]! > 0; at += 1 + name[at]!) {
    const end = at + 1 + name[at]!;
    if (name[at]! > LABEL_MAX || end > name.length) return undefined;
    labels.push(Buffer.from(name.subarray(at + 1, end)).toString("latin1"));
  }
  return labels.join(".");
}

/** The answer to a client's option: `name` is what the server knows it by, undefined: it enters nothing. */
export function fqdnReply(option: Uint8Array, name: string | undefined): Uint8Array {
  const asked = option[0] ?? 0;
  const server = name === undefined ? FLAGS.N : FLAGS.S;
  const overrides = (asked & FLAGS.S) === (server & FLAGS.S) ? 0 : FLAGS.O;
  const isWire = (asked & FLAGS.E) !== 0;
  const labels = name?.split(".") ?? [];
  const bytes = isWire && name !== undefined
    ? [...labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]), 0]
    : Buffer.from(name ?? "", "latin1");
  return Uint8Array.of(server | overrides | (asked & FLAGS.E), RCODE, RCODE, ...bytes);
}
