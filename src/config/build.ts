// From a file's shape to the model: defaults, units, lists. Owns the defaults; what comes here has passed both
// checks (structure.ts, checks.ts), so nothing can fail any more.

import type { Attachment, Config, MirrorConfig, PortConfig, Rate, SwitchConfig, Vlan } from "./model.js";
import { mapValues } from "./record.js";
import type { ConfigFile, MirrorFile, PortFile, SwitchFile } from "./schema.js";
import { parseDuration, parseRate, parseSize } from "./units.js";
import { parseVids } from "./vlan.js";

const FDB_CAPACITY = 65_536;
const AGING = "300s";

export function buildConfig({ fdb, switches }: ConfigFile): Config {
  return { fdbCapacity: fdb?.capacity ?? FDB_CAPACITY, switches: mapValues(switches, buildSwitch) };
}

function buildSwitch({ learning, aging, ports, mirrors }: SwitchFile): SwitchConfig {
  return {
    learning: learning ?? true,
    agingSeconds: parseDuration(aging ?? AGING)! / 1000,
    ports: mapValues(ports ?? {}, buildPort),
    mirrors: mapValues(mirrors ?? {}, buildMirror),
  };
}

export function buildPort(port: PortFile): PortConfig {
  return {
    attachment: buildAttachment(port),
    vlan: buildVlan(port),
    isolated: port.isolated ?? false,
    monitor: port.monitor ?? false,
    ...(port.mtu !== undefined && { mtu: parseSize(port.mtu)! }),
    macs: (port.macs ?? []).map((mac) => mac.toLowerCase()),
  };
}

function buildAttachment({ tap, interface: device, stream, connect, pcap, generator }: PortFile): Attachment {
  if (tap !== undefined) return { kind: "tap", name: tap };
  if (device !== undefined) return { kind: "interface", name: device };
  if (stream !== undefined) return { kind: "stream", path: stream, connect: connect ?? false };
  if (pcap) {
    const { read, write, loop, rate } = pcap;
    const files = { ...(read !== undefined && { read }), ...(write !== undefined && { write }) };
    return { kind: "pcap", ...files, loop: loop ?? 1, ...buildRate(rate) };
  }
  if (!generator) return { kind: "memory" };
  const { frames, rate, size, flows, to, vlan } = generator;
  return {
    kind: "generator",
    ...(frames !== undefined && { frames }),
    ...buildRate(rate),
    size: size === "imix" ? size : parseSize(size ?? 60)!,
    flows: flows ?? 1,
    ...(to !== undefined && { to: to.toLowerCase() }),
    ...(vlan !== undefined && { vlan }),
  };
}

function buildVlan({ access, trunk, native, tunnel }: PortFile): Vlan {
  if (tunnel !== undefined) return { mode: "tunnel", vid: tunnel };
  if (trunk === undefined) return { mode: "access", vid: access ?? 1 };
  const vids = trunk === "all" ? trunk : parseVids(trunk).vids;
  return { mode: "trunk", vids, ...(native !== undefined && { native }) };
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

function buildRate(rate: string | undefined): { rate?: Rate } {
  return rate === undefined ? {} : { rate: parseRate(rate)! };
}
