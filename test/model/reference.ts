// The switch as a slow, obvious model, to which the real core is compared. No cleverness: Maps, arrays, copies.
// Owns the expected behaviour of one switch: what it takes, learns, forwards, tags and drops. Mirrors, queues and
// the capacity of the forwarding database are not modelled.
// Read first: IEEE 802.1Q clauses 6.9 (tagging), 8.6 (forwarding), 8.7 (learning), 8.8 (the database).

import type { PortConfig, SwitchConfig, Vid, Vlan } from "../../src/config/model.js";
import { isGroup, macText, MAC_NONE } from "../../src/wire/packet.js";
import { TPID_SERVICE, cTag, looksTagged, namesVlan, outerTag, popTag, pushTag, sTag, type Tag } from "./frames.js";

/** What the configuration can say of a port, and one kind more that only the core's port record can. */
export type ReferenceVlan =
  | Vlan
  /** A trunk whose untagged frames enter `vid`, while the frames of `vid` leave tagged. */
  | { mode: "native-tagged"; vids: "all" | Vid[]; vid: Vid };

export type ReferencePort = Pick<PortConfig, "isolated" | "monitor" | "mtu" | "macs"> & { vlan: ReferenceVlan };

export type ReferenceConfig = Pick<SwitchConfig, "learning" | "agingSeconds"> & {
  ports: Record<string, ReferencePort>;
};

/** Why a frame, or one copy of it, went no further: names of the public interface. */
export type ReferenceDrop =
  "malformed" | "monitor" | "vlan" | "reserved-mac" | "same-port" | "isolated" | "mtu" | "queue-full";

export interface ReferenceResult {
  /** What left, in the order of the configuration's ports. */
  outputs: { port: string; frame: Uint8Array }[];
  /** Copies that were on their way out and did not leave: drops of those ports. */
  lost: { port: string; reason: ReferenceDrop }[];
  /** The frame was handed to no port at all: a drop of the port where it entered. */
  drop?: ReferenceDrop;
}

export interface ReferenceEntry {
  vid: Vid;
  mac: string;
  port: string;
  static: boolean;
  seenSeconds: number;
}

/** A frame inside the switch: its VLAN, the tag it wears there, and the rest. */
interface Inside {
  vid: Vid;
  tag: Tag;
  bare: Uint8Array;
  /** It is carried for a customer: it entered a tunnel, or with a service tag of its VLAN. */
  carried: boolean;
}

const FRAME_MIN = 14;
const TAGGED_MIN = 18;
const FRAME_MAX = 65536;
const ETHERNET_SIZE = 14;
/** Last bytes of the reserved addresses that a provider's bridge keeps as well (IEEE 802.1Q table 8-2). */
const PROVIDERS_OWN = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "0a", "0e"];

export class ReferenceSwitch {
  #config: ReferenceConfig;
  readonly #entries = new Map<string, ReferenceEntry>();
  readonly #down = new Set<string>();

  constructor(config: ReferenceConfig) {
    this.#config = config;
    for (const port of Object.keys(config.ports)) this.#enterStatics(port);
  }

  /** What one frame does that enters at `port`; `nowSeconds` never runs backwards. Throws for an unknown port. */
  input(port: string, frame: Uint8Array, nowSeconds: number): ReferenceResult {
    const from = this.#port(port);
    if (isMalformed(from.vlan, frame)) return dropped("malformed");
    if (from.monitor) return dropped("monitor");
    const inside = enter(from.vlan, frame);
    if (!inside) return dropped("vlan");
    const source = macText(frame, 6);
    const destination = macText(frame, 0);
    if (this.#config.learning) this.#learn(inside.vid, source, port, nowSeconds);
    if (isReserved(destination) && !crosses(inside)) return dropped("reserved-mac");
    const known = this.#config.learning ? this.#find(inside.vid, destination, nowSeconds) : undefined;
    return known ? this.#unicast(port, known.port, inside) : this.#flood(port, inside);
  }

  /** Gives a port other settings; what was learned there is forgotten. */
  setPort(name: string, port: ReferencePort): void {
    this.#port(name);
    for (const [key, entry] of this.#entries) if (entry.port === name) this.#entries.delete(key);
    this.#config = { ...this.#config, ports: { ...this.#config.ports, [name]: port } };
    this.#enterStatics(name);
  }

  /** A port whose link is down gets no frame; what was learned there is forgotten. */
  setLink(port: string, link: "up" | "down"): void {
    this.#port(port);
    if (link === "up") {
      this.#down.delete(port);
    } else {
      this.#down.add(port);
      this.flush({ port });
    }
  }

  /** Forgets what was learned, of one VLAN or port or both where given; static entries stay. */
  flush(only: { vid?: Vid; port?: string } = {}): void {
    for (const [key, entry] of this.#entries) {
      const meant = (only.vid ?? entry.vid) === entry.vid && (only.port ?? entry.port) === entry.port;
      if (meant && !entry.static) this.#entries.delete(key);
    }
  }

  /** The entries that are alive at that time. */
  entries(nowSeconds: number): ReferenceEntry[] {
    return [...this.#entries.values()].filter((entry) => this.#isAlive(entry, nowSeconds));
  }

  /** A hub has no database: what it is told of MACs means nothing to it. */
  #enterStatics(port: string): void {
    const { vlan, macs } = this.#port(port);
    if (!this.#config.learning) return;
    for (const mac of macs) {
      for (const vid of homeVids(vlan)) this.#enter({ vid, mac, port, static: true, seenSeconds: 0 });
    }
  }

  #learn(vid: Vid, mac: string, port: string, nowSeconds: number): void {
    if (isGroup(mac) || mac === MAC_NONE) return;
    if (this.#find(vid, mac, nowSeconds)?.static) return;
    this.#enter({ vid, mac, port, static: false, seenSeconds: nowSeconds });
  }

  #unicast(from: string, to: string, inside: Inside): ReferenceResult {
    if (to === from) return dropped("same-port");
    if (this.#isApart(from, to)) return dropped("isolated");
    if (this.#isHidden(to, inside)) return dropped("vlan");
    return this.#leave([to], inside);
  }

  #flood(from: string, inside: Inside): ReferenceResult {
    const others = Object.keys(this.#config.ports).filter((port) => port !== from
      && this.#isMember(port, inside.vid) && !this.#down.has(port));
    const takers = others.filter((port) => !this.#isHidden(port, inside));
    const reached = takers.filter((port) => !this.#isApart(from, port));
    if (reached.length > 0) return this.#leave(reached, inside);
    return dropped(takers.length > 0 ? "isolated" : others.length > 0 ? "vlan" : "same-port");
  }

  #leave(ports: string[], inside: Inside): ReferenceResult {
    const result: ReferenceResult = { outputs: [], lost: [] };
    for (const port of ports) {
      const { vlan, mtu } = this.#port(port);
      const tagged = leavesTagged(vlan, inside.vid);
      // The tag that it leaves with does not count towards the MTU; tags further inside do.
      const frame = tagged ? pushTag(inside.bare, inside.tag) : inside.bare;
      const tooLong = inside.bare.length > (mtu ?? FRAME_MAX) + ETHERNET_SIZE || frame.length > FRAME_MAX;
      if (tooLong) result.lost.push({ port, reason: "mtu" });
      else if (this.#down.has(port)) result.lost.push({ port, reason: "queue-full" }); // only a static MAC leads there
      else result.outputs.push({ port, frame });
    }
    return result;
  }

  #isMember(port: string, vid: Vid): boolean {
    const { vlan, monitor } = this.#port(port);
    if (monitor) return false;
    if (vlan.mode === "access" || vlan.mode === "tunnel") return vlan.vid === vid;
    return includes(vlan.vids, vid) || nativeVid(vlan) === vid;
  }

  /**
   * A frame that names a VLAN behind its own tag leaves without that tag only into a tunnel: elsewhere the next tag
   * would be taken for its VLAN. Nor do customers' control frames leave so.
   */
  #isHidden(port: string, inside: Inside): boolean {
    const { vlan } = this.#port(port);
    return vlan.mode !== "tunnel" && !leavesTagged(vlan, inside.vid)
      && (namesVlan(inside.bare) || isReserved(macText(inside.bare, 0)));
  }

  #isApart(one: string, other: string): boolean {
    return this.#port(one).isolated && this.#port(other).isolated;
  }

  #find(vid: Vid, mac: string, nowSeconds: number): ReferenceEntry | undefined {
    const entry = this.#entries.get(`${vid} ${mac}`);
    return entry && this.#isAlive(entry, nowSeconds) ? entry : undefined;
  }

  #isAlive(entry: ReferenceEntry, nowSeconds: number): boolean {
    return entry.static || nowSeconds - entry.seenSeconds < this.#config.agingSeconds;
  }

  #enter(entry: ReferenceEntry): void {
    this.#entries.set(`${entry.vid} ${entry.mac}`, entry);
  }

  #port(name: string): ReferencePort {
    const port = this.#config.ports[name];
    if (!port) throw new RangeError(`the switch has no port "${name}"`);
    return port;
  }
}

function dropped(drop: ReferenceDrop): ReferenceResult {
  return { outputs: [], lost: [], drop };
}

/** A tunnel does not look at tags, so that a truncated one is not its business. */
function isMalformed(vlan: ReferenceVlan, frame: Uint8Array): boolean {
  if (frame.length < FRAME_MIN || frame.length > FRAME_MAX) return true;
  return vlan.mode !== "tunnel" && looksTagged(frame) && frame.length < TAGGED_MIN;
}

/** Ingress: the frame with its VLAN, or undefined where the port does not take it. */
function enter(vlan: ReferenceVlan, frame: Uint8Array): Inside | undefined {
  const tag = outerTag(frame);
  if (vlan.mode === "tunnel") return { vid: vlan.vid, tag: sTag(vlan.vid), bare: frame, carried: true };
  if (tag && tag.vid !== 0) {
    const taken = vlan.mode !== "access" && includes(vlan.vids, tag.vid);
    return taken ? { vid: tag.vid, tag, bare: popTag(frame), carried: tag.tpid === TPID_SERVICE } : undefined;
  }
  const vid = vlan.mode === "access" ? vlan.vid : nativeVid(vlan);
  if (vid === undefined) return undefined;
  // A priority tag becomes a VLAN tag: its TPID, PCP and DEI stay.
  return tag
    ? { vid, tag: { ...tag, vid }, bare: popTag(frame), carried: false }
    : { vid, tag: cTag(vid), bare: frame, carried: false };
}

/** Egress: whether a port sends the frames of one of its VLANs with their tag. */
function leavesTagged(vlan: ReferenceVlan, vid: Vid): boolean {
  if (vlan.mode === "access" || vlan.mode === "tunnel") return false;
  return vlan.mode === "native-tagged" || vlan.native !== vid;
}

/** The VLAN that a trunk's untagged frames enter. */
function nativeVid(vlan: Exclude<ReferenceVlan, { mode: "access" | "tunnel" }>): Vid | undefined {
  return vlan.mode === "native-tagged" ? vlan.vid : vlan.native;
}

/** VLANs that a port's configured MACs live in: all that its configuration names. */
function homeVids(vlan: ReferenceVlan): Vid[] {
  if (vlan.mode === "access" || vlan.mode === "tunnel") return [vlan.vid];
  const native = nativeVid(vlan);
  return [...(native === undefined ? [] : [native]), ...(vlan.vids === "all" ? [] : vlan.vids)];
}

/** `all` are the 4094 that can be used: 4095 is reserved. */
function includes(vids: "all" | Vid[], vid: Vid): boolean {
  return vids === "all" ? vid >= 1 && vid <= 4094 : vids.includes(vid);
}

/** Whether a provider's bridge carries a frame for a reserved address: table 8-2 has fewer of them than 8-1. */
function crosses(inside: Inside): boolean {
  return inside.carried && !PROVIDERS_OWN.includes(macText(inside.bare, 0).slice(-2));
}

/** Group addresses that a bridge of a customer never forwards (IEEE 802.1Q table 8-1). */
function isReserved(mac: string): boolean {
  return mac.startsWith("01:80:c2:00:00:0");
}
