// Bad configurations, one fault a case, each with the exact line that a user reads: where, and what to do about it.

import { describe, expect, it } from "vitest";
import { complaints } from "./complaints.js";

/** A switch with ports in lines 4 and on, each from column 7. */
const ports = (...lines: string[]): string =>
  ["switches:", "  lab:", "    ports:", ...lines.map((line) => `      ${line}`), ""].join("\n");
/** A switch with a port `a`, a monitor port `m` and mirrors in lines 7 and on. */
const mirrors = (...lines: string[]): string =>
  `${ports("a: { memory: true }", "m: { memory: true, monitor: true }")}    mirrors:\n${
    lines.map((line) => `      ${line}\n`).join("")}`;

/** Six anchors, each of ten uses of the one before. */
const bomb = `a: &a [1]\n${[..."bcdefg"].map((name, at) =>
  `${name}: &${name} [${Array<string>(10).fill(`*${"abcdefg"[at]}`).join(",")}]\n`).join("")}`;

const KINDS = "tap, interface, stream, pcap, memory and generator";
const PORT = '{"tap":"tl-web","access":10}';
const SWITCHES = '{"switches":{"lab":{"ports":{"web":{"tap":"tl-web","access":10}}}}}';
const EMPTY = "is empty; write at least `switches: { lab: { ports: { web: { tap: tl-web, access: 10 } } } }`";

type Case = [name: string, text: string, line: string];

const document: Case[] = [
  ["an empty file", "", `1:1: file: ${EMPTY}`],
  ["comments only", "# nothing\n", `1:1: file: ${EMPTY}`],
  ["a list", "- lab\n- den\n", `1:1: file: ["lab", "den"] is not a mapping; write a mapping, such as ${SWITCHES}`],
  ["a word", "lab\n", `1:1: file: "lab" is not a mapping; write a mapping, such as ${SWITCHES}`],
  ["a second document", "switches: {}\n---\nswitches: {}\n",
    "2:1: file: holds a second document; keep one, and put everything under one `switches:`"],
  ["a tab for indentation", "switches:\n\tlab: {}\n", "2:1: file: a tab cannot indent YAML; use spaces"],
  ["a quote that does not end", 'switches: {}\nfdb: "x\n', "3:1: file: a quoted text does not end; close its quotes"],
  ["a key without colon", "switches:\n  lab\n  den: {}\n",
    "2:3: file: a key without its value; write `key: value`, with a blank after the colon"],
  ["two colons in a line", "switches: lab: {}\n",
    "1:11: file: a second `: ` in one line; start a new line, or quote the text that contains it"],
  ["uneven indentation", "switches:\n  lab: {}\n den: {}\n",
    "3:1: file: begins at another column than what it stands with; indent entries of one level alike"],
  ["braces that do not close", "switches:\n  lab: { ports: {}\n  den: {}\n",
    "3:3: file: a mapping in braces is not closed before this; close it with }, or indent what continues it"],
  ["brackets that do not close", "switches: [lab\nfdb: {}\n",
    "2:1: file: a list in brackets is not closed before this; close it with ], or indent what continues it"],
  ["a brace too many", "switches: {}}\n",
    '1:13: file: Unexpected flow-map-end token in YAML stream: "}"; check the syntax near here'],
  ["a tag", "switches: !map {}\n", "1:11: file: YAML tags (`!…`) mean nothing here; remove the tag"],
  ["a key given twice", ports("a: { memory: true }", "a: { memory: true }"),
    "5:7: switches.lab.ports.a: is given twice; keep one of them"],
  ["a list as key", "switches:\n  ? [a]\n  : {}\n",
    "2:5: switches: a key is a list, a mapping or an alias; write a name"],
  ["an alias without anchor", "switches: *all\n", "1:11: switches: no anchor &all stands before this alias"],
  ["an alias in its own anchor", "switches: &all { lab: *all }\n",
    "1:23: switches.lab: *all contains itself; remove the alias"],
  ["aliases that multiply", bomb,
    "1:8: g[9][3][7][9][3][5][0]: more than 131072 values, counted with every alias; remove some before here"],
  ["brackets without end", "[".repeat(100_000),
    "1:65: file: is nested more than 64 levels deep; a configuration needs eight"],
  ["lists in lists", "- ".repeat(100_000),
    "1:128: file: is nested more than 64 levels deep; a configuration needs eight"],
];

const keys: Case[] = [
  ["no switches", "fdb: {}\n",
    '1:1: switches: is missing; write a mapping, such as {"lab":{"ports":{"web":{"tap":"tl-web","access":10}}}}'],
  ["switches without value", "switches:\n",
    '1:1: switches: has no value; write a mapping, such as {"lab":{"ports":{"web":{"tap":"tl-web","access":10}}}}'],
  ["an unknown key at the top", "switchs: {}\nswitches: {}\n",
    '1:1: switchs: unknown key "switchs"; did you mean "switches"?'],
  ["an unknown key in place of the one that has to be", "swtiches: {}\n",
    '1:1: swtiches: unknown key "swtiches"; did you mean "switches"?'],
  ["an unknown key in place of a mirror's target", mirrors("w: { from: [a], too: m }"),
    '7:23: switches.lab.mirrors.w.too: unknown key "too"; did you mean "to"?'],
  ["an unknown key far from all", "switches: {}\nvlans: {}\n",
    '2:1: vlans: unknown key "vlans"; there is state, fdb, nat, switches and routers'],
  ["an unknown key of a port", ports("a: { memory: true, acess: 10 }"),
    '4:26: switches.lab.ports.a.acess: unknown key "acess"; did you mean "access"?'],
  ["an unknown key in pcap", ports("a: { pcap: { read: f, lop: 2 } }"),
    '4:29: switches.lab.ports.a.pcap.lop: unknown key "lop"; did you mean "loop"?'],
  ["a merge key", ports("a: &a { memory: true }", "b: { tap: b, <<: *a }"),
    '5:20: switches.lab.ports.b["<<"]: merge keys (<<) are not part of YAML 1.2; write the keys out, or an alias for '
    + "all of it"],
  ["a merge key with all that is needed", ports("a: &a { memory: true }", "b: { <<: *a }"),
    '5:12: switches.lab.ports.b["<<"]: merge keys (<<) are not part of YAML 1.2; write the keys out, or an alias for '
    + "all of it"],
  ["a key of Object's prototype", "__proto__: {}\nswitches: {}\n",
    '1:1: __proto__: unknown key "__proto__"; there is state, fdb, nat, switches and routers'],
  ["vhost-user", ports("a: { vhost-user: /s }"),
    `4:12: switches.lab.ports.a.vhost-user: vhost-user is not in this version yet; it has ${KINDS}`],
  ["dgram", ports("a: { dgram: /s }"),
    `4:12: switches.lab.ports.a.dgram: dgram is not in this version yet; it has ${KINDS}`],
  ["a name with a blank", ports('"a b": { memory: true }'), '4:7: switches.lab.ports["a b"]: '
    + '"a b" is not a valid name; use up to 63 letters, digits, . _ and -, the first a letter or digit'],
  ["a name of 64", ports(`${"a".repeat(64)}: { memory: true }`), `4:7: switches.lab.ports.${"a".repeat(64)}: `
    + `"${"a".repeat(56)}…" is not a valid name; use up to 63 letters, digits, . _ and -, the first a letter or digit`],
  ["a port without value", ports("a:"), `4:7: switches.lab.ports.a: has no value; write a mapping, such as ${PORT}`],
  ["a port that is a list", ports("a: [tap]"),
    `4:10: switches.lab.ports.a: ["tap"] is not a mapping; write a mapping, such as ${PORT}`],
];

const vlans: Case[] = [
  ["VLAN 0", ports("a: { memory: true, access: 0 }"),
    "4:34: switches.lab.ports.a.access: VLAN 0 is out of range: 1 to 4094"],
  ["VLAN 4095", ports("a: { memory: true, tunnel: 4095 }"),
    "4:34: switches.lab.ports.a.tunnel: VLAN 4095 is out of range: 1 to 4094"],
  ["VLAN 5000 in a trunk", ports("a: { memory: true, trunk: [10, 5000] }"),
    "4:38: switches.lab.ports.a.trunk[1]: VLAN 5000 is out of range: 1 to 4094"],
  ["VLAN 5000 in a range", ports("a: { memory: true, trunk: [10-5000] }"),
    "4:34: switches.lab.ports.a.trunk[0]: VLAN 5000 is out of range: 1 to 4094"],
  ["a VLAN in words", ports("a: { memory: true, access: ten }"),
    '4:34: switches.lab.ports.a.access: "ten" is not a valid VLAN; write a whole number, 1 to 4094'],
  ["a VLAN in quotes", ports('a: { memory: true, access: "10" }'),
    '4:34: switches.lab.ports.a.access: "10" is not a valid VLAN; write a whole number, 1 to 4094, without quotes'],
  ["a range for access", ports("a: { memory: true, access: 10-20 }"),
    '4:34: switches.lab.ports.a.access: "10-20" is not a valid VLAN; write a whole number, 1 to 4094'],
  ["a VLAN with a fraction", ports("a: { memory: true, trunk: all, native: 1.5 }"),
    "4:46: switches.lab.ports.a.native: 1.5 is not a valid VLAN; write a whole number, 1 to 4094"],
  ["a VLAN without end", ports("a: { memory: true, access: .inf }"),
    "4:34: switches.lab.ports.a.access: Infinity is not a valid VLAN; write a whole number, 1 to 4094"],
  ["access without value", ports("a: { memory: true, access: }"),
    "4:26: switches.lab.ports.a.access: has no value; write a whole number, 1 to 4094"],
  ["access and trunk", ports("a: { memory: true, access: 10, trunk: all }"),
    "4:38: switches.lab.ports.a.trunk: "
    + "access and trunk exclude each other; a port has one of access, trunk and tunnel"],
  ["tunnel and access", ports("a: { memory: true, tunnel: 10, access: 1 }"),
    "4:38: switches.lab.ports.a.access: "
    + "tunnel and access exclude each other; a port has one of access, trunk and tunnel"],
  ["native without trunk", ports("a: { memory: true, native: 1 }"), "4:26: switches.lab.ports.a.native: "
    + "native goes with trunk; add a trunk, or write access for a port without tags"],
  ["a reversed range", ports("a: { memory: true, trunk: [100-20] }"),
    "4:34: switches.lab.ports.a.trunk[0]: the range 100-20 is reversed; write 20-100"],
  ["overlapping ranges", ports("a: { memory: true, trunk: [10-30, 20-40] }"), "4:41: switches.lab.ports.a.trunk[1]: "
    + "20-40 overlaps 10-30: both have VLAN 20; a VLAN stands once in a list"],
  ["a VLAN twice", ports("a: { memory: true, trunk: [10, 10] }"),
    "4:38: switches.lab.ports.a.trunk[1]: VLAN 10 stands twice in the list; remove one"],
  ["a VLAN in a range twice, as text", ports("a: { memory: true, trunk: '1-9, 5' }"),
    "4:33: switches.lab.ports.a.trunk: 5 overlaps 1-9: both have VLAN 5; a VLAN stands once in a list"],
  ["an empty trunk", ports("a: { memory: true, trunk: [] }"),
    '4:33: switches.lab.ports.a.trunk: is an empty list; write it like [10, 20, "100-199"]'],
  ["a trunk in words", ports("a: { memory: true, trunk: every }"),
    '4:33: switches.lab.ports.a.trunk: "every" is not a valid trunk; write it like all or [10, 20, "100-199"]'],
  ["a word in a trunk", ports("a: { memory: true, trunk: [10, x] }"),
    '4:38: switches.lab.ports.a.trunk[1]: "x" is not a valid VLAN; write it like 10 or 100-199'],
];

const attachments: Case[] = [
  ["no attachment", ports("a: { access: 10 }"),
    `4:7: switches.lab.ports.a: has no attachment; give it exactly one of ${KINDS}`],
  ["two attachments", ports("a: { tap: x, stream: /s }"),
    `4:20: switches.lab.ports.a.stream: tap and stream are two attachments; a port has exactly one of ${KINDS}`],
  ["one device for two ports", ports("a: { tap: x }", "b: { interface: x }"),
    "5:23: switches.lab.ports.b.interface: device x belongs to port lab/a already; a port needs one of its own"],
  ["one device in two switches", `${ports("a: { tap: x }")}  den:\n    ports:\n      b: { tap: x }\n`,
    "7:17: switches.den.ports.b.tap: device x belongs to port lab/a already; a port needs one of its own"],
  ["one socket for two ports", ports("a: { stream: /run/s }", "b: { stream: /run/./s }"),
    "5:20: switches.lab.ports.b.stream: socket /run/s is made by port lab/a already; a port needs one of its own"],
  ["two ports that dial one socket", ports("a: { stream: s, connect: true }", "b: { stream: s, connect: true }"),
    "5:20: switches.lab.ports.b.stream: socket s is dialled by port lab/a already; a port needs one of its own"],
  ["one file for two ports", ports("a: { pcap: { write: f } }", "b: { pcap: { write: ./f } }"),
    "5:27: switches.lab.ports.b.pcap.write: file f is written by port lab/a already; a port needs one of its own"],
  ["a long device name", ports("a: { tap: abcdefghijklmnop }"), "4:17: switches.lab.ports.a.tap: "
    + '"abcdefghijklmnop" is too long: a device name has up to 15 characters'],
  ["a device name with a slash", ports("a: { tap: a/b }"),
    '4:17: switches.lab.ports.a.tap: "a/b" is not a valid device name; write it like tl-web or eth1'],
  ["a device name with a blank", ports("a: { interface: a b }"),
    '4:23: switches.lab.ports.a.interface: "a b" is not a valid device name; write it like tl-web or eth1'],
  ["a device name that the kernel reserves", ports("a: { tap: all }"),
    '4:17: switches.lab.ports.a.tap: "all" is reserved by the kernel; write a device name like tl-web or eth1'],
  ["the other one that it reserves", ports("a: { interface: default }"),
    "4:23: switches.lab.ports.a.interface: "
    + '"default" is reserved by the kernel; write a device name like tl-web or eth1'],
  ["a device name that is a directory", ports("a: { tap: .. }"),
    '4:17: switches.lab.ports.a.tap: ".." is not a valid device name; write it like tl-web or eth1'],
  ["an empty device name", ports('a: { tap: "" }'),
    "4:17: switches.lab.ports.a.tap: has no value; write it like tl-web or eth1"],
  ["a device name that is a number", ports("a: { tap: 5 }"),
    "4:17: switches.lab.ports.a.tap: 5 is not a valid device name; write it like tl-web or eth1"],
  ["a long socket path", ports(`a: { stream: /${"s".repeat(107)} }`),
    `4:20: switches.lab.ports.a.stream: /${"s".repeat(107)} is too long for a Unix socket; `
    + "an absolute path has up to 107 bytes"],
  ["connect without stream", ports("a: { tap: x, connect: true }"),
    "4:20: switches.lab.ports.a.connect: connect goes with stream; remove it"],
  ["queues of what is no TAP", ports("a: { interface: x, queues: 2 }"),
    "4:26: switches.lab.ports.a.queues: queues goes with tap; remove it: what is no TAP has one queue"],
  ["a single queue of what is no TAP", ports("a: { memory: true, queues: 1 }"),
    "4:26: switches.lab.ports.a.queues: queues goes with tap; remove it: what is no TAP has one queue"],
  ["no queue", ports("a: { tap: x, queues: 0 }"),
    "4:28: switches.lab.ports.a.queues: queue count 0 is out of range: 1 to 16"],
  ["more queues than there can be workers", ports("a: { tap: x, queues: 17 }"),
    "4:28: switches.lab.ports.a.queues: queue count 17 is out of range: 1 to 16"],
  ["half a queue", ports("a: { tap: x, queues: 1.5 }"),
    "4:28: switches.lab.ports.a.queues: 1.5 is not a valid queue count; write a whole number, 1 to 16"],
  ["a queue count in quotes", ports('a: { tap: x, queues: "2" }'),
    '4:28: switches.lab.ports.a.queues: "2" is not a valid queue count; write a whole number, 1 to 16, without quotes'],
  ["memory: false", ports("a: { memory: false }"),
    "4:20: switches.lab.ports.a.memory: false is not a valid memory attachment; write true"],
  ["a pcap without file", ports("a: { pcap: {} }"),
    "4:12: switches.lab.ports.a.pcap: names no file; give it read, write or both"],
  ["a pcap over itself", ports("a: { pcap: { read: f, write: f } }"),
    "4:36: switches.lab.ports.a.pcap.write: would overwrite the file that is read; write to another"],
  ["a pcap over itself, by another path", ports("a: { pcap: { read: d/../f, write: ./f } }"),
    "4:41: switches.lab.ports.a.pcap.write: would overwrite the file that is read; write to another"],
  ["a file that another port writes", ports("a: { pcap: { read: ./f } }", "b: { pcap: { write: f } }"),
    "4:26: switches.lab.ports.a.pcap.read: file f is written by port lab/b; read a file that nothing writes"],
  ["a file that a port of another switch writes",
    `${ports("a: { pcap: { write: /f } }")}  den:\n    ports:\n      b: { pcap: { read: /f } }\n`,
    "7:26: switches.den.ports.b.pcap.read: file /f is written by port lab/a; read a file that nothing writes"],
  ["a loop with nothing to play", ports("a: { pcap: { write: f, loop: 2 } }"),
    "4:30: switches.lab.ports.a.pcap.loop: loop is about playing a file; add read, or remove it"],
  ["a loop below 0", ports("a: { pcap: { read: f, loop: -1 } }"),
    "4:35: switches.lab.ports.a.pcap.loop: loop -1 is out of range: 0 to 9007199254740991"],
  ["a generator that is a flag", ports("a: { generator: true }"), "4:23: switches.lab.ports.a.generator: true is not "
    + 'a mapping; write a mapping, such as {"frames":1000,"rate":"10kpps","size":60}'],
  ["short generated frames", ports("a: { generator: { size: 59 } }"),
    "4:31: switches.lab.ports.a.generator.size: size 59 is out of range: 60 to 65536"],
  ["long generated frames", ports("a: { generator: { size: 65k } }"),
    "4:31: switches.lab.ports.a.generator.size: size 65k is out of range: 60 to 65536"],
  ["no frames to generate", ports("a: { generator: { frames: 0 } }"),
    "4:33: switches.lab.ports.a.generator.frames: frame count 0 is out of range: 1 to 9007199254740991"],
];

const values: Case[] = [
  ["a flag in words", ports("a: { memory: true, isolated: yes }"),
    '4:36: switches.lab.ports.a.isolated: "yes" is neither true nor false; write one'],
  ["a duration without unit", "switches:\n  lab: { aging: 300 }\n",
    "2:17: switches.lab.aging: 300 is not a valid duration; write it like 300s or 5m"],
  ["a duration of 0", "switches:\n  lab: { aging: 0s }\n",
    "2:17: switches.lab.aging: duration 0s is out of range: 1ms to 1000000s"],
  ["a duration of a year", "switches:\n  lab: { aging: 8760h }\n",
    "2:17: switches.lab.aging: duration 8760h is out of range: 1ms to 1000000s"],
  ["a rate without unit", ports("a: { generator: { rate: 1000 } }"),
    "4:31: switches.lab.ports.a.generator.rate: 1000 is not a valid rate; write it like 10kpps or 200mbit"],
  ["a rate of 0", ports("a: { generator: { rate: 0pps } }"),
    '4:31: switches.lab.ports.a.generator.rate: "0pps" is not a valid rate; write it like 10kpps or 200mbit'],
  ["a short MTU", ports("a: { memory: true, mtu: 67 }"),
    "4:31: switches.lab.ports.a.mtu: MTU 67 is out of range: 68 to 65520"],
  ["a long MTU", ports("a: { memory: true, mtu: 64k }"),
    "4:31: switches.lab.ports.a.mtu: MTU 64k is out of range: 68 to 65520"],
  ["an MTU in words", ports("a: { memory: true, mtu: jumbo }"),
    '4:31: switches.lab.ports.a.mtu: "jumbo" is not a valid MTU; write it like 1500 or 4k'],
  ["a MAC that is none", ports("a: { memory: true, macs: [02-00-00-00-00-01] }"),
    "4:33: switches.lab.ports.a.macs[0]: "
    + '"02-00-00-00-00-01" is not a valid MAC address; write it like 02:00:00:00:00:01'],
  ["a group MAC", ports("a: { memory: true, macs: [01:00:5e:00:00:01] }"), "4:33: switches.lab.ports.a.macs[0]: "
    + "01:00:5e:00:00:01 is a group address, and lives at no one port; write a station's own address"],
  ["the zero MAC", ports("a: { memory: true, macs: [00:00:00:00:00:00] }"), "4:33: switches.lab.ports.a.macs[0]: "
    + "00:00:00:00:00:00 is the zero address; write a station's own address"],
  ["a MAC twice", ports("a: { memory: true, macs: [02:00:00:00:00:0a, 02:00:00:00:00:0A] }"),
    "4:52: switches.lab.ports.a.macs[1]: 02:00:00:00:00:0A stands twice in the list; remove one"],
  ["a MAC at two ports", ports("a: { memory: true, macs: [02:00:00:00:00:0a] }",
    "b: { memory: true, trunk: [7, 9], native: 1, macs: [02:00:00:00:00:0A] }"),
  "5:59: switches.lab.ports.b.macs[0]: 02:00:00:00:00:0A lives at port a in VLAN 1 already; keep one"],
  ["a MAC in no VLAN", ports("a: { memory: true, trunk: all, macs: [02:00:00:00:00:0a] }"),
    "4:38: switches.lab.ports.a.macs: "
    + "with `trunk: all` nothing says in which VLAN these live; list the trunk's VLANs, or add native"],
  ["a small database", "fdb: { capacity: 63 }\nswitches: {}\n",
    "1:18: fdb.capacity: capacity 63 is out of range: 64 to 1048576"],
  ["small translation tables", "nat: { capacity: 1000 }\nswitches: {}\n",
    "1:18: nat.capacity: capacity 1000 is out of range: 1024 to 4194304"],
  ["a state that is no path", "state: {}\nswitches: {}\n",
    "1:8: state: a mapping is not a valid path; write it like /var/lib/taploom/state"],
];

const mirroring: Case[] = [
  ["a monitor port with a VLAN", ports("a: { memory: true, monitor: true, access: 1 }"),
    "4:41: switches.lab.ports.a.access: a monitor port only takes mirrors' copies; remove access, or monitor"],
  ["a mirror to nowhere", mirrors("w: { from: [a], to: mm }"),
    '7:27: switches.lab.mirrors.w.to: the switch has no port "mm"; did you mean "m"?'],
  ["a mirror to a usual port", mirrors("w: { vlans: [1], to: a }"), "7:28: switches.lab.mirrors.w.to: "
    + "a is not a monitor port; give it `monitor: true`, or name one that has it"],
  ["a mirror without target", mirrors("w: { from: [a] }"),
    "7:7: switches.lab.mirrors.w.to: is missing; write it like ids"],
  ["a mirror of nothing", mirrors("w: { to: m }"),
    "7:7: switches.lab.mirrors.w: copies nothing; name ports in from, or VLANs in vlans"],
  ["a mirror of an unknown port", mirrors("w: { from: [a, firewall], to: m }"),
    '7:22: switches.lab.mirrors.w.from[1]: the switch has no port "firewall"; it has a and m'],
  ["a mirror of its own target", mirrors("w: { from: [m], to: m }"),
    "7:19: switches.lab.mirrors.w.from[0]: m is where the copies go; a mirror cannot copy its own copies"],
  ["a port mirrored twice", mirrors("w: { from: [a, a], to: m }"),
    "7:22: switches.lab.mirrors.w.from[1]: a stands twice in the list; remove one"],
  ["a mirror of VLAN 4095", mirrors("w: { vlans: 4095, to: m }"),
    "7:19: switches.lab.mirrors.w.vlans: VLAN 4095 is out of range: 1 to 4094"],
  ["a direction that is none", mirrors("w: { from: [a], to: m, direction: inn }"),
    '7:41: switches.lab.mirrors.w.direction: "inn" is not a valid direction; write in, out or both'],
  ["a short snaplen", mirrors("w: { from: [a], to: m, snaplen: 13 }"),
    "7:39: switches.lab.mirrors.w.snaplen: snaplen 13 is out of range: 14 to 65536"],
];

describe.each(Object.entries({ document, keys, vlans, attachments, values, mirroring }))("%s", (_, cases) => {
  it.each(cases)("refuses %s", (_name, text, line) => {
    expect(complaints(text)).toBe(`net.yaml:${line}`);
  });
});
