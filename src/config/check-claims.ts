// Devices, sockets and files that only one can have: ports, uplinks, logs and the state. Owns the sentences about
// what is claimed twice, and about files that are read while they are written.

import { normalize } from "node:path";
import type { Path } from "./error.js";
import { fileOf, mapping, mappings, type Mapping } from "./raw.js";
import type { Report } from "./structure.js";

/** Something that only one can have. */
interface Claim {
  /** The beginning of a sentence that ends with the one that has it. */
  what: string;
  owner: string;
  path: Path;
  /** What to do for whoever comes second. */
  remedy: string;
}

/** A port or an uplink, by the name that it has in lists. */
interface NamedPort {
  name: string;
  port: Mapping;
  path: Path;
}

/** Reports what two have of which there is one, and files that one writes and another reads. */
export function checkClaims(config: Mapping, report: Report): void {
  const ports = portsOf(config);
  const claims = [...ports.flatMap(portClaims), ...fileClaims(config)];
  const owners = new Map<string, string>();
  for (const { what, owner, path, remedy } of claims) {
    const first = owners.get(what);
    if (first === undefined) owners.set(what, owner);
    else report(path, `${what} ${first} already; ${remedy}`);
  }
  checkReads(ports, owners, report);
}

function portsOf({ switches, routers }: Mapping): NamedPort[] {
  const ports = mappings(switches).flatMap(([name, { ports }]) => mappings(ports).map(([portName, port]) =>
    ({ name: `${name}/${portName}`, port, path: ["switches", name, "ports", portName] })));
  const uplinks = mappings(routers).map(([name, { uplink }]) =>
    ({ name: `${name}/uplink`, port: mapping(uplink), path: ["routers", name, "uplink"] }));
  return [...ports, ...uplinks];
}

/** What a port takes for itself. Who reads a file shares it with others that read. */
function portClaims({ name, port, path }: NamedPort): Claim[] {
  const { tap, interface: device, stream, connect, pcap } = port;
  const claims: Claim[] = [];
  const claim = (value: unknown, what: (value: string) => string, ...at: string[]): void => {
    if (typeof value !== "string") return;
    const remedy = "a port needs one of its own";
    claims.push({ what: what(value), owner: `port ${name}`, path: [...path, ...at], remedy });
  };
  claim(tap, (value) => `device ${value} belongs to`, "tap");
  claim(device, (value) => `device ${value} belongs to`, "interface");
  // One port may dial what another listens at: a patch cable between two switches.
  claim(stream, (value) => `socket ${normalize(value)} is ${connect === true ? "dialled" : "made"} by`, "stream");
  claim(mapping(pcap).write, writtenBy, "pcap", "write");
  return claims;
}

/** Files that are no port's. */
function fileClaims({ state, routers }: Mapping): Claim[] {
  const files = mappings(routers).map(([name, { nat }]) =>
    ({ file: mapping(nat).log, owner: `router ${name}'s log`, path: ["routers", name, "nat", "log"] }));
  return [...files, { file: state, owner: "the state", path: ["state"] }].flatMap(({ file, owner, path }) =>
    typeof file === "string" ? [{ what: writtenBy(file), owner, path, remedy: "name another file" }] : []);
}

function writtenBy(file: string): string {
  return `file ${normalize(file)} is written by`;
}

/** A file that is written is no file for another to read: it is emptied at the start, and never whole. */
function checkReads(ports: readonly NamedPort[], owners: ReadonlyMap<string, string>, report: Report): void {
  for (const { name, port, path } of ports) {
    const read = fileOf(mapping(port.pcap).read);
    const writer = read === undefined ? undefined : owners.get(writtenBy(read));
    if (writer === undefined || writer === `port ${name}`) continue;
    report([...path, "pcap", "read"], `file ${read} is written by ${writer}; read a file that nothing writes`);
  }
}
