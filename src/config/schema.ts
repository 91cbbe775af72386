// The shape of a configuration file, as JSON Schema: it checks files, types what is read from them and stands in
// the control API's OpenAPI document. Owns keys, ranges and their wording: error messages are made of titles,
// bounds and examples (structure.ts). What no schema says well (one attachment a port, names that must exist)
// is in checks.ts.

import { Type, type Static, type StringOptions, type TSchema } from "@sinclair/typebox";
import { DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN } from "./units.js";
import { VID_MAX, VID_MIN, VID_RANGE_PATTERN, VIDS_PATTERN } from "./vlan.js";

/** What one engine holds, all switches together; the core's memory is laid out for it. */
export const LIMITS = { switches: 1024, ports: 1024, vlans: 65_535, mirrors: 32 } as const;
export const AGING_MS = { minimum: 1, maximum: 1_000_000_000 } as const;
export const MTU = { minimum: 68, maximum: 65_520 } as const;
export const SNAPLEN = { minimum: 14, maximum: 65_536 } as const;
export const FRAME_SIZE = { minimum: 60, maximum: 65_536 } as const;
/** Bytes that a Unix socket's address has room for (sun_path, less its NUL). */
export const SOCKET_PATH_MAX = 107;

export const ATTACHMENTS = ["tap", "interface", "stream", "pcap", "memory", "generator"] as const;
export const MEMBERSHIPS = ["access", "trunk", "tunnel"] as const;

/** No additional keys, anywhere: what is not understood is refused. */
const closed = { additionalProperties: false } as const;

const text = (title: string, options: StringOptions) => Type.String({ title, minLength: 1, ...options });
const path = (options: StringOptions) => text("path", { pattern: "^[^\\u0000]+$", maxLength: 4095, ...options });
/** Where relative paths start, for descriptions. */
const FROM = "A relative path starts at the configuration file's folder, "
  + "or where there is no file at the engine's working directory";
const flag = (description: string, byDefault: boolean) =>
  Type.Optional(Type.Boolean({ title: "flag", description, default: byDefault }));

const NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";
/** Name → value, for what the user names. */
const named = <T extends TSchema>(title: string, schema: T, examples: unknown[]) =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), schema, {
    title,
    description: "By name: letters, digits, . _ and -, beginning with a letter or digit, up to 63.",
    ...closed,
    examples,
  });
const reference = (title: string, example: string, description = "") =>
  text(title, { examples: [example], ...(description && { description }) });

const vid = (description: string) =>
  Type.Integer({ title: "VLAN", description, minimum: VID_MIN, maximum: VID_MAX, examples: [10] });
const vidItem = Type.Union([vid("IEEE 802.1Q VLAN identifier"), Type.String({ pattern: VID_RANGE_PATTERN })], {
  title: "VLAN",
  examples: [10, "100-199"],
});
const vidLists = [
  vid("A single VLAN"),
  Type.String({ pattern: VIDS_PATTERN, description: "VLANs and ranges with commas, as `show ports` prints them" }),
  Type.Array(vidItem, { title: "VLAN list", minItems: 1, examples: [[10, 20, "100-199"]] }),
];

const mac = (description: string) => text("MAC address", {
  pattern: "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$",
  description,
  examples: ["02:00:00:00:00:01"],
});
const rate = (description: string) =>
  text("rate", { pattern: RATE_PATTERN, description, examples: ["10kpps", "200mbit"] });
const size = (title: string, range: { minimum: number; maximum: number }, description: string, example: number) =>
  Type.Union([Type.Integer({ title, ...range }), Type.String({ pattern: SIZE_PATTERN })], {
    title,
    description: `${description}; bytes, ${range.minimum} to ${range.maximum}, or text with k for 1024 bytes`,
    examples: [example, "4k"],
  });

const device = (description: string) => text("device name", {
  pattern: "^(?!\\.{1,2}$)[!-$&-.0-9;-~]+$",
  maxLength: 15,
  description: `${description}; up to 15 ASCII characters, without blanks, /, : and %`,
  examples: ["tl-web", "eth1"],
});

const PcapSchema = Type.Object({
  read: Type.Optional(path({
    description: `Capture file whose frames enter the switch. ${FROM}`, examples: ["in.pcap"],
  })),
  write: Type.Optional(path({
    description: `Capture file for the frames that leave it. ${FROM}`, examples: ["out.pcap"],
  })),
  loop: Type.Optional(Type.Integer({
    title: "loop", description: "How many times `read` is played; 0: without end", default: 1, minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER, examples: [1],
  })),
  rate: Type.Optional(rate("How fast `read` is played; absent: as fast as the switch takes it")),
}, { title: "pcap attachment", description: "Capture files; at least one of read and write", ...closed,
  examples: [{ read: "in.pcap", rate: "10kpps" }] });

const GeneratorSchema = Type.Object({
  frames: Type.Optional(Type.Integer({
    title: "frame count", description: "Frames to make; absent: without end", minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER, examples: [1000],
  })),
  rate: Type.Optional(rate("How fast; absent: as fast as the switch takes them")),
  size: Type.Optional(Type.Union(
    [Type.Literal("imix"), Type.Integer({ title: "size", ...FRAME_SIZE }), Type.String({ pattern: SIZE_PATTERN })],
    { title: "size", description: "Bytes of each frame, 60 to 65536, or imix: 7 × 60, 4 × 590, 1 × 1514", default: 60,
      examples: [60, "4k", "imix"] },
  )),
  flows: Type.Optional(Type.Integer({
    title: "flow count", description: "Source MACs and UDP source ports that it goes round", default: 1, minimum: 1,
    maximum: 65_536, examples: [16],
  })),
  to: Type.Optional(mac("Destination; absent: broadcast")),
  vlan: Type.Optional(vid("VLAN tag on its frames, for a trunk; absent: untagged")),
}, { title: "generator attachment", description: "Built-in traffic", ...closed,
  examples: [{ frames: 1000, rate: "10kpps", size: 60 }] });

export const PortSchema = Type.Object({
  tap: Type.Optional(device("TAP device; made if it is not there")),
  interface: Type.Optional(device("Existing network device of the host")),
  stream: Type.Optional(path({
    description: `Unix stream socket with QEMU's framing; listens. ${FROM}`, examples: ["/run/taploom/vm.sock"],
  })),
  connect: Type.Optional(Type.Boolean({
    title: "flag", description: "With stream: dial the socket, do not listen", default: false,
  })),
  pcap: Type.Optional(PcapSchema),
  memory: Type.Optional(Type.Literal(true, {
    title: "memory attachment", description: "The embedding program, through the library", examples: [true],
  })),
  generator: Type.Optional(GeneratorSchema),
  access: Type.Optional(vid("Takes untagged and priority-tagged frames only; 1 where no membership is given")),
  trunk: Type.Optional(Type.Union([Type.Literal("all"), ...vidLists], {
    title: "trunk", description: "Takes tagged frames of these VLANs", examples: ["all", [10, 20, "100-199"]],
  })),
  native: Type.Optional(vid("With trunk: the VLAN of untagged frames, both ways")),
  tunnel: Type.Optional(vid("IEEE 802.1ad: every frame is carried inside this VLAN")),
  isolated: flag("Reaches only ports that are not isolated", false),
  monitor: flag("Takes mirrors' copies; its own frames never enter the network", false),
  mtu: Type.Optional(size("MTU", MTU, "Longest payload that may leave", 1500)),
  macs: Type.Optional(Type.Array(mac("A MAC that lives here"), {
    title: "MAC list", description: "MACs that live here and that learning never moves",
    examples: [["02:00:00:00:00:01"]],
  })),
}, { title: "port", description: `Exactly one of ${ATTACHMENTS.join(", ")}; at most one of ${MEMBERSHIPS.join(", ")}`,
  ...closed, examples: [{ tap: "tl-web", access: 10 }] });

export const PortsSchema = named("ports", PortSchema, [{ web: { tap: "tl-web", access: 10 } }]);

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
  aging: Type.Optional(text("duration", {
    pattern: DURATION_PATTERN, default: "300s", examples: ["300s", "5m"],
    description: "Silence after which a MAC is forgotten: 1ms to 1000000s, in ms, s, m or h",
  })),
  ports: Type.Optional(PortsSchema),
  mirrors: Type.Optional(named("mirrors", MirrorSchema, [{ watch: { from: ["web"], to: "ids" } }])),
}, { title: "switch", description: "An Ethernet switch", ...closed,
  examples: [{ ports: { web: { tap: "tl-web", access: 10 } } }] });

export const ConfigSchema = Type.Object({
  fdb: Type.Optional(Type.Object({
    capacity: Type.Optional(Type.Integer({
      title: "capacity", description: "MACs that it holds, over all switches", default: 65_536, minimum: 64,
      maximum: 1_048_576, examples: [65_536],
    })),
  }, { title: "fdb", description: "The forwarding database", ...closed, examples: [{ capacity: 65_536 }] })),
  switches: named("switches", SwitchSchema, [{ lab: { ports: { web: { tap: "tl-web", access: 10 } } } }]),
}, { title: "configuration", description: "What a configuration file holds", ...closed,
  examples: [{ switches: { lab: { ports: { web: { tap: "tl-web", access: 10 } } } } }] });

/** A configuration as a file has it. */
export type ConfigFile = Static<typeof ConfigSchema>;
export type SwitchFile = Static<typeof SwitchSchema>;
export type PortFile = Static<typeof PortSchema>;
export type MirrorFile = Static<typeof MirrorSchema>;
export type VidListFile = Exclude<MirrorFile["vlans"], undefined>;
