// What filters may not say: each fault with its column and what would be right, and no text that is not answered so.

import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../../src/api.js";
import { compileFilter, FILTER_LENGTH_MAX } from "../../src/filter/compile.js";
import { INSTRUCTIONS_MAX } from "../../src/filter/program.js";

function faultOf(text: string): string {
  try {
    compileFilter(text);
  } catch (error) {
    if (error instanceof EngineError && error.code === "FILTER") return error.message;
    throw error;
  }
  return "";
}

test.each([
  // words that are none, or stand where they may not
  ["nonsense", 1, "where a test must be"],
  ["constructor", 1, "where a test must be"],
  ["TCP", 1, "where a test must be"],
  ["ip and", 7, "the end where a test must be"],
  ["tcp and or udp", 9, "\"or\" where a test must be"],
  ["ip ip6", 4, "\"ip6\" where the end must be"],
  ["tcp port 80 port 90", 13, "\"and\", \"or\""],
  ["(ip", 4, "the end where \")\" must be"],
  ["ip)", 3, "\")\" where the end must be"],
  ["ip # arp", 4, "\"#\" is no word"],
  ["len % 2 = 0", 5, "\"%\" is no word"],
  ["80", 1, "stands alone: say what it is"],
  ["10.0.0.1", 1, "stands alone: say what it is"],
  ["tcp or 80", 8, "stands alone: say what it is"],
  ["(port 53) or 80", 14, "stands alone: say what it is"],
  ["ether", 6, "the end after \"ether\""],
  // what tcpdump knows and filters here do not
  ["gateway x", 1, "\"gateway\" is not supported"],
  ["not inbound", 5, "\"inbound\" is not supported"],
  ["igmp", 1, "write \"ip proto 2\""],
  ["ip broadcast", 4, "\"ip broadcast\" is not supported"],
  ["tcp multicast", 5, "\"tcp multicast\" is not supported"],
  // addresses
  ["host", 5, "the end is no host's address"],
  ["host www.example.com", 6, "no names"],
  ["host 10.1", 6, "write \"net 10.1\""],
  ["host 300.0.0.1", 6, "is no host's address"],
  ["host 1.2.3.4.5", 6, "\"1.2.3.4.5\" is no word"],
  ["host 10.0.0.0/8", 14, "write \"net\""],
  ["host 02:00:00:00:00:01", 6, "write \"ether host 02:00:00:00:00:01\""],
  ["ether host 10.0.0.1", 12, "is no MAC"],
  ["tcp host 10.0.0.1", 5, "\"tcp host\" with an IPv4 address"],
  ["ip6 src 10.0.0.1", 5, "\"ip6 host\" with an IPv4 address"],
  ["ip host ::1", 4, "\"ip host\" with an IPv6 address"],
  ["net 10.1.2.3/8", 5, "the network is 10.0.0.0"],
  ["net 10.0.0.0/33", 14, "a number from 0 to 32"],
  ["net ::1/64", 5, "bits set behind its prefix length"],
  ["net ::/129", 8, "a number from 0 to 128"],
  ["net example", 5, "\"example\" is no network"],
  ["net 10.0.0.0 mask 8", 19, "\"8\" is no mask"],
  // ports
  ["port", 5, "the end is no port"],
  ["port 65536", 6, "a number from 0 to 65535"],
  ["port nonsense", 6, "or one of bootpc"],
  ["port 08", 6, "a 0 in front makes it octal"],
  ["udp port http", 10, "\"http\" is a port of tcp, not of udp"],
  ["icmp port 7", 6, "only tcp, udp and sctp have ports"],
  ["portrange 80", 11, "is no range of ports"],
  ["portrange 80-x", 11, "\"x\" is no port"],
  // protocols, VLANs, lengths
  ["ip proto 256", 10, "a number from 0 to 255"],
  ["ip proto tcp", 10, "or one of \\icmp, \\tcp"],
  ["ether proto 5", 13, "a number from 1536"],
  ["tcp proto 6", 5, "write \"ether proto\""],
  ["src proto 6", 1, "protocols have no direction"],
  ["vlan 4096", 6, "\"4096\" is no VLAN"],
  ["vlan 10 or 20", 12, "stands alone: say what it is"],
  ["less", 5, "the end is no length in bytes"],
  // arithmetic
  ["ip[0]", 6, "the end where a comparison must be"],
  ["ip[0] = ", 9, "the end where a number must be"],
  ["ip[0 = 1", 6, "\"=\" where \"]\" must be"],
  ["ip[0:3] = 1", 6, "\"3\" is no size: 1, 2 or 4"],
  ["ip[] = 1", 4, "\"]\" where a number must be"],
  ["len = tcp", 10, "the end where \"[\" must be"],
  ["(len + 1 = 2", 13, "the end where \")\" must be"],
  ["len / 0 = 1", 5, "division by 0"],
  ["len << 32 = 1", 5, "shift by 31 at most"],
  ["len > 4294967296", 7, "is no number from 0 to 4294967295"],
])("%s", (text, column, what) => {
  const message = faultOf(text);
  expect(message).toContain(what);
  expect(message).toMatch(new RegExp(`^filter, column ${column}: `));
});

test("a filter that is too long says by how much", () => {
  const tooMany = `port ${Array.from({ length: 30 }, (_, i) => i + 1).join(" or ")}`;
  expect(faultOf(tooMany)).toMatch(new RegExp(`it takes \\d+ instructions, and a filter can have ${INSTRUCTIONS_MAX}`));
  expect(faultOf("ip or ".repeat(200))).toContain(`it can have ${FILTER_LENGTH_MAX}`);
});

test("arithmetic that is nested too deep is refused", () => {
  const deep = `${"(len + ".repeat(20)}len${")".repeat(20)} = 1`;
  expect(faultOf(deep)).toContain("nested more than 16 deep");
});

test.each([
  "(".repeat(FILTER_LENGTH_MAX), `${"(".repeat(500)}ip${")".repeat(500)}`, `${"!".repeat(1000)}ip`,
  "ip[".repeat(300), `${"(".repeat(500)}len${")".repeat(500)}=1`, "not ".repeat(250),
])("nesting as deep as a text allows is answered (%#)", (text) => {
  expect(() => faultOf(text)).not.toThrow();
});

test("any text is answered with a program or a fault in one line", () => {
  const words = fc.constantFrom(
    "ip", "tcp", "ether", "vlan", "host", "net", "src", "port", "portrange", "proto", "and", "or", "not", "(", ")", "[",
    "]", ":", "=", "&", "<<", "-", "/", "0", "80", "0x", "10.0.0.1", "::1", "1:2:3:4:5:6", "len", "mask", "tcpflags",
    "\\ip", "\\toString", "é", "__proto__",
  );
  const texts = fc.oneof(fc.string(), fc.array(words, { maxLength: 12 }).map((parts) => parts.join(" ")));
  fc.assert(fc.property(texts, (text) => {
    expect(faultOf(text)).not.toContain("\n");
  }), { numRuns: 5000 });
});
