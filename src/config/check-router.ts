// What a router's keys mean together: its interfaces and uplink, the networks there, the routes between them. Owns
// the sentences about a single router's addresses; DHCP, NAT and forwards have checks of their own.

import { checkDhcp, checkNetwork } from "./check-dhcp.js";
import { checkForwards } from "./check-forwards.js";
import { checkDns, checkNat } from "./check-nat.js";
import { checkPort, checkSize, checkStation } from "./check-port.js";
import type { Path } from "./error.js";
import {
  contains, hostsOf, isUnicast, networkOf, overlap, parseCidr, parseIpv4, printCidr, printIpv4, type Cidr,
} from "./ipv4.js";
import { isMapping, mapping, type Mapping } from "./raw.js";
import {
  groundOf, interfacesOf, mappingsIn, outsideTexts, segmentOf, type Ground, type Side,
} from "./raw-router.js";
import { ROUTER_MTU } from "./schema-router.js";
import { alternatives, list, type Report } from "./structure.js";

/** Reports everything in a router that has no meaning. `switches`: those that there are. */
export function checkRouter(router: Mapping, switches: Mapping, path: Path, report: Report): void {
  const ground = groundOf(router);
  if (typeof router.mac === "string") checkStation(router.mac, "is no one router's", [...path, "mac"], report);
  checkInterfaces(router, switches, path, report);
  if (isMapping(router.uplink)) checkUplink(router, router.uplink, ground, path, report);
  checkSides(ground, path, report);
  checkRoutes(router, ground, path, report);
  checkNat(router, path, report);
  checkForwards(router, ground, path, report);
  if (isMapping(router.dns)) checkDns(router.dns, [...path, "dns"], report);
}

function checkInterfaces(router: Mapping, switches: Mapping, path: Path, report: Report): void {
  const segments = new Map<string, number>();
  for (const [one, index] of interfacesOf(router)) {
    const here = [...path, "interfaces", index];
    const segment = segmentOf(one);
    if (typeof one.switch === "string" && one.switch !== "" && !Object.hasOwn(switches, one.switch)) {
      const name = one.switch;
      report([...here, "switch"], () =>
        `there is no switch ${JSON.stringify(name)}; ${alternatives(name, Object.keys(switches), "there is")}`);
    }
    const other = segment && segments.get(segment.key);
    if (other !== undefined) {
      report(here, `interfaces[${other}] is on ${segment!.name}'s VLAN ${segment!.vid} already; keep one`, "key");
    }
    if (segment && other === undefined) segments.set(segment.key, index);
    checkSize(one.mtu, "MTU", ROUTER_MTU, [...here, "mtu"], report);
    const own = parseCidr(one.address);
    if (own) checkOwn(own, 30, [...here, "address"], report);
    if (isMapping(one.dhcp)) checkDhcp(one.dhcp, own, [...here, "dhcp"], report);
  }
}

/** The router's own address in a network. */
function checkOwn(own: Cidr, prefixMax: number, path: Path, report: Report): void {
  const { address, prefix } = own;
  const text = printCidr(own);
  if (prefix < 1 || prefix > prefixMax) {
    report(path, `prefix /${prefix} is out of range: 1 to ${prefixMax}`);
    return;
  }
  const [first, last] = hostsOf(own);
  const example = `write a host's, such as ${printIpv4(first)}/${prefix}`;
  if (!isUnicast(address)) report(path, `${printIpv4(address)} is no host's address; write a unicast address`);
  else if (address < first) report(path, `${text} is the network's own address; ${example}`);
  else if (address > last) report(path, `${text} is the network's broadcast address; ${example}`);
}

function checkUplink(router: Mapping, uplink: Mapping, ground: Ground, path: Path, report: Report): void {
  const here = [...path, "uplink"];
  // The MTU is the router's, with bounds of its own.
  const { mtu, ...port } = uplink;
  checkPort(port, here, report);
  checkSize(mtu, "MTU", ROUTER_MTU, [...here, "mtu"], report);
  checkOutsides(router, ground, path, report);
  const gateway = parseIpv4(uplink.gateway);
  if (gateway !== undefined) checkGateway(gateway, ground, [...here, "gateway"], report);
}

/** The uplink's addresses: the first with the prefix of its network, the others alone. */
function checkOutsides(router: Mapping, { uplink, insides, outsides }: Ground, path: Path, report: Report): void {
  for (const [index, { text, at }] of outsideTexts(router).entries()) {
    const here = [...path, ...at];
    const hasPrefix = parseCidr(text) !== undefined;
    if (index === 0 && !hasPrefix && parseIpv4(text) !== undefined) {
      report(here, `${String(text)} has no prefix; write the length of its network's, as in ${String(text)}/24`);
    } else if (index > 0 && hasPrefix) {
      report(here, `only the first address has a prefix; write ${String(text).split("/")[0]}`);
    }
  }
  if (uplink) checkOwn(uplink.own, 32, [...path, ...uplink.at], report);
  for (const [index, { address, at }] of outsides.entries()) {
    const here = [...path, ...at];
    const text = printIpv4(address);
    const inside = insides.find(({ own }) => contains(own, address));
    if (!isUnicast(address)) report(here, `${text} is no host's address; write a unicast address`);
    else if (outsides.findIndex((other) => other.address === address) < index) {
      report(here, `${text} stands twice in the list; remove one`);
    } else if (index > 0 && inside) {
      report(here, `${text} is inside, in the network of ${inside.label}; an outside address is in none of them`);
    } else if (index > 0 && uplink && isReserved(uplink.own, address)) {
      report(here, `${text} is no host's address in ${printCidr(networkOf(uplink.own))}; write another`);
    }
  }
}

function checkGateway(gateway: number, { uplink, outsides, isDynamic }: Ground, path: Path, report: Report): void {
  const text = printIpv4(gateway);
  if (isDynamic) report(path, "comes by DHCP, as the address does; remove gateway", "key");
  else if (outsides.some(({ address }) => address === gateway)) {
    report(path, `${text} is the uplink's own address; write the neighbour's that leads to the world`);
  } else if (uplink && (!contains(uplink.own, gateway) || isReserved(uplink.own, gateway))) {
    report(path, `${text} is no host of the uplink's network ${printCidr(networkOf(uplink.own))}; write one of there`);
  }
}

/** Networks of one router are apart: a packet has to know where to go. Other routers may have the same ones. */
function checkSides({ insides, uplink }: Ground, path: Path, report: Report): void {
  const sides = uplink ? [...insides, uplink] : insides;
  for (const [index, { own, at }] of sides.entries()) {
    const other = sides.slice(0, index).find((side) => overlap(side.own, own));
    if (!other) continue;
    const [here, there] = [own, other.own].map((side) => printCidr(networkOf(side)));
    report([...path, ...at], `${here} overlaps ${there} of ${other.label}; a router's networks have to be apart`);
  }
}

function checkRoutes(router: Mapping, ground: Ground, path: Path, report: Report): void {
  const sides = ground.uplink ? [...ground.insides, ground.uplink] : ground.insides;
  const seen = new Map<string, string>();
  for (const side of sides) seen.set(printCidr(networkOf(side.own)), side.label);
  if (mapping(router.uplink).gateway !== undefined) seen.set("0.0.0.0/0", "uplink.gateway");
  for (const [{ to, via }, index] of mappingsIn(router.routes)) {
    const here = [...path, "routes", index];
    const network = parseCidr(to);
    const neighbor = parseIpv4(via);
    if (network) checkNetwork(network, [...here, "to"], report);
    const text = network && printCidr(network);
    const owner = text && seen.get(text);
    if (owner !== undefined) report([...here, "to"], `${owner} leads to ${text} already; remove one`);
    else if (text !== undefined) seen.set(text, `routes[${index}]`);
    if (neighbor !== undefined) checkVia(neighbor, sides, ground, [...here, "via"], report);
  }
}

function checkVia(neighbor: number, sides: readonly Side[], ground: Ground, path: Path, report: Report): void {
  const text = printIpv4(neighbor);
  const side = sides.find(({ own }) => contains(own, neighbor));
  const isOwn = side?.own.address === neighbor || ground.outsides.some(({ address }) => address === neighbor);
  if (isOwn) report(path, `${text} is the router's own address; write the neighbour's that knows the way`);
  else if (side && isReserved(side.own, neighbor)) {
    report(path, `${text} is no host's address in ${printCidr(networkOf(side.own))}; write a neighbour's`);
  } else if (!side && !ground.isDynamic) {
    const networks = sides.map(({ own }) => printCidr(networkOf(own)));
    report(path, `${text} is in no network of the router; ${
      networks.length > 0 ? `it is in ${list(networks, "and")}` : "give it an interface there"}`);
  }
}

/** Whether an address is the network's own or its broadcast address. */
function isReserved(network: Cidr, address: number): boolean {
  const [first, last] = hostsOf(network);
  return contains(network, address) && (address < first || address > last);
}
