// The same frames as tcpdump: every expression of a table, and random combinations. Without tcpdump skipped, which
// fails in CI. Read pcap-filter(7).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileFilter } from "../../src/filter/compile.js";
import { frames } from "./frames.js";
import { Sieve } from "./sieve.js";
import { hasTcpdump, tcpdumpMatches } from "./tcpdump.js";

const SAMPLE = frames(500);

const PRIMITIVES = [
  // protocols
  "ip", "ip6", "arp", "rarp", "icmp", "icmp6", "tcp", "udp", "sctp",
  "ether proto 0x88b5", "ether proto \\arp", "ip proto 2", "ip proto \\tcp", "ip6 proto 17", "proto 50", "proto \\udp",
  // addresses
  "ether src 02:00:00:00:00:01", "ether dst ff:ff:ff:ff:ff:ff", "ether host 02-00-00-00-00-02",
  "ether src or dst 33:33:00:00:00:01", "ether src and dst 02:00:00:00:00:01",
  "host 10.0.0.1", "src 10.0.0.1", "dst host 10.0.0.2", "src and dst 10.0.0.1", "dst or src host 10.1.2.3",
  "ip host 192.168.1.7", "arp host 10.0.0.1", "rarp src 10.0.0.2", "arp dst net 10.0.0.0/8",
  "host 2001:db8::1", "src host fe80::3", "ip6 dst host ff02::1", "host ::ffff:1.2.3.4",
  "net 10.0.0.0/8", "net 10", "net 10.1", "src net 192.168.1", "dst net 224.0.0.0/4", "net 10.0.0.0 mask 255.255.0.0",
  "net 0.0.0.0/0", "net 2001:db8::/32", "src net 2001:db8:0:1::/64", "dst net fe80::/10", "ip6 net ::/0",
  // ports
  "port 53", "tcp port 80", "udp port 67", "sctp port 6000", "src port 443", "dst port 22", "src and dst port 53",
  "tcp src or dst port 8080", "udp dst port 123", "port 0x50", "port 065",
  "portrange 60-130", "tcp portrange 443-6000", "udp src portrange 8080-53",
  // groups and lengths
  "broadcast", "ether broadcast", "multicast", "ether multicast", "ip multicast", "ip6 multicast",
  "less 60", "greater 80",
  // arithmetic
  "ip[0] & 0xf != 5", "ip[6:2] & 0x1fff = 0", "ip[8] < 64", "ip[2:2] > 0x7fff", "ip[12:4] == 0x0a000001",
  "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "tcp[13] & 2 = 2", "tcp[0:2] = tcp[2:2]", "udp[4:2] >= 0x8000",
  "tcp[((tcp[12] & 0xf0) >> 2):4] > 0x7fffffff", "icmp[icmptype] = icmp-echo", "icmp[0] <= 3", "icmp6[0] = 135",
  "ether[0] & 1 = 1", "ether[12:2] > 1500", "ip6[6] = 44", "arp[6:2] = 2", "sctp[2:2] = 80", "len > 60",
  "len - 14 >= ip[2:2]", "ip[1] + ip[3] * 2 < 200", "ip[8] / ip[9] = 3", "(ip[1] | 1) & 3 = 1", "64 > ip[8]",
  "ip[0] << 4 = 0x450", "udp[ip[0] & 3] > 100", "ip[1] / (ip[2] & 1) = 3",
];

const COMBINATIONS = [
  "", "not ip", "! tcp", "not not udp", "tcp and port 80", "tcp or udp", "tcp && dst port 80 || arp",
  "host 10.0.0.1 and not port 53", "port 53 or 80", "port 53 or 80 and 443", "host 10.0.0.1 or 10.0.0.2",
  "src 10.0.0.1 or 10.1.2.3 and dst port 80 or 22", "port (53 or 80)", "host (10.0.0.1 or 10.0.0.2) and tcp",
  "port 53 or (80 or 443) or 22", "port not 53", "port 53 or not 80", "portrange 1-30 or 60-90",
  "tcp port http or https",
  "net 10.0.0.0/8 and (icmp or arp)", "ip proto 2 or 50", "ether proto 0x800 or 0x806",
  "not (port 80 or port 443)", "(tcp[13] & 2 != 0) and (ip[8] > 30)", "((ip))", "ip and len > 60 or arp",
  "vlan", "vlan 10", "vlan 5 and ip", "vlan and host 10.0.0.1", "vlan and tcp port 80", "vlan 10 and vlan 5",
  "vlan and vlan and ip", "vlan or ip", "not vlan and arp", "vlan and ip[8] > 50",
  "vlan and ether dst 33:33:00:00:00:01", "(vlan 5 or vlan 10) and udp", "ip or vlan 5 and ip or vlan and ip6",
  "vlan and net 2001:db8::/32", "vlan and icmp6[0] > 128", "vlan and ip multicast", "vlan and less 70",
  "port domain", "udp port ntp", "port bootps or bootpc", "tcp port ssh", "portrange http-https",
];

describe.skipIf(!hasTcpdump("capture filters against tcpdump"))("filters take what tcpdump takes", () => {
  test.each([PRIMITIVES, COMBINATIONS].flat())("%s", (expression) => {
    expect(new Sieve().matches(SAMPLE, compileFilter(expression))).toEqual(tcpdumpMatches(expression, SAMPLE));
  });

  test("random combinations", () => {
    const sieve = new Sieve();
    fc.assert(fc.property(expressions(), (expression) => {
      expect(sieve.matches(SAMPLE, compileFilter(expression))).toEqual(tcpdumpMatches(expression, SAMPLE));
    }), { numRuns: 150, seed: 20 });
  });
});

/** Primitives joined by and, or, not and brackets, with VLANs among them. */
function expressions(): fc.Arbitrary<string> {
  const primitive = fc.constantFrom(...PRIMITIVES, "vlan", "vlan 10");
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true, maxDepth: 2 },
      primitive,
      fc.tuple(tie("expression"), fc.constantFrom("and", "or", "&&", "||"), tie("expression"))
        .map((parts) => parts.join(" ")),
      tie("expression").map((inner) => `not (${inner})`),
      tie("expression").map((inner) => `(${inner})`),
    ),
  }));
  return expression;
}
