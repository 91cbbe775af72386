// From a filter's text to the program that the core runs. Owns where the fields of each protocol stand, and in which
// order they are looked at: libpcap's, so that frames that are cut short match here where they match there.
// Read pcap-filter(7); RFC 791 3.1, RFC 8200 3 and 4.5, RFC 826, IEEE 802.1Q 9.6.

import * as bpf from "../../assembly/bpf.js";
import { EngineError } from "../api.js";
import type { Direction, Expression, Primitive, Transport } from "./ast.js";
import { compileRelation } from "./compile-arithmetic.js";
import { ARP, ETHER, IPV4, IPV6, Place, TAG_SIZE } from "./fields.js";
import { IP_PROTOCOLS } from "./names.js";
import { parseFilter } from "./parse.js";
import { and, assemble, not, or, type Condition } from "./program.js";
import { equals, isInRange, isOneOf, load, masked } from "./compare.js";

/** The longest filter, characters. */
export const FILTER_LENGTH_MAX = 1024;

const VID_MASK = 0xfff;
const TPIDS = [0x8100, 0x88a8, 0x9100];
const MATCH_ALL = and();

/**
 * The program of a capture filter in tcpdump's language (its common subset), two words an instruction; an empty
 * filter matches every frame. Throws EngineError FILTER, which names the column and what would be right.
 */
export function compileFilter(text: string): Uint32Array {
  if (text.length > FILTER_LENGTH_MAX) {
    throw new EngineError("FILTER", `filter: ${text.length} characters, and it can have ${FILTER_LENGTH_MAX}`);
  }
  const expression = parseFilter(text);
  return assemble(expression ? compile(expression, new Place()) : MATCH_ALL);
}

/** `place` moves on behind each tag that the text has named, whatever joins its parts. */
function compile(expression: Expression, place: Place): Condition {
  switch (expression.kind) {
    case "and": return and(compile(expression.left, place), compile(expression.right, place));
    case "or": return or(compile(expression.left, place), compile(expression.right, place));
    case "not": return not(compile(expression.of, place));
    default: return compilePrimitive(expression, place);
  }
}

function compilePrimitive(primitive: Primitive, place: Place): Condition {
  switch (primitive.kind) {
    case "protocol": return place.has(primitive.protocol);
    case "number": return place.hasNumber(primitive.protocol, primitive.number);
    case "mac": return compileMac(primitive.mac, primitive.direction);
    case "ipv4": return compileIpv4(primitive, place);
    case "ipv6": return compileIpv6(primitive, place);
    case "ports": return or(portsInIpv6(primitive, place), portsInIpv4(primitive, place));
    case "vlan": return compileVlan(primitive.vid, place);
    case "broadcast": return compileMac(new Uint8Array(6).fill(0xff), "dst");
    case "multicast": return compileMulticast(primitive.protocol, place);
    case "relation": return compileRelation(primitive, place);
  }
}

// ---- Ethernet ----

function compileMac(mac: Uint8Array, direction: Direction): Condition {
  const bytes = new DataView(mac.buffer);
  const matches = (at: number): Condition => and(
    equals([load(bpf.W, at + 2)], bytes.getUint32(2)), equals([load(bpf.H, at)], bytes.getUint16(0)),
  );
  return inDirection(direction, matches(ETHER.source), matches(ETHER.destination));
}

function compileVlan(vid: number | undefined, place: Place): Condition {
  const tagged = isOneOf([load(bpf.H, place.type)], TPIDS);
  const tci = masked(load(bpf.H, place.payload), VID_MASK);
  place.moveBehind(TAG_SIZE);
  return vid === undefined ? tagged : and(tagged, equals(tci, vid));
}

function compileMulticast(protocol: "ether" | "ip" | "ip6", place: Place): Condition {
  if (protocol === "ether") return { kind: "test", steps: [load(bpf.B, 0)], jump: bpf.JSET, operand: 1 };
  const isIpv4 = protocol === "ip";
  const first = load(bpf.B, place.payload + (isIpv4 ? IPV4.destination : IPV6.destination));
  const group: Condition = { kind: "test", steps: [first], jump: bpf.JGE, operand: isIpv4 ? 224 : 255 };
  return and(place.has(protocol), group);
}

// ---- addresses ----

function compileIpv4(primitive: Extract<Primitive, { kind: "ipv4" }>, place: Place): Condition {
  const { protocol, direction, address, mask } = primitive;
  const within = (over: "ip" | "arp" | "rarp"): Condition => {
    const fields = over === "ip" ? IPV4 : ARP;
    const matches = (at: number): Condition => equals(masked(load(bpf.W, place.payload + at), mask), address);
    return and(place.has(over), inDirection(direction, matches(fields.source), matches(fields.destination)));
  };
  return protocol ? within(protocol) : or(within("ip"), within("arp"), within("rarp"));
}

function compileIpv6(primitive: Extract<Primitive, { kind: "ipv6" }>, place: Place): Condition {
  const { direction, address, mask } = primitive;
  const matches = (at: number): Condition => and(...address.map((word, i) =>
    equals(masked(load(bpf.W, place.payload + at + i * 4), mask[i]!), word)));
  return and(place.has("ip6"), inDirection(direction, matches(IPV6.source), matches(IPV6.destination)));
}

// ---- ports ----

type Ports = Extract<Primitive, { kind: "ports" }>;

function portsInIpv6({ transports, direction, first, last }: Ports, place: Place): Condition {
  const within = (at: number): Condition => isInRange([load(bpf.H, place.payload + IPV6.size + at)], first, last);
  const transport = isOneOf([load(bpf.B, place.payload + IPV6.next)], numbersOf(transports));
  return and(place.has("ip6"), transport, inDirection(direction, within(0), within(2)));
}

/** In first fragments only: the others have no ports, whatever stands there. */
function portsInIpv4({ transports, direction, first, last }: Ports, place: Place): Condition {
  const within = (at: number): Condition => isInRange([
    { code: bpf.LDX | bpf.B | bpf.MSH, k: place.payload },
    { code: bpf.LD | bpf.H | bpf.IND, k: place.payload + at },
  ], first, last);
  const transport = isOneOf([load(bpf.B, place.payload + IPV4.protocol)], numbersOf(transports));
  return and(place.has("ip"), transport, place.isFirstFragment(), inDirection(direction, within(0), within(2)));
}

function numbersOf(transports: Transport[]): number[] {
  return transports.map((transport) => IP_PROTOCOLS[transport]);
}

function inDirection(direction: Direction, source: Condition, destination: Condition): Condition {
  switch (direction) {
    case "src": return source;
    case "dst": return destination;
    case "either": return or(source, destination);
    case "both": return and(source, destination);
  }
}
