// What the routers of a configuration mean together: names, MACs and addresses that two of them cannot share.
// Owns no sentence about a single router; those are in check-router.ts.

import { checkRouter } from "./check-router.js";
import { mapping, mappings, type Mapping } from "./raw.js";
import { interfacesOf, segmentOf } from "./raw-router.js";
import type { Report } from "./structure.js";

/** Reports everything in the routers that has no meaning. */
export function checkRouters(routers: unknown, switches: Mapping, report: Report): void {
  for (const name of Object.keys(mapping(routers))) {
    if (!Object.hasOwn(switches, name)) continue;
    report(["routers", name],
      "is a switch's name too; a router needs one of its own, since lists show both as switch", "key");
  }
  for (const [name, router] of mappings(routers)) checkRouter(router, switches, ["routers", name], report);
  checkShared(mappings(routers), report);
}

function checkShared(routers: readonly [string, Mapping][], report: Report): void {
  const owners = new Map<string, string>();
  /** The router that has something already, if it is not this one. */
  const ownerOf = (what: string, name: string): string | undefined => {
    const owner = owners.get(what) ?? name;
    owners.set(what, owner);
    return owner === name ? undefined : owner;
  };
  for (const [name, router] of routers) {
    const mac = String(router.mac).toLowerCase();
    const twin = router.mac === undefined ? undefined : ownerOf(`MAC ${mac}`, name);
    if (twin !== undefined) report(["routers", name, "mac"], `${mac} is router ${twin}'s already; write another`);
    for (const [one, index] of interfacesOf(router)) {
      const segment = segmentOf(one);
      if (!segment) continue;
      const here = ["routers", name, "interfaces", index];
      const vlan = `${segment.name}'s VLAN ${segment.vid}`;
      const address = String(one.address).split("/")[0];
      const other = ownerOf(`address ${segment.key} ${address}`, name);
      if (other !== undefined) {
        report([...here, "address"], `${address} is router ${other}'s on ${vlan} already; write another`);
      }
      const server = one.dhcp === undefined ? undefined : ownerOf(`dhcp ${segment.key}`, name);
      if (server === undefined) continue;
      report([...here, "dhcp"], `router ${server} gives out addresses on ${vlan} already; keep one of the two`, "key");
    }
  }
}
