// What the engine's memory has room for, over all switches and routers. Owns the counting; the limits are schema.ts's.

import type { Path } from "./error.js";
import { mapping, membership, type Mapping } from "./raw.js";
import { interfacesOf, outsideTexts, segmentOf } from "./raw-router.js";
import { LIMITS } from "./schema.js";
import type { Report } from "./structure.js";
import { VID_MAX } from "./vlan.js";

/** How limits are called in a sentence, where the key will not do. */
const NAMES: Partial<Record<keyof typeof LIMITS, string>> = { vlans: "VLANs", addresses: "outside addresses" };

/** An uplink is a switch with one VLAN, and two ports: its own, and the router's. */
const UPLINK_PORTS = 2;
const SERVICE_PORTS = 1;

type Take = (what: keyof typeof LIMITS, count: number, path: Path) => void;

/** Reports, once for each limit, where it runs out. */
export function checkLimits(switches: Mapping, routers: Mapping, report: Report): void {
  const left: Record<string, number> = { ...LIMITS };
  const take: Take = (what, count, path) => {
    const before = left[what]!;
    left[what] = before - count;
    if (before < 0 || left[what] >= 0) return;
    const over = what === "routers" || what === "addresses" ? "" : " over all switches";
    const limit = `${LIMITS[what]} ${NAMES[what] ?? what}`;
    report(path, `is beyond ${limit}, which an engine holds${over}; start another`, "key");
  };
  /** VLANs of each switch, which has every one once, however many are members. */
  const vlans = new Map<string, Set<number>>();
  for (const [name, raw] of Object.entries(switches)) {
    vlans.set(name, takeSwitch(mapping(raw), ["switches", name], take));
  }
  for (const [name, raw] of Object.entries(routers)) takeRouter(mapping(raw), vlans, ["routers", name], take);
}

function takeSwitch({ ports, mirrors }: Mapping, path: Path, take: Take): Set<number> {
  const vids = new Set<number>();
  take("switches", 1, path);
  for (const [name, port] of Object.entries(mapping(ports))) {
    const before = vids.size;
    // A trunk with `all` brings what is missing.
    if (before < VID_MAX) for (const vid of membership(mapping(port))) vids.add(vid);
    take("ports", 1, [...path, "ports", name]);
    take("vlans", vids.size - before, [...path, "ports", name]);
  }
  for (const mirror of Object.keys(mapping(mirrors))) take("mirrors", 1, [...path, "mirrors", mirror]);
  return vids;
}

function takeRouter(router: Mapping, vlans: ReadonlyMap<string, Set<number>>, path: Path, take: Take): void {
  take("routers", 1, path);
  take("ports", SERVICE_PORTS, path);
  for (const [one, index] of interfacesOf(router)) {
    const here = [...path, "interfaces", index];
    const segment = segmentOf(one);
    const vids = segment && vlans.get(segment.name);
    take("ports", 1, here);
    if (vids && !vids.has(segment.vid)) {
      vids.add(segment.vid);
      take("vlans", 1, here);
    }
  }
  if (router.uplink === undefined) return;
  const here = [...path, "uplink"];
  take("switches", 1, here);
  take("vlans", 1, here);
  take("ports", UPLINK_PORTS, here);
  take("addresses", Math.max(outsideTexts(router).length, 1), here);
}
