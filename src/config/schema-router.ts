// The shape of a router in a configuration file. Owns its keys, ranges and their wording; what goes with what is in
// check-router.ts, check-dhcp.ts, check-nat.ts and check-forwards.ts.

import { Type, type Static } from "@sinclair/typebox";
import { ENDPOINT_PATTERN, IPV4_OR_CIDR_PATTERN, IPV4_RANGE_PATTERN } from "./ipv4.js";
import { ITEMS_MAX } from "./raw-router.js";
import {
  cidr, closed, count, duration, FROM, ipv4, MAC_PATTERN, mac, orFalse, path, reference, size, text, vid, word,
} from "./schema-parts.js";
import { MEMBERSHIPS, PortSchema } from "./schema-port.js";

/** Bytes of an IPv4 packet: what every host has to take (RFC 791), to what a port carries. */
export const ROUTER_MTU = { minimum: 576, maximum: 65_520 } as const;
export const LEASE_S = { minimum: 60, maximum: 31_536_000 } as const;
export const FORWARDS_MAX = ITEMS_MAX;
/** Keys of a port that an uplink does not have: it is one VLAN's, and all its frames are the router's. */
export const NOT_FOR_UPLINKS = [
  ...MEMBERSHIPS.filter((key) => key !== "access"), "native", "isolated", "monitor",
] as const;

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const domain = (description: string) => text("domain", {
  pattern: `^${LABEL}(?:\\.${LABEL})*$`, maxLength: 253, description, examples: ["lab.example"],
});

const RouteSchema = Type.Object({
  to: cidr("network", "Where to", "10.9.0.0/16"),
  via: ipv4("The neighbour that knows the way", "10.0.10.9"),
}, { title: "route", description: "A network behind a neighbour", ...closed,
  examples: [{ to: "10.9.0.0/16", via: "10.0.10.9" }] });
const routes = (description: string) => Type.Optional(Type.Array(RouteSchema, {
  title: "list of routes", description, maxItems: ITEMS_MAX, examples: [[{ to: "10.9.0.0/16", via: "10.0.10.9" }]],
}));

const ReservationSchema = Type.Union([
  ipv4("The address", "10.0.10.5"),
  Type.Object({
    address: ipv4("The address", "10.0.10.5"),
    name: Type.Optional(text("host name", {
      pattern: `^${LABEL}$`, description: "Its name, for itself and for DNS", examples: ["web"],
    })),
  }, { title: "reservation", ...closed, examples: [{ address: "10.0.10.5", name: "web" }] }),
], { title: "reservation", examples: ["10.0.10.5", { address: "10.0.10.5", name: "web" }] });

const DhcpSchema = Type.Object({
  range: text("address range", {
    pattern: IPV4_RANGE_PATTERN, description: "First and last address that are given out",
    examples: ["10.0.10.100-10.0.10.199"],
  }),
  lease: Type.Optional(duration("How long an address is given for: 60s to 31536000s", ["1h", "12h"], "1h")),
  dns: Type.Optional(Type.Array(ipv4("A resolver", "192.0.2.53"), {
    title: "list of resolvers", examples: [["192.0.2.53"]],
    description: "What guests are told to ask for names; absent: the router, where it forwards DNS",
  })),
  domain: Type.Optional(domain("The domain that guests are told")),
  routes: routes("Routes that guests are told, beside the default route (RFC 3442)"),
  hosts: Type.Optional(Type.Record(Type.String({ pattern: MAC_PATTERN }), ReservationSchema, {
    title: "reservations", description: "By MAC: addresses that are kept", ...closed,
    examples: [{ "02:00:00:00:00:01": "10.0.10.5" }],
  })),
}, { title: "dhcp", description: "DHCPv4 server (RFC 2131)", ...closed,
  examples: [{ range: "10.0.10.100-10.0.10.199" }] });

const InterfaceSchema = Type.Object({
  switch: reference("switch name", "lab", "The switch that it is on"),
  vlan: Type.Optional(vid("The VLAN of the switch", 1)),
  address: cidr("address with prefix", "Its address, and the length of its network's prefix", "10.0.10.1/24"),
  mtu: Type.Optional(size("MTU", ROUTER_MTU, "Longest packet that leaves; 1500 where nothing is said", 1500)),
  dhcp: Type.Optional(DhcpSchema),
}, { title: "interface", description: "An interface on a switch's VLAN", ...closed,
  examples: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }] });

const outside = text("outside address", {
  pattern: IPV4_OR_CIDR_PATTERN, description: "The first one with its prefix", examples: ["203.0.113.2/24"],
});
const UplinkSchema = Type.Object({
  ...Type.Omit(PortSchema, NOT_FOR_UPLINKS).properties,
  mtu: Type.Optional(size("MTU", ROUTER_MTU, "Longest packet that leaves; 1500 where nothing is said", 1500)),
  address: Type.Union([
    Type.Literal("dhcp"), outside,
    Type.Array(outside, { title: "list of outside addresses", minItems: 1, maxItems: ITEMS_MAX,
      examples: [["203.0.113.2/24", "203.0.113.3"]] }),
  ], {
    title: "outside address", description: "One or several, the router's own first; or dhcp: what a server gives",
    examples: ["203.0.113.2/24", ["203.0.113.2/24", "203.0.113.3"], "dhcp"],
  }),
  gateway: Type.Optional(ipv4("The default route", "203.0.113.1")),
}, { title: "uplink", description: "The way out: a port of its own, on no switch", ...closed,
  examples: [{ tap: "tl-up", address: "203.0.113.2/24", gateway: "203.0.113.1" }] });

const timeout = (description: string, byDefault: string) =>
  Type.Optional(duration(description, [byDefault], byDefault));
const TimeoutsSchema = Type.Object({
  udp: timeout("Without outbound traffic (RFC 4787 REQ-5)", "300s"),
  tcp: timeout("Silence of an established connection (RFC 5382 REQ-5)", "7440s"),
  transitory: timeout("Silence of one that opens or closes (RFC 5382 REQ-5)", "240s"),
  icmp: timeout("Silence of a query (RFC 5508 REQ-2)", "60s"),
  ports: Type.Optional(Type.Record(Type.String({ pattern: "^(?:tcp|udp) [1-9]\\d{0,4}$" }),
    duration("Silence of sessions towards the port: 1s and more", ["30s"]), {
      title: "timeouts by port", description: "By remote port: `udp 53`, `tcp 22`", ...closed,
      examples: [{ "udp 53": "30s" }],
    })),
}, { title: "timeouts", description: "When sessions end", ...closed, examples: [{ udp: "300s" }] });

const NatSchema = Type.Object({
  mapping: Type.Optional(word("mapping", ["endpoint-independent", "address-and-port-dependent"],
    "Which sessions of an inside endpoint share an outside port (RFC 4787 REQ-1)", "endpoint-independent")),
  filtering: Type.Optional(word("filtering",
    ["endpoint-independent", "address-dependent", "address-and-port-dependent"],
    "From whom an outside port takes packets (RFC 4787 REQ-8)", "address-dependent")),
  timeouts: Type.Optional(TimeoutsSchema),
  host: Type.Optional(Type.Object({
    ports: Type.Optional(count("port count", "Outside ports that it may hold; 0: no limit", 1_000_000, 1000)),
    rate: Type.Optional(count("session rate", "New sessions a second; 0: no limit", 1_000_000, 100)),
  }, { title: "host limits", description: "For each inside host (RFC 6888 REQ-3, REQ-4)", ...closed,
    examples: [{ ports: 1000, rate: 100 }] })),
  exhausted: Type.Optional(word("policy", ["refuse", "oldest-idle"],
    "Where there is no room: the new session is refused, or the one that is idle longest goes", "refuse")),
  mss: Type.Optional(Type.Union([
    Type.Literal("path"), Type.Integer({ title: "MSS", minimum: 536, maximum: 65_480 }),
  ], { title: "MSS", description: "Greatest that TCP SYNs may announce; path: what the MTUs on the way allow",
    examples: ["path", 1360] })),
  log: Type.Optional(path({
    description: `NDJSON file of sessions' beginnings and ends (RFC 6888). ${FROM}`, examples: ["nat.ndjson"],
  })),
}, { title: "nat", description: "Translation of addresses and ports towards the uplink (RFC 4787, 5382, 5508, 6888)",
  ...closed, examples: [{ mapping: "endpoint-independent", filtering: "address-dependent" }] });

const addresses = Type.Array(ipv4("An address of the host", "10.0.10.5"), {
  title: "list of addresses", minItems: 1, examples: [["10.0.10.5", "10.0.10.6"]],
});
const DnsSchema = Type.Object({
  upstreams: Type.Optional(Type.Array(text("resolver", {
    pattern: ENDPOINT_PATTERN, description: "Address, or address:port", examples: ["192.0.2.53", "192.0.2.53:5353"],
  }), { title: "list of resolvers", description: "Who is asked; absent or empty: those that the host itself asks",
    examples: [["192.0.2.53", "192.0.2.53:5353"]] })),
  hosts: Type.Optional(Type.Record(Type.String({ pattern: `^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*\\.?$` }),
    Type.Union([ipv4("The host's address", "10.0.10.5"), addresses], {
      title: "host address", examples: ["10.0.10.5", ["10.0.10.5", "10.0.10.6"]],
    }), { title: "static names", description: "By name: one address or several", ...closed,
      examples: [{ web: "10.0.10.5" }] })),
  domain: Type.Optional(domain("The router's own, of guests' and static names: no other names exist in it")),
}, { title: "dns", description: "DNS forwarder on the interfaces' addresses", ...closed,
  examples: [{ upstreams: ["192.0.2.53"], domain: "lab.example" }] });

/** For documents and messages. */
export const ROUTER_EXAMPLE = {
  interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }],
  uplink: { tap: "tl-up", address: "203.0.113.2/24", gateway: "203.0.113.1" },
};

export const RouterSchema = Type.Object({
  mac: Type.Optional(mac("Its MAC on all interfaces; absent: one that follows from the machine and its name")),
  interfaces: Type.Optional(Type.Array(InterfaceSchema, {
    title: "list of interfaces", description: "One for each VLAN that it joins", maxItems: ITEMS_MAX,
    examples: [ROUTER_EXAMPLE.interfaces],
  })),
  uplink: Type.Optional(UplinkSchema),
  routes: routes("Static routes"),
  nat: Type.Optional(orFalse(NatSchema, {
    title: "nat", description: "On wherever there is an uplink; false: addresses stay as they are",
    examples: [false, { filtering: "address-dependent" }],
  })),
  forwards: Type.Optional(Type.Array(text("forward", {
    description: "Published ports, or a whole address (parseForward)",
    examples: ["tcp 8080 -> 10.0.10.5:80", "1:1 203.0.113.5 -> 10.0.10.7"],
  }), { title: "list of forwards", description: "What the world may reach", maxItems: FORWARDS_MAX,
    examples: [["tcp 8080 -> 10.0.10.5:80"]] })),
  dns: Type.Optional(orFalse(DnsSchema, {
    title: "dns", description: "The forwarder is on; false: off",
    examples: [false, { upstreams: ["192.0.2.53"] }],
  })),
}, { title: "router", description: "An IP router between VLANs, with NAPT towards its uplink", ...closed,
  examples: [ROUTER_EXAMPLE] });

export type RouterFile = Static<typeof RouterSchema>;
export type InterfaceFile = Static<typeof InterfaceSchema>;
export type DhcpFile = Static<typeof DhcpSchema>;
export type RouteFile = Static<typeof RouteSchema>;
export type UplinkFile = Static<typeof UplinkSchema>;
export type NatFile = Static<typeof NatSchema>;
export type DnsFile = Static<typeof DnsSchema>;
