// What DHCP options say: their codes, the lengths that they may have, and their values read and written.
// Owns no state. Readers give undefined where an option is absent; message.ts has refused wrong lengths before.
// Read first: RFC 2132 sections 3, 8 and 9, RFC 3442 (classless routes).

import type { Network, RouteConfig } from "../../config/model.js";
import { addressNumber, addressText } from "../../wire/packet.js";

export const CODE = {
  pad: 0,
  mask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  domain: 15,
  mtu: 26,
  broadcast: 28,
  requested: 50,
  lease: 51,
  overload: 52,
  type: 53,
  server: 54,
  parameters: 55,
  message: 56,
  sizeMax: 57,
  renewal: 58,
  rebinding: 59,
  client: 61,
  fqdn: 81,
  routes: 121,
  end: 255,
} as const;

interface Shape {
  min: number;
  /** The length is a multiple of it. */
  step: number;
  max: number;
}

const exactly = (size: number): Shape => ({ min: size, step: size, max: size });
const ADDRESSES: Shape = { min: 4, step: 4, max: Infinity };

const SHAPES = new Map<number, Shape>([
  [CODE.mask, exactly(4)],
  [CODE.router, ADDRESSES],
  [CODE.dns, ADDRESSES],
  [CODE.mtu, exactly(2)],
  [CODE.requested, exactly(4)],
  [CODE.lease, exactly(4)],
  [CODE.type, exactly(1)],
  [CODE.server, exactly(4)],
  [CODE.sizeMax, exactly(2)],
  [CODE.renewal, exactly(4)],
  [CODE.rebinding, exactly(4)],
]);

/** Values by code. */
export type Options = ReadonlyMap<number, Uint8Array>;

/** Whether an option may have this length; one that is not read here may have any. */
export function fits(code: number, length: number): boolean {
  const shape = SHAPES.get(code);
  return !shape || (length >= shape.min && length <= shape.max && length % shape.step === 0);
}

// ---- reading ----

/** The big-endian number, 0 to 2^32 - 1. */
export function numberIn(options: Options, code: number): number | undefined {
  return options.get(code)?.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function addressIn(options: Options, code: number): string | undefined {
  return addressesIn(options, code)[0];
}

export function addressesIn(options: Options, code: number): string[] {
  const bytes = options.get(code) ?? new Uint8Array();
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => addressAt(bytes, i * 4));
}

/** The text up to the first NUL, bytes as Latin-1: whoever uses it checks what is in it. */
export function textIn(options: Options, code: number): string | undefined {
  const bytes = options.get(code);
  return bytes && Buffer.from(bytes).toString("latin1").replace(/\0.*$/s, "");
}

/** RFC 3442: the routes in option 121; undefined where it is absent or does not come out even. */
export function routesIn(options: Options): RouteConfig[] | undefined {
  const bytes = options.get(CODE.routes);
  if (!bytes || bytes.length < 5) return undefined;
  const routes: RouteConfig[] = [];
  for (let at = 0; at < bytes.length;) {
    const prefix = bytes[at]!;
    const significant = Math.ceil(prefix / 8);
    const end = at + 1 + significant + 4;
    if (prefix > 32 || end > bytes.length) return undefined;
    const address = new Uint8Array(4);
    address.set(bytes.subarray(at + 1, at + 1 + significant));
    routes.push({ to: networkOf(addressAt(address, 0), prefix), via: addressAt(bytes, end - 4) });
    at = end;
  }
  return routes;
}

function addressAt(bytes: Uint8Array, at: number): string {
  return bytes.subarray(at, at + 4).join(".");
}

// ---- writing ----

/** Big-endian, 1, 2 or 4 bytes. */
export function numberBytes(value: number, size: 1 | 2 | 4): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (value >>> (8 * (size - 1 - i))) & 255);
}

export function addressBytes(...addresses: string[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => address.split(".").map(Number)));
}

export function textBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function routesBytes(routes: RouteConfig[]): Uint8Array {
  return Uint8Array.from(routes.flatMap(({ to, via }) => [
    to.prefix, ...addressBytes(to.address).subarray(0, Math.ceil(to.prefix / 8)), ...addressBytes(via),
  ]));
}

// ---- networks ----

/** The netmask of a prefix of 0 to 32 as a number. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** The network that an address is in. */
export function networkOf(address: string, prefix: number): Network {
  return { address: addressText((addressNumber(address) & maskOf(prefix)) >>> 0), prefix };
}

/** The network's last address. */
export function broadcastOf(address: string, prefix: number): string {
  return addressText((addressNumber(address) | ~maskOf(prefix)) >>> 0);
}

/** Whether `address` is one that a host of the network may have: not its first and last (RFC 3021 spares /31). */
export function isHostOf(address: string, network: string, prefix: number): boolean {
  if (networkOf(address, prefix).address !== networkOf(network, prefix).address) return false;
  if (prefix >= 31) return true;
  return address !== networkOf(network, prefix).address && address !== broadcastOf(network, prefix);
}
