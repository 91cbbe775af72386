// What a DHCP server has promised to an uplink: read from its offer or acknowledgement, and checked hard.
// Owns no state. A message that would make a broken interface gives nothing; a parameter that is no good is left out.
// Read first: RFC 2131 table 3, RFC 2132, RFC 3442 (which route is the default one).

import { isDomain } from "./hostname.js";
import type { DhcpMessage } from "./message.js";
import { addressesIn, addressIn, CODE, isHostOf, maskOf, numberIn, routesIn, textIn } from "./options.js";
import { isHostAddress } from "./sane.js";

const LEASE_SECONDS_MIN = 60;
/** Stands for "for ever" (RFC 2131, 3.3). */
const LEASE_SECONDS_MAX = 0xffffffff;
const DNS_MAX = 8;
const MTU_MIN = 576;
const MTU_MAX = 65_520;

export interface Binding {
  address: string;
  /** 1 to 32. */
  prefix: number;
  /** Of the same network; absent: there is no way out. */
  gateway?: string;
  /** At most 8. */
  dns: string[];
  /** 576 to 65520. */
  mtu?: number;
  domain?: string;
  /** 60 to 2^32 - 1. */
  leaseSeconds: number;
  /** The server's identifier. */
  server: string;
}

/** Seconds after which the client asks its server, then any server, for more time (RFC 2131, 4.4.5). */
export interface RenewalTimes {
  renewalSeconds: number;
  rebindingSeconds: number;
}

/** The binding in a DHCPOFFER or DHCPACK; undefined where it has no sane address, netmask, server or lease. */
export function bindingOf(message: DhcpMessage): Binding | undefined {
  const { options, yiaddr: address } = message;
  const server = addressIn(options, CODE.server);
  const lease = numberIn(options, CODE.lease);
  const prefix = prefixOf(numberIn(options, CODE.mask));
  if (!isHostAddress(address) || !isHostAddress(server)) return undefined;
  if (lease === undefined || prefix === undefined || !isHostOf(address, address, prefix)) return undefined;
  const gateway = gatewayOf(message, address, prefix);
  const mtu = numberIn(options, CODE.mtu);
  const domain = textIn(options, CODE.domain);
  return {
    address, prefix, server,
    dns: addressesIn(options, CODE.dns).filter(isHostAddress).slice(0, DNS_MAX),
    leaseSeconds: Math.max(LEASE_SECONDS_MIN, lease),
    ...(gateway === undefined ? {} : { gateway }),
    ...(mtu === undefined || mtu < MTU_MIN || mtu > MTU_MAX ? {} : { mtu }),
    ...(domain === undefined || !isDomain(domain) ? {} : { domain }),
  };
}

/** What the server says, where it makes sense; else the RFC's 0.5 and 0.875 of the lease. */
export function renewalTimesOf(message: DhcpMessage, leaseSeconds: number): RenewalTimes {
  const renewal = numberIn(message.options, CODE.renewal);
  const rebinding = numberIn(message.options, CODE.rebinding);
  const defaults = defaultTimes(leaseSeconds);
  const renewalSeconds = renewal ?? Math.min(defaults.renewalSeconds, rebinding ?? Infinity);
  const rebindingSeconds = rebinding ?? Math.max(defaults.rebindingSeconds, renewalSeconds);
  const sound = renewalSeconds >= LEASE_SECONDS_MIN / 2 && renewalSeconds <= rebindingSeconds
    && rebindingSeconds < leaseSeconds;
  return sound ? { renewalSeconds, rebindingSeconds } : defaults;
}

function defaultTimes(leaseSeconds: number): RenewalTimes {
  return { renewalSeconds: leaseSeconds * 0.5, rebindingSeconds: leaseSeconds * 0.875 };
}

/** RFC 3442: where there are classless routes, the router option does not count. */
function gatewayOf(message: DhcpMessage, address: string, prefix: number): string | undefined {
  const routes = routesIn(message.options);
  const candidates = routes ? routes.filter(({ to }) => to.prefix === 0).map(({ via }) => via)
    : addressesIn(message.options, CODE.router);
  return candidates.find((via) => isHostAddress(via) && via !== address && isHostOf(via, address, prefix));
}

/** The length of a netmask's prefix, 1 to 32; undefined where it has holes. */
function prefixOf(mask: number | undefined): number | undefined {
  if (mask === undefined || mask === 0) return undefined;
  const prefix = Math.clz32(~mask);
  return maskOf(prefix) === mask ? prefix : undefined;
}

/** A binding from a state file, every field checked; undefined where one is wrong. */
export function checkedBinding(value: unknown): Binding | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { address, prefix, gateway, dns, mtu, domain, leaseSeconds, server } = value as Record<string, unknown>;
  if (!isHostAddress(address) || !isHostAddress(server)) return undefined;
  if (!isIntegerIn(prefix, 1, 32) || !isIntegerIn(leaseSeconds, LEASE_SECONDS_MIN, LEASE_SECONDS_MAX)) return undefined;
  if (!isHostOf(address, address, prefix)) return undefined;
  if (gateway !== undefined && !(isHostAddress(gateway) && isHostOf(gateway, address, prefix))) return undefined;
  if (!Array.isArray(dns) || dns.length > DNS_MAX || !dns.every(isHostAddress)) return undefined;
  if (mtu !== undefined && !isIntegerIn(mtu, MTU_MIN, MTU_MAX)) return undefined;
  if (domain !== undefined && !(typeof domain === "string" && isDomain(domain))) return undefined;
  return {
    address, prefix, server, leaseSeconds, dns: [...dns],
    ...(gateway === undefined ? {} : { gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(domain === undefined ? {} : { domain }),
  };
}

function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Whether two bindings make the same interface; the lease's time does not count. */
export function isSameBinding(a: Binding, b: Binding): boolean {
  const face = ({ address, prefix, gateway, dns, mtu, domain }: Binding): string => (
    JSON.stringify([address, prefix, gateway ?? null, dns, mtu ?? null, domain ?? null])
  );
  return face(a) === face(b);
}
