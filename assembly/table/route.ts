// Routes: where an address is, by the longest prefix (RFC 1812 5.2.4.3), and whether that is inside. A router that
// translates has two sides: an address is inside where a route leads there by another interface than the uplink.
// Sessions live as long as their inside ends are inside (control-router.ts); no packet for the inside leaves by the
// uplink. The host writes the routes (src/core/router-tables.ts).

import {
  ROUTER_ROUTES, ROUTER_ROUTE_COUNT, ROUTER_UPLINK, ROUTES, ROUTE_ADDRESS, ROUTE_KIND, ROUTE_LINK, ROUTE_MASK,
  ROUTE_PORT, ROUTE_SIZE,
} from "../layout-router";

/** The route of a router to an address, 0: none. */
export function routeOf(router: u32, address: u32): u32 {
  let route = ROUTES + load<u32>(router, ROUTER_ROUTES) * ROUTE_SIZE;
  const end = route + load<u32>(router, ROUTER_ROUTE_COUNT) * ROUTE_SIZE;
  for (; route < end; route += ROUTE_SIZE) {
    if ((address & load<u32>(route, ROUTE_MASK)) == load<u32>(route, ROUTE_ADDRESS)) return route;
  }
  return 0;
}

/** The port of the interface that a route leaves by. */
@inline
export function portOf(route: u32): u32 {
  return <u32>load<u16>(route, ROUTE_PORT);
}

/** Whether a route (0: none) leads to hosts inside, and not to the uplink or to the router itself. */
@inline
export function leadsInside(router: u32, route: u32): bool {
  return route != 0 && load<u16>(route, ROUTE_KIND) == ROUTE_LINK && portOf(route) != load<u32>(router, ROUTER_UPLINK);
}

/** Whether an address can be a host's inside. */
export function isInside(router: u32, address: u32): bool {
  return leadsInside(router, routeOf(router, address));
}
