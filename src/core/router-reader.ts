// Reads back what router-tables.ts has written and the core counts beside it: addresses of interfaces, routes, outside
// addresses and their ports. Writes nothing. See assembly/layout-router.ts.

import * as layout from "./layout.js";
import type { SharedMemory } from "./memory.js";
import { printWire } from "./nat.js";
import { wire } from "./router-tables.js";

/** A route to a network; `via` undefined: on the link. */
export interface RawRoute {
  address: string;
  prefix: number;
  via: string | undefined;
  /** Number of the interface's port. */
  port: number;
}

export interface RawOutside {
  address: string;
  /** 1:1: the inside address. */
  inside: string | undefined;
  /** Ports taken of TCP and UDP, and identifiers of ICMP. */
  used: [tcp: number, udp: number, icmp: number];
}

/** Address and prefix of an interface, as `10.0.10.1/24`; undefined where it has none yet. */
export function readInterface(shared: SharedMemory, port: number): string | undefined {
  const at = layout.INTERFACES + port * layout.INTERFACE_SIZE;
  const address = shared.word(at + layout.INTERFACE_ADDRESS);
  return address === 0 ? undefined : `${printWire(address)}/${prefixOf(shared.word(at + layout.INTERFACE_MASK))}`;
}

/** A router's routes to networks, longest prefix first; its own addresses and broadcasts are none. */
export function readRoutes(shared: SharedMemory, router: number): RawRoute[] {
  const at = layout.ROUTERS + router * layout.ROUTER_SIZE;
  const first = shared.word(at + layout.ROUTER_ROUTES);
  return numbers(first, shared.word(at + layout.ROUTER_ROUTE_COUNT))
    .map((index) => layout.ROUTES + index * layout.ROUTE_SIZE)
    .filter((route) => shared.halves[(route + layout.ROUTE_KIND) >>> 1] === layout.ROUTE_LINK)
    .map((route) => {
      const via = shared.word(route + layout.ROUTE_VIA);
      return {
        address: printWire(shared.word(route + layout.ROUTE_ADDRESS)),
        prefix: prefixOf(shared.word(route + layout.ROUTE_MASK)),
        via: via === 0 ? undefined : printWire(via),
        port: shared.halves[(route + layout.ROUTE_PORT) >>> 1]!,
      };
    });
}

/** A router's outside addresses, its own first. */
export function readOutsides(shared: SharedMemory, router: number): RawOutside[] {
  const at = layout.ROUTERS + router * layout.ROUTER_SIZE;
  const first = shared.word(at + layout.ROUTER_OUTSIDES);
  return numbers(first, shared.word(at + layout.ROUTER_OUTSIDE_COUNT)).map((index) => {
    const outside = layout.OUTSIDES + index * layout.OUTSIDE_SIZE;
    const inside = shared.word(outside + layout.OUTSIDE_INSIDE);
    const used = (kind: number): number => shared.word(outside + layout.OUTSIDE_USED + kind * 4);
    return {
      address: printWire(shared.word(outside + layout.OUTSIDE_ADDRESS)),
      inside: inside === 0 ? undefined : printWire(inside),
      used: [used(0), used(1), used(2)],
    };
  });
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Length of the prefix that a mask is, as it stands in the tables. */
function prefixOf(mask: number): number {
  return 32 - Math.log2(2 ** 32 - wire(mask));
}
