// Bad interfaces, routes and DHCP servers, one fault a case, each with the exact line that a user reads.

import { describe, expect, it } from "vitest";
import { complaints } from "./complaints.js";
import { dhcp, INSIDE, out, router, two } from "./router-texts.js";

type Case = [name: string, text: string, line: string];

const interfaces: Case[] = [
  ["an unknown key", router("uplnk: {}"), '4:5: routers.edge.uplnk: unknown key "uplnk"; did you mean "uplink"?'],
  ["no address", router("interfaces: [{ switch: lab }]"),
    "4:18: routers.edge.interfaces[0].address: is missing; write it like 10.0.10.1/24"],
  ["an address without prefix", router("interfaces: [{ switch: lab, address: 10.0.10.1 }]"),
    '4:42: routers.edge.interfaces[0].address: "10.0.10.1" is not a valid address with prefix; write it like '
    + "10.0.10.1/24"],
  ["a switch that is not there", router("interfaces: [{ switch: lap, address: 10.0.10.1/24 }]"),
    '4:28: routers.edge.interfaces[0].switch: there is no switch "lap"; did you mean "lab"?'],
  ["another that is like none", router("interfaces: [{ switch: office, address: 10.0.10.1/24 }]"),
    '4:28: routers.edge.interfaces[0].switch: there is no switch "office"; there is lab and den'],
  ["VLAN 4095", router("interfaces: [{ switch: lab, vlan: 4095, address: 10.0.10.1/24 }]"),
    "4:39: routers.edge.interfaces[0].vlan: VLAN 4095 is out of range: 1 to 4094"],
  ["a network's address", router("interfaces: [{ switch: lab, address: 10.0.10.0/24 }]"),
    "4:42: routers.edge.interfaces[0].address: 10.0.10.0/24 is the network's own address; write a host's, such as "
    + "10.0.10.1/24"],
  ["a broadcast address", router("interfaces: [{ switch: lab, address: 10.0.10.255/24 }]"),
    "4:42: routers.edge.interfaces[0].address: 10.0.10.255/24 is the network's broadcast address; write a host's, "
    + "such as 10.0.10.1/24"],
  ["a multicast address", router("interfaces: [{ switch: lab, address: 224.0.0.1/24 }]"),
    "4:42: routers.edge.interfaces[0].address: 224.0.0.1 is no host's address; write a unicast address"],
  ["a network without room", router("interfaces: [{ switch: lab, address: 10.0.10.1/31 }]"),
    "4:42: routers.edge.interfaces[0].address: prefix /31 is out of range: 1 to 30"],
  ["a short MTU", router("interfaces: [{ switch: lab, address: 10.0.10.1/24, mtu: 575 }]"),
    "4:61: routers.edge.interfaces[0].mtu: MTU 575 is out of range: 576 to 65520"],
  ["overlapping networks",
    router("interfaces:", "  - { switch: lab, address: 10.0.10.1/24 }", "  - { switch: den, address: 10.0.0.1/16 }"),
    "6:33: routers.edge.interfaces[1].address: 10.0.0.0/16 overlaps 10.0.10.0/24 of interfaces[0]; a router's "
    + "networks have to be apart"],
  ["a VLAN twice",
    router("interfaces:", "  - { switch: lab, address: 10.0.10.1/24 }", "  - { switch: lab, address: 10.0.20.1/24 }"),
    "6:9: routers.edge.interfaces[1]: interfaces[0] is on lab's VLAN 1 already; keep one"],
  ["a switch's name", "switches: { lab: {} }\nrouters: { lab: {} }\n",
    "2:12: routers.lab: is a switch's name too; a router needs one of its own, since lists show both as switch"],
  ["a group MAC", router("mac: 01:00:5e:00:00:01"),
    "4:10: routers.edge.mac: 01:00:5e:00:00:01 is a group address, and is no one router's; write a station's own "
    + "address"],
  ["a MAC of two", two("mac: 02:00:00:00:00:01", "mac: 02:00:00:00:00:01"),
    "4:13: routers.b.mac: 02:00:00:00:00:01 is router a's already; write another"],
  ["an address of two on one VLAN",
    two("interfaces: [{ switch: lab, address: 10.0.0.1/24 }]", "interfaces: [{ switch: lab, address: 10.0.0.1/16 }]"),
    "4:45: routers.b.interfaces[0].address: 10.0.0.1 is router a's on lab's VLAN 1 already; write another"],
  ["a route to a host's address", router(INSIDE, "routes: [{ to: 10.9.0.1/16, via: 10.0.10.9 }]"),
    "5:20: routers.edge.routes[0].to: 10.9.0.1/16 has bits beyond its prefix; write 10.9.0.0/16"],
  ["a route by a stranger", router(INSIDE, "routes: [{ to: 10.9.0.0/16, via: 10.0.11.9 }]"),
    "5:38: routers.edge.routes[0].via: 10.0.11.9 is in no network of the router; it is in 10.0.10.0/24"],
  ["a route by the router itself", router(INSIDE, "routes: [{ to: 10.9.0.0/16, via: 10.0.10.1 }]"),
    "5:38: routers.edge.routes[0].via: 10.0.10.1 is the router's own address; write the neighbour's that knows "
    + "the way"],
  ["a route by the broadcast address", router(INSIDE, "routes: [{ to: 10.9.0.0/16, via: 10.0.10.255 }]"),
    "5:38: routers.edge.routes[0].via: 10.0.10.255 is no host's address in 10.0.10.0/24; write a neighbour's"],
  ["a route to where the router is", router(INSIDE, "routes: [{ to: 10.0.10.0/24, via: 10.0.10.9 }]"),
    "5:20: routers.edge.routes[0].to: interfaces[0] leads to 10.0.10.0/24 already; remove one"],
  ["a route twice",
    router(INSIDE, "routes: [{ to: 10.9.0.0/16, via: 10.0.10.9 }, { to: 10.9.0.0/16, via: 10.0.10.8 }]"),
    "5:57: routers.edge.routes[1].to: routes[0] leads to 10.9.0.0/16 already; remove one"],
  ["a second default route", out("routes: [{ to: 0.0.0.0/0, via: 10.0.10.9 }]"),
    "6:20: routers.edge.routes[0].to: uplink.gateway leads to 0.0.0.0/0 already; remove one"],
];

const dhcpServers: Case[] = [
  ["no range", dhcp("{}"),
    "4:66: routers.edge.interfaces[0].dhcp.range: is missing; write it like 10.0.10.100-10.0.10.199"],
  ["a range of one", dhcp("{ range: 10.0.10.5 }"),
    '4:81: routers.edge.interfaces[0].dhcp.range: "10.0.10.5" is not a valid address range; write it like '
    + "10.0.10.100-10.0.10.199"],
  ["a reversed range", dhcp("{ range: 10.0.10.9-10.0.10.5 }"),
    "4:81: routers.edge.interfaces[0].dhcp.range: the range 10.0.10.9-10.0.10.5 is reversed; write "
    + "10.0.10.5-10.0.10.9"],
  ["a range elsewhere", dhcp("{ range: 10.0.11.5-10.0.11.9 }"),
    "4:81: routers.edge.interfaces[0].dhcp.range: 10.0.11.5 is no host's address in the interface's network; "
    + "write a range within 10.0.10.1-10.0.10.254"],
  ["a range with the broadcast address", dhcp("{ range: 10.0.10.5-10.0.10.255 }"),
    "4:81: routers.edge.interfaces[0].dhcp.range: 10.0.10.255 is no host's address in the interface's network; "
    + "write a range within 10.0.10.1-10.0.10.254"],
  ["a range with the interface's address", dhcp("{ range: 10.0.10.1-10.0.10.9 }"),
    "4:81: routers.edge.interfaces[0].dhcp.range: the range holds the interface's own address 10.0.10.1; write "
    + "10.0.10.2-10.0.10.9"],
  ["a short lease", dhcp("{ range: 10.0.10.5-10.0.10.9, lease: 59s }"),
    "4:109: routers.edge.interfaces[0].dhcp.lease: duration 59s is out of range: 60s to 31536000s"],
  ["a lease in parts of seconds", dhcp("{ range: 10.0.10.5-10.0.10.9, lease: 60500ms }"),
    "4:109: routers.edge.interfaces[0].dhcp.lease: duration 60500ms is not in whole seconds; write 61s"],
  ["a name for a resolver", dhcp("{ range: 10.0.10.5-10.0.10.9, dns: [one.one] }"),
    '4:108: routers.edge.interfaces[0].dhcp.dns[0]: "one.one" is not a valid IPv4 address; write it like 192.0.2.53'],
  ["a route by a stranger", dhcp("{ range: 10.0.10.5-10.0.10.9, routes: [{ to: 10.9.0.0/16, via: 10.0.11.9 }] }"),
    "4:135: routers.edge.interfaces[0].dhcp.routes[0].via: 10.0.11.9 is no host's address in the interface's "
    + "network; write one within 10.0.10.1-10.0.10.254"],
  ["a host that is no MAC", dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { web: 10.0.10.6 } }"),
    '4:111: routers.edge.interfaces[0].dhcp.hosts.web: "web" is not a valid MAC address; write it like '
    + "02:00:00:00:00:01"],
  ["a host elsewhere", dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:01: 10.0.11.6 } }"),
    `4:130: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:01"]: 10.0.11.6 is no host's address in the `
    + "interface's network; write one within 10.0.10.1-10.0.10.254"],
  ["a host at the interface's address", dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:01: 10.0.10.1 } }"),
    `4:130: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:01"]: 10.0.10.1 is the interface's own address; `
    + "write another within 10.0.10.1-10.0.10.254"],
  ["two hosts at one address",
    dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:01: 10.0.10.6, 02:00:00:00:00:02: 10.0.10.6 } }"),
    '4:160: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:02"]: 10.0.10.6 is kept for 02:00:00:00:00:01 '
    + "already; a host needs one of its own"],
  ["two hosts of one name",
    dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:01: { address: 10.0.10.6, name: a }, "
      + "02:00:00:00:00:02: { address: 10.0.10.7, name: A } } }"),
    '4:210: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:02"].name: a is kept for 02:00:00:00:00:01 '
    + "already; a host needs one of its own"],
  ["a host twice",
    dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:0a: 10.0.10.6, 02:00:00:00:00:0A: 10.0.10.7 } }"),
    '4:141: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:0A"]: 02:00:00:00:00:0A stands twice in the '
    + "list; remove one"],
  ["a misspelt key of a host",
    dhcp("{ range: 10.0.10.5-10.0.10.9, hosts: { 02:00:00:00:00:01: { adress: 10.0.10.6 } } }"),
    '4:132: routers.edge.interfaces[0].dhcp.hosts["02:00:00:00:00:01"].adress: unknown key "adress"; did you mean '
    + '"address"?'],
  ["two servers on one VLAN",
    two("interfaces: [{ switch: lab, address: 10.0.0.1/24, dhcp: { range: 10.0.0.5-10.0.0.9 } }]",
      "interfaces: [{ switch: lab, address: 10.0.0.2/24, dhcp: { range: 10.0.0.15-10.0.0.19 } }]"),
    "4:58: routers.b.interfaces[0].dhcp: router a gives out addresses on lab's VLAN 1 already; keep one of the two"],
];

describe.each(Object.entries({ interfaces, dhcpServers }))("%s", (_, cases) => {
  it.each(cases)("refuses %s", (_name, text, line) => {
    expect(complaints(text)).toBe(`net.yaml:${line}`);
  });
});
