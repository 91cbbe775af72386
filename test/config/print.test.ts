// What is printed parses to the same configuration, as YAML, as JSON and port by port.

import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { expect, it } from "vitest";
import { configFromValue, parseConfig, parsePort } from "../../src/config/parse.js";
import { printConfig, valueOfConfig } from "../../src/config/print.js";
import { valueOfPort } from "../../src/config/print-port.js";
import { config } from "./arbitrary.js";

it("prints YAML that parses to the same configuration", () => {
  fc.assert(fc.property(config, (value) => {
    deepStrictEqual(parseConfig(printConfig(value), "printed"), value);
  }));
});

it("makes a value that JSON carries and that is the same configuration", () => {
  fc.assert(fc.property(config, (value) => {
    const json = JSON.stringify(valueOfConfig(value), null, "\t");
    deepStrictEqual(configFromValue(JSON.parse(json)), value);
    deepStrictEqual(parseConfig(json, "printed.json"), value);
  }));
});

it("makes ports that can be added one by one", () => {
  fc.assert(fc.property(config, ({ switches }) => {
    for (const { ports } of Object.values(switches)) {
      for (const [name, port] of Object.entries(ports)) deepStrictEqual(parsePort(name, valueOfPort(port)), port);
    }
  }));
});

it("prints what a person would write", () => {
  const text = `fdb:
  capacity: 65536
nat:
  capacity: 1000000
switches:
  lab:
    learning: true
    aging: 5m
    ports:
      web: { tap: tl-web, access: 10 }
      db: { tap: tl-db, queues: 2, access: 10 }
      fw: { stream: /run/taploom/fw.sock, trunk: [ 10, 20, 100-199 ], native: 1 }
      lan: { interface: eth1, trunk: all, mtu: 9000 }
      load: { generator: { frames: 1000, rate: 1.5gbit, size: imix }, tunnel: 7, isolated: true }
      ids: { tap: tl-ids, monitor: true }
    mirrors:
      watch: { from: [ web ], direction: both, to: ids, rate: 200mbit, snaplen: 256 }
routers:
  edge:
    interfaces:
      - { switch: lab, vlan: 10, address: 10.0.10.1/24, dhcp: { range: 10.0.10.100-10.0.10.199, lease: 1h } }
    uplink: { tap: tl-up, address: [ 203.0.113.2/24, 203.0.113.3 ], gateway: 203.0.113.1 }
    routes:
      - { to: 10.9.0.0/16, via: 10.0.10.9 }
    nat: { mapping: endpoint-independent, filtering: address-dependent }
    forwards:
      - tcp 8080 -> 10.0.10.5:80
    dns: { upstreams: [ 192.0.2.53 ], domain: lab.example }
`;
  expect(printConfig(parseConfig(text, "net.yaml"))).toBe(text);
});
