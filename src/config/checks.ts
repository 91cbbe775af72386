// The second check of a configuration: does it mean something? What stands together, in order, within limits and
// among names that exist. Owns no shapes: it runs also where the first check (structure.ts) found faults, so that
// a user sees all of them at once, and passes over parts whose shape is wrong.

import type { Path } from "./error.js";
import { checkClaims } from "./check-claims.js";
import { checkLimits } from "./check-limits.js";
import { checkMirror } from "./check-mirror.js";
import { checkPort } from "./check-port.js";
import { checkRouters } from "./check-routers.js";
import { mapping, mappings, staticVids, type Mapping } from "./raw.js";
import { AGING_MS, FDB_CAPACITY } from "./schema.js";
import type { Report } from "./structure.js";
import { parseDuration } from "./units.js";

/** Reports everything in a configuration that has no meaning. */
export function checkMeaning(config: unknown, report: Report): void {
  const { switches, routers } = mapping(config);
  for (const [name, { aging, ports, mirrors }] of mappings(switches)) {
    const path = ["switches", name];
    checkAging(aging, [...path, "aging"], report);
    for (const [portName, port] of mappings(ports)) checkPort(port, [...path, "ports", portName], report);
    checkStaticMacs(mappings(ports), [...path, "ports"], report);
    for (const [mirrorName, mirror] of mappings(mirrors)) {
      checkMirror(mirror, mapping(ports), [...path, "mirrors", mirrorName], report);
    }
  }
  checkRouters(routers, mapping(switches), report);
  checkClaims(mapping(config), report);
  checkLimits(mapping(switches), mapping(routers), report);
}

function checkAging(aging: unknown, path: Path, report: Report): void {
  if (typeof aging !== "string") return;
  const milliseconds = parseDuration(aging);
  if (milliseconds === undefined || (milliseconds >= AGING_MS.minimum && milliseconds <= AGING_MS.maximum)) return;
  report(path, `duration ${aging} is out of range: 1ms to 1000000s`);
}

/** A MAC lives at one port of a VLAN. One that a trunk of many VLANs names takes a place in each. */
function checkStaticMacs(ports: readonly [string, Mapping][], base: Path, report: Report): void {
  const homes = new Map<string, string>();
  const placesMax = FDB_CAPACITY.maximum;
  for (const [name, port] of ports) {
    if (!Array.isArray(port.macs)) continue;
    const vids = staticVids(port);
    if (homes.size + port.macs.length * vids.length > placesMax) {
      report([...base, name, "macs"],
        `are beyond ${placesMax} MACs, counted in each VLAN, which the forwarding database holds; list fewer`);
      return;
    }
    for (const [index, mac] of port.macs.entries()) {
      for (const vid of vids) {
        const key = `${String(mac).toLowerCase()} ${vid}`;
        const home = homes.get(key) ?? name;
        homes.set(key, home);
        if (home === name) continue;
        report([...base, name, "macs", index], `${mac} lives at port ${home} in VLAN ${vid} already; keep one`);
        break;
      }
    }
  }
}
