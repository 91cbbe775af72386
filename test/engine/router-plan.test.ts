// What of a router's plan can be wrong only once DHCP has given its uplink an address.

import { expect, it } from "vitest";
import { configFromValue } from "../../src/config/parse.js";
import type { RegisteredPort } from "../../src/core/registry.js";
import { conflictOf, planRouter } from "../../src/engine/router-plan.js";

it.each([
  ["10.0.20.77", 25, /its uplink got 10\.0\.20\.77\/25 by DHCP, which overlaps the inside network of 10\.0\.20\.1\/24/],
  ["10.0.30.77", 16, /10\.0\.30\.77\/16.*10\.0\.10\.1\/24/],
  ["203.0.113.2", 24, undefined],
])("an uplink that DHCP puts at %s/%i conflicts with the inside networks, or not", (address, prefix, said) => {
  const interfaces = [10, 20].map((vlan) => ({ switch: "lab", vlan, address: `10.0.${vlan}.1/24` }));
  const router = { interfaces, uplink: { memory: true, address: "dhcp" } };
  const config = configFromValue({ switches: { lab: { ports: {} } }, routers: { edge: router } }).routers["edge"]!;
  const port = {} as RegisteredPort;
  const ports = { interfaces: new Map<string, RegisteredPort>(), services: port, uplink: port };
  const conflict = conflictOf(planRouter("edge", config, ports, { address, prefix }));
  if (said) expect(conflict).toMatch(said);
  else expect(conflict).toBeUndefined();
});
