// A router, from the model back to the user's file. What follows from defaults is left out where nothing is lost.

import { isDeepStrictEqual } from "node:util";
import { NAT_DEFAULTS, ROUTER_MTU_DEFAULT } from "./build-router.js";
import { printForward } from "./forward.js";
import type {
  DhcpConfig, DnsConfig, InterfaceConfig, NatConfig, RouteConfig, RouterConfig, UplinkConfig,
} from "./model.js";
import { valueOfPort } from "./print-port.js";
import { mapValues } from "./record.js";
import type { DhcpFile, DnsFile, InterfaceFile, NatFile, RouteFile, RouterFile, UplinkFile } from "./schema-router.js";
import { printDuration, printSize } from "./units.js";

/** One router as a file has it. */
export function valueOfRouter({ mac, interfaces, uplink, routes, nat, forwards, dns }: RouterConfig): RouterFile {
  return {
    ...(mac !== undefined && { mac }),
    interfaces: interfaces.map(valueOfInterface),
    ...(uplink && { uplink: valueOfUplink(uplink) }),
    ...(routes.length > 0 && { routes: routes.map(valueOfRoute) }),
    ...(nat ? { nat: valueOfNat(nat) } : uplink && { nat: false as const }),
    ...(forwards.length > 0 && { forwards: forwards.map(printForward) }),
    ...(dns ? valueOfDns(dns) : { dns: false as const }),
  };
}

function valueOfInterface({ switch: name, vid, address, prefix, mtu, dhcp }: InterfaceConfig): InterfaceFile {
  return {
    switch: name,
    vlan: vid,
    address: `${address}/${prefix}`,
    ...valueOfMtu(mtu),
    ...(dhcp && { dhcp: valueOfDhcp(dhcp) }),
  };
}

function valueOfDhcp({ first, last, leaseSeconds, dns, domain, routes, hosts }: DhcpConfig): DhcpFile {
  const reservation = ({ address, hostname }: DhcpConfig["hosts"][string]): NonNullable<DhcpFile["hosts"]>[string] =>
    hostname === undefined ? address : { address, name: hostname };
  return {
    range: `${first}-${last}`,
    lease: duration(leaseSeconds),
    ...(dns.length > 0 && { dns }),
    ...(domain !== undefined && { domain }),
    ...(routes.length > 0 && { routes: routes.map(valueOfRoute) }),
    ...(Object.keys(hosts).length > 0 && { hosts: mapValues(hosts, reservation) }),
  };
}

function valueOfUplink({ port, addresses, prefix, gateway, mtu }: UplinkConfig): UplinkFile {
  const [first, ...others] = addresses;
  const own = `${first}/${prefix}`;
  const { access, ...rest } = valueOfPort(port);
  return {
    ...rest,
    ...(access !== 1 && { access }),
    address: first === undefined ? "dhcp" : others.length > 0 ? [own, ...others] : own,
    ...(gateway !== undefined && { gateway }),
    ...valueOfMtu(mtu),
  };
}

function valueOfMtu(mtu: number): { mtu?: number | string } {
  return mtu === ROUTER_MTU_DEFAULT ? {} : { mtu: printSize(mtu) };
}

function valueOfRoute({ to, via }: RouteConfig): RouteFile {
  return { to: `${to.address}/${to.prefix}`, via };
}

function valueOfNat({ mapping, filtering, timeouts, hostPorts, hostRate, exhausted, mss, log }: NatConfig): NatFile {
  const { ports, ...others } = timeouts;
  const host = { ...(hostPorts > 0 && { ports: hostPorts }), ...(hostRate > 0 && { rate: hostRate }) };
  return {
    mapping,
    filtering,
    ...(!isDeepStrictEqual(timeouts, NAT_DEFAULTS.timeouts) && {
      timeouts: {
        ...mapValues(others, duration),
        ...(Object.keys(ports).length > 0 && { ports: mapValues(ports, duration) }),
      },
    }),
    ...(Object.keys(host).length > 0 && { host }),
    ...(exhausted !== NAT_DEFAULTS.exhausted && { exhausted }),
    ...(mss !== undefined && { mss }),
    ...(log !== undefined && { log }),
  };
}

/** A forwarder without settings is what a router has by itself. */
function valueOfDns({ upstreams, hosts, domain }: DnsConfig): { dns?: DnsFile } {
  const dns = {
    ...(upstreams.length > 0 && { upstreams }),
    ...(Object.keys(hosts).length > 0 && {
      hosts: mapValues(hosts, (addresses) => addresses.length === 1 ? addresses[0]! : addresses),
    }),
    ...(domain !== undefined && { domain }),
  };
  return Object.keys(dns).length > 0 ? { dns } : {};
}

function duration(seconds: number): string {
  return printDuration(seconds * 1000);
}
