// The configuration as a value: what a file says once it is read, checked and completed with defaults.
// Owns the types only; parse.ts makes them, diff.ts compares them, the engine acts on them.
// The words are those of the user's file; units are in the names.

/** VLAN identifier, 1 to 4094 (IEEE 802.1Q, 9.6). */
export type Vid = number;

/** Which VLANs a port belongs to, and how its frames stand on the wire. */
export type Vlan =
  | { mode: "access"; vid: Vid }
  /** `vids` ascending, without doubles; `native`: the VLAN of untagged frames, both ways. */
  | { mode: "trunk"; vids: "all" | Vid[]; native?: Vid }
  /** IEEE 802.1ad: every frame is carried inside `vid`. */
  | { mode: "tunnel"; vid: Vid };

/** A limit: frames or bits a second, above 0. */
export interface Rate {
  unit: "pps" | "bps";
  value: number;
}

export interface TapAttachment { kind: "tap"; name: string }
export interface InterfaceAttachment { kind: "interface"; name: string }
/** A Unix stream socket with QEMU's framing; listens at `path`, or dials it where `connect`. */
export interface StreamAttachment { kind: "stream"; path: string; connect: boolean }
export interface PcapAttachment {
  kind: "pcap";
  read?: string;
  write?: string;
  /** How many times `read` is played, 1 or more; 0: without end. */
  loop: number;
  rate?: Rate;
}
export interface MemoryAttachment { kind: "memory" }
export interface GeneratorAttachment {
  kind: "generator";
  /** Frames to make; absent: without end. */
  frames?: number;
  rate?: Rate;
  /** Bytes, 60 to 65536, or the mix 7 × 60, 4 × 590, 1 × 1514. */
  size: number | "imix";
  /** Source MACs and UDP source ports that it goes round, 1 to 65536. */
  flows: number;
  /** Destination MAC; absent: broadcast. */
  to?: string;
  /** VLAN tag on its frames (for a trunk); absent: untagged. */
  vlan?: Vid;
}

/** What is at the other end of a port. */
export type Attachment =
  | TapAttachment | InterfaceAttachment | StreamAttachment
  | PcapAttachment | MemoryAttachment | GeneratorAttachment;

export interface PortConfig {
  attachment: Attachment;
  vlan: Vlan;
  isolated: boolean;
  monitor: boolean;
  /** Longest payload that may leave, bytes, 68 to 65520; absent: what the device has, or no limit. */
  mtu?: number;
  /** MACs that live here and that learning never moves (lower case, colons), in the port's access, native or
   *  tunnel VLAN, and in each of its listed VLANs. */
  macs: string[];
}

export interface MirrorConfig {
  /** Names of ports; may be empty where `vlans` is not. */
  from: string[];
  vlans: Vid[];
  direction: "in" | "out" | "both";
  /** Name of a monitor port. */
  to: string;
  rate?: Rate;
  /** Bytes of each copy, 14 to 65536; absent: whole frames. */
  snaplen?: number;
}

export interface SwitchConfig {
  learning: boolean;
  /** Seconds after which a MAC that is silent is forgotten, 0.001 to 1,000,000, in steps of a millisecond. */
  agingSeconds: number;
  ports: Record<string, PortConfig>;
  mirrors: Record<string, MirrorConfig>;
}

export interface Config {
  /** MACs that the forwarding database holds, 64 to 1,048,576, over all switches. */
  fdbCapacity: number;
  switches: Record<string, SwitchConfig>;
}
