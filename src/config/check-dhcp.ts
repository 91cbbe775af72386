// What the keys of an interface's DHCP server mean together, and with the interface's address: what is given out is
// of its network, and nobody else's. Owns the sentences about DHCP (RFC 2131).

import { checkSeconds, checkStation } from "./check-port.js";
import type { Path } from "./error.js";
import {
  contains, hostsOf, networkOf, parseCidr, parseIpv4, parseIpv4Range, printCidr, printIpv4, type Cidr,
} from "./ipv4.js";
import { isMapping, mapping, type Mapping } from "./raw.js";
import { mappingsIn } from "./raw-router.js";
import { LEASE_S } from "./schema-router.js";
import type { Report } from "./structure.js";

/** Reports everything in a DHCP server that has no meaning. `own`: the interface's address, where it is known. */
export function checkDhcp(dhcp: Mapping, own: Cidr | undefined, path: Path, report: Report): void {
  checkSeconds(dhcp.lease, LEASE_S, "", [...path, "lease"], report);
  checkRange(dhcp.range, own, [...path, "range"], report);
  if (isMapping(dhcp.hosts)) checkReservations(dhcp.hosts, own, [...path, "hosts"], report);
  for (const [route, index] of mappingsIn(dhcp.routes)) checkRoute(route, own, [...path, "routes", index], report);
}

function checkRange(text: unknown, own: Cidr | undefined, path: Path, report: Report): void {
  const range = parseIpv4Range(text);
  if (!range) return;
  const [first, last] = range;
  if (first > last) {
    report(path, `the range ${String(text)} is reversed; write ${printIpv4(last)}-${printIpv4(first)}`);
    return;
  }
  const wrong = own && range.find((address) => !isHost(address, own));
  if (wrong !== undefined) {
    report(path, `${printIpv4(wrong)} is no host's address in the interface's network; write a range ${within(own!)}`);
  } else if (own && first <= own.address && own.address <= last) {
    report(path, `the range holds the interface's own address ${printIpv4(own.address)}; write ${around(range, own)}`);
  }
}

/** The larger part of a range beside an address in it. */
function around([first, last]: [number, number], { address }: Cidr): string {
  if (first === last) return "one without it";
  return address - first > last - address
    ? `${printIpv4(first)}-${printIpv4(address - 1)}`
    : `${printIpv4(address + 1)}-${printIpv4(last)}`;
}

function checkReservations(hosts: Mapping, own: Cidr | undefined, path: Path, report: Report): void {
  const seen = new Map<string, string>();
  /** Says who has something already, or takes it. */
  const take = (what: string, mac: string, at: Path): void => {
    const owner = seen.get(what);
    if (owner === undefined) seen.set(what, mac);
    else report(at, `${what} is kept for ${owner} already; a host needs one of its own`);
  };
  for (const [mac, host] of Object.entries(hosts)) {
    const here = [...path, mac];
    const { address: text, name } = mapping(typeof host === "string" ? { address: host } : host);
    const at = typeof host === "string" ? here : [...here, "address"];
    checkStation(mac, "is no one host's", here, report);
    if (seen.has(mac.toLowerCase())) report(here, `${mac} stands twice in the list; remove one`, "key");
    seen.set(mac.toLowerCase(), mac);
    const address = parseIpv4(text);
    if (address !== undefined) {
      checkReserved(address, own, at, report);
      take(printIpv4(address), mac, at);
    }
    if (typeof name === "string") take(name.toLowerCase(), mac, [...here, "name"]);
  }
}

function checkReserved(address: number, own: Cidr | undefined, path: Path, report: Report): void {
  const text = printIpv4(address);
  if (address === own?.address) report(path, `${text} is the interface's own address; write another ${within(own)}`);
  else if (own && !isHost(address, own)) {
    report(path, `${text} is no host's address in the interface's network; write one ${within(own)}`);
  }
}

function checkRoute({ to, via }: Mapping, own: Cidr | undefined, path: Path, report: Report): void {
  const network = parseCidr(to);
  const neighbor = parseIpv4(via);
  if (network) checkNetwork(network, [...path, "to"], report);
  if (own && neighbor !== undefined && !isHost(neighbor, own)) {
    report([...path, "via"],
      `${printIpv4(neighbor)} is no host's address in the interface's network; write one ${within(own)}`);
  }
}

/** Reports a network with host bits. */
export function checkNetwork(network: Cidr, path: Path, report: Report): void {
  const right = networkOf(network);
  if (right.address === network.address) return;
  report(path, `${printCidr(network)} has bits beyond its prefix; write ${printCidr(right)}`);
}

function isHost(address: number, network: Cidr): boolean {
  const [first, last] = hostsOf(network);
  return contains(network, address) && address >= first && address <= last;
}

function within(network: Cidr): string {
  const [first, last] = hostsOf(network);
  return `within ${printIpv4(first)}-${printIpv4(last)}`;
}
