// Reads a router of a file before anyone has vouched for its shape: what is not as it should be counts as absent.
// Owns the questions that several checks ask of such a router: where it is, and what it can reach.

import type { Path } from "./error.js";
import { contains, parseCidr, parseIpv4, type Cidr } from "./ipv4.js";
import { isMapping, isVid, mapping, type Mapping } from "./raw.js";

/** A network that the router is in, by its own address there. */
export interface Side {
  own: Cidr;
  /** `interfaces[0]`, `uplink` */
  label: string;
  /** Where in the router its address is written. */
  at: Path;
}

/** One of the uplink's addresses. */
export interface Outside {
  address: number;
  at: Path;
}

/** Where a router is. */
export interface Ground {
  insides: Side[];
  uplink: Side | undefined;
  /** The uplink's addresses, its own first. */
  outsides: Outside[];
  /** Whether the uplink's address comes by DHCP: then nobody knows yet in which network it is. */
  isDynamic: boolean;
}

export function groundOf(router: Mapping): Ground {
  const insides = interfacesOf(router).flatMap(([{ address }, index]): Side[] => {
    const own = parseCidr(address);
    return own ? [{ own, label: `interfaces[${index}]`, at: ["interfaces", index, "address"] }] : [];
  });
  const [first] = outsideTexts(router);
  const own = parseCidr(first?.text);
  return {
    insides,
    uplink: own && { own, label: "uplink", at: first!.at },
    outsides: outsideTexts(router).flatMap(({ text, at }) => {
      const address = parseIpv4(String(text).split("/")[0]);
      return address === undefined ? [] : [{ address, at }];
    }),
    isDynamic: mapping(router.uplink).address === "dhcp",
  };
}

/** The interfaces that are mappings, each with its index. */
export function interfacesOf({ interfaces }: Mapping): [Mapping, number][] {
  return mappingsIn(interfaces);
}

/** Items of a list that are looked at, since some are compared with all others; the schema allows no more. */
export const ITEMS_MAX = 4096;

/** The items of a list that are mappings, each with its index; the first ITEMS_MAX. */
export function mappingsIn(list: unknown): [Mapping, number][] {
  const items: unknown[] = Array.isArray(list) ? list.slice(0, ITEMS_MAX) : [];
  return items.flatMap((item, index): [Mapping, number][] => isMapping(item) ? [[item, index]] : []);
}

/** What is written as addresses of the uplink; nothing where they come by DHCP. */
export function outsideTexts({ uplink }: Mapping): { text: unknown; at: Path }[] {
  const { address } = mapping(uplink);
  const at = ["uplink", "address"];
  if (Array.isArray(address)) {
    return address.slice(0, ITEMS_MAX).map((text: unknown, index) => ({ text, at: [...at, index] }));
  }
  return address === undefined || address === "dhcp" ? [] : [{ text: address, at }];
}

/** `switch/vlan` of an interface, where that is known. */
export function segmentOf({ switch: name, vlan }: Mapping): { name: string; vid: number; key: string } | undefined {
  const vid = vlan ?? 1;
  return typeof name === "string" && isVid(vid) ? { name, vid, key: `${name}/${vid}` } : undefined;
}

/** The networks that are inside: the interfaces' own, and those of static routes through them. */
export function insideNetworks(router: Mapping, { insides }: Ground): Cidr[] {
  const routed = mappingsIn(router.routes).flatMap(([{ to, via }]) => {
    const network = parseCidr(to);
    const neighbor = parseIpv4(via);
    const isInside = neighbor !== undefined && insides.some(({ own }) => contains(own, neighbor));
    return network && isInside ? [network] : [];
  });
  return [...insides.map(({ own }) => own), ...routed];
}
