// What goes into the reference NAT and what it says. Owns the shapes; nat.ts says how they are used.

import type { ForwardConfig, NatConfig } from "../../src/config/model.js";
import type { Endpoint } from "../router/bytes.js";

/** Names of the public interface for what is dropped. */
export type ReasonName =
  "malformed" | "checksum" | "fragment" | "ttl" | "nat-filtered" | "nat-limit" | "nat-no-port";

export interface NatModelConfig extends Pick<NatConfig,
  "mapping" | "filtering" | "timeouts" | "hostPorts" | "hostRate" | "exhausted"> {
  /** Inside networks, such as `10.0.10.0/24`. */
  inside: string[];
  /** The router's outside addresses, its first one first. */
  outside: string[];
  /** Sessions in all. */
  capacity: number;
  forwards: ForwardConfig[];
  /** Seconds that it may be late with forgetting, which gives ports back: it looks at each session in turn. */
  lateSeconds: number;
  /** First and last port that mappings may get, and ICMP identifiers too. */
  ports: [number, number];
}

/** What the router may send back for a dropped packet (rate-limited, so it need not). */
export interface Answer { type: number; code: number }

export type Side = "inside" | "outside";

/** What must become of a packet. `orDrop`: it may also be dropped for one of these, and then nothing changed. */
export type Verdict =
  | { kind: "drop"; reasons: ReasonName[]; answer?: Answer }
  /** Exactly this leaves. */
  | { kind: "forward"; to: Side; packet: Uint8Array; orDrop: ReasonName[]; answer?: Answer }
  /** This leaves, its source being an outside endpoint of the router's choice, which `observe` judges. */
  | { kind: "choose"; to: Side; packet: Uint8Array; orDrop: ReasonName[]; answer?: Answer }
  /** It is for the router itself, which answers a ping. */
  | { kind: "local"; orDrop: ReasonName[] }
  /** The clock or the packet is where no answer is the only right one; what the router does here makes the model
   *  useless from here on, so do not play it. */
  | { kind: "uncertain"; why: string };

/** What a router did with a packet; `packet` is IPv4 without its frame. */
export type Outcome =
  | { kind: "drop"; reason: string }
  | { kind: "forward"; to: Side; packet: Uint8Array }
  | { kind: "local" };

/** A verdict with what the model learns once it is seen; only the latest one may be observed. */
export interface Expectation {
  verdict: Verdict;
  /** Changes the model as forwarding does; the source that left, for `choose`. Returns what is wrong with it. */
  commit: (source?: Endpoint) => string[];
  /** Changes the model as a drop does, where it changes anything. */
  dropped?: () => void;
}
