// Random configurations that are right: names, devices and MACs from pools small enough that two of them have
// much in common. Owns how parts are fitted to each other; what is right is said by src/config/checks.ts.

import fc, { type Arbitrary } from "fast-check";
import type {
  Attachment, Config, MirrorConfig, PortConfig, Rate, SwitchConfig, Vlan,
} from "../../src/config/model.js";
import { fitRouters, router } from "./arbitrary-router.js";
import { compact, device, mac, maybe, names, path, record, vid } from "./arbitrary-parts.js";

/** Ascending, without doubles; runs are as likely as strays. */
export const vids: Arbitrary<number[]> = fc
  .array(fc.tuple(vid, fc.integer({ min: 0, max: 40 })), { minLength: 1, maxLength: 8 })
  .map((runs) => {
    const all = runs.flatMap(([first, more]) => Array.from({ length: more + 1 }, (_, index) => first + index));
    return [...new Set(all.map((value) => Math.min(value, 4094)))].sort((a, b) => a - b);
  });

export const rate: Arbitrary<Rate> = record({
  unit: fc.constantFrom("pps" as const, "bps" as const),
  value: fc.oneof(
    fc.integer({ min: 1, max: 1e12 - 1 }),
    fc.integer({ min: 1, max: 1e6 }).map((thousandths) => thousandths / 1000),
    fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom(1e3, 1e6)).map(([number, unit]) => number * unit),
  ),
});

const attachment = fc.oneof(
  record({ kind: fc.constant("tap"), name: device, queues: maybe(fc.integer({ min: 2, max: 16 })) }),
  record({ kind: fc.constant("interface"), name: device }),
  record({ kind: fc.constant("stream"), path, connect: fc.boolean() }),
  record({ kind: fc.constant("pcap"), write: path, loop: fc.constant(1) }),
  record({ kind: fc.constant("pcap"), read: path, loop: fc.nat(), rate: maybe(rate) }),
  record({ kind: fc.constant("memory") }),
  record({
    kind: fc.constant("generator"),
    frames: maybe(fc.integer({ min: 1 })),
    rate: maybe(rate),
    size: fc.oneof(fc.constant("imix"), fc.integer({ min: 60, max: 65_536 }), fc.constant(2048)),
    flows: fc.integer({ min: 1, max: 65_536 }),
    to: maybe(mac),
    vlan: maybe(vid),
  }),
).map((value) => compact(value) as Attachment);

const vlan = fc.oneof(
  record({ mode: fc.constant("access"), vid }),
  record({ mode: fc.constant("tunnel"), vid }),
  record({ mode: fc.constant("trunk"), vids: fc.oneof(fc.constant("all"), vids), native: maybe(vid) }),
).map((value) => compact(value) as Vlan);

const port: Arbitrary<PortConfig> = record({
  attachment,
  vlan,
  isolated: fc.boolean(),
  monitor: fc.boolean(),
  mtu: maybe(fc.integer({ min: 68, max: 65_520 })),
  macs: fc.uniqueArray(mac, { maxLength: 2 }),
}).map((value) => compact(value) as PortConfig).map(fitPort);

function fitPort(port: PortConfig): PortConfig {
  if (port.monitor) return { ...port, vlan: { mode: "access", vid: 1 }, isolated: false, macs: [] };
  const homeless = port.vlan.mode === "trunk" && port.vlan.vids === "all" && port.vlan.native === undefined;
  return homeless ? { ...port, macs: [] } : port;
}

const mirror = record({
  from: fc.subarray(names),
  vlans: fc.oneof(fc.constant([]), vids),
  direction: fc.constantFrom("in" as const, "out" as const, "both" as const),
  to: fc.constantFrom(...names),
  rate: maybe(rate),
  snaplen: maybe(fc.integer({ min: 14, max: 65_536 })),
}).map((value) => compact(value) as MirrorConfig);

const named = <T>(value: Arbitrary<T>): Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6, noNullPrototype: true });

const oneSwitch: Arbitrary<SwitchConfig> = record({
  learning: fc.boolean(),
  agingSeconds: fc.integer({ min: 1, max: 1_000_000_000 }).map((milliseconds) => milliseconds / 1000),
  ports: named(port),
  mirrors: named(mirror),
});

export const config: Arbitrary<Config> = record({
  fdbCapacity: fc.constant(65_536),
  natCapacity: fc.constant(1_000_000),
  switches: named(oneSwitch),
  routers: named(router),
}).map(fitConfig);

/** Drops what is there twice, and what refers to what is not there. */
function fitConfig({ switches, routers, ...rest }: Config): Config {
  const taken = new Set<string>();
  const played = new Set<string>();
  const isFree = ({ attachment }: PortConfig): boolean => {
    const key = claim(attachment);
    if (attachment.kind === "pcap") {
      const { read, write } = attachment;
      if (taken.has(`write ${read}`) || (write !== undefined && played.has(write))) return false;
      if (read !== undefined) played.add(read);
    }
    return key === undefined || (!taken.has(key) && taken.add(key) && true);
  };
  const fitted = Object.entries(switches).map(([name, value]) => {
    const ports = Object.fromEntries(Object.entries(value.ports).filter(([, port]) => isFree(port)));
    const macs = new Set<string>();
    for (const port of Object.values(ports)) {
      port.macs = port.macs.filter((mac) => !macs.has(mac) && macs.add(mac));
    }
    return [name, { ...value, ports, mirrors: fitMirrors(value.mirrors, ports) }] as const;
  });
  return { ...rest, switches: Object.fromEntries(fitted), routers: fitRouters(routers, Object.keys(switches), isFree) };
}

function fitMirrors(mirrors: Record<string, MirrorConfig>, ports: Record<string, PortConfig>): typeof mirrors {
  const isMonitor = (name: string): boolean => Object.hasOwn(ports, name) && ports[name]!.monitor;
  const fitted = Object.entries(mirrors)
    .map(([name, mirror]) => {
      const from = mirror.from.filter((port) => Object.hasOwn(ports, port) && !isMonitor(port));
      return [name, { ...mirror, from }] as const;
    })
    .filter(([, { from, vlans, to }]) => isMonitor(to) && from.length + vlans.length > 0);
  return Object.fromEntries(fitted.slice(0, 3));
}

/** What an attachment has for itself, if anything. */
export function claim(attachment: Attachment): string | undefined {
  switch (attachment.kind) {
    case "tap":
    case "interface": return `device ${attachment.name}`;
    case "stream": return `${attachment.connect ? "dial" : "listen"} ${attachment.path}`;
    case "pcap": return attachment.write === undefined ? undefined : `write ${attachment.write}`;
    case "memory":
    case "generator": return undefined;
  }
}
