// What random configurations are made of: names, devices and MACs from pools small enough that two of them have much
// in common.

import fc, { type Arbitrary } from "fast-check";

/** As fc.record, of objects such as programs make. */
export const record = <T>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });

export const vid = fc.integer({ min: 1, max: 4094 });

export const names = ["a", "b", "web", "db-1", "x.y_z", "10", "true", "0x1f", "constructor", "toString"];
export const device = fc.constantFrom("tl0", "tl1", "eth0", "10", "null", "a#b");
export const path = fc.constantFrom("/run/a.sock", "b.sock", "a b: c", "#d", "e\nf", "[g", "'", '"', "~", "ü/☃", "5");
export const mac = fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:0f", "12:34:56:78:90:12", "00:00:00:00:00:10");

/** An object without the keys whose value is undefined, as the model has it. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
export const maybe = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
