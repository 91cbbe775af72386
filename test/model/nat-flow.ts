// A packet as the reference NAT sees it: between which endpoints it runs, or why it is not to be translated at all.
// Owns the reading of ports, and of identifiers where ICMP has no ports.
// Read first: RFC 4787, 2; RFC 5508, 3.1 and 4.

import { ICMP, TCP, UDP, endpoint, type Endpoint } from "../router/bytes.js";
import { type Parsed, type TcpHeader } from "../router/parse.js";
import type { ReasonName, Side } from "./nat-types.js";

/** Both ends of a packet. In an ICMP query the inside end has the identifier as its port, and the remote has 0; where
 *  the outside asks, ASKED is added, since two that ask with one identifier have nothing to do with each other. */
export interface Flow {
  protocol: number;
  from: Endpoint;
  to: Endpoint;
  tcp?: TcpHeader;
  /** Bytes of payload, for TCP's sequence numbers. */
  length: number;
  /** ICMP type of a query or its reply. */
  query?: number;
}

/** ICMP errors that are translated (RFC 5508, 4; source quench is as good as none). */
const ERRORS = [3, 4, 11, 12];
const QUERIES = [0, 8, 13, 14];

export function isError({ icmp }: Parsed): boolean {
  return icmp !== undefined && ERRORS.includes(icmp.type);
}

/** Why a packet is dropped before anything is looked up; undefined: it is whole. */
export function faultOf(parsed: Parsed): ReasonName[] | undefined {
  if (parsed.faults.includes("ip: checksum")) return ["checksum", "malformed"];
  if (parsed.faults.some((fault) => !fault.endsWith(": checksum"))) return ["malformed"];
  const ports = parsed.udp ?? parsed.tcp;
  if (ports && (endpoint(ports.from).port === 0 || endpoint(ports.to).port === 0)) return ["malformed"];
  const about = isError(parsed) ? parsed.icmp!.about! : undefined;
  return about && about.faults.some((fault) => fault !== "ip: checksum" && !isLie(fault)) ? ["malformed"] : undefined;
}

/** Lengths and sums of the segment inside an error are its receiver's to judge. */
function isLie(fault: string): boolean {
  return fault.startsWith("udp: length") || /^(udp|tcp|icmp): checksum$/.test(fault);
}

/** RFC 5508 REQ-3: what may be dropped for its checksums, though only a SHOULD says so. */
export function doubtsOf(parsed: Parsed): ReasonName[] {
  const { icmp, faults } = parsed;
  const wrong = faults.includes("icmp: checksum") || icmp?.about?.faults.includes("ip: checksum");
  return wrong ? ["checksum", "malformed"] : [];
}

/** Above all ports. */
export const ASKED = 65536;

/** Whether `query`, a type, is a question. */
export function asks(query: number | undefined): boolean {
  return query === 8 || query === 13;
}

/** The flow of a packet that `side` sent; undefined where it has neither ports nor identifier. */
export function flowOf({ ip, udp, tcp, icmp, payload }: Parsed, side: Side): Flow | undefined {
  const ports = udp ?? tcp;
  if (ports) {
    const ends = { from: endpoint(ports.from), to: endpoint(ports.to) };
    const flow = { protocol: udp ? UDP : TCP, ...ends, length: payload.length };
    return tcp ? { ...flow, tcp } : flow;
  }
  if (!icmp || !QUERIES.includes(icmp.type)) return undefined;
  const identifier = icmp.id! + (asks(icmp.type) === (side === "inside") ? 0 : ASKED);
  const [from, to] = side === "inside" ? [identifier, 0] : [0, identifier];
  return {
    protocol: ICMP, from: { address: ip!.from, port: from }, to: { address: ip!.to, port: to },
    length: 0, query: icmp.type,
  };
}

/** The network's prefix of an address as a number, such as `10.0.10.0/24` for all that begin with 10.0.10. */
export function inNetwork(address: string, network: string): boolean {
  const [base, length] = network.split("/");
  return bitsOf(address).startsWith(bitsOf(base!).slice(0, Number(length)));
}

function bitsOf(address: string): string {
  return address.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0")).join("");
}
