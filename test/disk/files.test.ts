// Files that users name: only regular ones are opened, nobody is waited for, no other user's link is followed, and
// nothing but captures is recorded over.

import { spawnSync } from "node:child_process";
import {
  chmodSync, closeSync, constants, lchownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parseConfig, readConfig } from "../../src/config/parse.js";
import { openCaptureTarget } from "../../src/disk/capture-target.js";
import { realPath } from "../../src/disk/real-path.js";
import { openRegular } from "../../src/disk/regular.js";
import { Engine } from "../../src/engine.js";

const STRANGER = 54321; // a user ID that is neither root's nor that of the tests

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "taploom-disk-"));
  onTestFinished(() => { rmSync(path, { recursive: true, force: true }); });
  return path;
}

async function listening(path: string): Promise<void> {
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => { server.close(); });
}

const KINDS: [string, (path: string) => void | Promise<void>][] = [
  ["a directory", (path) => { mkdirSync(path); }],
  ["a FIFO", (path) => { spawnSync("mkfifo", [path]); }],
  ["a socket", listening],
  ["a device", (path) => { symlinkSync("/dev/null", path); }],
];

describe.each(KINDS)("%s", (kind, make) => {
  it.each([constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR | constants.O_CREAT])(
    "is not opened with flags %i",
    async (flags) => {
      const path = join(folder(), "file");
      await make(path);
      expect(() => openRegular(path, flags)).toThrow(`it is ${kind}, not a regular file`);
    },
  );

  it.each(["read", "write"])("is refused as a pcap port's file to %s, in a line with port and file", async (key) => {
    const path = join(folder(), "file.pcap");
    await make(path);
    const ports = { rec: { pcap: { [key]: path } } };
    const config = parseConfig(JSON.stringify({ switches: { lab: { ports } } }), "test");
    await expect(Engine.start(config)).rejects.toThrow(
      `port lab/rec: pcap "${path}": it is ${kind}, not a regular file; name a regular file`);
  });

  it("is refused as a configuration", async () => {
    const path = join(folder(), "net.yaml");
    await make(path);
    expect(() => readConfig(path)).toThrow(/net\.yaml:1:1: .*(regular file|is a directory|ENXIO)/);
  });
});

describe("links", () => {
  /** A link to a file, in a folder that others may write to, and the file. */
  function linked(mode: number): { link: string; file: string } {
    const place = folder();
    const file = join(folder(), "file");
    writeFileSync(file, "");
    const link = join(place, "link");
    symlinkSync(file, link);
    chmodSync(place, mode);
    return { link, file };
  }

  /** Makes a link that of a stranger, or, where that is not allowed, this user a stranger. */
  function estrange(link: string): void {
    if (process.geteuid!() === 0) {
      lchownSync(link, STRANGER, STRANGER);
      return;
    }
    vi.spyOn(process, "geteuid").mockReturnValue(STRANGER);
    onTestFinished(() => { vi.restoreAllMocks(); });
  }

  it("of this user are followed, at any place of a path", () => {
    const { link, file } = linked(0o1777);
    expect(realPath(link)).toBe(realPath(file));
    const place = folder();
    symlinkSync(join(file, ".."), join(place, "around"));
    expect(realPath(join(place, "around", "new"))).toBe(join(realPath(join(file, "..")), "new"));
  });

  it("of another user are not followed in a directory that others may write to", () => {
    const { link } = linked(0o1777);
    estrange(link);
    for (const path of [link, join(link, "inside")]) {
      expect(() => realPath(path)).toThrow(`${link} is a symbolic link of another user (uid `);
      expect(() => openRegular(path, constants.O_RDONLY)).toThrow("name the file that it points to");
    }
  });

  it("that lead to themselves end", () => {
    const link = join(folder(), "link");
    symlinkSync(link, link);
    expect(() => realPath(link)).toThrow("more than 40 symbolic links");
  });
});

describe("a file to record into", () => {
  it.each(["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a"])("may be a capture: %s", (magic) => {
    const path = join(folder(), "old");
    writeFileSync(path, Buffer.from(`${magic}ffff`, "hex"));
    closeSync(openCaptureTarget(path));
    expect(readFileSync(path)).toHaveLength(6);
  });

  it("keeps what was recorded there if the change that names it fails", async () => {
    const path = join(folder(), "old.pcap");
    const old = Buffer.from("d4c3b2a1ffff", "hex");
    writeFileSync(path, old);
    const ports = { rec: { pcap: { write: path } }, play: { pcap: { read: `${path}.missing` } } };
    const config = parseConfig(JSON.stringify({ switches: { lab: { ports } } }), "test");
    await expect(Engine.start(config)).rejects.toThrow("there is no such file");
    expect(readFileSync(path).equals(old)).toBe(true);
  });

  it("may be empty, or not there yet", () => {
    const path = join(folder(), "new");
    for (let round = 0; round < 2; round++) closeSync(openCaptureTarget(path));
    expect(readFileSync(path)).toHaveLength(0);
  });

  it.each(["precious", "abc", "\n\r\r"])("keeps what is no capture: %j", (text) => {
    const place = folder();
    const [path, link] = [join(place, "file"), join(place, "link")];
    writeFileSync(path, text);
    symlinkSync(path, link);
    for (const name of [path, link]) expect(() => openCaptureTarget(name)).toThrow("something other than a capture");
    expect(readFileSync(path, "utf8")).toBe(text);
    closeSync(openCaptureTarget(link, true));
  });
});
