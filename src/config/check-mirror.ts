// What a mirror's keys mean together, and with the ports of its switch. Owns the sentences about mirrors.

import { checkSize, checkVids } from "./check-port.js";
import type { Path } from "./error.js";
import { isVidList, mapping, type Mapping } from "./raw.js";
import { SNAPLEN } from "./schema.js";
import { alternatives, type Report } from "./structure.js";

/** Reports everything in a mirror that has no meaning. `ports`: those of its switch. */
export function checkMirror(mirror: Mapping, ports: Mapping, path: Path, report: Report): void {
  checkSources(mirror, path, report);
  if (Array.isArray(mirror.from)) checkFrom(mirror.from, mirror.to, ports, [...path, "from"], report);
  if (isVidList(mirror.vlans)) checkVids(mirror.vlans, [...path, "vlans"], report);
  if (typeof mirror.to === "string" && mirror.to !== "") checkTarget(mirror.to, ports, [...path, "to"], report);
  checkSize(mirror.snaplen, "snaplen", SNAPLEN, [...path, "snaplen"], report);
}

function checkSources({ from, vlans }: Mapping, path: Path, report: Report): void {
  const none = (list: unknown): boolean => list === undefined || (Array.isArray(list) && list.length === 0);
  if (none(from) && none(vlans)) report(path, "copies nothing; name ports in from, or VLANs in vlans", "key");
}

function checkFrom(from: readonly unknown[], to: unknown, ports: Mapping, path: Path, report: Report): void {
  const before = new Set<string>();
  for (const [index, name] of from.entries()) {
    if (typeof name !== "string" || name === "") continue;
    const here = [...path, index];
    if (!Object.hasOwn(ports, name)) report(here, () => missing(name, ports));
    else if (name === to) report(here, `${name} is where the copies go; a mirror cannot copy its own copies`);
    else if (mapping(ports[name]).monitor === true) {
      report(here, `${name} is a monitor port, which carries nothing but copies; name ports that carry traffic`);
    } else if (before.has(name)) report(here, `${name} stands twice in the list; remove one`);
    before.add(name);
  }
}

function checkTarget(name: string, ports: Mapping, path: Path, report: Report): void {
  if (!Object.hasOwn(ports, name)) report(path, () => missing(name, ports));
  else if (mapping(ports[name]).monitor !== true) {
    report(path, `${name} is not a monitor port; give it \`monitor: true\`, or name one that has it`);
  }
}

function missing(name: string, ports: Mapping): string {
  return `the switch has no port ${JSON.stringify(name)}; ${alternatives(name, Object.keys(ports), "it has")}`;
}
