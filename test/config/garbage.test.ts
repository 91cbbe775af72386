// Whatever comes as a configuration, from a file or as a value: it is taken, or refused as ConfigError with a place
// for each problem, soon. Nothing else is ever thrown.

import fc, { type Arbitrary } from "fast-check";
import { expect, it } from "vitest";
import { ConfigError } from "../../src/config/error.js";
import { configFromValue, parseConfig, parsePort } from "../../src/config/parse.js";
import { printConfig, valueOfConfig } from "../../src/config/print.js";
import { config } from "./arbitrary.js";

/** Reads; what is refused has to be told in words, at places that are in the file. */
function read(parse: () => unknown, lines: number): void {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { problems } = error as ConfigError;
    expect(problems.length).toBeGreaterThan(0);
    for (const { line, column, message } of problems) {
      expect(message).not.toMatch(/undefined|\[object/);
      expect(line).toBeLessThanOrEqual(lines);
      if (lines > 0) expect(Math.min(line, column)).toBeGreaterThan(0);
    }
  }
}

const readText = (text: string): void => read(() => parseConfig(text, "net.yaml"), text.split("\n").length);

const keys = [
  "switches", "lab", "ports", "mirrors", "a", "tap", "queues", "interface", "stream", "connect", "pcap", "read",
  "write", "loop",
  "rate", "memory", "generator", "size", "access", "trunk", "native", "tunnel", "isolated", "monitor", "mtu", "macs",
  "from", "to", "vlans", "direction", "snaplen", "aging", "learning", "fdb", "capacity", "__proto__", "", "routers",
  "interfaces", "switch", "vlan", "address", "dhcp", "range", "hosts", "routes", "via", "uplink", "gateway", "nat",
  "timeouts", "udp", "forwards", "dns", "upstreams", "state", "mac", "02:00:00:00:00:01",
];
const scalar = fc.oneof(
  fc.constantFrom(0, 1, 10, 4095, -1, 1.5, 1e300, NaN, Infinity, true, false, null, undefined, "", "all", "1-9", "9-1",
    "1,1", "10kpps", "64k", "5s", "imix", "a", "02:00:00:00:00:01", "00:00:00:00:00:00",
    "10.0.0.1/24", "10.0.0.1", "10.0.0.9-10.0.0.1", "tcp 80 -> 10.0.0.5", "1:1 10.0.0.1 -> 10.0.0.2", "dhcp"),
  fc.string(),
);
/** Known keys at any place, with any value. */
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 7, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 5, noNullPrototype: true })),
}));

/** A right configuration in which one part, at any depth, has become something else. */
const spoilt: Arbitrary<unknown> = fc.tuple(config, anything, fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }))
  .map(([value, junk, way]) => spoil(structuredClone(valueOfConfig(value)), junk, way));

function spoil(value: unknown, junk: unknown, [turn, ...way]: number[]): unknown {
  if (turn === undefined || typeof value !== "object" || value === null) return junk;
  const inside = Object.keys(value);
  if (inside.length === 0) return junk;
  const key = inside[turn % inside.length]!;
  const part = Object.getOwnPropertyDescriptor(value, key)!.value as unknown;
  return Object.defineProperty(value, key, { value: spoil(part, junk, way) });
}

it("takes or refuses any value", () => {
  fc.assert(fc.property(fc.oneof(anything, spoilt), (value) => {
    read(() => configFromValue(value), 0);
    read(() => parsePort("a", value), 0);
  }), { numRuns: 1000 });
});

it("takes or refuses any value in a file", () => {
  fc.assert(fc.property(fc.oneof(anything, spoilt), (value) => {
    readText(JSON.stringify(value, null, 1) ?? "");
  }), { numRuns: 500 });
});

it("takes or refuses any text, and right files with a piece cut out or put in", () => {
  const edit = fc.tuple(config, fc.nat(), fc.nat(30), fc.oneof(fc.string({ maxLength: 3 }),
    fc.constantFrom("\t", "\n", ": ", "- ", "&a ", "*a", "<<: *a\n", "{", "]", "'", '"', "|", "---\n", "? ", "!!set ")))
    .map(([value, at, cut, put]) => {
      const text = printConfig(value);
      const start = at % text.length;
      return text.slice(0, start) + put + text.slice(start + cut);
    });
  fc.assert(fc.property(fc.oneof(edit, fc.string({ unit: "binary" })), readText), { numRuns: 500 });
});

it("reads a configuration at its limits", () => {
  const ports = Array.from({ length: 1024 }, (_, at) => `      p${at}: { memory: true, trunk: 1-4094, native: 1 }\n`);
  const { switches } = parseConfig(`switches:\n  lab:\n    ports:\n${ports.join("")}`, "net.yaml");
  expect(Object.keys(switches["lab"]!.ports)).toHaveLength(1024);
});
