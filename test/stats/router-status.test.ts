// What is told of routers, over the real tables: the JSON of `show nat`, `neighbors`, `leases` and `routers`.

import { describe, expect, it } from "vitest";
import { interfaceName } from "../../src/engine/router-plan.js";
import {
  leaseEntries, natEntries, neighborEntries, routerStatuses, type RouterSources,
} from "../../src/stats/router-status.js";
import { udp } from "../router/packet.js";
import { ROUTER_MAC, RouterRig, type RouterSpec } from "../router/rig.js";

const LEASE = { vlan: 10, mac: "02:00:00:00:00:05", address: "10.0.10.5", hostname: "", expires: 60 };
const UDP = { from: "10.0.10.5:1000", to: "198.51.100.9:53" };

function sourcesOf(rig: RouterRig, index = rig.router.index): RouterSources {
  const { registry, shared } = rig.rig;
  const place = (on: string, name: string, vlan: number) => ({ port: registry.port(on, name).index, switch: on, vlan });
  return {
    shared,
    seconds: () => rig.rig.now / 1000,
    running: () => [{
      name: "edge", index, mac: ROUTER_MAC, config: rig.config,
      interfaces: rig.config.interfaces.map(({ switch: on, vid }) => place(on, interfaceName("edge", vid), vid)),
      ...(rig.config.uplink && { uplink: { ...place("edge", "@edge", 1), device: "", link: "up" as const } }),
      leases: () => [{ router: "edge", ...LEASE, clientId: "01" }],
      services: () => ({ dhcp: { offers: 2 } }),
    }],
  };
}

function statusOf(spec: RouterSpec = {}) {
  const [status] = routerStatuses(sourcesOf(new RouterRig(spec)));
  return status!;
}

it("sessions have exactly the fields of the public interface", () => {
  const rig = new RouterRig();
  rig.outbound(udp(UDP));
  expect([...natEntries(sourcesOf(rig))]).toEqual([{
    router: "edge", protocol: "udp", inside: "10.0.10.5:1000", outside: "203.0.113.2:1000", remote: "198.51.100.9:53",
    state: "open", expires: 300,
  }]);
});

it("sessions of a router that has gone are not shown", () => {
  const rig = new RouterRig();
  rig.outbound(udp(UDP));
  expect([...natEntries(sourcesOf(rig, rig.router.index + 1))]).toEqual([]);
});

it("leases have exactly the fields of the public interface", () => {
  expect(leaseEntries(sourcesOf(new RouterRig()))).toEqual([{ router: "edge", ...LEASE }]);
});

it("neighbors come in the order of networks and addresses, the uplink last", () => {
  const rig = new RouterRig();
  for (const address of ["10.0.20.10", "10.0.20.9"]) rig.outbound(udp({ from: UDP.from, to: `${address}:1` }));
  rig.outbound(udp(UDP));
  rig.jump(2);
  const found = neighborEntries(sourcesOf(rig));
  expect(found.map(({ switch: on, vlan, address }) => `${on} ${vlan} ${address}`))
    .toEqual(["lab 20 10.0.20.9", "lab 20 10.0.20.10", "edge 1 203.0.113.1"]);
  expect(found[0]).toEqual({
    router: "edge", switch: "lab", vlan: 20, address: "10.0.20.9", mac: rig.macOf("10.0.20.9"), state: "reachable",
    age: 2,
  });
});

describe("a router", () => {
  it("with its interfaces and services", () => {
    expect(statusOf()).toMatchObject({
      name: "edge", mac: ROUTER_MAC,
      interfaces: [
        { switch: "lab", vlan: 10, address: "10.0.10.1/24", mtu: 1500, dhcp: false },
        { switch: "lab", vlan: 20, address: "10.0.20.1/24", mtu: 1500, dhcp: false },
      ],
      services: { dhcp: { offers: 2 } },
    });
  });

  it("with its uplink", () => {
    expect(statusOf().uplink).toEqual({
      kind: "memory", device: "", link: "up", address: "203.0.113.2/24", gateway: "203.0.113.1", mtu: 1500, dhcp: false,
    });
  });

  it("whose uplink waits for an address", () => {
    expect(statusOf({ uplink: { address: "dhcp", gateway: undefined } }).uplink)
      .toMatchObject({ address: null, gateway: null, dhcp: true });
  });

  it("without an uplink has neither uplink nor translation", () => {
    expect(statusOf({ uplink: false })).toMatchObject({ uplink: null, nat: null });
  });

  it("with its routes, longest prefix first", () => {
    const routes = [{ to: "10.99.0.0/16", via: "10.0.20.254" }];
    expect(statusOf({ routes }).routes).toEqual([
      { to: "10.0.10.0/24", via: null, switch: "lab", vlan: 10 },
      { to: "10.0.20.0/24", via: null, switch: "lab", vlan: 20 },
      { to: "203.0.113.0/24", via: null, switch: "edge", vlan: 1 },
      { to: "10.99.0.0/16", via: "10.0.20.254", switch: "lab", vlan: 20 },
      { to: "0.0.0.0/0", via: "203.0.113.1", switch: "edge", vlan: 1 },
    ]);
  });

  it("with what its hosts hold, and the ports that are left", () => {
    const rig = new RouterRig({ uplink: { address: ["203.0.113.2/24", "203.0.113.3"] },
      forwards: ["1:1 203.0.113.3 -> 10.0.10.7", "tcp 8080 -> 10.0.10.5:80"] });
    rig.outbound(udp(UDP));
    rig.outbound(udp({ ...UDP, to: "198.51.100.9:54" }));
    const none = { used: 0, free: 65_535 };
    const one = { used: 1, free: 65_534 };
    expect(routerStatuses(sourcesOf(rig))[0]!.nat).toEqual({
      mapping: "endpoint-independent", filtering: "address-dependent", sessions: 2, mappings: 1, hosts: 1,
      outside: [
        { address: "203.0.113.2", inside: null, tcp: one, udp: one, icmp: none },
        { address: "203.0.113.3", inside: "10.0.10.7", tcp: none, udp: none, icmp: none },
      ],
    });
  });
});
