// The shape of a configuration file, as JSON Schema: it checks files, types what is read from them and stands in
// the control API's OpenAPI document. Owns keys, ranges and their wording: error messages are made of titles,
// bounds and examples (structure.ts). What no schema says well (one attachment a port, names that must exist)
// is in checks.ts.

import { Type, type Static } from "@sinclair/typebox";
import { closed, duration, flag, FROM, named, path, rate, reference, size, vidLists } from "./schema-parts.js";
import { PortsSchema } from "./schema-port.js";
import { ROUTER_EXAMPLE, RouterSchema } from "./schema-router.js";

/**
 * What one engine holds, all switches and routers together; the core's memory is laid out for it. A router takes
 * ports too: one for each interface, two for its uplink, one for its services; `addresses` are those of uplinks.
 */
export const LIMITS = {
  switches: 1024, ports: 1024, vlans: 65_535, mirrors: 32, routers: 256, addresses: 256,
} as const;
export const AGING_MS = { minimum: 1, maximum: 1_000_000_000 } as const;
export const FDB_CAPACITY = { minimum: 64, maximum: 1_048_576 } as const;
export const SNAPLEN = { minimum: 14, maximum: 65_536 } as const;

export const MirrorSchema = Type.Object({
  from: Type.Optional(Type.Array(reference("port name", "web"), {
    title: "list of port names", description: "Ports whose frames are copied", examples: [["web", "db"]],
  })),
  vlans: Type.Optional(Type.Union(vidLists, {
    title: "VLAN list", description: "VLANs whose frames are copied", examples: [[10, "100-199"]],
  })),
  direction: Type.Optional(Type.Union([Type.Literal("in"), Type.Literal("out"), Type.Literal("both")], {
    title: "direction", description: "What enters the switch, what leaves it, or both", default: "both",
    examples: ["in", "out", "both"],
  })),
  to: reference("port name", "ids", "The monitor port that takes the copies"),
  rate: Type.Optional(rate("Copies beyond it are dropped and counted, never the traffic")),
  snaplen: Type.Optional(size("snaplen", SNAPLEN, "What a copy is cut to", 256)),
}, { title: "mirror", description: "At least one of from and vlans", ...closed,
  examples: [{ from: ["web"], to: "ids" }] });

export const SwitchSchema = Type.Object({
  learning: flag("false: a hub, every frame to every other member of its VLAN", true),
  aging: Type.Optional(duration(
    "Silence after which a MAC is forgotten: 1ms to 1000000s, in ms, s, m or h", ["300s", "5m"], "300s",
  )),
  ports: Type.Optional(PortsSchema),
  mirrors: Type.Optional(named("mirrors", MirrorSchema, [{ watch: { from: ["web"], to: "ids" } }])),
}, { title: "switch", description: "An Ethernet switch", ...closed,
  examples: [{ ports: { web: { tap: "tl-web", access: 10 } } }] });

const capacity = (description: string, minimum: number, maximum: number, byDefault: number) =>
  Type.Optional(Type.Integer({
    title: "capacity", description, default: byDefault, minimum, maximum, examples: [byDefault],
  }));

export const ConfigSchema = Type.Object({
  state: Type.Optional(path({
    description: `Where FDB, NAT sessions and leases are kept over restarts; absent: nowhere. ${FROM}`,
    examples: ["/var/lib/taploom/state"],
  })),
  fdb: Type.Optional(Type.Object({
    capacity: capacity("MACs that it holds, over all switches", FDB_CAPACITY.minimum, FDB_CAPACITY.maximum, 65_536),
  }, { title: "fdb", description: "The forwarding database", ...closed, examples: [{ capacity: 65_536 }] })),
  nat: Type.Optional(Type.Object({
    capacity: capacity("Sessions that are held, over all routers", 1024, 4_194_304, 1_000_000),
  }, { title: "nat", description: "The translation tables", ...closed, examples: [{ capacity: 1_000_000 }] })),
  switches: named("switches", SwitchSchema, [{ lab: { ports: { web: { tap: "tl-web", access: 10 } } } }]),
  routers: Type.Optional(named("routers", RouterSchema, [{ edge: ROUTER_EXAMPLE }])),
}, { title: "configuration", description: "What a configuration file holds", ...closed,
  examples: [{ switches: { lab: { ports: { web: { tap: "tl-web", access: 10 } } } } }] });

/** A configuration as a file has it. */
export type ConfigFile = Static<typeof ConfigSchema>;
export type SwitchFile = Static<typeof SwitchSchema>;
export type MirrorFile = Static<typeof MirrorSchema>;
export type VidListFile = Exclude<MirrorFile["vlans"], undefined>;
