// What tests of routers share: guests on two VLANs, a machine at the uplink's far end, and one behind that, at the end
// of a narrow link. Addresses are those for documentation (RFC 5737). No packet is translated by a kernel anywhere.

import { createHash } from "node:crypto";
import { checksum } from "../../src/wire/packet.js";
import type { Guest, Lab, Station } from "./lab.js";
import { Running } from "./running.js";

/** The router's addresses on VLAN 10, on VLAN 20, and outside. */
export const ROUTER = { ten: "10.0.10.1", twenty: "10.0.20.1", outside: "203.0.113.2", second: "203.0.113.3" };
/** Bytes of the longest packet on the link behind the gateway. */
export const NARROW_MTU = 1300;

/** A machine behind the gateway. */
class Far implements Station {
  readonly address = "198.51.100.9";
  readonly #namespace;

  constructor(lab: Lab, gateway: Guest) {
    this.#namespace = lab.namespace("far");
    const mtu = `mtu ${NARROW_MTU}`;
    gateway.namespace.ip(
      `link add far ${mtu} type veth peer name near ${mtu} netns ${this.#namespace.name}`,
      "address add 198.51.100.1/24 dev far",
      "link set far up",
    );
    gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    this.#namespace.ip(
      `address add ${this.address}/24 dev near`, "link set near up", "route add default via 198.51.100.1",
    );
  }

  run(command: string, ...args: string[]): string {
    return this.#namespace.run(command, ...args);
  }

  start(command: string, ...args: string[]): Running {
    return new Running(this.#namespace.start(command, args), `${command} far away`);
  }
}

export interface World {
  /** On VLAN 10, `c` on VLAN 20. */
  a: Guest;
  b: Guest;
  c: Guest;
  gateway: Guest;
  far: Far;
}

/** The machines; `joinTo` or `join` of the laboratory plugs them in. */
export function populate(lab: Lab): World {
  const a = lab.guest("a", { address: "10.0.10.5/24", gateway: ROUTER.ten });
  const b = lab.guest("b", { address: "10.0.10.6/24", gateway: ROUTER.ten });
  const c = lab.guest("c", { address: "10.0.20.5/24", gateway: ROUTER.twenty });
  const gateway = lab.guest("up", { address: "203.0.113.1/24" });
  return { a, b, c, gateway, far: new Far(lab, gateway) };
}

export interface Changes {
  router?: object;
  uplink?: object;
}

/** The configuration of a router, `edge`, between the machines. */
export function edge({ router, uplink }: Changes = {}): { switches: object; routers: { edge: object } } {
  const ports = { a: { tap: "a", access: 10 }, b: { tap: "b", access: 10 }, c: { tap: "c", access: 20 } };
  return {
    switches: { lab: { ports } },
    routers: {
      edge: {
        interfaces: [
          { switch: "lab", vlan: 10, address: `${ROUTER.ten}/24` },
          { switch: "lab", vlan: 20, address: `${ROUTER.twenty}/24` },
        ],
        uplink: { tap: "up", address: [`${ROUTER.outside}/24`, ROUTER.second], gateway: "203.0.113.1", ...uplink },
        ...router,
      },
    },
  };
}

const TRANSPORTS = [1, 6, 17];
const DESTINATIONS = [ROUTER.ten, ROUTER.outside, "203.0.113.1", "10.0.20.5", "10.0.10.255", "127.0.0.1"];

/** Makes an IPv4 header right, but for its fragment field, so that what follows it is looked at. */
function mend(packet: Buffer, source: string, number: number): void {
  const to = DESTINATIONS[number % DESTINATIONS.length]!;
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  if (number % 3 !== 0) packet.writeUInt16BE(0, 6);
  packet[9] = TRANSPORTS[packet[9]! % TRANSPORTS.length]!;
  packet.writeUInt16BE(0, 10);
  packet.set([...source.split("."), ...to.split(".")].map(Number), 12);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
}

/** Frames of a guest to a router that begin like IPv4 or ARP and go on in bytes that follow from the seed. */
export function garbage(to: string, { mac, address }: Guest, seed: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, number) => {
    const outputLength = 20 + (number * 37) % 400;
    const noise = createHash("shake256", { outputLength }).update(`${seed} ${number}`).digest();
    if (number % 4 !== 0) noise[0] = 0x40 + number % 16; // version 4, any header length
    if (number % 2 !== 0) mend(noise, address, seed + number);
    const type = number % 8 === 0 ? "0806" : "0800";
    return Buffer.concat([Buffer.from(to.concat(mac).replaceAll(":", "") + type, "hex"), noise]);
  });
}
