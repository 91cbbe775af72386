// Bad uplinks, NAT, forwards and DNS forwarders, one fault a case, each with the exact line that a user reads.

import { describe, expect, it } from "vitest";
import { complaints } from "./complaints.js";
import { forwards, INSIDE, nat, out, router, SWITCHES, two, UPLINK, uplink } from "./router-texts.js";

type Case = [name: string, text: string, line: string];

const uplinks: Case[] = [
  ["no attachment", router("uplink: { address: dhcp }"),
    "4:5: routers.edge.uplink: has no attachment; give it exactly one of tap, interface, stream, pcap, memory and "
    + "generator"],
  ["no address", router("uplink: { tap: x }"),
    '4:5: routers.edge.uplink.address: is missing; write it like 203.0.113.2/24, ["203.0.113.2/24", '
    + '"203.0.113.3"] or dhcp'],
  ["a trunk", uplink("address: dhcp, trunk: all"),
    "5:42: routers.edge.uplink.trunk: an uplink is on no switch, and takes all that is for its router in one "
    + "VLAN; remove trunk"],
  ["isolation", uplink("address: dhcp, isolated: true"),
    "5:42: routers.edge.uplink.isolated: an uplink is on no switch, and takes all that is for its router in one "
    + "VLAN; remove isolated"],
  ["a device of the future", router("uplink: { vhost-user: /s, address: dhcp }"),
    "4:15: routers.edge.uplink.vhost-user: vhost-user is not in this version yet; it has tap, interface, stream, "
    + "pcap, memory and generator"],
  ["an address without prefix", uplink("address: 203.0.113.2"),
    "5:36: routers.edge.uplink.address: 203.0.113.2 has no prefix; write the length of its network's, as in "
    + "203.0.113.2/24"],
  ["a second prefix", uplink("address: [203.0.113.2/24, 203.0.113.3/24]"),
    "5:53: routers.edge.uplink.address[1]: only the first address has a prefix; write 203.0.113.3"],
  ["an address in words", uplink("address: auto"),
    '5:36: routers.edge.uplink.address: "auto" is not a valid outside address; write it like 203.0.113.2/24, '
    + '["203.0.113.2/24", "203.0.113.3"] or dhcp'],
  ["no addresses", uplink("address: []"),
    '5:36: routers.edge.uplink.address: is an empty list; write it like ["203.0.113.2/24", "203.0.113.3"]'],
  ["an address twice", uplink("address: [203.0.113.2/24, 203.0.113.2]"),
    "5:53: routers.edge.uplink.address[1]: 203.0.113.2 stands twice in the list; remove one"],
  ["an address that is inside", uplink("address: [203.0.113.2/24, 10.0.10.7]"),
    "5:53: routers.edge.uplink.address[1]: 10.0.10.7 is inside, in the network of interfaces[0]; an outside "
    + "address is in none of them"],
  ["the network's address", uplink("address: 203.0.113.0/24"),
    "5:36: routers.edge.uplink.address: 203.0.113.0/24 is the network's own address; write a host's, such as "
    + "203.0.113.1/24"],
  ["a prefix of 0", uplink("address: 203.0.113.2/0"),
    "5:36: routers.edge.uplink.address: prefix /0 is out of range: 1 to 32"],
  ["a network that is inside", uplink("address: 10.0.10.7/25"),
    "5:36: routers.edge.uplink.address: 10.0.10.0/25 overlaps 10.0.10.0/24 of interfaces[0]; a router's networks "
    + "have to be apart"],
  ["a gateway elsewhere", uplink("address: 203.0.113.2/24, gateway: 203.0.114.1"),
    "5:61: routers.edge.uplink.gateway: 203.0.114.1 is no host of the uplink's network 203.0.113.0/24; write one "
    + "of there"],
  ["a gateway that is the router", uplink("address: 203.0.113.2/24, gateway: 203.0.113.2"),
    "5:61: routers.edge.uplink.gateway: 203.0.113.2 is the uplink's own address; write the neighbour's that leads "
    + "to the world"],
  ["a gateway beside DHCP", uplink("address: dhcp, gateway: 203.0.113.1"),
    "5:42: routers.edge.uplink.gateway: comes by DHCP, as the address does; remove gateway"],
  ["a short MTU", uplink("address: dhcp, mtu: 68"),
    "5:47: routers.edge.uplink.mtu: MTU 68 is out of range: 576 to 65520"],
  ["a port's device", `${router("uplink: { tap: x, address: dhcp }")}switches: { lab: { ports: { a: { tap: x } } } }\n`
    .replace(SWITCHES, ""),
  "3:20: routers.edge.uplink.tap: device x belongs to port lab/a already; a port needs one of its own"],
  ["one socket for two", two("uplink: { stream: /s, address: dhcp }", "uplink: { stream: /s, address: dhcp }"),
    "4:26: routers.b.uplink.stream: socket /s is made by port a/uplink already; a port needs one of its own"],
];

const translation: Case[] = [
  ["no uplink", router("nat: {}"),
    "4:5: routers.edge.nat: translates towards an uplink, and the router has none; add uplink, or remove nat"],
  ["true", nat("true"),
    '6:10: routers.edge.nat: true is not a valid nat; write it like false or {"filtering":"address-dependent"}'],
  ["a misspelt key", nat("{ maping: endpoint-independent }"),
    '6:12: routers.edge.nat.maping: unknown key "maping"; did you mean "mapping"?'],
  ["a mapping that is none", nat("{ mapping: symmetric }"),
    '6:21: routers.edge.nat.mapping: "symmetric" is not a valid mapping; write endpoint-independent or '
    + "address-and-port-dependent"],
  ["a short UDP timer", nat("{ timeouts: { udp: 60s } }"),
    "6:29: routers.edge.nat.timeouts.udp: duration 60s is out of range: 120s to 86400s; RFC 4787 REQ-5 forbids "
    + "less than 2 minutes, timeouts.ports takes less for single ports"],
  ["a short TCP timer", nat("{ timeouts: { tcp: 1h } }"),
    "6:29: routers.edge.nat.timeouts.tcp: duration 1h is out of range: 7440s to 2678400s; RFC 5382 REQ-5 forbids "
    + "less than 2 hours 4 minutes, timeouts.ports takes less for single ports"],
  ["a short transitory timer", nat("{ timeouts: { transitory: 60s } }"),
    "6:36: routers.edge.nat.timeouts.transitory: duration 60s is out of range: 240s to 86400s; RFC 5382 REQ-5 "
    + "forbids less than 4 minutes"],
  ["a short ICMP timer", nat("{ timeouts: { icmp: 59s } }"),
    "6:30: routers.edge.nat.timeouts.icmp: duration 59s is out of range: 60s to 86400s; RFC 5508 REQ-2 forbids "
    + "less than 60 seconds"],
  ["a timer of 0 for a port", nat("{ timeouts: { ports: { udp 53: 0s } } }"),
    '6:41: routers.edge.nat.timeouts.ports["udp 53"]: duration 0s is out of range: 1s to 86400s'],
  ["a timer for no port", nat("{ timeouts: { ports: { dns: 30s } } }"),
    '6:33: routers.edge.nat.timeouts.ports.dns: "dns" is not a protocol and a port; write it like udp 53 or tcp 22'],
  ["a timer for port 65536", nat("{ timeouts: { ports: { udp 65536: 30s } } }"),
    '6:33: routers.edge.nat.timeouts.ports["udp 65536"]: port 65536 is out of range: 1 to 65535'],
  ["a small MSS", nat("{ mss: 100 }"), "6:17: routers.edge.nat.mss: MSS 100 is out of range: 536 to 65480"],
  ["a policy that is none", nat("{ exhausted: oldest }"),
    '6:23: routers.edge.nat.exhausted: "oldest" is not a valid policy; write refuse or oldest-idle'],
  ["a log that is the state", `state: /s\n${nat("{ log: /s }")}`,
    "1:8: state: file /s is written by router edge's log already; name another file"],
  ["a log that a port reads", router("uplink: { pcap: { read: /f }, address: dhcp }", "nat: { log: /f }"),
    "4:29: routers.edge.uplink.pcap.read: file /f is written by router edge's log; read a file that nothing writes"],
];

const forwarding: Case[] = [
  ["no uplink", router(INSIDE, "forwards: [tcp 80 -> 10.0.10.5]"),
    "5:5: routers.edge.forwards: come in by an uplink, and the router has none; add uplink"],
  ["no NAT", out("nat: false", "forwards: [tcp 80 -> 10.0.10.5]"),
    "7:5: routers.edge.forwards: are part of NAT, which is off; remove `nat: false`, or the forwards"],
  ["a rule without arrow", forwards("tcp 80"),
    '6:16: routers.edge.forwards[0]: "tcp 80" is not a forward; write it like tcp 8080 -> 10.0.10.5:80, udp '
    + "5000-5010 -> 10.0.10.5:6000 or 1:1 203.0.113.5 -> 10.0.10.7"],
  ["a number", forwards("80"),
    "6:16: routers.edge.forwards[0]: 80 is not a valid forward; write it like tcp 8080 -> 10.0.10.5:80 or 1:1 "
    + "203.0.113.5 -> 10.0.10.7"],
  ["an outside address of others", forwards("tcp 203.0.113.9:80 -> 10.0.10.5"),
    "6:16: routers.edge.forwards[0]: 203.0.113.9 is none of the uplink's addresses; it has 203.0.113.2 and "
    + "203.0.113.3"],
  ["an outside address beside DHCP",
    router(INSIDE, "uplink: { tap: x, address: dhcp }", "forwards: [tcp 203.0.113.9:80 -> 10.0.10.5]"),
    "6:16: routers.edge.forwards[0]: the uplink's address comes by DHCP; leave 203.0.113.9 out"],
  ["the first address for 1:1", forwards("1:1 203.0.113.2 -> 10.0.10.5"),
    "6:16: routers.edge.forwards[0]: 203.0.113.2 is the uplink's first address, which the router needs itself; "
    + "write 203.0.113.3"],
  ["1:1 beside DHCP", router(INSIDE, "uplink: { tap: x, address: dhcp }", "forwards: [1:1 203.0.113.9 -> 10.0.10.5]"),
    "6:16: routers.edge.forwards[0]: the uplink's one address comes by DHCP, and the router needs it itself; "
    + "forward ports with tcp or udp"],
  ["a host that is outside", forwards("tcp 80 -> 10.0.11.5"),
    "6:16: routers.edge.forwards[0]: 10.0.11.5 is in no inside network; there is 10.0.10.0/24"],
  ["the router itself", forwards("tcp 80 -> 10.0.10.1"),
    "6:16: routers.edge.forwards[0]: 10.0.10.1 is the router's own address; write a host's"],
  ["a port twice", forwards("tcp 80 -> 10.0.10.5", "tcp 80 -> 10.0.10.6"),
    '6:37: routers.edge.forwards[1]: takes what "tcp 80 -> 10.0.10.5" takes already; choose other ports or '
    + "another address, or remove one"],
  ["ranges that meet, one with the address", forwards("udp 80-89 -> 10.0.10.5", "udp 203.0.113.2:89-99 -> 10.0.10.6"),
    '6:40: routers.edge.forwards[1]: takes what "udp 80-89 -> 10.0.10.5" takes already; choose other ports or '
    + "another address, or remove one"],
  ["1:1 twice for one host",
    router(INSIDE, UPLINK.replace("0.113.3]",
      "0.113.3, 203.0.113.4]"), "forwards: ['1:1 203.0.113.3 -> 10.0.10.5', '1:1 203.0.113.4 -> 10.0.10.5']"),
    '6:48: routers.edge.forwards[1]: 10.0.10.5 has an address of its own already, by "1:1 203.0.113.3 -> '
    + '10.0.10.5"; keep one'],
  ["1:1 on an address in use", forwards("tcp 203.0.113.3:80 -> 10.0.10.5", "1:1 203.0.113.3 -> 10.0.10.6"),
    '6:49: routers.edge.forwards[1]: takes what "tcp 203.0.113.3:80 -> 10.0.10.5" takes already; choose other '
    + "ports or another address, or remove one"],
];

const dns: Case[] = [
  ["true", router("dns: true"),
    '4:10: routers.edge.dns: true is not a valid dns; write it like false or {"upstreams":["192.0.2.53"]}'],
  ["a name for a resolver", router("dns: { upstreams: [one.one] }"),
    '4:24: routers.edge.dns.upstreams[0]: "one.one" is not a valid resolver; write it like 192.0.2.53 or '
    + "192.0.2.53:5353"],
  ["a resolver twice", router("dns: { upstreams: [192.0.2.53, 192.0.2.53] }"),
    "4:36: routers.edge.dns.upstreams[1]: 192.0.2.53 stands twice in the list; remove one"],
  ["port 65536", router("dns: { upstreams: ['192.0.2.53:65536'] }"),
    "4:24: routers.edge.dns.upstreams[0]: port 65536 is out of range: 1 to 65535"],
  ["a name with a blank", router("dns: { hosts: { a b: 10.0.0.5 } }"),
    '4:21: routers.edge.dns.hosts["a b"]: "a b" is not a valid host name; write it like web or web.lab.example'],
  ["a name twice", router("dns: { hosts: { web: 10.0.0.5, WEB.: 10.0.0.6 } }"),
    '4:36: routers.edge.dns.hosts["WEB."]: is the same name as web; keep one'],
  ["a name for a host", router("dns: { hosts: { web: www } }"),
    '4:26: routers.edge.dns.hosts.web: "www" is not a valid host address; write it like 10.0.10.5 or '
    + '["10.0.10.5", "10.0.10.6"]'],
  ["no address for a host", router("dns: { hosts: { web: [] } }"),
    '4:26: routers.edge.dns.hosts.web: is an empty list; write it like ["10.0.10.5", "10.0.10.6"]'],
  ["a domain with a blank", router("dns: { domain: a b }"),
    '4:20: routers.edge.dns.domain: "a b" is not a valid domain; write it like lab.example'],
];

describe.each(Object.entries({ uplinks, translation, forwarding, dns }))("%s", (_, cases) => {
  it.each(cases)("refuses %s", (_name, text, line) => {
    expect(complaints(text)).toBe(`net.yaml:${line}`);
  });
});
