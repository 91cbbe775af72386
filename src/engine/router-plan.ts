// From the configuration of a router to what is written into the tables: its addresses resolved, those that DHCP gave
// to its uplink included, and what each interface serves.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseIpv4, printIpv4 } from "../config/ipv4.js";
import { untaggedVid } from "../core/tables.js";
import type { InterfaceConfig, RouterConfig } from "../config/model.js";
import * as layout from "../core/layout.js";
import type { RegisteredPort } from "../core/registry.js";
import type { InterfacePlace, RouterPlan } from "../core/router-tables.js";

/** What DHCP gave to an uplink. */
export interface UplinkBinding {
  address: string;
  prefix: number;
  gateway?: string;
}

/** The ports of a router: each interface's by its key, its uplink's, its services'. */
export interface RouterPorts {
  interfaces: ReadonlyMap<string, RegisteredPort>;
  uplink?: RegisteredPort;
  services: RegisteredPort;
}

/** What tells the interfaces of a router apart. */
export function interfaceKey({ switch: name, vid }: Pick<InterfaceConfig, "switch" | "vid">): string {
  return `${name} ${vid}`;
}

/** Name of the port of an interface: no user's port has a name like it. */
export function interfaceName(router: string, vid: number): string {
  return `@${router}.${vid}`;
}

/**
 * The MAC of a router for which none is configured: the same after every start, so that guests' ARP caches stay
 * right, and another one on another machine, so that both may be on one network.
 */
export function routerMac(name: string): string {
  const digest = createHash("sha256").update(`${machineId()}\0${hostname()}\0${name}`).digest();
  const own = Array.from(digest.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return ["02", "54", ...own].join(":");
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8");
  } catch {
    return ""; // not on every system
  }
}

/** The router as it is written. `binding`: what DHCP gave to an uplink without an address of its own. */
export function planRouter(
  name: string, config: RouterConfig, ports: RouterPorts, binding?: UplinkBinding,
): RouterPlan {
  const dns = config.dns ? layout.INTERFACE_DNS : 0;
  const interfaces = config.interfaces.map((one): InterfacePlace => ({
    port: ports.interfaces.get(interfaceKey(one))!, vid: one.vid, address: parseIpv4(one.address)!, prefix: one.prefix,
    mtu: one.mtu, uplink: false, flags: dns | (one.dhcp ? layout.INTERFACE_DHCP_SERVER : 0),
  }));
  const { uplink } = config;
  const outsides = uplink ? outsidesOf(uplink.addresses, binding) : [];
  if (uplink && ports.uplink) {
    interfaces.push({
      port: ports.uplink, vid: untaggedVid(uplink.port.vlan), address: outsides[0] ?? 0, mtu: uplink.mtu, uplink: true,
      prefix: uplink.addresses.length > 0 ? uplink.prefix : binding?.prefix ?? 0,
      flags: uplink.addresses.length > 0 ? 0 : layout.INTERFACE_DHCP_CLIENT,
    });
  }
  const gateway = uplink?.gateway ?? binding?.gateway;
  return {
    mac: config.mac ?? routerMac(name), interfaces, services: ports.services, outsides,
    gateway: gateway === undefined ? 0 : parseIpv4(gateway)!, config,
  };
}

/** What is wrong where the uplink's network, which nobody could check before DHCP gave it, overlaps an inside one. */
export function conflictOf({ interfaces }: RouterPlan): string | undefined {
  const uplink = interfaces.find((one) => one.uplink);
  if (!uplink || uplink.address === 0) return undefined;
  const inside = interfaces.find((one) => one !== uplink && overlap(one, uplink));
  return inside && `its uplink got ${printNetwork(uplink)} by DHCP, which overlaps the inside network of `
    + `${printNetwork(inside)}: addresses of both are inside ones; give that interface another network`;
}

function overlap(a: InterfacePlace, b: InterfacePlace): boolean {
  const shift = 32 - Math.min(a.prefix, b.prefix);
  return shift === 32 || (a.address ^ b.address) >>> shift === 0;
}

function printNetwork({ address, prefix }: InterfacePlace): string {
  return `${printIpv4(address)}/${prefix}`;
}

function outsidesOf(configured: readonly string[], binding: UplinkBinding | undefined): number[] {
  const addresses = configured.length > 0 || !binding ? configured : [binding.address];
  return addresses.map((address) => parseIpv4(address)!);
}
