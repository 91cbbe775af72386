// Durations, rates and sizes as users write them: `300ms`, `10kpps`, `64k`. Owns their grammar, both ways:
// what is printed parses to the same value. The patterns are also what the schema publishes.

import type { Rate } from "./model.js";

const NUMBER = "\\d{1,12}(?:\\.\\d{1,3})?";
/** A duration: a number and its unit; whole milliseconds. */
export const DURATION_PATTERN = "^(?:\\d{1,12}ms|\\d{1,9}(?:\\.\\d{1,3})?[smh])$";
/** A rate above 0, a second: frames (`pps`, `kpps`, `mpps`) or bits (`bit`, `kbit`, `mbit`, `gbit`); k is 1000. */
export const RATE_PATTERN = `^(?=.*[1-9])${NUMBER}(?:[km]?pps|[kmg]?bit)$`;
/** A size written as text: bytes, or `k` for 1024 bytes. */
export const SIZE_PATTERN = "^\\d{1,9}k?$";

/** Milliseconds, longest first. */
const DURATION_UNITS = [["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]] as const;
/** Powers of ten, largest first. */
const RATE_UNITS = {
  pps: [["mpps", 6], ["kpps", 3], ["pps", 0]],
  bps: [["gbit", 9], ["mbit", 6], ["kbit", 3], ["bit", 0]],
} as const;

/** `1.5h` → milliseconds, 0 or more, whole; undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  const [, number, unit] = /^([\d.]+)(\w+)$/.exec(text)!;
  const factor = DURATION_UNITS.find(([name]) => name === unit)![1];
  return Math.round(Number(number) * factor);
}

/** Milliseconds, whole, below 10^12 → the longest unit that says it without a fraction. */
export function printDuration(milliseconds: number): string {
  const [unit, factor] = DURATION_UNITS.find(([, factor]) => milliseconds >= factor && milliseconds % factor === 0)
    ?? ["ms", 1];
  return `${milliseconds / factor}${unit}`;
}

/** `200mbit` → 200,000,000 bits a second; undefined where the text is no rate above 0. */
export function parseRate(text: string): Rate | undefined {
  if (!new RegExp(RATE_PATTERN).test(text)) return undefined;
  const [, number, name] = /^([\d.]+)(\w+)$/.exec(text)!;
  const unit = name!.endsWith("pps") ? "pps" : "bps";
  const [, power] = RATE_UNITS[unit].find(([candidate]) => candidate === name)!;
  return { unit, value: scale(number!, power) };
}

/** The largest unit that says it in at most twelve digits and three decimals, exactly. */
export function printRate({ unit, value }: Rate): string {
  for (const [name, power] of RATE_UNITS[unit]) {
    // Fifteen digits are what a double keeps of any decimal: the noise of the division stays behind them.
    const number = String(Number((value / 10 ** power).toPrecision(15)));
    if (value >= 10 ** power && scale(number, power) === value && parseRate(number + name)) return number + name;
  }
  return `${value}${RATE_UNITS[unit].at(-1)![0]}`;
}

/** Bytes: `1500`, `"1500"` and `64k` (65,536); undefined where it is neither a whole number nor such text. */
export function parseSize(size: number | string): number | undefined {
  if (typeof size === "number") return Number.isInteger(size) ? size : undefined;
  if (!new RegExp(SIZE_PATTERN).test(size)) return undefined;
  return size.endsWith("k") ? Number(size.slice(0, -1)) * 1024 : Number(size);
}

/** Bytes → as a file has it: a number, or text with `k` where that is exact and shorter. */
export function printSize(bytes: number): number | string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024}k` : bytes;
}

/** Moves the decimal point in the text, since `1.1 * 1e9` is not 1,100,000,000. */
function scale(number: string, power: number): number {
  return Number(`${number}e${power}`);
}
