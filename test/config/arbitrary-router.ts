// Random routers that are right. Each has networks of its own, by its place among the routers, so that what is random
// in them fits together; what is right is said by src/config/check-router.ts and its neighbours.

import fc, { type Arbitrary } from "fast-check";
import type {
  DhcpConfig, DnsConfig, ForwardConfig, InterfaceConfig, NatConfig, PortConfig, RouteConfig, RouterConfig, UplinkConfig,
} from "../../src/config/model.js";
import { compact, device, mac, maybe, names, path, record, vid } from "./arbitrary-parts.js";

const mtu = fc.oneof(fc.constant(1500), fc.integer({ min: 576, max: 65_520 }));
const seconds = (min: number, max: number): Arbitrary<number> => fc.integer({ min, max });
const name = fc.constantFrom("web", "db-1", "x", "constructor", "1e3", "true", "null");
const domain = fc.constantFrom("lab.example", "x", "10.example");
const address = fc.constantFrom("192.0.2.53", "8.8.8.8", "10.0.0.255");

/** Of the network 10.0.0.0/24; `fitInterface` moves it. */
const dhcp: Arbitrary<DhcpConfig> = record({
  first: fc.integer({ min: 100, max: 150 }).map((host) => `10.0.0.${host}`),
  last: fc.integer({ min: 150, max: 199 }).map((host) => `10.0.0.${host}`),
  leaseSeconds: seconds(60, 31_536_000),
  dns: fc.uniqueArray(address, { maxLength: 2 }),
  domain: maybe(domain),
  routes: fc.constantFrom<RouteConfig[][]>([], [{ to: { address: "192.168.0.0", prefix: 16 }, via: "10.0.0.9" }]),
  hosts: fc.uniqueArray(fc.tuple(mac, fc.integer({ min: 5, max: 7 }), maybe(name)), {
    maxLength: 2, selector: ([mac]) => mac,
  }).map((hosts) => Object.fromEntries(hosts.map(([mac, _, hostname], index) =>
    [mac, compact({ address: `10.0.0.${index + 5}`, hostname: index === 0 ? hostname : undefined })]))),
}).map((value) => compact(value) as DhcpConfig);

const oneInterface: Arbitrary<InterfaceConfig> = record({
  switch: fc.constantFrom(...names),
  vid,
  address: fc.constant("10.0.0.1"),
  prefix: fc.integer({ min: 24, max: 24 }),
  mtu,
  dhcp: maybe(dhcp),
}).map((value) => compact(value) as InterfaceConfig);

const uplinkPort: Arbitrary<PortConfig> = record({
  attachment: fc.oneof(
    record({ kind: fc.constant("tap" as const), name: device }),
    record({ kind: fc.constant("tap" as const), name: device, queues: fc.constant(2) }),
    record({ kind: fc.constant("stream" as const), path, connect: fc.boolean() }),
    record({ kind: fc.constant("memory" as const) }),
  ),
  vlan: record({ mode: fc.constant("access" as const), vid: fc.oneof(fc.constant(1), vid) }),
  isolated: fc.constant(false),
  monitor: fc.constant(false),
  macs: fc.uniqueArray(mac, { maxLength: 1 }),
});
const uplink: Arbitrary<UplinkConfig> = fc.oneof(
  record({
    port: uplinkPort,
    addresses: fc.constantFrom(["203.0.113.2"], ["203.0.113.2", "203.0.113.3", "198.51.100.7"]),
    prefix: fc.integer({ min: 24, max: 29 }),
    gateway: fc.constantFrom(undefined, "203.0.113.1"),
    mtu,
  }),
  record({ port: uplinkPort, addresses: fc.constant<string[]>([]), prefix: fc.constant(0), mtu }),
).map((value) => compact(value) as UplinkConfig);

const nat: Arbitrary<NatConfig> = record({
  mapping: fc.constantFrom("endpoint-independent" as const, "address-and-port-dependent" as const),
  filtering: fc.constantFrom("endpoint-independent", "address-dependent", "address-and-port-dependent"),
  timeouts: fc.oneof(fc.constant({ udp: 300, tcp: 7440, transitory: 240, icmp: 60, ports: {} }), record({
    udp: seconds(120, 86_400), tcp: seconds(7440, 2_678_400), transitory: seconds(240, 86_400),
    icmp: seconds(60, 86_400), ports: fc.dictionary(fc.constantFrom("udp 53", "tcp 22"), seconds(1, 86_400),
      { noNullPrototype: true }),
  })),
  hostPorts: fc.constantFrom(0, 1000),
  hostRate: fc.constantFrom(0, 100),
  exhausted: fc.constantFrom("refuse", "oldest-idle"),
  mss: fc.constantFrom(undefined, "path", 536, 1360),
}).map((value) => compact(value) as NatConfig);

/** Rules that do not meet: each kind has ports of its own. */
const forwards: Arbitrary<ForwardConfig[]> = fc.subarray<ForwardConfig>([
  { protocol: "tcp", port: 8080, count: 1, inside: "10.0.0.5", insidePort: 80 },
  { protocol: "tcp", port: 1, count: 1000, inside: "10.0.0.6", insidePort: 1 },
  { protocol: "udp", port: 5000, count: 11, inside: "10.0.0.5", insidePort: 6000 },
  { protocol: "tcp", outside: "203.0.113.3", port: 8080, count: 1, inside: "10.0.0.5", insidePort: 80 },
  { protocol: "1:1", outside: "198.51.100.7", inside: "10.0.0.7" },
]);

const dns: Arbitrary<DnsConfig> = record({
  upstreams: fc.subarray(["192.0.2.53", "192.0.2.53:5353"]),
  hosts: fc.dictionary(name, fc.uniqueArray(address, { minLength: 1, maxLength: 2 }), { noNullPrototype: true }),
  domain: maybe(domain),
}).map((value) => compact(value) as DnsConfig);

export const router: Arbitrary<RouterConfig> = record({
  interfaces: fc.array(oneInterface, { maxLength: 3 }),
  uplink: maybe(uplink),
  routes: fc.constantFrom<RouteConfig[][]>([], [{ to: { address: "172.16.0.0", prefix: 12 }, via: "10.0.0.9" }]),
  nat: maybe(nat),
  forwards,
  dns: maybe(dns),
}).map((value) => compact(value) as RouterConfig);

/** Drops routers that are switches too, and what refers to what is not there. */
export function fitRouters(
  routers: Record<string, RouterConfig>, switches: readonly string[], isFree: (port: PortConfig) => boolean,
): typeof routers {
  const fitted = Object.entries(routers).filter(([name, { uplink }]) =>
    !switches.includes(name) && (!uplink || isFree(uplink.port)));
  const served = new Set<string>();
  return Object.fromEntries(fitted.map(([name, router], at) => [name, fitRouter(router, at, switches, served)]));
}

function fitRouter(
  router: RouterConfig, at: number, switches: readonly string[], served: Set<string>,
): RouterConfig {
  const segments = new Set<string>();
  const interfaces = router.interfaces
    .filter((one) => switches.includes(one.switch))
    .filter((one) => !segments.has(`${one.switch}/${one.vid}`) && segments.add(`${one.switch}/${one.vid}`))
    .map((one, index) => fitInterface(one, `10.${at}.${index}`, served));
  const { nat, uplink, ...rest } = router;
  const isOut = uplink !== undefined && nat !== undefined && interfaces.length > 0;
  return {
    ...rest,
    interfaces,
    routes: interfaces.length > 0 ? router.routes.map((route) => ({ ...route, via: `10.${at}.0.9` })) : [],
    ...(uplink && { uplink, ...(nat && { nat }) }),
    forwards: router.forwards
      .filter(({ outside }) => isOut && (outside === undefined || uplink.addresses.includes(outside)))
      .map((forward) => ({ ...forward, inside: forward.inside.replace("10.0.0", `10.${at}.0`) })),
  };
}

/** Moves an interface into a network; a VLAN has one DHCP server. */
function fitInterface({ dhcp, ...one }: InterfaceConfig, network: string, served: Set<string>): InterfaceConfig {
  const segment = `${one.switch}/${one.vid}`;
  const isServer = dhcp !== undefined && !served.has(segment);
  if (isServer) served.add(segment);
  const text = JSON.stringify(isServer ? { ...one, dhcp } : one);
  return JSON.parse(text.replaceAll("\"10.0.0.", `"${network}.`)) as InterfaceConfig;
}
