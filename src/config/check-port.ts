// What a port's keys mean together: one attachment, one kind of membership, and what goes with which.
// Owns the sentences about a single port; what ports must not share is in checks.ts.

import type { Path } from "./error.js";
import { fileOf, isMapping, isVidList, mapping, MERGE_KEY, staticVids, type Mapping } from "./raw.js";
import { ATTACHMENTS, FRAME_SIZE, MEMBERSHIPS, MTU, SOCKET_PATH_MAX } from "./schema-port.js";
import { LATER_ATTACHMENTS, list, type Report } from "./structure.js";
import { parseDuration, parseSize } from "./units.js";
import { parseVids, type VidList } from "./vlan.js";

/** Keys that say what a port's own frames may do: a monitor port has none. */
const NOT_FOR_MONITORS = [...MEMBERSHIPS, "native", "isolated", "macs"] as const;

/** No device can have these: they are directories of settings (net.ipv4.conf.all, net.ipv4.conf.default). */
const RESERVED_DEVICES: readonly unknown[] = ["all", "default"];

/** Reports everything in a port that has no meaning. */
export function checkPort(port: Mapping, path: Path, report: Report): void {
  checkAttachment(port, path, report);
  checkDevice(port, path, report);
  checkMembership(port, path, report);
  if (port.monitor === true) checkMonitor(port, path, report);
  if (port.trunk !== "all" && isVidList(port.trunk)) checkVids(port.trunk, [...path, "trunk"], report);
  checkMacs(port, path, report);
  checkSize(port.mtu, "MTU", MTU, [...path, "mtu"], report);
  checkSize(mapping(port.generator).size, "size", FRAME_SIZE, [...path, "generator", "size"], report);
  if (isMapping(port.pcap)) checkPcap(port.pcap, [...path, "pcap"], report);
}

/** Reports what is wrong with the items of a list of VLANs. */
export function checkVids(vids: VidList, path: Path, report: Report): void {
  for (const { item, message } of parseVids(vids).faults) {
    report(Array.isArray(vids) ? [...path, item] : path, message);
  }
}

/** Sizes as text: those as numbers are the schema's. */
export function checkSize(
  size: unknown, title: string, range: { minimum: number; maximum: number }, path: Path, report: Report,
): void {
  if (typeof size !== "string") return;
  const bytes = parseSize(size);
  if (bytes === undefined || (bytes >= range.minimum && bytes <= range.maximum)) return;
  report(path, `${title} ${size} is out of range: ${range.minimum} to ${range.maximum}`);
}

/** Reports a MAC that no station has. `group`: what is wrong with a group address here. */
export function checkStation(mac: string, group: string, path: Path, report: Report): void {
  if (/^0[0:]*$/.test(mac)) report(path, `${mac} is the zero address; write a station's own address`);
  else if (parseInt(mac, 16) & 1) {
    report(path, `${mac} is a group address, and ${group}; write a station's own address`);
  }
}

/** Durations in seconds; `why`, where there is more to say of the range. */
export function checkSeconds(
  text: unknown, range: { minimum: number; maximum: number }, why: string, path: Path, report: Report,
): void {
  const milliseconds = typeof text === "string" ? parseDuration(text) : undefined;
  if (milliseconds === undefined) return;
  if (milliseconds < range.minimum * 1000 || milliseconds > range.maximum * 1000) {
    report(path, `duration ${String(text)} is out of range: ${range.minimum}s to ${range.maximum}s${why}`);
  } else if (milliseconds % 1000 !== 0) {
    report(path, `duration ${String(text)} is not in whole seconds; write ${Math.ceil(milliseconds / 1000)}s`);
  }
}

function checkAttachment(port: Mapping, path: Path, report: Report): void {
  const [first, second] = keysAmong(port, [...ATTACHMENTS, ...LATER_ATTACHMENTS]);
  if (first === undefined && port[MERGE_KEY] === undefined) {
    report(path, `has no attachment; give it exactly one of ${list(ATTACHMENTS, "and")}`, "key");
  } else if (second !== undefined) {
    report([...path, second],
      `${first} and ${second} are two attachments; a port has exactly one of ${list(ATTACHMENTS, "and")}`, "key");
  }
  if (port.connect !== undefined && port.stream === undefined) {
    report([...path, "connect"], "connect goes with stream; remove it", "key");
  }
  if (port.queues !== undefined && port.tap === undefined) {
    report([...path, "queues"], "queues goes with tap; remove it: what is no TAP has one queue", "key");
  }
  if (typeof port.stream === "string" && Buffer.byteLength(port.stream) > SOCKET_PATH_MAX) {
    report([...path, "stream"],
      `${port.stream} is too long for a Unix socket; an absolute path has up to ${SOCKET_PATH_MAX} bytes`);
  }
}

function checkDevice(port: Mapping, path: Path, report: Report): void {
  for (const key of ["tap", "interface"] as const) {
    if (!RESERVED_DEVICES.includes(port[key])) continue;
    report([...path, key], `"${String(port[key])}" is reserved by the kernel; write a device name like tl-web or eth1`);
  }
}

function checkMembership(port: Mapping, path: Path, report: Report): void {
  const [first, second] = keysAmong(port, MEMBERSHIPS);
  if (second !== undefined) {
    report([...path, second],
      `${first} and ${second} exclude each other; a port has one of ${list(MEMBERSHIPS, "and")}`, "key");
  }
  if (port.native !== undefined && port.trunk === undefined) {
    report([...path, "native"], "native goes with trunk; add a trunk, or write access for a port without tags", "key");
  }
}

function checkMonitor(port: Mapping, path: Path, report: Report): void {
  for (const key of NOT_FOR_MONITORS) {
    if (port[key] === undefined || port[key] === false) continue;
    report([...path, key], `a monitor port only takes mirrors' copies; remove ${key}, or monitor`, "key");
  }
}

function checkMacs(port: Mapping, path: Path, report: Report): void {
  if (!Array.isArray(port.macs)) return;
  const seen = new Set<string>();
  for (const [index, value] of port.macs.entries()) {
    const mac = String(value).toLowerCase();
    const here = [...path, "macs", index];
    checkStation(String(value), "lives at no one port", here, report);
    if (seen.has(mac)) report(here, `${value} stands twice in the list; remove one`);
    seen.add(mac);
  }
  if (port.macs.length > 0 && port.trunk !== undefined && staticVids(port).length === 0) {
    report([...path, "macs"],
      "with `trunk: all` nothing says in which VLAN these live; list the trunk's VLANs, or add native", "key");
  }
}

function checkPcap({ read, write, loop, rate }: Mapping, path: Path, report: Report): void {
  if (read === undefined && write === undefined) {
    report(path, "names no file; give it read, write or both", "key");
  } else if (typeof read === "string" && fileOf(read) === fileOf(write)) {
    report([...path, "write"], "would overwrite the file that is read; write to another");
  }
  for (const [key, value] of Object.entries({ loop, rate })) {
    if (value === undefined || read !== undefined) continue;
    report([...path, key], `${key} is about playing a file; add read, or remove it`, "key");
  }
}

/** Those of `keys` that a port has, in the port's order. */
function keysAmong(port: Mapping, keys: readonly string[]): string[] {
  return Object.keys(port).filter((key) => keys.includes(key) && port[key] !== undefined);
}
