// What the control API says and takes, as TypeBox schemas: they make the OpenAPI document and check queries.
// Owns their wording; the TypeScript shapes are those of ../api.ts, field for field.

import { Type, type TObject, type TSchema } from "@sinclair/typebox";

const Count = (description: string) => Type.Integer({ minimum: 0, description });
const Name = (description: string) => Type.String({ minLength: 1, maxLength: 255, description });
const Vid = Type.Integer({ minimum: 1, maximum: 4094, description: "VLAN identifier" });
const FrameCount = Type.Object({ frames: Count("frames"), bytes: Count("bytes, without FCS") });
const Drops = Type.Record(Type.String(), Count("frames"), {
  description: "frames dropped, by reason (vlan, queue-full, …); reasons that never happened are absent",
});

export const Port = Type.Object({
  switch: Type.String(),
  name: Type.String(),
  kind: Type.String({ description: "tap, interface, stream, pcap, memory, generator, capture, router or services" }),
  device: Type.String({ description: "what is at the other end: device, path or file; empty where there is none" }),
  link: Type.Union([Type.Literal("up"), Type.Literal("down")]),
  why: Type.String({ description: "why the link is down; empty if it is up" }),
  vlan: Type.String({ description: "access 10, trunk 10,20 native 1, tunnel 5 or monitor" }),
  rx: FrameCount,
  tx: FrameCount,
  drops: Drops,
  forwarded: Count("frames from this port that went on to at least one other"),
  copies: Count("copies beyond the first that its frames were multiplied into"),
  merged: Count("of the frames that went on, those that did so inside another"),
  offered: Count("frames handed to this port"),
  queued: Count("of these, those that wait"),
}, { $id: "Port" });

export const FdbEntry = Type.Object({
  switch: Type.String(),
  vlan: Vid,
  mac: Type.String({ description: "lower case, with colons" }),
  port: Type.String(),
  age: Type.Number({ minimum: 0, description: "seconds since it was last seen" }),
  static: Type.Boolean(),
}, { $id: "FdbEntry" });

export const Vlan = Type.Object({
  switch: Type.String(),
  vlan: Vid,
  tagged: Type.Array(Type.String(), { description: "ports whose frames of this VLAN leave tagged" }),
  untagged: Type.Array(Type.String(), { description: "ports whose frames of this VLAN leave untagged" }),
  rx: FrameCount,
  macs: Count("MACs known in it"),
}, { $id: "Vlan" });

export const Mirror = Type.Object({
  switch: Type.String(),
  name: Type.String(),
  from: Type.Array(Type.String(), { description: "ports" }),
  vlans: Type.Array(Vid),
  direction: Type.Union([Type.Literal("in"), Type.Literal("out"), Type.Literal("both")]),
  to: Type.String({ description: "monitor port" }),
  snaplen: Type.Union([Type.Integer(), Type.Null()], { description: "bytes of each copy; null: whole frames" }),
  rate: Type.Union([Type.String(), Type.Null()], { description: "limit, as 200mbit; null: none" }),
}, { $id: "Mirror" });

const Endpoint = (description: string) => Type.String({ description: `${description}, address:port or :identifier` });
const Seconds = (description: string) => Type.Number({ minimum: 0, description });

export const NatEntry = Type.Object({
  router: Type.String(),
  protocol: Type.Union([Type.Literal("tcp"), Type.Literal("udp"), Type.Literal("icmp")]),
  inside: Endpoint("of the inside host"),
  outside: Endpoint("that the world sees"),
  remote: Endpoint("of the far end"),
  state: Type.String({ description: "opening, established or closing for TCP; open for all else" }),
  expires: Seconds("seconds that it may stay silent"),
}, { $id: "NatEntry" });

export const NeighborEntry = Type.Object({
  router: Type.String(),
  switch: Type.String({ description: "of the interface; the router's own name for its uplink" }),
  vlan: Vid,
  address: Type.String(),
  mac: Type.String({ description: "lower case, with colons; empty where it is not known" }),
  state: Type.String({ description: "asked, reachable, stale or failed" }),
  age: Seconds("seconds since it said where it is, or else since it was asked"),
}, { $id: "NeighborEntry" });

export const LeaseEntry = Type.Object({
  router: Type.String(),
  vlan: Vid,
  mac: Type.String(),
  address: Type.String(),
  hostname: Type.String({ description: "empty where the guest says none" }),
  expires: Seconds("seconds left"),
}, { $id: "LeaseEntry" });

const PortUse = Type.Object({ used: Count("ports taken"), free: Count("ports left") });
const Nullable = (inner: TSchema, description: string) => Type.Union([inner, Type.Null()], { description });

export const Router = Type.Object({
  name: Type.String(),
  mac: Type.String(),
  interfaces: Type.Array(Type.Object({
    switch: Type.String(),
    vlan: Vid,
    address: Type.String({ description: "with its prefix" }),
    mtu: Type.Integer(),
    dhcp: Type.Boolean({ description: "whether it serves addresses" }),
  })),
  uplink: Nullable(Type.Object({
    kind: Type.String({ description: "as a port's" }),
    device: Type.String(),
    link: Type.Union([Type.Literal("up"), Type.Literal("down")]),
    address: Nullable(Type.String(), "with its prefix; null: DHCP has not given it yet"),
    gateway: Nullable(Type.String(), "the default route"),
    mtu: Type.Integer(),
    dhcp: Type.Boolean({ description: "whether its address comes by DHCP" }),
  }), "null: none"),
  nat: Nullable(Type.Object({
    mapping: Type.String(),
    filtering: Type.String(),
    sessions: Count("sessions of inside hosts"),
    mappings: Count("mappings of inside hosts"),
    hosts: Count("inside hosts that have any"),
    outside: Type.Array(Type.Object({
      address: Type.String(),
      inside: Nullable(Type.String(), "whose it is alone (1:1)"),
      tcp: PortUse,
      udp: PortUse,
      icmp: PortUse,
    })),
  }), "null: addresses are not translated"),
  routes: Type.Array(Type.Object({
    to: Type.String({ description: "network" }),
    via: Nullable(Type.String(), "next hop; null: on the link"),
    switch: Type.String(),
    vlan: Vid,
  })),
  services: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
    description: "what they have counted, by service",
  }),
}, { $id: "Router" });

export const Stats = Type.Object({
  version: Type.String(),
  pid: Type.Integer(),
  uptime: Type.Number({ description: "seconds since start" }),
  workers: Type.Integer(),
  totals: Type.Object({
    rx: FrameCount,
    tx: FrameCount,
    forwarded: Count("frames that went on to at least one port"),
    copies: Count("copies beyond the first"),
    merged: Count("frames that went on inside another"),
    drops: Drops,
    queued: Count("frames that wait to leave"),
    unaccounted: Type.Integer({
      description: "rx + copies − merged − tx − drops − queued: 0 when no frame is on its way",
    }),
  }),
  fdb: Type.Object({ entries: Count("MACs known"), capacity: Count("MACs at most") }),
}, { $id: "Stats" });

const Names = Type.Array(Type.String({ description: "SWITCH/PORT or SWITCH" }));

export const Applied = Type.Object({
  added: Names,
  removed: Names,
  changed: Names,
  unchanged: Names,
}, { $id: "Applied", description: "what a change did; unchanged ports lost no frame" });

export const Flushed = Type.Object({ flushed: Count("MACs forgotten") }, { $id: "Flushed" });

export const Problem = Type.Object({
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: "what is wrong, where, and how to fix it" }),
  code: Type.Optional(Type.String({ description: "for programs" })),
  problems: Type.Optional(Type.Array(Type.Object({
    path: Type.String({ description: "where in the configuration, as switches.lab.ports.web" }),
    message: Type.String(),
  }), { description: "the first hundred" })),
  more: Type.Optional(Count("problems besides those")),
}, { $id: "Problem", description: "problem details (RFC 9457)" });

/** The shapes that the document names; every other schema is written where it is used. */
export const NAMED: TObject[] = [
  Port, FdbEntry, Vlan, Mirror, NatEntry, NeighborEntry, LeaseEntry, Router, Stats, Applied, Flushed, Problem,
];

/** A reference to one of NAMED. */
export function named(schema: TSchema): TSchema {
  return Type.Unsafe({ $ref: `${schema.$id}#` });
}

export const SwitchParams = Type.Object({ switch: Name("switch") });
export const PortParams = Type.Object({ switch: Name("switch"), port: Name("port") });

export const RouterParams = Type.Object({ router: Name("router") });

/** A rule of a router: as a body to add, in the query to remove. */
export const Rule = Type.Object({
  rule: Type.String({
    minLength: 1, maxLength: 255, description: "as in a configuration: tcp 8080 -> 10.0.10.5:80",
  }),
}, { additionalProperties: false });

export const ListQuery = Type.Object({
  name: Type.Optional(Type.String({
    minLength: 1, maxLength: 255, description: "only what this SWITCH, SWITCH/PORT or ROUTER has; absent: all",
  })),
}, { additionalProperties: false });

export const FlushQuery = Type.Object({
  vlan: Type.Optional(Vid),
  port: Type.Optional(Name("port")),
}, { additionalProperties: false });

export const CaptureQuery = Type.Object({
  snaplen: Type.Optional(Type.Integer({
    minimum: 14, maximum: 65_536, description: "bytes of each frame; absent: whole",
  })),
  direction: Type.Optional(Type.Union([Type.Literal("in"), Type.Literal("out"), Type.Literal("both")], {
    description: "in: what enters the switch there; default both",
  })),
  filter: Type.Optional(Type.String({ maxLength: 1024, description: "tcpdump expression" })),
}, { additionalProperties: false });
