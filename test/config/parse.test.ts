// What is right and what it becomes; files that cannot be read; all faults at once; limits over all switches.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DOMAINS_MAX, FDB_ENTRIES_MAX, FRAME_MAX, MIRRORS_MAX, PORTS_MAX, SWITCHES_MAX,
} from "../../assembly/layout.js";
import { ConfigError } from "../../src/config/error.js";
import { configFromValue, parseConfig, parsePort, readConfig } from "../../src/config/parse.js";
import { ConfigSchema, LIMITS, SNAPLEN } from "../../src/config/schema.js";
import { FRAME_SIZE } from "../../src/config/schema-port.js";

const examples = new URL("../../examples/", import.meta.url).pathname;

function faultOf(read: () => unknown): ConfigError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was taken as right");
}

describe("a right configuration", () => {
  it("is completed with defaults", () => {
    expect(parseConfig("switches: { lab: { ports: { a: { memory: true } } }, den: {} }", "net.yaml")).toStrictEqual({
      fdbCapacity: 65_536,
      natCapacity: 1_000_000,
      routers: {},
      switches: {
        lab: {
          learning: true,
          agingSeconds: 300,
          ports: {
            a: {
              attachment: { kind: "memory" },
              vlan: { mode: "access", vid: 1 },
              isolated: false,
              monitor: false,
              macs: [],
            },
          },
          mirrors: {},
        },
        den: { learning: true, agingSeconds: 300, ports: {}, mirrors: {} },
      },
    });
  });

  it.each([
    [{ tap: "tl-web" }, { kind: "tap", name: "tl-web" }],
    [{ tap: "tl-web", queues: 1 }, { kind: "tap", name: "tl-web" }],
    [{ tap: "tl-web", queues: 16 }, { kind: "tap", name: "tl-web", queues: 16 }],
    [{ interface: "eth1.100" }, { kind: "interface", name: "eth1.100" }],
    [{ stream: "/s" }, { kind: "stream", path: "/s", connect: false }],
    [{ stream: "/s", connect: true }, { kind: "stream", path: "/s", connect: true }],
    [{ pcap: { read: "r", write: "w", loop: 0, rate: "10kpps" } },
      { kind: "pcap", read: "r", write: "w", loop: 0, rate: { unit: "pps", value: 10_000 } }],
    [{ generator: {} }, { kind: "generator", size: 60, flows: 1 }],
    [{ generator: { frames: 5, rate: "1gbit", size: "64k", flows: 9, to: "FF:FF:FF:FF:FF:FF", vlan: 7 } }, {
      kind: "generator", frames: 5, rate: { unit: "bps", value: 1e9 }, size: 65_536, flows: 9, to: "ff:ff:ff:ff:ff:ff",
      vlan: 7,
    }],
  ])("has the attachment %j", (value, attachment) => {
    expect(parsePort("a", value).attachment).toStrictEqual(attachment);
  });

  it("may be JSON with tabs, begin with a byte order mark, and use anchors", () => {
    expect(parseConfig('\ufeff{\n\t"switches": {\n\t\t"lab": {}\n\t}\n}\n', "net.json").switches).toHaveProperty("lab");
    const shared = "{ a: { memory: true, trunk: &t [1, 2] }, b: { memory: true, trunk: *t } }";
    const { lab } = parseConfig(`switches: { lab: { ports: ${shared} } }`, "net.yaml").switches;
    expect(lab!.ports["b"]!.vlan).toEqual({ mode: "trunk", vids: [1, 2] });
  });

  it("stays YAML 1.2 where a directive asks for 1.1", () => {
    const text = "%YAML 1.1\n---\nswitches: { lab: { ports: { on: { memory: true, macs: [12:34:56:01:02:03] } } } }";
    expect(parseConfig(text, "net.yaml").switches["lab"]!.ports["on"]!.macs).toEqual(["12:34:56:01:02:03"]);
  });

  it("may patch two switches with a socket that one listens at and the other dials", () => {
    const switches = {
      a: { ports: { x: { stream: "/s" } } },
      b: { ports: { x: { stream: "/s", connect: true } } },
    };
    expect(Object.keys(configFromValue({ switches }).switches)).toEqual(["a", "b"]);
  });

  it.each(readdirSync(examples).filter((file) => file.endsWith(".yaml")))("is in examples/%s", (file) => {
    expect(() => readConfig(join(examples, file))).not.toThrow();
  });
});

describe("faults", () => {
  it("are all told, in the order of the file", () => {
    const text = `switches:
  lab:
    mirrors:
      w: { from: [b], to: b }
    ports:
      a: { memory: true, access: 0, acess: 1, trunk: [5, 5], connect: true }
      b: { tap: a/b }
      a: { tap: x, access: ten }
    aging: soon
vlans: /s
`;
    const { problems } = faultOf(() => parseConfig(text, "net.yaml"));
    expect(problems.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      "4:19 switches.lab.mirrors.w.from[0]",
      "4:27 switches.lab.mirrors.w.to",
      "7:17 switches.lab.ports.b.tap",
      "8:7 switches.lab.ports.a",
      "8:28 switches.lab.ports.a.access",
      "9:12 switches.lab.aging",
      "10:1 vlans",
    ]);
    expect(problems[0]).toMatchObject({ file: "net.yaml" });
  });

  it("are told of every item of a list", () => {
    const trunk = Array.from({ length: 12 }, (_, at) => at === 1 ? 0 : at === 10 ? "x" : at === 11 ? 5000 : at + 1);
    const { problems } = faultOf(() => parsePort("a", { memory: true, trunk }));
    expect(problems.map(({ path }) => path)).toEqual(["a.trunk[1]", "a.trunk[10]", "a.trunk[11]"]);
  });

  it("of a value have a path and no position", () => {
    const error = faultOf(() => configFromValue({ switches: { lab: { ports: { a: { tap: "a", access: 0 } } } } }));
    expect(error.message).toBe("switches.lab.ports.a.access: VLAN 0 is out of range: 1 to 4094");
    expect(error.problems[0]).toMatchObject({ file: "", line: 0, column: 0 });
  });

  it.each([undefined, null, 5, "switches", [], new Map(), () => 0, { switches: [] }, { switches: { a: NaN } }])(
    "are found in the value %s", (value) => {
      expect(faultOf(() => configFromValue(value)).problems).toHaveLength(1);
    });

  it("of a single port begin with its name", () => {
    const { problems } = faultOf(() => parsePort("a", { access: 1, native: 1 }));
    expect(problems.map(({ path }) => path)).toEqual(["a", "a.native"]);
    expect(faultOf(() => parsePort("__proto__", { memory: true })).message).toContain("is not a valid name");
    expect(faultOf(() => parsePort("a", null)).message).toContain("has no value");
  });
});

describe("limits over all switches", () => {
  /** Ports p0, p1, … of which each is made by `port`. */
  const ports = (count: number, port: (at: number) => object): object =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, port(at)]));
  const memory = { memory: true };

  it("are those of the core's memory", () => {
    expect(LIMITS).toEqual({
      switches: SWITCHES_MAX, ports: PORTS_MAX, vlans: DOMAINS_MAX - 1, mirrors: MIRRORS_MAX,
      routers: 256, addresses: 256,
    });
    expect([FRAME_SIZE.maximum, SNAPLEN.maximum]).toEqual([FRAME_MAX, FRAME_MAX]);
    expect(ConfigSchema.properties.fdb.properties.capacity.maximum).toBe(FDB_ENTRIES_MAX);
  });

  it("are 1,024 ports", () => {
    const value = (count: number): object => ({
      switches: { a: { ports: ports(1000, () => memory) }, b: { ports: ports(count, () => memory) } },
    });
    expect(() => configFromValue(value(24))).not.toThrow();
    expect(faultOf(() => configFromValue(value(30))).message).toBe(
      "switches.b.ports.p24: is beyond 1024 ports, which an engine holds over all switches; start another");
  });

  it("are 65,535 VLANs, where a trunk with all has 4,094", () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, at) =>
      [`s${at}`, { ports: { a: { ...memory, trunk: "all" }, b: { ...memory, trunk: "all" }, c: memory } }]));
    // 16 × 4094 = 65,504: there is room for 31.
    const value = (trunk: string): object => ({ switches: { ...full, z: { ports: { a: { ...memory, trunk } } } } });
    expect(() => configFromValue(value("1-31"))).not.toThrow();
    expect(faultOf(() => configFromValue(value("1-32"))).message).toBe(
      "switches.z.ports.a: is beyond 65535 VLANs, which an engine holds over all switches; start another");
  });

  it("are 32 mirrors", () => {
    const value = (count: number): object => ({
      switches: { a: {
        ports: { m: { ...memory, monitor: true } },
        mirrors: Object.fromEntries(Array.from({ length: count }, (_, at) => [`w${at}`, { vlans: [1], to: "m" }])),
      } },
    });
    expect(() => configFromValue(value(32))).not.toThrow();
    expect(faultOf(() => configFromValue(value(33))).message).toContain("switches.a.mirrors.w32: is beyond 32 mirrors");
  });
});

describe("a file", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "taploom-config-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const write = (bytes: string | Uint8Array): string => {
    const file = join(directory, "net.yaml");
    writeFileSync(file, bytes);
    return file;
  };

  it("is read", () => {
    expect(readConfig(write("switches: {}\n"))).toEqual({
      fdbCapacity: 65_536, natCapacity: 1_000_000, switches: {}, routers: {},
    });
  });

  it("has relative paths that start at its folder; absolute ones stay, and so do those of a text alone", () => {
    const ports = "{ a: { stream: a.sock }, b: { pcap: { read: in/r.pcap, write: /w.pcap } } }";
    const text = `switches: { lab: { ports: ${ports} } }`;
    const { a, b } = readConfig(relative(process.cwd(), write(text))).switches["lab"]!.ports;
    expect(a!.attachment).toMatchObject({ path: join(directory, "a.sock") });
    expect(b!.attachment).toMatchObject({ read: join(directory, "in/r.pcap"), write: "/w.pcap" });
    expect(parseConfig(text, "/x/net.yaml").switches["lab"]!.ports["a"]!.attachment).toMatchObject({ path: "a.sock" });
  });

  it("has sockets whose whole path is short enough", () => {
    const name = "s".repeat(107);
    const { message } = faultOf(() => readConfig(write(`switches: { lab: { ports: { a: { stream: ${name} } } } }`)));
    expect(message).toContain(`${join(directory, name)} is too long for a Unix socket`);
  });

  it.each<[string, () => string, string]>([
    ["that is not there", () => join(directory, "none.yaml"), "there is no such file; check the path"],
    ["below a file", () => join(write("x"), "net.yaml"), "a part of the path is not a directory; check the path"],
    ["that is a directory", () => directory, "is a directory; name a file in it"],
    ["that is empty", () => write(""),
      "is empty; write at least `switches: { lab: { ports: { web: { tap: tl-web, access: 10 } } } }`"],
    ["in Latin-1", () => write(Uint8Array.of(0x23, 0xe9, 0x0a)), "is not UTF-8 text; save it as UTF-8"],
    ["in UTF-16", () => write(Uint8Array.of(0xff, 0xfe, 0x61, 0)), "is not UTF-8 text; save it as UTF-8"],
  ])("%s is refused in one line", (_, make, message) => {
    const file = make();
    expect(faultOf(() => readConfig(file)).message).toBe(`${file}:1:1: file: ${message}`);
  });
});
