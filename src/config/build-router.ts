// From a router's shape in a file to the model: defaults, units, lists. Owns the defaults of routers; what comes here
// has passed both checks, so nothing can fail any more.

import { buildPort } from "./build-port.js";
import { parseForward } from "./forward.js";
import { networkOf, parseCidr, parseIpv4Range, printIpv4 } from "./ipv4.js";
import type {
  DhcpConfig, DnsConfig, ForwardConfig, InterfaceConfig, NatConfig, RouteConfig, RouterConfig, UplinkConfig,
} from "./model.js";
import { mapValues } from "./record.js";
import type { DhcpFile, DnsFile, InterfaceFile, NatFile, RouteFile, RouterFile, UplinkFile } from "./schema-router.js";
import { parseDuration, parseSize } from "./units.js";

export const ROUTER_MTU_DEFAULT = 1500;
export const NAT_DEFAULTS: NatConfig = {
  mapping: "endpoint-independent",
  filtering: "address-dependent",
  timeouts: { udp: 300, tcp: 7440, transitory: 240, icmp: 60, ports: {} },
  hostPorts: 0,
  hostRate: 0,
  exhausted: "refuse",
};
const LEASE = "1h";

export function buildRouter({ mac, interfaces, uplink, routes, nat, forwards, dns }: RouterFile): RouterConfig {
  return {
    ...(mac !== undefined && { mac: mac.toLowerCase() }),
    interfaces: (interfaces ?? []).map(buildInterface),
    ...(uplink && { uplink: buildUplink(uplink) }),
    routes: (routes ?? []).map(buildRoute),
    ...(uplink && nat !== false && { nat: buildNat(nat ?? {}) }),
    forwards: (forwards ?? []).map((rule) => parseForward(rule) as ForwardConfig),
    ...(dns !== false && { dns: buildDns(dns ?? {}) }),
  };
}

function buildInterface({ switch: name, vlan, address, mtu, dhcp }: InterfaceFile): InterfaceConfig {
  const own = parseCidr(address)!;
  return {
    switch: name,
    vid: vlan ?? 1,
    address: printIpv4(own.address),
    prefix: own.prefix,
    mtu: parseSize(mtu ?? ROUTER_MTU_DEFAULT)!,
    ...(dhcp && { dhcp: buildDhcp(dhcp) }),
  };
}

function buildDhcp({ range, lease, dns, domain, routes, hosts }: DhcpFile): DhcpConfig {
  const [first, last] = parseIpv4Range(range)!;
  const reservations = Object.entries(hosts ?? {}).map(([mac, host]) => {
    const { address, name } = typeof host === "string" ? { address: host } : host;
    return [mac.toLowerCase(), { address, ...(name !== undefined && { hostname: name }) }] as const;
  });
  return {
    first: printIpv4(first),
    last: printIpv4(last),
    leaseSeconds: seconds(lease ?? LEASE),
    dns: dns ?? [],
    ...(domain !== undefined && { domain: domain.toLowerCase() }),
    routes: (routes ?? []).map(buildRoute),
    hosts: Object.fromEntries(reservations),
  };
}

function buildUplink({ address, gateway, mtu, ...port }: UplinkFile): UplinkConfig {
  const texts = address === "dhcp" ? [] : [address].flat();
  return {
    port: buildPort(port),
    addresses: texts.map((text) => text.split("/")[0]!),
    prefix: parseCidr(texts[0])?.prefix ?? 0,
    ...(gateway !== undefined && { gateway }),
    mtu: parseSize(mtu ?? ROUTER_MTU_DEFAULT)!,
  };
}

function buildRoute({ to, via }: RouteFile): RouteConfig {
  const { address, prefix } = networkOf(parseCidr(to)!);
  return { to: { address: printIpv4(address), prefix }, via };
}

function buildNat({ mapping, filtering, timeouts = {}, host = {}, exhausted, mss, log }: NatFile): NatConfig {
  const { ports, ...others } = timeouts;
  return {
    mapping: mapping ?? NAT_DEFAULTS.mapping,
    filtering: filtering ?? NAT_DEFAULTS.filtering,
    timeouts: { ...NAT_DEFAULTS.timeouts, ...mapValues(others, seconds), ports: mapValues(ports ?? {}, seconds) },
    hostPorts: host.ports ?? NAT_DEFAULTS.hostPorts,
    hostRate: host.rate ?? NAT_DEFAULTS.hostRate,
    exhausted: exhausted ?? NAT_DEFAULTS.exhausted,
    ...(mss !== undefined && { mss }),
    ...(log !== undefined && { log }),
  };
}

function buildDns({ upstreams, hosts, domain }: DnsFile): DnsConfig {
  const names = Object.entries(hosts ?? {}).map(([name, addresses]) => [hostKey(name), [addresses].flat()] as const);
  return {
    upstreams: upstreams ?? [],
    hosts: Object.fromEntries(names),
    ...(domain !== undefined && { domain: domain.toLowerCase() }),
  };
}

/** A name of DNS as the model has it: names differ neither in case nor in a final dot. */
export function hostKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function seconds(duration: string): number {
  return parseDuration(duration)! / 1000;
}
