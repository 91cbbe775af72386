// What routers become in the model: the public interface's own example, the defaults, and everything that can be said.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { PortConfig, RouterConfig } from "../../src/config/model.js";
import { configFromValue, parseConfig, readConfig } from "../../src/config/parse.js";

const NAT = {
  mapping: "endpoint-independent",
  filtering: "address-dependent",
  timeouts: { udp: 300, tcp: 7440, transitory: 240, icmp: 60, ports: {} },
  hostPorts: 0,
  hostRate: 0,
  exhausted: "refuse",
};

const port = (attachment: object): PortConfig => ({
  attachment: attachment as PortConfig["attachment"], vlan: { mode: "access", vid: 1 }, isolated: false, monitor: false,
  macs: [],
});

/** A router `edge` beside a switch `lab`. */
function router(...lines: string[]): RouterConfig {
  const text = ["switches: { lab: {} }", "routers:", "  edge:", ...lines.map((line) => `    ${line}`)].join("\n");
  return parseConfig(text, "net.yaml").routers["edge"]!;
}

it("takes the example of the public interface, but for what ports do not have yet", () => {
  const text = `
state: /var/lib/taploom/state   # optional: FDB, NAT mappings and leases, saved as they change, taken back at start
switches:
  lab:
    learning: true            # false: a hub, every frame to every other member of its VLAN
    aging: 300s
    ports:
      web:    { tap: tl-web, access: 10 }
      db:     { tap: tl-db, access: 20, isolated: true }
      fw:     { stream: /run/taploom/fw.sock, trunk: [10, 20, 100-199], native: 1 }
      lan:    { interface: eth1, trunk: all }
      ids:    { tap: tl-ids, monitor: true }
    mirrors:
      watch:  { from: [web, db], direction: both, to: ids, rate: 200mbit, snaplen: 256 }
routers:
  edge:
    interfaces:
      - { switch: lab, vlan: 10, address: 10.0.10.1/24, dhcp: { range: 10.0.10.100-10.0.10.199 } }
      - { switch: lab, vlan: 20, address: 10.0.20.1/24 }
    uplink: { tap: tl-up, address: 203.0.113.2/24, gateway: 203.0.113.1 }
    nat: { mapping: endpoint-independent, filtering: address-dependent }
    forwards:
      - tcp 8080 -> 10.0.10.5:80
`;
  const { switches, ...rest } = parseConfig(text, "net.yaml");
  expect(Object.keys(switches["lab"]!.ports)).toEqual(["web", "db", "fw", "lan", "ids"]);
  expect(rest).toStrictEqual({
    fdbCapacity: 65_536,
    natCapacity: 1_000_000,
    state: "/var/lib/taploom/state",
    routers: {
      edge: {
        interfaces: [
          {
            switch: "lab", vid: 10, address: "10.0.10.1", prefix: 24, mtu: 1500,
            dhcp: { first: "10.0.10.100", last: "10.0.10.199", leaseSeconds: 3600, dns: [], routes: [], hosts: {} },
          },
          { switch: "lab", vid: 20, address: "10.0.20.1", prefix: 24, mtu: 1500 },
        ],
        uplink: {
          port: port({ kind: "tap", name: "tl-up" }),
          addresses: ["203.0.113.2"], prefix: 24, gateway: "203.0.113.1", mtu: 1500,
        },
        routes: [],
        nat: NAT,
        forwards: [{ protocol: "tcp", port: 8080, count: 1, inside: "10.0.10.5", insidePort: 80 }],
        dns: { upstreams: [], hosts: {} },
      },
    },
  });
});

it("takes everything that can be said of a router", () => {
  expect(router(
    "mac: 02:00:00:00:00:0A",
    "interfaces:",
    "  - switch: lab",
    "    address: 10.0.10.1/24",
    "    mtu: 9000",
    "    dhcp:",
    "      { range: 10.0.10.100-10.0.10.199, lease: 12h, dns: [192.0.2.53], domain: Lab.example,",
    "        routes: [{ to: 10.9.0.0/16, via: 10.0.10.9 }],",
    "        hosts: { '02:00:00:00:00:0B': 10.0.10.5, '02:00:00:00:00:0c': { address: 10.0.10.6, name: web } } }",
    "uplink: { stream: /s, connect: true, access: 7, address: [203.0.113.2/24, 203.0.113.3], mtu: 1400 }",
    "routes: [{ to: 10.9.0.0/16, via: 10.0.10.9 }]",
    "nat:",
    "  { mapping: address-and-port-dependent, filtering: endpoint-independent, exhausted: oldest-idle, mss: path,",
    "    timeouts: { udp: 2m, tcp: 3h, transitory: 5m, icmp: 61s, ports: { udp 53: 30s } },",
    "    host: { ports: 100, rate: 10 }, log: nat.ndjson }",
    "dns: { upstreams: ['192.0.2.53:5353'], hosts: { Web.: 10.0.10.5, db: [10.0.10.6, 10.0.10.7] }, domain: lab }",
  )).toStrictEqual({
    mac: "02:00:00:00:00:0a",
    interfaces: [{
      switch: "lab", vid: 1, address: "10.0.10.1", prefix: 24, mtu: 9000,
      dhcp: {
        first: "10.0.10.100", last: "10.0.10.199", leaseSeconds: 43_200, dns: ["192.0.2.53"], domain: "lab.example",
        routes: [{ to: { address: "10.9.0.0", prefix: 16 }, via: "10.0.10.9" }],
        hosts: {
          "02:00:00:00:00:0b": { address: "10.0.10.5" },
          "02:00:00:00:00:0c": { address: "10.0.10.6", hostname: "web" },
        },
      },
    }],
    uplink: {
      port: { ...port({ kind: "stream", path: "/s", connect: true }), vlan: { mode: "access", vid: 7 } },
      addresses: ["203.0.113.2", "203.0.113.3"], prefix: 24, mtu: 1400,
    },
    routes: [{ to: { address: "10.9.0.0", prefix: 16 }, via: "10.0.10.9" }],
    nat: {
      mapping: "address-and-port-dependent", filtering: "endpoint-independent", exhausted: "oldest-idle", mss: "path",
      timeouts: { udp: 120, tcp: 10_800, transitory: 300, icmp: 61, ports: { "udp 53": 30 } },
      hostPorts: 100, hostRate: 10, log: "nat.ndjson",
    },
    forwards: [],
    dns: {
      upstreams: ["192.0.2.53:5353"], hosts: { web: ["10.0.10.5"], db: ["10.0.10.6", "10.0.10.7"] }, domain: "lab",
    },
  });
});

it("translates where there is an uplink, and only there", () => {
  expect(router("uplink: { memory: true, address: dhcp }")).toMatchObject({
    uplink: { addresses: [], prefix: 0 }, nat: NAT, dns: { upstreams: [], hosts: {} },
  });
  expect(router("uplink: { memory: true, address: dhcp }", "nat: false", "dns: false")).not.toHaveProperty("nat");
  expect(router("interfaces: [{ switch: lab, address: 10.0.0.1/30 }]", "dns: false")).toStrictEqual({
    interfaces: [{ switch: "lab", vid: 1, address: "10.0.0.1", prefix: 30, mtu: 1500 }], routes: [], forwards: [],
  });
});

it("takes overlapping networks in different routers, on one VLAN too", () => {
  const edge = (address: string): object => ({ interfaces: [{ switch: "lab", address }] });
  const routers = { a: edge("10.0.0.1/24"), b: edge("10.0.0.2/24"), c: edge("10.0.0.3/16") };
  expect(Object.keys(configFromValue({ switches: { lab: {} }, routers }).routers)).toEqual(["a", "b", "c"]);
});

it("has relative paths that start at the file's folder", () => {
  const directory = mkdtempSync(join(tmpdir(), "taploom-config-"));
  try {
    const file = join(directory, "net.yaml");
    writeFileSync(file, "state: s\nswitches: {}\n"
      + "routers: { edge: { uplink: { stream: up.sock, address: dhcp }, nat: { log: /var/nat } } }\n");
    const { state, routers } = readConfig(file);
    expect(state).toBe(join(directory, "s"));
    expect(routers["edge"]!.uplink!.port.attachment).toMatchObject({ path: join(directory, "up.sock") });
    expect(routers["edge"]!.nat!.log).toBe("/var/nat");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it.each<[string, (count: number) => object, number, string]>([
  ["256 routers", (count) => routers(count, () => ({})), 256,
    "routers.r256: is beyond 256 routers, which an engine holds; start another"],
  ["1,024 ports, of which an uplink takes two, an interface one, and services one", (count) =>
    routers(count, (at) => ({
      uplink: { memory: true, address: "dhcp" },
      interfaces: [1, 2].map((vlan) => ({ switch: "lab", vlan, address: `10.${vlan}.0.${at + 1}/16` })),
    })), 204, "routers.r204.uplink: is beyond 1024 ports, which an engine holds over all switches; start another"],
  ["1,024 ports, of which every interface takes one", (count) => routers(1, () => ({
    interfaces: Array.from({ length: count }, (_, at) =>
      ({ switch: "lab", vlan: at + 1, address: `10.${at >> 8}.${at & 255}.1/24` })),
  })), 1023,
  "routers.r0.interfaces[1023]: is beyond 1024 ports, which an engine holds over all switches; start another"],
  ["256 outside addresses", (count) => routers(1, () => ({
    uplink: { memory: true, address: ["203.0.0.1/8", ...Array.from({ length: count - 1 }, (_, at) =>
      `203.0.${(at >> 8) + 1}.${at & 255}`)] },
  })), 256, "routers.r0.uplink: is beyond 256 outside addresses, which an engine holds; start another"],
])("holds up to %s", (_, value, most, message) => {
  const take = (count: number): unknown => configFromValue({ switches: { lab: {} }, routers: value(count) });
  expect(() => take(most)).not.toThrow();
  expect(() => take(most + 1)).toThrow(message);
});

function routers(count: number, make: (at: number) => object): object {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`r${at}`, make(at)]));
}
