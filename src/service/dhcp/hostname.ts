// Names of guests: what a client calls itself, made fit for the DNS, and told apart from the others'.
// Owns no state. Read first: RFC 952 and RFC 1123 section 2.1 (letters, digits, hyphen), RFC 2132 section 3.14,
// RFC 6761 (special-use names).

const LABEL_MAX = 63;
/** Numbers tried behind a name that others have; who finds none free goes without a name. */
const SUFFIX_MAX = 99;

/**
 * Names that hosts look up by themselves and trust: proxies and routers that they find so (wpad, isatap), and those
 * that mean the host itself. A guest that chose one would get others' traffic.
 */
const REFUSED: ReadonlySet<string> = new Set([
  "localhost", "localdomain", "local", "invalid", "onion", "broadcasthost", "wpad", "isatap",
  "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-allnodes", "ip6-allrouters",
]);

/** Whether no guest may give itself a label, in lower case. */
export function isRefused(label: string): boolean {
  return REFUSED.has(label);
}

/**
 * The first label of a name, in letters, digits and hyphens, lower case, 1 to 63 characters; undefined where
 * nothing is left.
 */
export function hostLabel(text: string): string | undefined {
  const label = text.slice(0, 255).split(".")[0]!.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return label.replace(/^-/, "").slice(0, LABEL_MAX).replace(/-$/, "") || undefined;
}

/** The label itself, or with the lowest number behind it that makes it free. */
export function freeLabel(label: string, isFree: (label: string) => boolean): string | undefined {
  if (isFree(label)) return label;
  for (let number = 2; number <= SUFFIX_MAX; number++) {
    const suffix = `-${number}`;
    const numbered = label.slice(0, LABEL_MAX - suffix.length) + suffix;
    if (isFree(numbered)) return numbered;
  }
  return undefined;
}

/** Whether it is a domain name that may be handed on: labels of letters, digits and hyphens, 253 characters. */
export function isDomain(text: string): boolean {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
  return text.length <= 253 && text.split(".").every((part) => label.test(part));
}
