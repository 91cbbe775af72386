// Rules of forwards: what is read, what is refused and why, and that printing and parsing are inverse.

import fc from "fast-check";
import { expect, it } from "vitest";
import { parseForward, printForward } from "../../src/config/forward.js";
import type { ForwardConfig } from "../../src/config/model.js";

const to = { inside: "10.0.10.5" };

it.each<[string, ForwardConfig]>([
  ["tcp 8080 -> 10.0.10.5:80", { protocol: "tcp", port: 8080, count: 1, ...to, insidePort: 80 }],
  ["tcp 8080 -> 10.0.10.5", { protocol: "tcp", port: 8080, count: 1, ...to, insidePort: 8080 }],
  ["udp 5000-5010 -> 10.0.10.5:6000", { protocol: "udp", port: 5000, count: 11, ...to, insidePort: 6000 }],
  ["udp 5000-5010 -> 10.0.10.5:6000-6010", { protocol: "udp", port: 5000, count: 11, ...to, insidePort: 6000 }],
  ["tcp 8080-8090 -> 10.0.10.5", { protocol: "tcp", port: 8080, count: 11, ...to, insidePort: 8080 }],
  ["tcp 203.0.113.3:8080 -> 10.0.10.5:80",
    { protocol: "tcp", outside: "203.0.113.3", port: 8080, count: 1, ...to, insidePort: 80 }],
  ["1:1 203.0.113.5 -> 10.0.10.7", { protocol: "1:1", outside: "203.0.113.5", inside: "10.0.10.7" }],
  ["  tcp  1-65535->10.0.10.5 ", { protocol: "tcp", port: 1, count: 65_535, ...to, insidePort: 1 }],
])("reads %s", (text, forward) => {
  expect(parseForward(text)).toStrictEqual(forward);
  expect(parseForward(printForward(forward))).toStrictEqual(forward);
});

const LIKE = "tcp 8080 -> 10.0.10.5:80, udp 5000-5010 -> 10.0.10.5:6000 or 1:1 203.0.113.5 -> 10.0.10.7";

it.each([
  ["", `"" is not a forward; write it like ${LIKE}`],
  ["tcp 80 10.0.10.5", `"tcp 80 10.0.10.5" is not a forward; write it like ${LIKE}`],
  ["sctp 80 -> 10.0.10.5", `"sctp" is no protocol of forwards; write tcp, udp or 1:1, as in ${LIKE}`],
  ["tcp 0 -> 10.0.10.5", "port 0 is out of range: 1 to 65535"],
  ["tcp 80 -> 10.0.10.5:65536", "port 65536 is out of range: 1 to 65535"],
  ["tcp 90-80 -> 10.0.10.5", "the range 90-80 is reversed; write 80-90"],
  ["tcp 80 -> 10.0.10.256", '"10.0.10.256" is not a valid IPv4 address; write it like 10.0.10.5'],
  ["tcp 80 -> 10.0.10.5:", '"10.0.10.5:" ends without a port; write it like 10.0.10.5:80'],
  ["tcp 80 -> 8080", '"8080" has no inside address; write it like 10.0.10.5:80'],
  ["tcp 80 -> web:80",
    '"web:80" is neither address nor port; write it like 8080, 8080-8090, 10.0.10.5 or 10.0.10.5:80'],
  ["tcp 203.0.113.3 -> 10.0.10.5", "tcp needs an outside port; write it like tcp 8080 -> 10.0.10.5:80"],
  ["tcp 80-89 -> 10.0.10.5:80-99", "the ranges 80-89 and 80-99 differ in length; write the first inside port"],
  ["tcp 1-10 -> 10.0.10.5:65530", "10 ports from 65530 on end beyond 65535; write a lower first inside port"],
  ["1:1 80 -> 10.0.10.5", "1:1 needs an outside address; write it like 1:1 203.0.113.5 -> 10.0.10.7"],
  ["1:1 203.0.113.5:80 -> 10.0.10.5", "1:1 is for whole addresses; remove the ports, or write tcp or udp"],
])("refuses %j", (text, message) => {
  expect(parseForward(text)).toBe(message);
});

it("takes or refuses any text", () => {
  const parts = fc.constantFrom("tcp", "udp", "1:1", " ", "->", ":", "-", "10.0.0.1", "80", "65536", "0", ".", "x");
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(parts, { maxLength: 9 }).map((all) => all.join(""))), (text) => {
    const forward = parseForward(text);
    if (typeof forward !== "string") expect(parseForward(printForward(forward))).toStrictEqual(forward);
  }), { numRuns: 1000 });
});
