// The quickstart's words: the live table, and the summary in which every frame is accounted for.
// Owns the text only; what it tells comes from the engine (api.ts) and from the guests (lab.ts).

import type { Drops, PortStatus, Totals } from "../api.js";
import type { GuestSeen, Intrusion, LabReport } from "./lab.js";

export interface Capture {
  path: string;
  bytes: number;
  frames: number;
}

type Cell = string | number;

/**
 * The live view: a port a line with its rates, then a guest a line. Rates are over the `seconds` (above 0) since
 * `before` was taken; a port that is not in `before` started from 0.
 */
export function liveLines(ports: PortStatus[], before: PortStatus[], seconds: number, lab: LabReport): string[] {
  const portRows = ports.map((port) => {
    const past = before.find((candidate) => candidate.name === port.name);
    const rx = (port.rx.frames - (past?.rx.frames ?? 0)) / seconds;
    const tx = (port.tx.frames - (past?.tx.frames ?? 0)) / seconds;
    return [port.name, port.vlan, port.link, Math.round(rx), Math.round(tx), sumOf(port.drops)];
  });
  return [
    ...table(["port", "vlan", "link", "rx frames/s", "tx frames/s", "drops"], portRows, 3),
    "",
    ...guestLines(lab.guests),
    "",
    ...intrusionLines(lab.intrusion),
  ];
}

/** The last word: what the guests saw, what was captured, and where every frame went. */
export function summaryText(ports: PortStatus[], totals: Totals, lab: LabReport, capture: Capture): string {
  return [
    "What the guests saw",
    ...guestLines(lab.guests),
    "",
    ...intrusionLines(lab.intrusion),
    ...(lab.refused > 0 ? [`${number(lab.refused)} frames found their port full or unplugged and never entered.`] : []),
    "",
    "What was captured",
    `${capture.path}: ${number(capture.frames)} frames, ${number(capture.bytes)} bytes; look inside with`,
    `  tcpdump -e -n -r ${capture.path}`,
    "",
    ...accountLines(ports, totals),
  ].join("\n");
}

function guestLines(guests: GuestSeen[]): string[] {
  const rows = guests.map(({ name, vid, pings, roundTripMs, udp, faults }) => [
    name, vid, pings.sent, pings.answered, roundTripMs === undefined ? "-" : roundTripMs.toFixed(2),
    udp.sent, udp.received, faults.malformed + faults.checksum,
  ]);
  return table(
    ["guest", "vlan", "pings sent", "answered", "rtt p50, ms", "UDP sent", "UDP received", "damaged"], rows, 1,
  );
}

function intrusionLines({ from, to, fromVid, toVid, tried, answered, leaked }: Intrusion): string[] {
  const verdict = answered + leaked === 0 ? "kept apart, as it should be" : "NOT KEPT APART";
  return [
    `Across VLANs: ${verdict}.`,
    `  ${from} (VLAN ${fromVid}) pinged ${to} (VLAN ${toVid}) ${count(tried, "time")}: ${count(answered, "answer")}, ` +
    `${count(leaked, "frame")} of it came out there.`,
  ];
}

/**
 * The account. A port owes for what came in from its guest and for what it was handed to send; it pays with what went
 * on, what it sent, what was dropped and what waits. In total the frames that went on are the first copies of what
 * was handed out, so that only the further copies stay in the sum.
 */
function accountLines(ports: PortStatus[], totals: Totals): string[] {
  const rows = ports.map((port) => [
    port.name, port.rx.frames, port.offered, port.forwarded, port.tx.frames, sumOf(port.drops), port.queued,
    port.rx.frames + port.offered - port.forwarded - port.tx.frames - sumOf(port.drops) - port.queued,
  ]);
  const { rx, copies, tx, drops, queued, unaccounted } = totals;
  const entered = `${count(rx.frames, "frame")} in + ${number(copies)} copies`;
  const ended = `${number(tx.frames)} out + ${number(sumOf(drops))} dropped + ${number(queued)} waiting`;
  return [
    "Where every frame went",
    "At a port, what came in from the guest and what the switch handed over for it is either switched on to other",
    "ports, sent out, dropped or still waiting:",
    ...table(["port", "in", "handed over", "switched on", "out", "dropped", "waiting", "unaccounted"], rows, 1),
    "In total, with the further copies that broadcasts and the mirror made:",
    `  ${entered} = ${ended}; unaccounted ${unaccounted}`,
    ...Object.entries(drops).map(([reason, frames]) => `  dropped as ${reason}: ${number(frames)}`),
  ];
}

/** Rows under a head, the columns as wide as they need; the first `texts` of them stand left, the numbers right. */
function table(head: string[], rows: Cell[][], texts: number): string[] {
  const lines = [head, ...rows.map((row) => row.map((cell) => (typeof cell === "number" ? number(cell) : cell)))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => `  ${line.map(pad).join("  ")}`);
}

function sumOf(drops: Drops): number {
  return Object.values(drops).reduce((sum, frames) => sum + frames, 0);
}

/** 1234567 as "1,234,567", in every locale. */
function number(value: number): string {
  return value.toLocaleString("en-US");
}

function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}
