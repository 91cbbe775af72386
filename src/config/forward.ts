// Forwards as users write them, in files and on the command line: `tcp 8080 -> 10.0.10.5:80`. Owns their grammar,
// both ways: what is printed parses to the same value. What forwards must not share is in check-forwards.ts.

import { parseIpv4 } from "./ipv4.js";
import { ipv6Refused, looksLikeIpv6 } from "./ipv6.js";
import type { ForwardConfig } from "./model.js";

const PORT_MAX = 65_535;
const EXAMPLE = "tcp 8080 -> 10.0.10.5:80, udp 5000-5010 -> 10.0.10.5:6000 or 1:1 203.0.113.5 -> 10.0.10.7";

/** `[ADDRESS:]PORT[-PORT]`, `ADDRESS[:PORT[-PORT]]`, `ADDRESS` */
const END = /^(?:([\d.]*\.[\d.]*)(?::|$))?(?:(\d+)(?: ?- ?(\d+))?)?$/;

/** One side of an arrow. */
interface End {
  address?: string;
  /** First and last, in order. */
  ports?: [number, number];
}

/**
 * Reads a rule: `tcp|udp [ADDRESS:]PORT[-PORT] -> ADDRESS[:PORT[-PORT]]`, where inside ports that are not said are
 * the outside ones, or `1:1 ADDRESS -> ADDRESS`. Returns what is wrong with it as text, for people.
 */
export function parseForward(text: string): ForwardConfig | string {
  const [, protocol, from, to] = /^\s*(\S+)\s+(\S.*?)\s*->\s*(.*?)\s*$/.exec(text) ?? [];
  if (protocol === undefined) return `${quote(text)} is not a forward; write it like ${EXAMPLE}`;
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "1:1") {
    return `${quote(protocol)} is no protocol of forwards; write tcp, udp or 1:1, as in ${EXAMPLE}`;
  }
  const outside = parseEnd(from!);
  const inside = parseEnd(to!);
  if (typeof outside === "string") return outside;
  if (typeof inside === "string") return inside;
  if (inside.address === undefined) return `${quote(to!)} has no inside address; write it like 10.0.10.5:80`;
  return protocol === "1:1"
    ? wholeAddress(outside, { ...inside, address: inside.address })
    : portForward(protocol, outside, { ...inside, address: inside.address });
}

/** A rule as text, so that `parseForward` reads it back. */
export function printForward(forward: ForwardConfig): string {
  if (forward.protocol === "1:1") return `1:1 ${forward.outside} -> ${forward.inside}`;
  const { protocol, outside, port, count, inside, insidePort } = forward;
  const ports = count === 1 ? String(port) : `${port}-${port + count - 1}`;
  return `${protocol} ${outside === undefined ? "" : `${outside}:`}${ports} -> ${inside}:${insidePort}`;
}

function wholeAddress(outside: End, inside: End & { address: string }): ForwardConfig | string {
  if (outside.address === undefined) return "1:1 needs an outside address; write it like 1:1 203.0.113.5 -> 10.0.10.7";
  if (outside.ports ?? inside.ports) return "1:1 is for whole addresses; remove the ports, or write tcp or udp";
  return { protocol: "1:1", outside: outside.address, inside: inside.address };
}

function portForward(
  protocol: "tcp" | "udp", outside: End, inside: End & { address: string },
): ForwardConfig | string {
  if (!outside.ports) {
    return `${protocol} needs an outside port; write it like ${protocol} 8080 -> ${inside.address}:80`;
  }
  const [port, last] = outside.ports;
  const [insidePort, insideLast] = inside.ports ?? outside.ports;
  const count = last - port + 1;
  if (insideLast !== insidePort && insideLast - insidePort + 1 !== count) {
    return `the ranges ${port}-${last} and ${insidePort}-${insideLast} differ in length; write the first inside port`;
  }
  if (insidePort + count - 1 > PORT_MAX) {
    return `${count} ports from ${insidePort} on end beyond ${PORT_MAX}; write a lower first inside port`;
  }
  const from = outside.address === undefined ? {} : { outside: outside.address };
  return { protocol, ...from, port, count, inside: inside.address, insidePort };
}

/** Reads one side, or says what is wrong with it. */
function parseEnd(text: string): End | string {
  const [, address, first, last = first] = END.exec(text) ?? [];
  if (address === undefined && first === undefined) {
    if (looksLikeIpv6(text)) return ipv6Refused(quote(text), "as in 10.0.10.5:80");
    return `${quote(text)} is neither address nor port; write it like 8080, 8080-8090, 10.0.10.5 or 10.0.10.5:80`;
  }
  if (address !== undefined && parseIpv4(address) === undefined) {
    return `${quote(address)} is not a valid IPv4 address; write it like 10.0.10.5`;
  }
  const end = address === undefined ? {} : { address };
  if (first === undefined) {
    return text.endsWith(":") ? `${quote(text)} ends without a port; write it like ${text}80` : end;
  }
  const ports: [number, number] = [Number(first), Number(last)];
  const wrong = ports.find((port) => port < 1 || port > PORT_MAX);
  if (wrong !== undefined) return `port ${wrong} is out of range: 1 to ${PORT_MAX}`;
  if (ports[0] > ports[1]) return `the range ${first}-${last} is reversed; write ${last}-${first}`;
  return { ...end, ports };
}

/** Text from anywhere as part of a line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}
