// What a capture filter says, as a value: made by parse.ts, turned into a program by compile.ts. Owns types only.
// Read pcap-filter(7), whose words these are.

/** Protocols that can stand in front of a test. */
export type Protocol = "ether" | "ip" | "ip6" | "arp" | "rarp" | "icmp" | "icmp6" | "tcp" | "udp" | "sctp";

/** Which of two fields must match; `either` where nothing is said. */
export type Direction = "src" | "dst" | "either" | "both";

/** `and` and `or` bind alike, to the left: the order of the text is the order of the tests. */
export type Expression =
  | { kind: "and" | "or"; left: Expression; right: Expression }
  | { kind: "not"; of: Expression }
  | Primitive;

export type Primitive =
  /** A protocol by its own name. */
  | { kind: "protocol"; protocol: Exclude<Protocol, "ether"> }
  /** A protocol by its number: an EtherType (ether), or what an IP header calls the next one; undefined: v4 or v6. */
  | { kind: "number"; protocol: "ether" | "ip" | "ip6" | undefined; number: number }
  | { kind: "mac"; direction: Direction; mac: Uint8Array }
  /** Undefined: in IPv4, ARP or RARP. */
  | { kind: "ipv4"; protocol: "ip" | "arp" | "rarp" | undefined; direction: Direction; address: number; mask: number }
  /** Four words each, in the order of the wire. */
  | { kind: "ipv6"; direction: Direction; address: number[]; mask: number[] }
  /** Ports `first` to `last` of these transport protocols. */
  | { kind: "ports"; transports: Transport[]; direction: Direction; first: number; last: number }
  /** Undefined: in any VLAN. What stands behind it in the text looks behind the tag. */
  | { kind: "vlan"; vid: number | undefined }
  | { kind: "broadcast" }
  | { kind: "multicast"; protocol: "ether" | "ip" | "ip6" }
  | { kind: "relation"; left: Arithmetic; relation: Relation; right: Arithmetic };

export type Transport = "tcp" | "udp" | "sctp";

export type Relation = "=" | "!=" | ">" | ">=" | "<" | "<=";

/** Numbers are u32 and wrap. */
export type Arithmetic =
  | { kind: "constant"; value: number }
  /** The frame's length on the wire, bytes. */
  | { kind: "length" }
  /** `size` bytes of a protocol's header and what follows it; a frame without that protocol does not match. */
  | { kind: "field"; protocol: Protocol; offset: Arithmetic; size: 1 | 2 | 4 }
  | { kind: "binary"; operator: Operator; left: Arithmetic; right: Arithmetic };

export type Operator = "+" | "-" | "*" | "/" | "&" | "|" | "<<" | ">>";
