// Lists of VLANs: `10,20,100-199` as text, `[10, 20, 100-199]` in a file, ascending VIDs inside.
// Owns their grammar both ways, and how a port's membership reads in one line.

import type { PortConfig, Vid } from "./model.js";

export const VID_MIN = 1;
export const VID_MAX = 4094;
/** A list as text, and one item of it; ranges are checked by `parseVids`. */
export const VIDS_PATTERN = "^\\d{1,4}(?:-\\d{1,4})?(?:, ?\\d{1,4}(?:-\\d{1,4})?)*$";
export const VID_RANGE_PATTERN = "^\\d{1,4}(?:-\\d{1,4})?$";

/** As files have it: a VID, or text with `-` and commas, or a list of VIDs and ranges. */
export type VidList = number | string | readonly (number | string)[];

export interface ParsedVids {
  /** Ascending, without doubles; what the faulty items say is left out. */
  vids: Vid[];
  /** `item`: its index in the list. */
  faults: { item: number; message: string }[];
}

/** Reads a list and says of each item what is wrong with it: out of range, reversed, twice. */
export function parseVids(list: VidList): ParsedVids {
  const all = typeof list === "string" ? list.split(/, ?/) : typeof list === "number" ? [list] : list;
  const items = all.slice(0, VID_MAX);
  /** Which item brought each VID. */
  const owners = new Map<Vid, number | string>();
  const faults: ParsedVids["faults"] = [];
  items.forEach((item, index) => {
    const message = addItem(item, owners);
    if (message) faults.push({ item: index, message });
  });
  if (all.length > VID_MAX) {
    faults.push({ item: VID_MAX, message: `a VLAN list has up to ${VID_MAX} items; remove some` });
  }
  return { vids: [...owners.keys()].sort((a, b) => a - b), faults };
}

/** Adds an item's VIDs, or returns what is wrong with it. */
function addItem(item: number | string, owners: Map<Vid, number | string>): string | undefined {
  if (!new RegExp(VID_RANGE_PATTERN).test(String(item))) {
    return `${JSON.stringify(item)} is not a valid VLAN; write it like 10 or 100-199`;
  }
  const [first, last = first] = String(item).split("-").map(Number) as [number, number?];
  const wrong = [first, last].find((vid) => vid < VID_MIN || vid > VID_MAX);
  if (wrong !== undefined) return `VLAN ${wrong} is out of range: ${VID_MIN} to ${VID_MAX}`;
  if (first > last) return `the range ${item} is reversed; write ${last}-${first}`;
  for (let vid = first; vid <= last; vid++) {
    const owner = owners.get(vid);
    if (owner === undefined) continue;
    return first === last && String(owner) === String(item)
      ? `VLAN ${vid} stands twice in the list; remove one`
      : `${item} overlaps ${owner}: both have VLAN ${vid}; a VLAN stands once in a list`;
  }
  for (let vid = first; vid <= last; vid++) owners.set(vid, item);
  return undefined;
}

/** Ascending VIDs → the list as a file has it; runs of three and more become ranges. */
export function vidItems(vids: readonly Vid[]): (number | string)[] {
  const items: (number | string)[] = [];
  for (let at = 0; at < vids.length;) {
    let end = at;
    while (vids[end + 1] === vids[end]! + 1) end++;
    if (end - at < 2) end = at;
    items.push(end === at ? vids[at]! : `${vids[at]}-${vids[end]}`);
    at = end + 1;
  }
  return items;
}

/** Ascending VIDs → `10,20,100-199`. */
export function printVids(vids: readonly Vid[]): string {
  return vidItems(vids).join(",");
}

/** A port's membership as `show ports` has it: `access 10`, `trunk 10,20 native 1`, `tunnel 5`, `monitor`. */
export function printMembership({ monitor, vlan }: PortConfig): string {
  if (monitor) return "monitor";
  if (vlan.mode !== "trunk") return `${vlan.mode} ${vlan.vid}`;
  const vids = vlan.vids === "all" ? "all" : printVids(vlan.vids);
  return `trunk ${vids}${vlan.native === undefined ? "" : ` native ${vlan.native}`}`;
}
