// The benchmark runs of a router, tiny: what core-napt makes of its frames is compared with a slow reference that
// knows nothing of tables, with checksums made anew over changed words.

import { describe, expect, it } from "vitest";
import { CoreNapt } from "../../src/bench/core-napt.js";
import { CoreNaptNew } from "../../src/bench/core-napt-new.js";
import type { FrameMix } from "../../src/bench/memory-core.js";
import { runBenches } from "../../src/bench/run.js";

const FRAMES = 2000;
const MIX = [60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514];

function* draws(): Generator<number> {
  for (let x = 0x12345678; ;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

/** The one's complement sum of big-endian words. */
function sum(words: Iterable<number>): number {
  let total = 0;
  for (const word of words) total += word;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

function wordsIn(view: DataView, first: number, end: number): number[] {
  return Array.from({ length: (end - first) / 2 }, (_, i) => view.getUint16(first + i * 2));
}

/** The first 54 bytes of a frame of a session; `translated`: as it leaves. */
function frameOf(session: number, inbound: boolean, length: number, translated: boolean): DataView {
  const view = new DataView(new ArrayBuffer(54));
  const [pair, tcp] = [session >> 1, session & 1];
  const inside = [0x0a000100 + pair % 4093, 10000 + Math.floor(pair / 4093)];
  const outside = [0xc6120001 + Math.floor(pair / 60000), 1024 + pair % 60000];
  const remote = [0xcb007100 + pair % 251, 443];
  const near = inbound === translated ? inside : outside;
  const [from, to] = inbound ? [remote, near] : [near, remote];
  const macs = translated ? [0x0200, 0, inbound ? 0x100 : 0x101, 0x0200, 0, 1] : [0x0200, 0, 1, 0x0200, 0, 2];
  macs.forEach((word, i) => { view.setUint16(i * 2, word); });
  [0x0800, 0x4500, length - 14, 0, 0x4000, translated ? 0x3f00 : 0x4000].forEach((word, i) => {
    view.setUint16(12 + i * 2, word);
  });
  view.setUint8(23, tcp ? 6 : 17);
  view.setUint32(26, from[0]!);
  view.setUint32(30, to[0]!);
  view.setUint16(24, 0xffff - sum(wordsIn(view, 14, 34)));
  view.setUint16(34, from[1]!);
  view.setUint16(36, to[1]!);
  if (tcp) view.setUint32(46, 0x5010ffff);
  else view.setUint16(38, length - 34);
  view.setUint16(tcp ? 50 : 40, ((session * 7 + 1) & 0xffff) || 1);
  return view;
}

/** What a frame becomes, with the checksum of its payload changed by the words that changed (RFC 1624). */
function expected(session: number, inbound: boolean, length: number): Uint8Array {
  const before = frameOf(session, inbound, length, false);
  const after = frameOf(session, inbound, length, true);
  const at = session & 1 ? 50 : 40;
  const removed = wordsIn(before, 26, 38).map((word) => 0xffff - word);
  const changed = 0xffff - sum([0xffff - before.getUint16(at), ...removed, ...wordsIn(after, 26, 38)]);
  after.setUint16(at, changed === 0 && !(session & 1) ? 0xffff : changed);
  return new Uint8Array(after.buffer);
}

function referenceDigest(entries: number, frame: FrameMix): string {
  const drawn = draws();
  const next = (): number => drawn.next().value as number;
  let hash = 2166136261;
  const add = (byte: number): void => { hash = Math.imul(hash ^ byte, 16777619); };
  for (let k = 0; k < FRAMES; k++) {
    const session = next() % entries;
    const inbound = (next() & 1) === 1;
    const length = frame === "imix" ? MIX[next() % 12]! : 60;
    for (const byte of [inbound ? 0 : 1, length & 255, length >> 8]) add(byte);
    for (const byte of expected(session, inbound, length)) add(byte);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

describe("core-napt", () => {
  it.each<[number, FrameMix]>([[32, "60"], [32, "imix"], [8192, "60"], [8192, "imix"]])(
    "translates %i sessions, frames %s, as the reference does", (entries, frame) => {
      expect(new CoreNapt(entries, frame).digest(FRAMES)).toBe(referenceDigest(entries, frame));
    });

  it("comes to the same with frames in batches before", () => {
    const bench = new CoreNapt(1024, "60");
    bench.run(20, 256);
    bench.run(20, 7);
    expect(bench.digest(FRAMES)).toBe(referenceDigest(1024, "60"));
  });

  it.each([0, 31, 33, 1_048_608])("refuses %i sessions", (entries) => {
    expect(() => new CoreNapt(entries, "60")).toThrow("a multiple of 32");
  });
});

describe("core-napt-new", () => {
  it("fills a table, and again, and ages it", () => {
    const bench = new CoreNaptNew(3000);
    expect(bench.fill(256)).toBeGreaterThan(0);
    expect(bench.fill(100)).toBeGreaterThan(0);
    expect(bench.age()).toBeGreaterThanOrEqual(0);
  });

  it("tells its figures", () => {
    const [result] = runBenches(["core-napt-new"], { entries: 64, frame: "60", batch: 32 });
    expect(result).toMatchObject({ name: "core-napt-new", unit: "mapping", entries: 64, batch: 32, runs: 5 });
  });

  it.each([0, 1_048_577])("refuses %i sessions", (entries) => {
    expect(() => new CoreNaptNew(entries)).toThrow("--entries");
  });
});
