// Random routers and what happens to them, as plain values that a failed property prints. Few hosts, remotes, ports and
// identifiers, so that they collide. Owns the shapes and their arbitraries; traffic.ts makes packets of them.

import fc from "fast-check";
import type { ForwardConfig } from "../../src/config/model.js";
import type { NatModelConfig, Side } from "../model/nat-types.js";

/** A mapping that lives when the step is played: the one with this number, modulo how many there are. */
export interface Known { known: number }

/** Where a packet from outside, or a hairpin, goes to; `mapped`: to the
 *  mapping by which that inside endpoint speaks to `by`. */
export type Target = Known | { mapped: string; by: string } | { address: number; port: number };

/** Where it comes from or goes to outside: a remote of the mapping that is its target, or any. */
export type Remote = { spoken: number } | { address: string; port: number };

/** What a segment is; `seq`: as the connection has it, in the window, or anywhere. */
export interface Segment { flags: string; seq: "next" | "window" | "wild"; payload: number }

export type Protocol = { udp: { payload: number; checksum: boolean } } | { tcp: Segment };

export type Step =
  | { do: "out"; from: string; to: string; ttl: number; as: Protocol }
  | { do: "in"; to: Target; from: Remote; ttl: number; as: Protocol }
  | { do: "hairpin"; from: string; to: Target; ttl: number; as: Protocol }
  | { do: "ping"; side: Side; from: string; to: string; type: 0 | 8 | 13 | 14; ttl: number }
  /** An ICMP error that `side` sends about a packet of a live session; `keep`: bytes of it. */
  | { do: "error"; side: Side; session: Known & { spoken: number }; type: number; code: number; keep: number }
  | { do: "wait"; seconds: number }
  /** Stopped and started with its state file. */
  | { do: "restart" };

export interface Traffic {
  config: NatModelConfig;
  steps: Step[];
}

export const OUTSIDE = ["203.0.113.2", "203.0.113.3"];
const HOSTS = ["10.0.10.5", "10.0.10.6", "10.0.20.7"];
const REMOTES = ["198.51.100.9", "198.51.100.10"];
const PORTS = [53, 80, 1000, 1001, 40000];
const REMOTE_PORTS = [53, 54, 443];
const IDENTIFIERS = [0, 7, 53, 65535];

const pick = fc.constantFrom;
const endpointOf = (addresses: string[], ports: number[]) =>
  fc.tuple(pick(...addresses), pick(...ports)).map(([address, port]) => `${address}:${port}`);

const inside = endpointOf(HOSTS, PORTS);
const outside = endpointOf(REMOTES, REMOTE_PORTS);
const number = fc.nat(20);
/** Mostly far from its end. */
const ttl = pick(64, 64, 64, 64, 64, 64, 255, 2, 1);

const target: fc.Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ known: number }) },
  { weight: 1, arbitrary: fc.record({ address: fc.nat(1), port: pick(...PORTS, 8080) }) },
);

const remote: fc.Arbitrary<Remote> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ spoken: number }) },
  { weight: 1, arbitrary: fc.record({ address: pick(...REMOTES), port: pick(...REMOTE_PORTS) }) },
);

const protocol: fc.Arbitrary<Protocol> = fc.oneof(
  fc.record({ udp: fc.record({ payload: fc.nat(9), checksum: pick(true, true, false) }) }),
  fc.record({
    tcp: fc.record({
      flags: pick("S", "S", "SA", "A", "A", "PA", "FA", "FA", "R", "RA"),
      seq: pick<Segment["seq"]>("next", "next", "next", "window", "wild"),
      payload: fc.nat(9),
    }),
  }),
);

const pinged = fc.oneof(
  fc.record({
    do: fc.constant("ping" as const), side: fc.constant("inside" as const), ttl, type: pick(8, 8, 8, 13, 0, 14),
    from: endpointOf(HOSTS, IDENTIFIERS), to: endpointOf([...REMOTES, OUTSIDE[0]!], IDENTIFIERS),
  }),
  fc.record({
    do: fc.constant("ping" as const), side: fc.constant("outside" as const), ttl, type: pick(0, 0, 0, 14, 8, 13),
    from: endpointOf(REMOTES, IDENTIFIERS), to: endpointOf([OUTSIDE[0]!], IDENTIFIERS),
  }),
);

const error = fc.record({
  do: fc.constant("error" as const),
  side: pick<Side>("inside", "outside"),
  session: fc.record({ known: number, spoken: number }),
  type: pick(3, 3, 4, 11, 12),
  code: fc.nat(4),
  keep: fc.oneof(fc.constant(28), fc.integer({ min: 0, max: 60 })),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("out" as const), from: inside, to: outside, ttl, as: protocol }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("in" as const), to: target, from: remote, ttl, as: protocol }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("hairpin" as const), from: inside, to: target, ttl, as: protocol }),
  },
  { weight: 4, arbitrary: pinged },
  { weight: 3, arbitrary: error },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: pick(1, 3, 8, 12, 22, 62) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

const CLOSINGS: [Side, string][][] = [
  [], [["inside", "FA"], ["outside", "FA"], ["inside", "A"]], [["outside", "RA"]], [["inside", "R"]],
];

/** A connection that opens, perhaps says something, and perhaps closes. */
const connection: fc.Arbitrary<Step[]> = fc.record({
  from: inside, to: outside, closing: pick(...CLOSINGS), said: fc.boolean(),
}).map(({ from, to, closing, said }) => {
  const opening: [Side, string][] = [["inside", "S"], ["outside", "SA"], ["inside", "A"]];
  const segments = [...opening, ...(said ? [["outside", "PA"] as [Side, string]] : []), ...closing];
  return segments.map(([side, flags]): Step => {
    const as = { tcp: { flags, seq: "next" as const, payload: flags === "PA" ? 5 : 0 } };
    if (side === "inside") return { do: "out", from, to, ttl: 64, as };
    const [address, port] = to.split(":");
    return { do: "in", to: { mapped: from, by: to }, from: { address: address!, port: Number(port) }, ttl: 64, as };
  });
});

/** Only the last takes an address from all others. */
const FORWARDS: ForwardConfig[] = [
  { protocol: "udp", port: 53, count: 1, inside: "10.0.10.6", insidePort: 53 },
  { protocol: "tcp", port: 8080, count: 2, inside: "10.0.10.5", insidePort: 80 },
  { protocol: "1:1", outside: OUTSIDE[1]!, inside: "10.0.20.7" },
];

const config: fc.Arbitrary<NatModelConfig> = fc.record({
  inside: fc.constant(["10.0.10.0/24", "10.0.20.0/24"]),
  outside: pick(OUTSIDE, OUTSIDE.slice(0, 1)),
  ports: fc.constant<[number, number]>([1, 65535]),
  capacity: fc.constant(1024),
  lateSeconds: fc.constant(6),
  forwards: fc.subarray(FORWARDS),
  mapping: pick<NatModelConfig["mapping"]>("endpoint-independent", "address-and-port-dependent"),
  filtering: pick<NatModelConfig["filtering"]>(
    "endpoint-independent", "address-dependent", "address-and-port-dependent"),
  exhausted: fc.constant("refuse" as const),
  timeouts: fc.constant({ udp: 20, tcp: 60, transitory: 10, icmp: 6, ports: { "udp 53": 10, "tcp 443": 30 } }),
  hostPorts: pick(0, 0, 2),
  hostRate: fc.constant(0),
});

/** A router with a history of up to 60 steps, some of which are whole connections. */
export const traffic: fc.Arbitrary<Traffic> = fc.record({
  config,
  steps: fc.array(fc.oneof(
    { weight: 8, arbitrary: step.map((each) => [each]) },
    { weight: 1, arbitrary: connection },
  ), { maxLength: 60, size: "max" }).map((parts) => parts.flat()),
});
