// The shape of a port in a configuration file. Owns its keys, ranges and their wording; what goes with what is in
// check-port.ts.

import { Type, type Static } from "@sinclair/typebox";
import { closed, flag, FROM, mac, named, path, rate, size, text, vid, vidLists } from "./schema-parts.js";
import { SIZE_PATTERN } from "./units.js";

export const MTU = { minimum: 68, maximum: 65_520 } as const;
export const QUEUES = { minimum: 1, maximum: 16 } as const;
export const FRAME_SIZE = { minimum: 60, maximum: 65_536 } as const;
/** Bytes that a Unix socket's address has room for (sun_path, less its NUL). */
export const SOCKET_PATH_MAX = 107;

export const ATTACHMENTS = ["tap", "interface", "stream", "pcap", "memory", "generator"] as const;
export const MEMBERSHIPS = ["access", "trunk", "tunnel"] as const;

const device = (description: string) => text("device name", {
  pattern: "^(?!\\.{1,2}$)[!-$&-.0-9;-~]+$",
  maxLength: 15,
  description: `${description}; up to 15 ASCII characters, without blanks, /, : and %`,
  examples: ["tl-web", "eth1"],
});

const PcapSchema = Type.Object({
  read: Type.Optional(path({
    description: `Capture file whose frames enter the switch, those cut short as far as they are there. ${FROM}`,
    examples: ["in.pcap"],
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
  queues: Type.Optional(Type.Integer({
    title: "queue count", default: 1, ...QUEUES, examples: [2],
    description: "With tap: queue pairs, each served by a worker of its own; no more than there are workers",
  })),
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

export type PortFile = Static<typeof PortSchema>;
