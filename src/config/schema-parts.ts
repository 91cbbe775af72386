// What the schemas of a configuration file are made of: names, paths, VLANs, addresses, durations, sizes. Owns their
// patterns' wording (title, description, examples), of which error messages are made (structure.ts).

import {
  Type, type SchemaOptions, type StringOptions, type TBoolean, type TInteger, type TLiteral, type TOptional,
  type TRecord, type TSchema, type TString, type TUnion,
} from "@sinclair/typebox";
import { CIDR_PATTERN, IPV4_PATTERN } from "./ipv4.js";
import { DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN } from "./units.js";
import { VID_MAX, VID_MIN, VID_RANGE_PATTERN, VIDS_PATTERN } from "./vlan.js";

/** No additional keys, anywhere: what is not understood is refused. */
export const closed = { additionalProperties: false } as const;

export const text = (title: string, options: StringOptions): TString =>
  Type.String({ title, minLength: 1, ...options });
export const path = (options: StringOptions): TString =>
  text("path", { pattern: "^[^\\u0000]+$", maxLength: 4095, ...options });
/** Where relative paths start, for descriptions. */
export const FROM = "A relative path starts at the configuration file's folder, "
  + "or where there is no file at the engine's working directory";
export const flag = (description: string, byDefault: boolean): TOptional<TBoolean> =>
  Type.Optional(Type.Boolean({ title: "flag", description, default: byDefault }));

const NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";
/** Name → value, for what the user names. */
export const named = <T extends TSchema>(title: string, schema: T, examples: unknown[]): TRecord<TString, T> =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), schema, {
    title,
    description: "By name: letters, digits, . _ and -, beginning with a letter or digit, up to 63.",
    ...closed,
    examples,
  });
export const reference = (title: string, example: string, description = ""): TString =>
  text(title, { examples: [example], ...(description && { description }) });

export const vid = (description: string, byDefault?: number): TInteger =>
  Type.Integer({
    title: "VLAN", description, minimum: VID_MIN, maximum: VID_MAX, examples: [10],
    ...(byDefault && { default: byDefault }),
  });
const vidItem = Type.Union([vid("IEEE 802.1Q VLAN identifier"), Type.String({ pattern: VID_RANGE_PATTERN })], {
  title: "VLAN",
  examples: [10, "100-199"],
});
export const vidLists = [
  vid("A single VLAN"),
  Type.String({ pattern: VIDS_PATTERN, description: "VLANs and ranges with commas, as `show ports` prints them" }),
  Type.Array(vidItem, { title: "VLAN list", minItems: 1, examples: [[10, 20, "100-199"]] }),
];

export const MAC_PATTERN = "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$";
export const mac = (description: string): TString => text("MAC address", {
  pattern: MAC_PATTERN,
  description,
  examples: ["02:00:00:00:00:01"],
});
export const rate = (description: string): TString =>
  text("rate", { pattern: RATE_PATTERN, description, examples: ["10kpps", "200mbit"] });
export const size = (
  title: string, range: { minimum: number; maximum: number }, description: string, example: number,
): TUnion<[TInteger, TString]> =>
  Type.Union([Type.Integer({ title, ...range }), Type.String({ pattern: SIZE_PATTERN })], {
    title,
    description: `${description}; bytes, ${range.minimum} to ${range.maximum}, or text with k for 1024 bytes`,
    examples: [example, "4k"],
  });

export const duration = (description: string, examples: string[], byDefault?: string): TString => text("duration", {
  pattern: DURATION_PATTERN, description, examples, ...(byDefault !== undefined && { default: byDefault }),
});

/** One of a few words. */
export const word = <T extends string>(
  title: string, words: readonly T[], description: string, byDefault: T,
): TUnion<TLiteral<T>[]> =>
  Type.Union(words.map((one) => Type.Literal(one)), { title, description, default: byDefault, examples: words });
export const count = (title: string, description: string, maximum: number, example: number): TInteger =>
  Type.Integer({ title, description, default: 0, minimum: 0, maximum, examples: [example] });
/** A part that may be switched off. */
export const orFalse = <T extends TSchema>(schema: T, options: SchemaOptions): TUnion<[TLiteral<false>, T]> =>
  Type.Union([Type.Literal(false), schema], options);

export const ipv4 = (description: string, example: string): TString =>
  text("IPv4 address", { pattern: IPV4_PATTERN, description, examples: [example] });
export const cidr = (title: string, description: string, example: string): TString =>
  text(title, { pattern: CIDR_PATTERN, description, examples: [example] });
