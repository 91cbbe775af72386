// From a port's shape in a file to the model: defaults, units, lists. Owns the defaults of ports; what comes here has
// passed both checks, so nothing can fail any more.

import type { Attachment, PortConfig, Rate, Vlan } from "./model.js";
import type { PortFile } from "./schema-port.js";
import { parseRate, parseSize } from "./units.js";
import { parseVids } from "./vlan.js";

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

function buildAttachment(
  { tap, queues = 1, interface: device, stream, connect, pcap, generator }: PortFile,
): Attachment {
  if (tap !== undefined) return { kind: "tap", name: tap, ...(queues > 1 && { queues }) };
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

export function buildRate(rate: string | undefined): { rate?: Rate } {
  return rate === undefined ? {} : { rate: parseRate(rate)! };
}
