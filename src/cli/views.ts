// What people read of an engine's state: one function for each WHAT of `taploom show`, and what changes did.
// Owns wording and columns; the JSON that programs read is the API's own.

import type { Applied, Drops, FdbEntry, MirrorStatus, PortStatus, Stats, VlanStatus } from "../api.js";
import { tableOf, type Lines } from "./table.js";

export const portLines: Lines<PortStatus> = tableOf(
  ["switch", "port", "kind", "device", "link", "vlan", "rx frames", "rx bytes", "tx frames", "tx bytes", "drops"],
  ({ switch: of, name, kind, device, link, why, vlan, rx, tx, drops }) => [
    of, name, kind, device, link, vlan, rx.frames, rx.bytes, tx.frames, tx.bytes, sum(drops), why,
  ],
  "why down",
);

export const fdbLines: Lines<FdbEntry> = tableOf(
  ["switch", "vlan", "mac", "port", "age"],
  ({ switch: of, vlan, mac, port, age, static: fixed }) => [
    of, vlan, mac, port, fixed ? "static" : `${Math.round(age)}s`,
  ],
);

export const vlanLines: Lines<VlanStatus> = tableOf(
  ["switch", "vlan", "macs", "rx frames", "rx bytes", "untagged", "tagged"],
  ({ switch: of, vlan, macs, rx, untagged, tagged }) => [
    of, vlan, macs, rx.frames, rx.bytes, untagged.join(","), tagged.join(","),
  ],
);

export const mirrorLines: Lines<MirrorStatus> = tableOf(
  ["switch", "mirror", "from", "vlans", "direction", "to", "snaplen", "rate"],
  ({ switch: of, name, from, vlans, direction, to, snaplen, rate }) => [
    of, name, from.join(","), vlans.join(","), direction, to, snaplen === null ? "" : String(snaplen), rate ?? "",
  ],
);

export function statsLines({ version, pid, workers, uptime, totals, fdb }: Stats): string[] {
  return [
    `taploom ${version}, process ${pid}, ${counted(workers, "worker")}, up ${Math.round(uptime)}s`,
    `in      ${counted(totals.rx.frames, "frame")}, ${totals.rx.bytes} bytes`,
    `out     ${counted(totals.tx.frames, "frame")}, ${totals.tx.bytes} bytes`,
    `copies  ${totals.copies}`,
    `merged  ${totals.merged}`,
    `dropped ${dropsText(totals.drops)}`,
    `queued  ${totals.queued}`,
    `in + copies - merged - out - dropped - queued = ${totals.unaccounted} unaccounted`,
    `fdb     ${fdb.entries} of ${fdb.capacity} MACs`,
  ];
}

/** `added lab/web; removed lab/db; 3 ports unchanged` */
export function appliedText({ added, removed, changed, unchanged }: Applied): string {
  return [...changeParts({ added, removed, changed }), `${unchanged.length} unchanged`].join("; ");
}

/** `added lab/web`, `removed lab/db` */
export function changeParts({ added, removed, changed }: Omit<Applied, "unchanged">): string[] {
  return [...named("added", added), ...named("removed", removed), ...named("changed", changed)];
}

/** `1 frame`, `2 frames` */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function named(did: string, names: string[]): string[] {
  return names.length === 0 ? [] : [`${did} ${names.join(", ")}`];
}

function dropsText(drops: Drops): string {
  const reasons = Object.entries(drops).map(([reason, frames]) => `${reason} ${frames}`);
  return reasons.length === 0 ? "0" : `${sum(drops)} (${reasons.join(", ")})`;
}

function sum(drops: Drops): number {
  return Object.values(drops).reduce((total, frames) => total + frames, 0);
}
