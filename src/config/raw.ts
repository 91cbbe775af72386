// Reads a port of a file before anyone has vouched for its shape: what is not as it should be counts as absent.
// Owns the questions that several checks ask of such a port.

import { normalize } from "node:path";
import { parseVids, VID_MAX, VID_MIN, type VidList } from "./vlan.js";

export type Mapping = Readonly<Record<string, unknown>>;

const ALL_VIDS = Array.from({ length: VID_MAX }, (_, index) => index + 1);

/** A key by which YAML 1.1 includes the keys of another mapping. It has none of its own in a configuration. */
export const MERGE_KEY = "<<";

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is a mapping, else an empty one. */
export function mapping(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

/** The names in a mapping whose values are mappings. */
export function mappings(value: unknown): [string, Mapping][] {
  return Object.entries(mapping(value)).filter((entry): entry is [string, Mapping] => isMapping(entry[1]));
}

/** The VLANs that a port is a member of. */
export function membership(port: Mapping): readonly number[] {
  if (port.monitor === true) return [];
  if (port.trunk === "all") return ALL_VIDS;
  return staticVids(port);
}

/** The VLANs that a port's static MACs live in: those that it names. */
export function staticVids(port: Mapping): number[] {
  const named = [port.access, port.native, port.tunnel].filter(isVid);
  if (isVidList(port.trunk) && port.trunk !== "all") return [...new Set([...named, ...parseVids(port.trunk).vids])];
  return named.length > 0 || port.trunk !== undefined ? named : [1];
}

export function isVid(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= VID_MIN && (value as number) <= VID_MAX;
}

export function isVidList(value: unknown): value is VidList {
  return typeof value === "number" || typeof value === "string"
    || (Array.isArray(value) && value.every((item) => typeof item === "number" || typeof item === "string"));
}

/** A file's path so that the same path is the same text; undefined where it is none. */
export function fileOf(path: unknown): string | undefined {
  return typeof path === "string" ? normalize(path) : undefined;
}
