// The values of capture filters: addresses, networks, ports and protocol numbers, each with the words before it.
// Owns which words may stand before which value. Read pcap-filter(7).

import type { Direction, Primitive, Protocol, Transport } from "./ast.js";
import { ipv4Of, ipv4Text, ipv6Of, macOf, maskOf, masksOf } from "./addresses.js";
import type { Cursor } from "./cursor.js";
import { ETHER_TYPES, IP_PROTOCOLS, SERVICES, TRANSPORTS } from "./names.js";
import { fault, named, numberOf, type Token } from "./tokens.js";

export type ValueType = "host" | "net" | "port" | "portrange" | "proto";
export const VALUE_TYPES: readonly ValueType[] = ["host", "net", "port", "portrange", "proto"];

/** The words before a value; what was not said has its default. */
export interface Qualifiers {
  /** The first of them after the protocol, for errors. */
  token: Token;
  protocol: Protocol | undefined;
  direction: Direction;
  type: ValueType;
}

const PORT_MAX = 65_535;
const ETHER_TYPE_MIN = 0x600; // below, the field is a length (IEEE 802.3 3.2.6)

/** One value. Throws EngineError FILTER where it does not fit the words before it. */
export function parseValue(cursor: Cursor, qualifiers: Qualifiers): Primitive {
  switch (qualifiers.type) {
    case "host": return parseHost(cursor.next(), cursor, qualifiers);
    case "net": return parseNet(cursor.next(), cursor, qualifiers);
    case "port": return parsePort(cursor.next(), qualifiers);
    case "portrange": return parsePortRange(cursor, qualifiers);
    case "proto": return parseProtocol(cursor.next(), qualifiers);
  }
}

// ---- addresses ----

function parseHost(token: Token, cursor: Cursor, qualifiers: Qualifiers): Primitive {
  const { direction, protocol } = qualifiers;
  if (protocol === "ether") {
    if (token.kind === "mac") return { kind: "mac", direction, mac: macOf(token.text) };
    throw fault(token, `${named(token)} is no MAC: write six bytes, as in ether host 02:00:00:00:00:01`);
  }
  if (token.kind === "mac") throw fault(token, `${named(token)} is a MAC: write "ether host ${token.text}"`);
  if (cursor.sees("/")) throw fault(cursor.peek(), "a host has no prefix length: write \"net\" for a network");
  if (token.kind === "ipv6") return ipv6(token, ipv6Of(token.text), masksOf(128), qualifiers);
  const found = token.kind === "dotted" ? ipv4Of(token.text) : undefined;
  if (found?.isWhole) return ipv4(found.address, found.mask, qualifiers);
  const remedy = found ? `write "net ${token.text}" for a network` : "write 10.0.0.1 or 2001:db8::1 (no names)";
  throw fault(token, `${named(token)} is no host's address: ${remedy}`);
}

function parseNet(token: Token, cursor: Cursor, qualifiers: Qualifiers): Primitive {
  if (token.kind === "ipv6") {
    const mask = masksOf(cursor.takes("/") ? cursor.integer(0, 128, "prefix length of IPv6") : 128);
    return ipv6(token, ipv6Of(token.text), mask, qualifiers);
  }
  const text = token.kind === "number" ? String(numberOf(token)) : token.text;
  const found = token.kind === "dotted" || token.kind === "number" ? ipv4Of(text) : undefined;
  if (!found) throw fault(token, `${named(token)} is no network: write 10.0.0.0/8, 10.1 or 2001:db8::/32`);
  const mask = parseMask(cursor) ?? found.mask;
  const network = (found.address & mask) >>> 0;
  if (network === found.address) return ipv4(network, mask, qualifiers);
  throw fault(token, `${token.text} has bits set behind its mask: the network is ${ipv4Text(network)}`);
}

/** `/8` or `mask 255.0.0.0`, where one stands there. */
function parseMask(cursor: Cursor): number | undefined {
  if (cursor.takes("/")) return maskOf(cursor.integer(0, 32, "prefix length of IPv4"));
  if (!cursor.takes("mask")) return undefined;
  const token = cursor.next();
  const found = token.kind === "dotted" ? ipv4Of(token.text) : undefined;
  if (!found) throw fault(token, `${named(token)} is no mask: write one as in "mask 255.0.0.0"`);
  return found.address;
}

function ipv4(address: number, mask: number, { token, protocol, direction, type }: Qualifiers): Primitive {
  if (protocol === undefined || protocol === "ip" || protocol === "arp" || protocol === "rarp") {
    return { kind: "ipv4", protocol, direction, address, mask };
  }
  throw fault(token, `"${protocol} ${type}" with an IPv4 address: write "ip ${type}", "arp ${type}" or just "${type}"`);
}

function ipv6(value: Token, address: number[], mask: number[], qualifiers: Qualifiers): Primitive {
  const { token, protocol, direction, type } = qualifiers;
  if (protocol !== undefined && protocol !== "ip6") {
    throw fault(token, `"${protocol} ${type}" with an IPv6 address: write "ip6 ${type}" or just "${type}"`);
  }
  const hasStray = address.some((word, i) => ((word & mask[i]!) >>> 0) !== word);
  if (hasStray) throw fault(value, `${value.text} has bits set behind its prefix length: leave them 0`);
  return { kind: "ipv6", direction, address, mask };
}

// ---- ports ----

function parsePort(token: Token, qualifiers: Qualifiers): Primitive {
  const { port, only } = portOf(token.text, token);
  const said = transportOf(qualifiers);
  if (said && only && said !== only) throw fault(token, `${named(token)} is a port of ${only}, not of ${said}`);
  return portsOf(said ?? only, port, port, qualifiers);
}

/** `A-B`; the hyphen may have become part of a name. */
function parsePortRange(cursor: Cursor, qualifiers: Qualifiers): Primitive {
  const token = cursor.next();
  const [first, last] = token.kind === "word" && token.text.includes("-")
    ? [token.text.slice(0, token.text.indexOf("-")), token.text.slice(token.text.indexOf("-") + 1)]
    : [token.text, cursor.takes("-") ? cursor.next().text : undefined];
  if (last === undefined) throw fault(token, `${named(token)} is no range of ports: write one as in 6000-6063`);
  const ends = [portOf(first, token).port, portOf(last, token).port];
  return portsOf(transportOf(qualifiers), Math.min(...ends), Math.max(...ends), qualifiers);
}

function portsOf(transport: Transport | undefined, first: number, last: number, { direction }: Qualifiers): Primitive {
  return { kind: "ports", transports: transport ? [transport] : [...TRANSPORTS], direction, first, last };
}

function portOf(text: string, token: Token): { port: number; only?: Transport } {
  const service = SERVICES.get(text);
  if (service) return service;
  const port = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? numberOf({ ...token, text }) : NaN;
  if (port <= PORT_MAX) return { port };
  const what = text === token.text ? named(token) : `"${text}"`;
  const names = [...SERVICES.keys()].join(", ");
  throw fault(token, `${what} is no port: write a number from 0 to ${PORT_MAX}, or one of ${names}`);
}

function transportOf({ protocol, token, type }: Qualifiers): Transport | undefined {
  if (protocol === undefined) return undefined;
  const transport = TRANSPORTS.find((candidate) => candidate === protocol);
  if (transport) return transport;
  throw fault(token, `"${protocol} ${type}": only tcp, udp and sctp have ports`);
}

// ---- protocols ----

function parseProtocol(token: Token, { protocol, token: { column } }: Qualifiers): Primitive {
  if (protocol !== undefined && protocol !== "ether" && protocol !== "ip" && protocol !== "ip6") {
    throw fault({ column }, `"${protocol} proto": write "ether proto", "ip proto", "ip6 proto" or "proto"`);
  }
  const names: Record<string, number> = protocol === "ether" ? ETHER_TYPES : IP_PROTOCOLS;
  const [min, max] = protocol === "ether" ? [ETHER_TYPE_MIN, 0xffff] : [0, 0xff];
  const name = token.text.replace("\\", "");
  const number = token.kind === "number" ? numberOf(token) : token.text.startsWith("\\") ? names[name] ?? NaN : NaN;
  if (number >= min && number <= max) return { kind: "number", protocol, number };
  const known = Object.keys(names).map((word) => `\\${word}`).join(", ");
  throw fault(token, `${named(token)} is no protocol here: write a number from ${min} to ${max}, or one of ${known}`);
}
