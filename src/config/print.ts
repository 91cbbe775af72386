// From the model back to the user's file: a plain object of the file's shape, and YAML as a person would write it.
// What is printed parses to the same Config. Defaults are left out where the line reads better without them.

import { Document, isMap, isSeq, type YAMLMap } from "yaml";
import type { Config, MirrorConfig, SwitchConfig } from "./model.js";
import { valueOfPort, valueOfRate } from "./print-port.js";
import { valueOfRouter } from "./print-router.js";
import { mapValues } from "./record.js";
import type { ConfigFile, MirrorFile, SwitchFile } from "./schema.js";
import { printDuration, printSize } from "./units.js";
import { vidItems } from "./vlan.js";

/** A configuration as a file has it, ready for JSON. */
export function valueOfConfig({ fdbCapacity, natCapacity, state, switches, routers }: Config): ConfigFile {
  return {
    ...(state !== undefined && { state }),
    fdb: { capacity: fdbCapacity },
    nat: { capacity: natCapacity },
    switches: mapValues(switches, valueOfSwitch),
    ...(Object.keys(routers).length > 0 && { routers: mapValues(routers, valueOfRouter) }),
  };
}

/** A configuration as YAML: a line for each port, mirror, interface and route. */
export function printConfig(config: Config): string {
  const document = new Document(valueOfConfig(config), { aliasDuplicateObjects: false });
  for (const name of Object.keys(config.switches)) {
    for (const group of ["ports", "mirrors"]) flattenItems(document.getIn(["switches", name, group]));
  }
  for (const name of Object.keys(config.routers)) {
    const router = document.getIn(["routers", name]) as YAMLMap;
    for (const group of ["interfaces", "routes"]) flattenItems(router.get(group));
    for (const part of ["uplink", "nat", "dns"]) flatten(router.get(part));
  }
  return document.toString({ lineWidth: 0 });
}

/** Sets each item of a mapping or list in a line of its own. */
function flattenItems(lines: unknown): void {
  if (isMap(lines)) for (const { value } of lines.items) flatten(value);
  if (isSeq(lines)) for (const item of lines.items) flatten(item);
}

function flatten(node: unknown): void {
  if (isMap(node)) node.flow = true;
}

function valueOfSwitch({ learning, agingSeconds, ports, mirrors }: SwitchConfig): SwitchFile {
  return {
    learning,
    aging: printDuration(Math.round(agingSeconds * 1000)),
    ports: mapValues(ports, valueOfPort),
    ...(Object.keys(mirrors).length > 0 && { mirrors: mapValues(mirrors, valueOfMirror) }),
  };
}

function valueOfMirror({ from, vlans, direction, to, rate, snaplen }: MirrorConfig): MirrorFile {
  return {
    ...(from.length > 0 && { from }),
    ...(vlans.length > 0 && { vlans: vidItems(vlans) }),
    direction,
    to,
    ...valueOfRate(rate),
    ...(snaplen !== undefined && { snaplen: printSize(snaplen) }),
  };
}
