// Where the headers of a frame stand, and how it shows that a protocol is in it. Owns the offsets of fields.
// Read IEEE 802.3 3.1, RFC 791 3.1, RFC 8200 3 and 4.5, RFC 826.

import * as bpf from "../../assembly/bpf.js";
import type { Protocol } from "./ast.js";
import { ETHER_TYPES, IP_PROTOCOLS } from "./names.js";
import { and, not, or, type Condition } from "./program.js";
import { equals, load } from "./compare.js";

export const ETHER = { destination: 0, source: 6, type: 12, size: 14 };
export const TAG_SIZE = 4;
export const IPV4 = { fragment: 6, protocol: 9, source: 12, destination: 16 };
export const IPV6 = { next: 6, source: 8, destination: 24, size: 40 };
/** For IPv4 over Ethernet; RARP's are the same. */
export const ARP = { source: 14, destination: 24 };

const FRAGMENT_OFFSET = 0x1fff;
const IPV6_FRAGMENT = 44; // the header that says so, 8 bytes; its first says what follows

/** Where a filter looks for EtherType and payload: further behind with every tag that it has named. */
export class Place {
  type = ETHER.type;
  payload = ETHER.size;

  moveBehind(bytes: number): void {
    this.type += bytes;
    this.payload += bytes;
  }

  /** Whether a frame carries a protocol. */
  has(protocol: Exclude<Protocol, "ether">): Condition {
    switch (protocol) {
      case "ip": case "ip6": case "arp": case "rarp": return this.hasNumber("ether", ETHER_TYPES[protocol]);
      case "icmp": return this.hasNumber("ip", IP_PROTOCOLS.icmp);
      case "icmp6": return this.hasNumber("ip6", IP_PROTOCOLS.icmp6);
      case "tcp": case "udp": case "sctp": return this.hasNumber(undefined, IP_PROTOCOLS[protocol]);
    }
  }

  /** The same by number; undefined: in IPv4 or IPv6. In IPv6 also behind a fragment header, which must come first. */
  hasNumber(protocol: "ether" | "ip" | "ip6" | undefined, number: number): Condition {
    if (protocol === "ether") return equals([load(bpf.H, this.type)], number);
    if (protocol === undefined) return or(this.hasNumber("ip", number), this.hasNumber("ip6", number));
    if (protocol === "ip") return and(this.has("ip"), this.#byteIs(IPV4.protocol, number));
    const behindFragment = and(this.#byteIs(IPV6.next, IPV6_FRAGMENT), this.#byteIs(IPV6.size, number));
    return and(this.has("ip6"), or(this.#byteIs(IPV6.next, number), behindFragment));
  }

  /** Whether the IPv6 header itself names a protocol as what follows. */
  nextHeaderIs(protocol: keyof typeof IP_PROTOCOLS): Condition {
    return this.#byteIs(IPV6.next, IP_PROTOCOLS[protocol]);
  }

  /** Whether an IPv4 packet is whole or its first fragment, the only one with a transport header. */
  isFirstFragment(): Condition {
    const field = load(bpf.H, this.payload + IPV4.fragment);
    return not({ kind: "test", steps: [field], jump: bpf.JSET, operand: FRAGMENT_OFFSET });
  }

  #byteIs(at: number, value: number): Condition {
    return equals([load(bpf.B, this.payload + at)], value);
  }
}
