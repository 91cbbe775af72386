// Names that filters may say in place of numbers, and the words of tcpdump's that they may not, with what to say
// instead. Owns these tables. Read IANA's Service Name and Port Number Registry, RFC 792, RFC 4443, RFC 9293 3.1.

import type { Protocol, Transport } from "./ast.js";

export const PROTOCOLS: readonly string[] = [
  "ether", "ip", "ip6", "arp", "rarp", "icmp", "icmp6", "tcp", "udp", "sctp",
] satisfies Protocol[];

export const TRANSPORTS: readonly Transport[] = ["tcp", "udp", "sctp"];

export const ETHER_TYPES = { ip: 0x0800, arp: 0x0806, rarp: 0x8035, ip6: 0x86dd };

/** What the field that names the next protocol holds, in IPv4 and IPv6 alike. */
export const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, sctp: 132 };

/** Services as registered; a name stands for its own transport protocols only, and without any for all three. */
export const SERVICES = new Map<string, { port: number; only?: Transport }>(Object.entries({
  bootpc: { port: 68, only: "udp" },
  bootps: { port: 67, only: "udp" },
  domain: { port: 53 },
  http: { port: 80, only: "tcp" },
  https: { port: 443 },
  ntp: { port: 123, only: "udp" },
  ssh: { port: 22, only: "tcp" },
}));

/** Offsets and values in arithmetic. */
export const CONSTANTS = new Map(Object.entries({
  "icmptype": 0, "icmpcode": 1,
  "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-redirect": 5, "icmp-echo": 8, "icmp-timxceed": 11,
  "icmp6type": 0, "icmp6code": 1,
  "icmp6-echo": 128, "icmp6-echoreply": 129, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134,
  "icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136,
  "tcpflags": 13,
  "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
}));

/** What tcpdump knows and this does not, with what to write instead where something does the same. */
export const UNSUPPORTED = new Map<string, string | undefined>([
  ["ah", "proto 51"], ["esp", "proto 50"], ["igmp", "ip proto 2"], ["link", "ether"], ["pim", "proto 103"],
  ["vrrp", "ip proto 112"],
  ...[
    "aarp", "atalk", "decnet", "fddi", "gateway", "geneve", "ifindex", "inbound", "ipx", "iso", "llc", "mpls",
    "netbeui", "outbound", "pppoed", "pppoes", "protochain", "stp", "tr", "wlan",
  ].map((word): [string, undefined] => [word, undefined]),
]);
