// The second check of a configuration: does it mean something? What stands together, in order, within limits and
// among names that exist. Owns no shapes: it runs also where the first check (structure.ts) found faults, so that
// a user sees all of them at once, and passes over parts whose shape is wrong.

import type { Path } from "./error.js";
import { checkMirror } from "./check-mirror.js";
import { checkPort } from "./check-port.js";
import { attachmentClaims, fileOf, mapping, mappings, membership, staticVids, type Mapping } from "./raw.js";
import { AGING_MS, LIMITS } from "./schema.js";
import type { Report } from "./structure.js";
import { parseDuration } from "./units.js";
import { VID_MAX } from "./vlan.js";

/** Reports everything in a configuration that has no meaning. */
export function checkMeaning(config: unknown, report: Report): void {
  const { switches } = mapping(config);
  const claims = new Map<string, string>();
  for (const [name, { aging, ports, mirrors }] of mappings(switches)) {
    const path = ["switches", name];
    checkAging(aging, [...path, "aging"], report);
    for (const [portName, port] of mappings(ports)) {
      checkPort(port, [...path, "ports", portName], report);
      checkClaims(port, `${name}/${portName}`, claims, [...path, "ports", portName], report);
    }
    checkStaticMacs(mappings(ports), [...path, "ports"], report);
    for (const [mirrorName, mirror] of mappings(mirrors)) {
      checkMirror(mirror, mapping(ports), [...path, "mirrors", mirrorName], report);
    }
  }
  checkReads(switches, report);
  checkLimits(mapping(switches), report);
}

function checkAging(aging: unknown, path: Path, report: Report): void {
  if (typeof aging !== "string") return;
  const milliseconds = parseDuration(aging);
  if (milliseconds === undefined || (milliseconds >= AGING_MS.minimum && milliseconds <= AGING_MS.maximum)) return;
  report(path, `duration ${aging} is out of range: 1ms to 1000000s`);
}

/** Devices, sockets and files that only one port can have. `claims`: who has what so far. */
function checkClaims(port: Mapping, name: string, claims: Map<string, string>, path: Path, report: Report): void {
  for (const { what, at } of attachmentClaims(port)) {
    const owner = claims.get(what);
    if (owner === undefined) claims.set(what, name);
    else report([...path, ...at], `${what} port ${owner} already; a port needs one of its own`);
  }
}

/** A file that one port writes is no file for another to read: it is emptied at the start, and never whole. */
function checkReads(switches: unknown, report: Report): void {
  const files = mappings(switches).flatMap(([name, { ports }]) => mappings(ports).map(([portName, { pcap }]) => {
    const { read, write } = mapping(pcap);
    const path = ["switches", name, "ports", portName, "pcap", "read"];
    return { port: `${name}/${portName}`, path, read: fileOf(read), write: fileOf(write) };
  }));
  const writers = new Map(files.map(({ port, write }) => [write, port]));
  for (const { port, path, read } of files) {
    const writer = writers.get(read);
    if (read === undefined || writer === undefined || writer === port) continue;
    report(path, `file ${read} is written by port ${writer}; read a file that no port writes`);
  }
}

/** A MAC lives at one port of a VLAN. */
function checkStaticMacs(ports: readonly [string, Mapping][], base: Path, report: Report): void {
  const homes = new Map<string, string>();
  for (const [name, port] of ports) {
    if (!Array.isArray(port.macs)) continue;
    const vids = staticVids(port);
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

/** What the engine's memory has room for, over all switches; reported where it runs out. */
function checkLimits(switches: Mapping, report: Report): void {
  const left: Record<string, number> = { ...LIMITS };
  const take = (what: keyof typeof LIMITS, count: number, path: Path): void => {
    const before = left[what]!;
    left[what] = before - count;
    if (before < 0 || left[what] >= 0) return;
    const name = what === "vlans" ? "VLANs" : what;
    report(path, `is beyond ${LIMITS[what]} ${name}, which an engine holds over all switches; start another`, "key");
  };
  for (const [name, raw] of Object.entries(switches)) {
    const path = ["switches", name];
    const { ports, mirrors } = mapping(raw);
    const vids = new Set<number>();
    take("switches", 1, path);
    for (const [portName, port] of Object.entries(mapping(ports))) {
      const before = vids.size;
      // A switch has every VLAN once, however many ports are members: a trunk with `all` brings what is missing.
      if (before < VID_MAX) for (const vid of membership(mapping(port))) vids.add(vid);
      take("ports", 1, [...path, "ports", portName]);
      take("vlans", vids.size - before, [...path, "ports", portName]);
    }
    for (const mirror of Object.keys(mapping(mirrors))) take("mirrors", 1, [...path, "mirrors", mirror]);
  }
}
