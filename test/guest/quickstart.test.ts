// The embedded quickstart on the real engine: what `npm start` promises.

import { readFileSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { QUICKSTART_YAML, startQuickstart, type Quickstart } from "../../src/guest/quickstart.js";
import { parseConfig } from "../../src/config/parse.js";
import { WORKERS } from "../workers.js";

const PCAP_HEADER_SIZE = 24;
const PCAP_RECORD_SIZE = 16;
const SNAPLEN = 128;

/** Bytes captured of each frame, in the order of the file (libpcap, little-endian). */
function capturedLengths(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const lengths: number[] = [];
  for (let at = PCAP_HEADER_SIZE; at < file.length; at += PCAP_RECORD_SIZE + lengths.at(-1)!) {
    lengths.push(view.getUint32(at + 8, true));
  }
  return lengths;
}

/** Adds up a column of a table whose rows begin with a port's or a guest's name; a space in it is the name's own. */
function sumOfRows(text: string, column: number): number {
  const rows = text.replace(/fw \((\d+)\)/g, "fw-$1").match(/^ +(web|db|app|cam|nvr|fw|fw-\d+|tape) .*$/gm) ?? [];
  const cells = rows.map((row) => row.trim().split(/ +/)[column] ?? "");
  return cells.reduce((sum, cell) => sum + Number(cell.replaceAll(",", "")), 0);
}

describe("the quickstart", () => {
  let quickstart: Quickstart;
  let live: string;
  let summary: string;

  beforeAll(async () => {
    quickstart = await startQuickstart({ workers: WORKERS });
    await vi.waitFor(() => {
      expect(quickstart.engine.stats().totals.rx.frames).toBeGreaterThan(1000);
    }, { timeout: 20_000 });
    live = quickstart.lines().join("\n");
    summary = await quickstart.stop();
  });

  afterAll(() => rmSync(dirname(quickstart.capturePath), { recursive: true, force: true }));

  it("is a configuration that a user could have written", () => {
    expect(parseConfig(QUICKSTART_YAML, "quickstart.yaml").switches["lab"]?.mirrors["watch"]).toMatchObject({
      from: ["web", "cam"], to: "tape",
    });
  });

  it("shows every port, and traffic on it", () => {
    for (const name of ["web", "db", "app", "cam", "nvr", "fw"]) {
      const [, rx = "0", tx = "0"] = new RegExp(`^ +${name} .* up +([\\d,]+) +([\\d,]+) +0$`, "m").exec(live) ?? [];
      expect(parseInt(rx, 10), `${name} rx in\n${live}`).toBeGreaterThan(0);
      expect(parseInt(tx, 10), `${name} tx in\n${live}`).toBeGreaterThan(0);
    }
  });

  it("has pings answered within VLANs and not across", () => {
    expect(summary).toMatch(/^ +web +10 +([1-9]\d*) +\1 +\d+\.\d\d/m);
    expect(summary).toMatch(/^ +cam +20 +([1-9]\d*) +\1 +\d+\.\d\d/m);
    expect(summary).toContain("Across VLANs: kept apart");
    expect(summary).toMatch(/app \(VLAN 10\) pinged nvr \(VLAN 20\) \d+ times?: 0 answers, 0 frames/);
  });

  it("accounts for every frame", () => {
    const sum = /([\d,]+) frames in \+ ([\d,]+) copies = ([\d,]+) out \+ ([\d,]+) dropped \+ 0 waiting; unaccounted 0/;
    const figures = sum.exec(summary)?.slice(1).map((text) => Number(text.replaceAll(",", ""))) ?? [];
    const [rx = 0, copies = 0, tx = 0, dropped = 0] = figures;
    expect(rx, summary).toBeGreaterThan(500);
    expect(rx + copies).toBe(tx + dropped);
    const account = summary.slice(summary.indexOf("Where every frame went"));
    expect(sumOfRows(account, 1), account).toBe(rx);
    expect(account.match(/^ +(web|db|app|cam|nvr|fw|tape) .* 0 +0$/gm), account).toHaveLength(7);
  });

  it("stops only when all that was said has arrived", () => {
    const guests = summary.slice(0, summary.indexOf("Across VLANs"));
    expect(sumOfRows(guests, 6)).toBe(sumOfRows(guests, 5));
  });

  it("writes the capture that it names, for nobody else to read", () => {
    const file = readFileSync(quickstart.capturePath);
    const lengths = capturedLengths(file);
    const line = `${quickstart.capturePath}: ${lengths.length} frames, ${file.length.toLocaleString("en-US")} bytes`;
    expect(summary).toContain(line);
    expect(lengths.length).toBeGreaterThan(50);
    expect(Math.max(...lengths)).toBe(SNAPLEN);
    expect(statSync(dirname(quickstart.capturePath)).mode & 0o777).toBe(0o700);
  });

  it("lives on when a guest's port is unplugged", async () => {
    const other = await startQuickstart({ workers: WORKERS });
    try {
      const config = other.engine.config();
      delete config.switches["lab"]!.ports["db"];
      await other.engine.apply(config);
      await expect.poll(() => other.engine.stats().totals.rx.frames).toBeGreaterThan(100);
      expect(other.lines().join("\n")).not.toMatch(/^ +db .* up /m);
      expect(await other.stop()).toContain("unplugged and never entered");
    } finally {
      await other.stop();
      rmSync(dirname(other.capturePath), { recursive: true, force: true });
    }
  });

  it("stops once", async () => {
    expect(await quickstart.stop()).toBe(summary);
  });
});
