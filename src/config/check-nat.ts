// What the keys of a router's NAT and of its DNS forwarder mean. Owns the bounds of NAT's timers and the RFCs that
// set them: RFC 4787 (UDP), RFC 5382 (TCP), RFC 5508 (ICMP).

import { checkSeconds } from "./check-port.js";
import type { Path } from "./error.js";
import { hostKey } from "./build-router.js";
import { isMapping, mapping, type Mapping } from "./raw.js";
import type { Report } from "./structure.js";

const PORT_MAX = 65_535;
const DAY_S = 86_400;
const MONTH_S = 2_678_400;

/** Seconds, and why not less. */
const TIMEOUTS = {
  udp: {
    minimum: 120, maximum: DAY_S,
    why: "; RFC 4787 REQ-5 forbids less than 2 minutes, timeouts.ports takes less for single ports",
  },
  tcp: {
    minimum: 7440, maximum: MONTH_S,
    why: "; RFC 5382 REQ-5 forbids less than 2 hours 4 minutes, timeouts.ports takes less for single ports",
  },
  transitory: { minimum: 240, maximum: DAY_S, why: "; RFC 5382 REQ-5 forbids less than 4 minutes" },
  icmp: { minimum: 60, maximum: DAY_S, why: "; RFC 5508 REQ-2 forbids less than 60 seconds" },
} as const;

/** Reports everything in a router's NAT that has no meaning. */
export function checkNat({ nat, uplink }: Mapping, path: Path, report: Report): void {
  if (!isMapping(nat)) return;
  const here = [...path, "nat"];
  if (uplink === undefined) {
    report(here, "translates towards an uplink, and the router has none; add uplink, or remove nat", "key");
  }
  const timeouts = mapping(nat.timeouts);
  for (const [name, { why, ...range }] of Object.entries(TIMEOUTS)) {
    checkSeconds(timeouts[name], range, why, [...here, "timeouts", name], report);
  }
  for (const [key, duration] of Object.entries(mapping(timeouts.ports))) {
    const at = [...here, "timeouts", "ports", key];
    const [protocol, port] = key.split(" ");
    if (Number(port) > PORT_MAX) report(at, `port ${port} is out of range: 1 to ${PORT_MAX}`, "key");
    checkSeconds(duration, { minimum: 1, maximum: protocol === "tcp" ? MONTH_S : DAY_S }, "", at, report);
  }
}

/** Reports everything in a DNS forwarder that has no meaning. */
export function checkDns({ upstreams, hosts }: Mapping, path: Path, report: Report): void {
  const seen = new Set<unknown>();
  for (const [index, upstream] of (Array.isArray(upstreams) ? upstreams as unknown[] : []).entries()) {
    const here = [...path, "upstreams", index];
    const [, port] = typeof upstream === "string" ? upstream.split(":") : [];
    if (Number(port) > PORT_MAX) report(here, `port ${port} is out of range: 1 to ${PORT_MAX}`);
    else if (seen.has(upstream)) report(here, `${String(upstream)} stands twice in the list; remove one`);
    seen.add(upstream);
  }
  const names = new Map<string, string>();
  for (const name of Object.keys(mapping(hosts))) {
    const other = names.get(hostKey(name));
    if (other !== undefined) report([...path, "hosts", name], `is the same name as ${other}; keep one`, "key");
    names.set(hostKey(name), name);
  }
}
