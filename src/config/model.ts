// The configuration as a value: what a file says once it is read, checked and completed with defaults.
// Owns the types only; parse.ts makes them, diff.ts compares them, the engine acts on them.
// The words are those of the user's file; units are in the names.

/** VLAN identifier, 1 to 4094 (IEEE 802.1Q, 9.6). */
export type Vid = number;

/** Which VLANs a port belongs to, and how its frames stand on the wire. */
export type Vlan =
  | { mode: "access"; vid: Vid }
  /** `vids` ascending, without doubles; `native`: the VLAN of untagged frames, both ways. */
  | { mode: "trunk"; vids: "all" | Vid[]; native?: Vid }
  /** IEEE 802.1ad: every frame is carried inside `vid`. */
  | { mode: "tunnel"; vid: Vid };

/** A limit: frames or bits a second, above 0. */
export interface Rate {
  unit: "pps" | "bps";
  value: number;
}

export interface TapAttachment {
  kind: "tap";
  name: string;
  /** Queue pairs, each served by a worker of its own: 2 to 16; absent: one. */
  queues?: number;
}
export interface InterfaceAttachment { kind: "interface"; name: string }
/** A Unix stream socket with QEMU's framing; listens at `path`, or dials it where `connect`. */
export interface StreamAttachment { kind: "stream"; path: string; connect: boolean }
export interface PcapAttachment {
  kind: "pcap";
  read?: string;
  write?: string;
  /** How many times `read` is played, 1 or more; 0: without end. */
  loop: number;
  rate?: Rate;
}
export interface MemoryAttachment { kind: "memory" }
export interface GeneratorAttachment {
  kind: "generator";
  /** Frames to make; absent: without end. */
  frames?: number;
  rate?: Rate;
  /** Bytes, 60 to 65536, or the mix 7 × 60, 4 × 590, 1 × 1514. */
  size: number | "imix";
  /** Source MACs and UDP source ports that it goes round, 1 to 65536. */
  flows: number;
  /** Destination MAC; absent: broadcast. */
  to?: string;
  /** VLAN tag on its frames (for a trunk); absent: untagged. */
  vlan?: Vid;
}

/** What is at the other end of a port. */
export type Attachment =
  | TapAttachment | InterfaceAttachment | StreamAttachment
  | PcapAttachment | MemoryAttachment | GeneratorAttachment;

export interface PortConfig {
  attachment: Attachment;
  vlan: Vlan;
  isolated: boolean;
  monitor: boolean;
  /** Longest payload that may leave, bytes, 68 to 65520; absent: what the device has, or no limit. */
  mtu?: number;
  /** MACs that live here and that learning never moves (lower case, colons), in the port's access, native or
   *  tunnel VLAN, and in each of its listed VLANs. */
  macs: string[];
}

export interface MirrorConfig {
  /** Names of ports; may be empty where `vlans` is not. */
  from: string[];
  vlans: Vid[];
  direction: "in" | "out" | "both";
  /** Name of a monitor port. */
  to: string;
  rate?: Rate;
  /** Bytes of each copy, 14 to 65536; absent: whole frames. */
  snaplen?: number;
}

export interface SwitchConfig {
  learning: boolean;
  /** Seconds after which a MAC that is silent is forgotten, 0.001 to 1,000,000, in steps of a millisecond. */
  agingSeconds: number;
  ports: Record<string, PortConfig>;
  mirrors: Record<string, MirrorConfig>;
}

/** An IPv4 address in dotted decimal, as `10.0.10.1`. */
export type Ipv4 = string;

/** A network: address without host bits, and the length of its prefix, 0 to 32. */
export interface Network {
  address: Ipv4;
  prefix: number;
}

/** A static route, or one that DHCP hands out: `to` by way of the neighbour `via`. */
export interface RouteConfig {
  to: Network;
  via: Ipv4;
}

/** DHCPv4 on an interface (RFC 2131). Addresses are of the interface's network. */
export interface DhcpConfig {
  /** First and last address that are given out. */
  first: Ipv4;
  last: Ipv4;
  /** Seconds, 60 to 31,536,000. */
  leaseSeconds: number;
  /** What guests are told to ask for names; empty: the interface's address, where the router forwards DNS. */
  dns: Ipv4[];
  domain?: string;
  /** Option 121 (RFC 3442), beside the default route. */
  routes: RouteConfig[];
  /** Addresses kept for MACs (lower case, colons), in or out of the range. */
  hosts: Record<string, { address: Ipv4; hostname?: string }>;
}

/** An interface of a router on a switch's VLAN. */
export interface InterfaceConfig {
  switch: string;
  vid: Vid;
  address: Ipv4;
  /** Length of the network's prefix, 1 to 30 (31 and 32 have no place for guests). */
  prefix: number;
  /** Bytes of the longest packet that leaves, 576 to 65520. */
  mtu: number;
  dhcp?: DhcpConfig;
}

/** The way out: a port of its own, not on any switch. */
export interface UplinkConfig {
  port: PortConfig;
  /** Outside addresses, the router's own first; empty: one comes by DHCP. */
  addresses: Ipv4[];
  /** Length of the prefix of the first one's network, 1 to 32; 0 where it comes by DHCP. */
  prefix: number;
  /** The default route; absent: only what is on the link, or DHCP says it. */
  gateway?: Ipv4;
  mtu: number;
}

/** RFC 4787 REQ-1 and REQ-8. */
export type NatMapping = "endpoint-independent" | "address-and-port-dependent";
export type NatFiltering = "endpoint-independent" | "address-dependent" | "address-and-port-dependent";

/** How addresses and ports are translated towards the uplink. */
export interface NatConfig {
  mapping: NatMapping;
  filtering: NatFiltering;
  timeouts: {
    /** Seconds without outbound traffic (RFC 4787 REQ-5), 1 to 86,400. */
    udp: number;
    /** Seconds of silence of an established connection (RFC 5382 REQ-5), 1 to 2,678,400. */
    tcp: number;
    /** Seconds of silence while it opens or closes (RFC 5382 REQ-5), 1 to 86,400. */
    transitory: number;
    /** Seconds for ICMP queries (RFC 5508 REQ-2), 1 to 86,400. */
    icmp: number;
    /** Seconds for sessions towards a remote port, by `udp PORT` and `tcp PORT` (there: established). */
    ports: Record<string, number>;
  };
  /** For each inside host (RFC 6888 REQ-3): outside ports that it may hold; 0: no limit. */
  hostPorts: number;
  /** For each inside host (RFC 6888 REQ-4): new sessions a second; 0: no limit. */
  hostRate: number;
  /** What a new session does where there is no room: it is refused, or the session that is idle longest goes. */
  exhausted: "refuse" | "oldest-idle";
  /** Greatest TCP MSS that SYNs may announce: "path" lets it fit the MTUs on the way; absent: as it is. */
  mss?: number | "path";
  /** NDJSON file of sessions' beginnings and ends (RFC 6888 REQ-12 and on). */
  log?: string;
}

/** A published port, a range of them, or a whole address. */
export type ForwardConfig =
  | {
    protocol: "tcp" | "udp";
    /** Outside address; absent: the uplink's first. */
    outside?: Ipv4;
    /** First outside port, 1 to 65535. */
    port: number;
    /** How many ports from there on, 1 or more. */
    count: number;
    inside: Ipv4;
    /** First inside port; the others follow in step. */
    insidePort: number;
  }
  | { protocol: "1:1"; outside: Ipv4; inside: Ipv4 };

/** The router's DNS forwarder, on its interfaces' addresses. */
export interface DnsConfig {
  /** `address` or `address:port`; empty: what the host itself uses. */
  upstreams: string[];
  /** Static names (lower case, without a final dot), and their addresses. */
  hosts: Record<string, Ipv4[]>;
  /** The domain of guests' names, from leases. */
  domain?: string;
}

export interface RouterConfig {
  /** Its MAC on all interfaces (lower case, colons); absent: one that follows from the machine and its name. */
  mac?: string;
  interfaces: InterfaceConfig[];
  uplink?: UplinkConfig;
  routes: RouteConfig[];
  /** Absent: addresses are not translated. */
  nat?: NatConfig;
  forwards: ForwardConfig[];
  /** Absent: no forwarder. */
  dns?: DnsConfig;
}

export interface Config {
  /** MACs that the forwarding database holds, 64 to 1,048,576, over all switches. */
  fdbCapacity: number;
  /** Sessions that the translation tables hold, 1,024 to 4,194,304, over all routers. */
  natCapacity: number;
  /** Where FDB, sessions and leases are kept over restarts; absent: nowhere. */
  state?: string;
  switches: Record<string, SwitchConfig>;
  routers: Record<string, RouterConfig>;
}
