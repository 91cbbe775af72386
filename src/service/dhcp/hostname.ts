// Names of guests: what a client calls itself, made fit for the DNS, and told apart from the others'.
// Owns no state. Read first: RFC 952 and RFC 1123 section 2.1 (letters, digits, hyphen), RFC 2132 section 3.14.

const LABEL_MAX = 63;
/** Numbers tried behind a name that others have; who finds none free goes without a name. */
const SUFFIX_MAX = 99;

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
