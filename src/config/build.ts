// From a file's shape to the model: defaults, units, lists. Owns the defaults of all but ports and routers; what comes
// here has passed both checks (structure.ts, checks.ts), so nothing can fail any more.

import { buildPort, buildRate } from "./build-port.js";
import { buildRouter } from "./build-router.js";
import type { Config, MirrorConfig, SwitchConfig } from "./model.js";
import { mapValues } from "./record.js";
import type { ConfigFile, MirrorFile, SwitchFile } from "./schema.js";
import { parseDuration, parseSize } from "./units.js";
import { parseVids } from "./vlan.js";

const FDB_CAPACITY = 65_536;
const NAT_CAPACITY = 1_000_000;
const AGING = "300s";

export function buildConfig({ fdb, nat, state, switches, routers }: ConfigFile): Config {
  return {
    fdbCapacity: fdb?.capacity ?? FDB_CAPACITY,
    natCapacity: nat?.capacity ?? NAT_CAPACITY,
    ...(state !== undefined && { state }),
    switches: mapValues(switches, buildSwitch),
    routers: mapValues(routers ?? {}, buildRouter),
  };
}

function buildSwitch({ learning, aging, ports, mirrors }: SwitchFile): SwitchConfig {
  return {
    learning: learning ?? true,
    agingSeconds: parseDuration(aging ?? AGING)! / 1000,
    ports: mapValues(ports ?? {}, buildPort),
    mirrors: mapValues(mirrors ?? {}, buildMirror),
  };
}

function buildMirror({ from, vlans, direction, to, rate, snaplen }: MirrorFile): MirrorConfig {
  return {
    from: from ?? [],
    vlans: vlans === undefined ? [] : parseVids(vlans).vids,
    direction: direction ?? "both",
    to,
    ...buildRate(rate),
    ...(snaplen !== undefined && { snaplen: parseSize(snaplen)! }),
  };
}
