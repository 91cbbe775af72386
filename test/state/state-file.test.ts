// The file itself: what is written is read again, damage of any kind is found, and there is always a whole one.

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { decodeState } from "../../src/state/decode.js";
import * as format from "../../src/state/format.js";
import { StateFile } from "../../src/state/state-file.js";
import { udp } from "../router/packet.js";
import { RouterRig } from "../router/rig.js";
import { busyRig, bytesOf, restore, sessionsOf, sourcesOf, statePath, WALL_MS } from "./rigs.js";

function fileOf(rig: RouterRig, path = statePath()): { file: StateFile; path: string; lines: string[] } {
  const lines: string[] = [];
  const file = new StateFile(path, sourcesOf(rig), (line) => lines.push(line));
  onTestFinished(() => file.stop());
  return { file, path, lines };
}

const section = (kind: number, value: unknown): Buffer =>
  format.encodeSection(kind, Buffer.from(JSON.stringify(value)));
const cut = (kind: number, length: number): Buffer => format.encodeSection(kind, Buffer.alloc(length));
const NAMES = { routers: [[0, "edge"]], ports: [] };
const SERVICES = { leases: {}, uplinks: {} };

/** A file of such sections, its CRCs right. */
function made(...sections: Buffer[]): Buffer {
  return Buffer.concat([format.encodeHeader(WALL_MS), ...sections, format.encodeEnd(sections.length)]);
}

describe("a file", () => {
  it("brings back what was saved, services' records to the letter", async () => {
    const rig = busyRig();
    const { file, path, lines } = fileOf(rig);
    await file.save();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.tmp`)).toBe(false);
    const state = (await file.load())!;
    const { leases, uplinks } = sourcesOf(rig);
    expect(state).toMatchObject({ wallMs: WALL_MS, leases: leases(), uplinks: uplinks() });
    const after = new RouterRig();
    await restore(state, after);
    expect(sessionsOf(after)).toEqual(sessionsOf(rig));
    expect(lines).toEqual([]);
  });

  it("that is not there is no state, and nothing to tell", async () => {
    const { file, lines } = fileOf(new RouterRig());
    expect(await file.load()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it("that was left behind half written is not looked at", async () => {
    const { file, path } = fileOf(busyRig());
    await file.save();
    writeFileSync(`${path}.tmp`, "half");
    expect(await file.load()).toBeDefined();
    await file.save();
    expect(existsSync(`${path}.tmp`)).toBe(false);
    expect(await file.load()).toBeDefined();
  });

  it("that is damaged is set aside with one line, and the next one is whole", async () => {
    const { file, path, lines } = fileOf(busyRig());
    writeFileSync(path, "nonsense");
    expect(await file.load()).toBeUndefined();
    expect(lines).toEqual([`state file ${path}: is no state file; set aside as ${path}.bad, and begun anew`]);
    expect(readFileSync(`${path}.bad`, "utf8")).toBe("nonsense");
    await file.save();
    expect(await file.load()).toBeDefined();
  });

  it("that cannot be written is told once, tried again, and leaves the last one whole", async () => {
    const { file, path, lines } = fileOf(busyRig());
    const folder = dirname(path);
    rmSync(folder, { recursive: true });
    await file.save();
    await file.save();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`state file ${path}: cannot be written: ENOENT`);
    mkdirSync(folder);
    await file.save();
    expect(await file.load()).toBeDefined();
  });

  it("is saved at once where services say that something has changed, else once a second", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => { vi.useRealTimers(); });
    const rig = busyRig();
    const { file, path } = fileOf(rig);
    /** Lets time go by, and what is done then be done. */
    const pass = async (ms: number): Promise<boolean> => {
      vi.advanceTimersByTime(ms);
      while (vi.getTimerCount() !== 1) await setImmediate(); // expect.poll would turn the clock
      return existsSync(path);
    };
    file.start();
    expect(await pass(200)).toBe(true);
    rmSync(path);
    rig.rig.host.endSessions(rig.router.index);
    expect(await pass(200)).toBe(false);
    file.touch();
    expect(await pass(0)).toBe(true);
    rmSync(path);
    rig.outbound(udp({ from: "10.0.10.5:1", to: "192.0.2.1:9" }));
    expect([await pass(200), await pass(200), await pass(400), await pass(200)]).toEqual([false, false, false, true]);
  });

  it("is saved by itself once something changed, and at the end", async () => {
    const rig = busyRig();
    const { file, path } = fileOf(rig);
    file.start();
    await expect.poll(() => existsSync(path)).toBe(true);
    rig.rig.host.endSessions(rig.router.index);
    await file.stop();
    expect((await file.load())!.sessions).toEqual([]);
  });
});

describe("damage", () => {
  const whole = bytesOf(sourcesOf(busyRig()));

  it("at any byte is found", () => {
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 0x80]) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= bit;
        expect(() => decodeState(damaged), `byte ${at}`).toThrow(format.DamagedError);
      }
    }
  });

  it("by being cut short anywhere is found", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeState(whole.subarray(0, length)), `${length} bytes`).toThrow(format.DamagedError);
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ["more behind the end", Buffer.concat([whole, Buffer.alloc(1)]), /does not end/],
    ["a section that is gone", Buffer.concat([format.encodeHeader(0), format.encodeEnd(1)]), /does not end/],
    ["no names", made(section(format.SERVICES, SERVICES)), /0 sections of kind 1/],
    ["names twice", made(section(1, NAMES), section(1, NAMES), section(4, SERVICES)), /2 sections of kind 1/],
    ["names that are no JSON", made(format.encodeSection(1, Buffer.from("{")), section(4, SERVICES)), /not JSON/],
    ["names that are a list", made(section(1, []), section(4, SERVICES)), /not as it should be/],
    ["a router without a name", made(section(1, { ...NAMES, routers: [[0]] }), section(4, SERVICES)), /names/],
    ["a router of no number", made(section(1, { ...NAMES, routers: [["0", "a"]] }), section(4, SERVICES)), /names/],
    ["leases that are none", made(section(1, NAMES), section(4, { leases: 1, uplinks: {} })), /not as it should be/],
    ["half a session", made(section(1, NAMES), cut(3, 51), section(4, SERVICES)), /within/],
    ["half a MAC", made(section(1, NAMES), cut(2, 17), section(4, SERVICES)), /within/],
    ["a time that is none", Buffer.concat([format.encodeHeader(NaN), format.encodeEnd(0)]), /no time/],
  ])("%s", (_, file, message) => {
    expect(() => decodeState(file)).toThrow(format.DamagedError);
    expect(() => decodeState(file)).toThrow(message);
  });

  it("a file of another version is not read", () => {
    const other = Buffer.from(whole);
    other.writeUInt32LE(format.VERSION + 1, 8);
    expect(() => decodeState(other)).toThrow("is of version 2, and this engine reads 1");
  });
});

it("CRC-32 is the same with and without help, and that of the check value", () => {
  const text = Buffer.from("123456789");
  for (const crc of [format.crc32, format.crc32InTable]) {
    expect(crc(text)).toBe(0xcbf43926);
    expect(crc(text.subarray(4), crc(text.subarray(0, 4)))).toBe(0xcbf43926);
  }
});
