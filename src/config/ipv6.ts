// IPv6 addresses in a configuration: known only to be told from text that is no address (RFC 4291).

import { isIPv6 } from "node:net";

/** Whether a text is an IPv6 address, with or without a prefix, a port (`[fd00::1]:80`), or another behind a hyphen. */
export function looksLikeIpv6(text: string): boolean {
  const [first] = text.trim().split(/[-/\s]/);
  const [, inBrackets] = /^\[(.*)\](?::\d*(?:-\d*)?)?$/.exec(first ?? "") ?? [];
  return isIPv6(inBrackets ?? first ?? "");
}

/** What to say of one. `example`: what would be right. */
export function ipv6Refused(shown: string, example: string): string {
  return `${shown} is IPv6, which is not in this version yet; write IPv4, ${example}`;
}
