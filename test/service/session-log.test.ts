// The log of sessions, from packets to lines (RFC 6888 REQ-12 and on).

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as layout from "../../src/core/layout.js";
import { SessionLog, type LoggedRouter } from "../../src/service/session-log.js";
import { tcp, udp } from "../router/packet.js";
import { RouterRig, type RouterSpec } from "../router/rig.js";

const WALL_MS = Date.UTC(2024, 0, 1);
const TIME = "2024-01-01T00:00:00.000Z";

function logged(spec: RouterSpec = {}) {
  const folder = mkdtempSync(join(tmpdir(), "taploom-log-"));
  const path = join(folder, "nat.log");
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const rig = new RouterRig({ nat: { log: path }, ...spec });
  rig.rig.shared.setDouble(layout.HEADER_EPOCH, WALL_MS - rig.rig.now);
  const complaints: string[] = [];
  let routers: LoggedRouter[] = [{ index: rig.router.index, name: "edge", file: path }];
  const log = new SessionLog({
    shared: rig.rig.shared, routers: () => routers, wallMs: () => WALL_MS, log: (line) => complaints.push(line),
  });
  onTestFinished(() => log.stop());
  return { rig, log, path, complaints, setRouters: (now: LoggedRouter[]) => { routers = now; } };
}

function linesOf(path: string): unknown[] {
  return readFileSync(path, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as unknown);
}

const begin = (rig: RouterRig, port: number): void => {
  rig.outbound(udp({ from: `10.0.10.5:${port}`, to: "198.51.100.9:53" }));
};
const ports = (path: string) => (linesOf(path) as { inside: string }[]).map(({ inside }) => inside.split(":")[1]);

describe("rfc6888-req12", () => {
  it("a session's beginning and end are a line each", async () => {
    const { rig, log, path } = logged();
    begin(rig, 1000);
    rig.rig.host.endSessions(rig.router.index);
    await log.drain();
    const session = {
      router: "edge", protocol: "udp", inside: "10.0.10.5:1000", outside: "203.0.113.2:1000",
      remote: "198.51.100.9:53",
    };
    const [created, destroyed, ...more] = linesOf(path);
    expect(created).toEqual({ time: TIME, event: "created", ...session });
    expect(destroyed).toMatchObject({ time: TIME, event: "destroyed", ...session });
    expect(more).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("one that the outside began tells inside and remote the right way round", async () => {
    const { rig, log, path } = logged({ forwards: ["tcp 8080 -> 10.0.10.5:80"] });
    rig.inbound(tcp({ from: "198.51.100.9:999", to: "203.0.113.2:8080", flags: "S" }));
    await log.drain();
    expect(linesOf(path)).toMatchObject([
      { protocol: "tcp", inside: "10.0.10.5:80", outside: "203.0.113.2:8080", remote: "198.51.100.9:999" },
    ]);
  });

  it("a router without a log writes none, and makes no file", async () => {
    const { rig, log, path } = logged({ nat: {} });
    begin(rig, 1000);
    await log.drain();
    expect(existsSync(path)).toBe(false);
  });

  it("events of a router that has gone are left out", async () => {
    const { rig, log, path, setRouters } = logged();
    begin(rig, 1000);
    setRouters([]);
    await log.drain();
    expect(existsSync(path)).toBe(false);
  });

  it("what is written by itself comes without being asked for", async () => {
    const { rig, log, path } = logged();
    await log.start();
    begin(rig, 1000);
    await expect.poll(() => existsSync(path) && linesOf(path).length).toBe(1);
    begin(rig, 1001);
    await expect.poll(() => linesOf(path).length).toBe(2);
  });

  it("what is left at the end is written", async () => {
    const { rig, log, path } = logged();
    begin(rig, 1000);
    await log.stop();
    expect(linesOf(path)).toHaveLength(1);
  });
});

describe("events that are lost", () => {
  it("are one line with their number", async () => {
    const { rig, log, path } = logged();
    begin(rig, 1000);
    rig.rig.shared.setWord(layout.SESSION_LOST, 7);
    await log.drain();
    await log.drain();
    expect(linesOf(path).slice(1)).toEqual([{ time: TIME, event: "lost", count: 7 }]);
  });

  it("a ring that is full loses events, and goes on after it was read", async () => {
    const { rig, log, path } = logged();
    rig.rig.shared.setWord(layout.SESSION_TAIL, (0 - layout.SESSION_EVENTS_MAX) >>> 0);
    begin(rig, 1000);
    rig.rig.shared.setWord(layout.SESSION_TAIL, 0);
    begin(rig, 1001);
    await log.drain();
    expect(linesOf(path)).toMatchObject([{ inside: "10.0.10.5:1001" }, { event: "lost", count: 1 }]);
  });
});

describe("files", () => {
  it("that were rotated away are followed by new ones", async () => {
    const { rig, log, path } = logged();
    begin(rig, 1000);
    await log.drain();
    renameSync(path, `${path}.1`);
    begin(rig, 1001);
    await log.drain();
    expect([ports(`${path}.1`), ports(path)]).toEqual([["1000"], ["1001"]]);
  });

  it("are appended to, also after they were opened anew", async () => {
    const { rig, log, path } = logged();
    begin(rig, 1000);
    await log.reopen();
    begin(rig, 1001);
    await log.drain();
    expect(ports(path)).toEqual(["1000", "1001"]);
  });

  it("of another name get what happens from then on", async () => {
    const { rig, log, path, setRouters } = logged();
    begin(rig, 1000);
    await log.reopen();
    setRouters([{ index: rig.router.index, name: "edge", file: `${path}.other` }]);
    await log.reopen();
    begin(rig, 1001);
    await log.drain();
    expect([ports(path), ports(`${path}.other`)]).toEqual([["1000"], ["1001"]]);
  });

  it("that cannot be written are told once, and nothing is lost until they can", async () => {
    const { rig, log, path, complaints } = logged();
    rmSync(dirname(path), { recursive: true });
    begin(rig, 1000);
    await log.drain();
    begin(rig, 1001);
    await log.drain();
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(`session log ${path}: ENOENT`);
    mkdirSync(dirname(path));
    await log.drain();
    expect(ports(path)).toEqual(["1000", "1001"]);
  });

  it("that cannot be written are told at the start already, and once", async () => {
    const { log, path, complaints } = logged();
    rmSync(dirname(path), { recursive: true });
    await log.start();
    await log.reopen();
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(`session log ${path}: ENOENT`);
    expect(complaints[0]).toContain("let this user write there");
  });

  it("that come with a change and cannot be written are told at once", async () => {
    const { rig, log, path, complaints, setRouters } = logged();
    await log.start();
    expect(complaints).toEqual([]);
    const none = join(path, "none.log");
    setRouters([{ index: rig.router.index, name: "edge", file: none }]);
    await log.reopen();
    expect(complaints).toEqual([expect.stringContaining(`session log ${none}: ENOTDIR`)]);
  });

  it("that take a part only get the rest later, and no byte twice", async () => {
    const { rig, log, path, complaints } = logged();
    const wanted = Array.from({ length: 600 }, (_, n) => String(1000 + n));
    for (const port of wanted) begin(rig, Number(port));
    const release = await fillDisk(20_000);
    await log.drain();
    expect(complaints).toEqual([expect.stringContaining("ENOSPC")]);
    expect(statSync(path).size).toBe(20_000);
    release();
    await log.drain();
    expect(ports(path)).toEqual(wanted);
  });

  it("that take half a line and are rotated away leave all of it to the next one", async () => {
    const { rig, log, path } = logged();
    for (let port = 1000; port < 1600; port++) begin(rig, port);
    const release = await fillDisk(20_000);
    await log.drain();
    renameSync(path, `${path}.1`);
    const whole = readFileSync(`${path}.1`, "utf8").split("\n").length - 1;
    release();
    await log.drain();
    expect(ports(path)).toEqual(Array.from({ length: 600 - whole }, (_, n) => String(1000 + whole + n)));
  });

  it("that are no regular files are refused, and nobody is waited for", async () => {
    const { rig, log, path, complaints } = logged();
    spawnSync("mkfifo", [path]);
    begin(rig, 1000);
    await log.drain();
    expect(complaints).toEqual([expect.stringContaining(`session log ${path}: it is a FIFO, not a regular file`)]);
  });
});

/** Lets files take so many bytes more, and then none, as a full disk does; returns what ends that. */
async function fillDisk(bytes: number): Promise<() => void> {
  const handle = await open(tmpdir());
  const kind = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const write: unknown = Reflect.get(kind, "write");
  let left = bytes;
  const spy = vi.spyOn(kind, "write").mockImplementation(function (this: FileHandle, ...[data, at]: unknown[]) {
    if (left === 0) throw new Error("ENOSPC: no space left on device, write");
    const length = Math.min(left, (data as Uint8Array).length - (at as number));
    left -= length;
    return Reflect.apply(write as () => never, this, [data, at, length]) as never;
  });
  onTestFinished(() => { spy.mockRestore(); });
  return () => { spy.mockRestore(); };
}
