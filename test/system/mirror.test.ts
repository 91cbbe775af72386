// Watching: mirrors to a monitor port, and live captures that other programs read while they are written.

import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cTag, testFrame, testMac } from "../model/frames.js";
import { useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { Running, until } from "./running.js";

const payload = (seed: number): Uint8Array => new Uint8Array(600).fill(seed);
const can = privileged("mirrors and captures", "ping", "python3", "tcpdump", "tshark");

describe.skipIf(!can)("mirrors and captures", () => {
  const lab = useLab();

  it("copies what enters and leaves, once, cut to the snaplen, and takes nothing from the monitor", async () => {
    const [a, b, ids] = [lab().guest("a"), lab().guest("b"), lab().guest("ids")];
    const product = await lab().up({
      ports: { a: { tap: "a", access: 10 }, b: { tap: "b", trunk: [10] }, ids: { tap: "ids", monitor: true } },
      mirrors: { watch: { from: ["a", "b"], to: "ids", snaplen: 100 } },
    });
    for (const guest of [a, b, ids]) guest.plug();
    for (const { name } of [a, b, ids]) await product.untilLink(name, "up");
    const [wireA, wireB, watch] = [await a.wire(), await b.wire(), await ids.wire()];

    const there = testFrame({ source: testMac(1), payload: payload(1) });
    const back = testFrame({ source: testMac(2), tags: [cTag(10, 5)], payload: payload(2) });
    const intruder = testFrame({ source: testMac(3) });
    const end = testFrame({ source: testMac(1) });
    watch.send(intruder);
    await until("the monitor's own frame to be dropped",
      async () => (await product.port("ids")).drops["monitor"] === 1);
    wireA.send(there);
    await wireB.before(testFrame({ source: testMac(1), tags: [cTag(10)], payload: payload(1) }));
    wireB.send(back);
    await wireA.before(testFrame({ source: testMac(2), payload: payload(2) }));
    wireA.send(end);
    await wireB.before(testFrame({ source: testMac(1), tags: [cTag(10)] }));
    const copies = await watch.before(end);
    expect(copies).toEqual([there, back].map((frame) => Buffer.from(frame.subarray(0, 100))));
    expect(await product.places(testMac(3))).toEqual([]);
    expect(await product.show("mirrors"))
      .toMatchObject([{ name: "watch", from: ["a", "b"], direction: "both", to: "ids", snaplen: 100 }]);
  });

  it("drops copies past the rate, and never the traffic", async () => {
    const [a, b, ids] = [lab().guest("a"), lab().guest("b"), lab().guest("ids")];
    const product = await lab().up({
      ports: { a: { tap: "a" }, b: { tap: "b" }, ids: { tap: "ids", monitor: true } },
      mirrors: { watch: { from: ["a"], direction: "in", to: "ids", rate: "20pps" } },
    });
    for (const guest of [a, b, ids]) guest.plug();
    for (const { name } of [a, b, ids]) await product.untilLink(name, "up");
    const [wireA, wireB] = [await a.wire(), await b.wire()];
    const frames = Array.from({ length: 500 }, (_, i) => testFrame({ source: testMac(1), payload: payload(i) }));
    const end = testFrame({ source: testMac(1) });
    wireA.send(...frames, end);
    expect((await wireB.before(end)).length).toBe(frames.length);
    const { drops, tx } = await product.port("ids");
    expect(drops["rate"]).toBeGreaterThan(100);
    expect(drops["rate"]! + tx.frames).toBe(frames.length + 1);
    expect((await product.port("a")).drops).toEqual({});
  });

  it("shows copies to tcpdump on the monitor's device", async () => {
    const [a, b, ids] = [lab().guest("a"), lab().guest("b"), lab().guest("ids")];
    const product = await lab().up({
      ports: { a: { tap: "a" }, b: { tap: "b" }, ids: { tap: "ids", monitor: true } },
      mirrors: { watch: { from: ["a"], to: "ids" } },
    });
    for (const guest of [a, b, ids]) guest.plug();
    for (const { name } of [a, b, ids]) await product.untilLink(name, "up");
    const dump = ids.start("tcpdump", "-i", "ids", "-n", "-l", "-c", "2", "icmp");
    await dump.until(/listening on/);
    expect(await a.reaches(b)).toBe(true);
    const [request, reply] = (await dump.result()).split("\n");
    expect(request).toContain(`${a.address} > ${b.address}: ICMP echo request`);
    expect(reply).toContain(`${b.address} > ${a.address}: ICMP echo reply`);
  });

  it("captures into a file and a pipe that tshark reads while it is written, and after", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: {}, b: {} });
    const file = join(lab().folder, "live.pcapng");
    const capture = product.start("capture", "lab/a", "--write", file);
    const pipe = product.start("capture", "lab/a", "--write", "-", "--count", "4");
    const protocolsOf = ["-l", "-n", "-i", "-", "-T", "fields", "-e", "frame.protocols"];
    const reader = new Running(spawn("tshark", protocolsOf), "tshark");
    pipe.child.stdout!.pipe(reader.child.stdin!);
    await until("both captures", async () =>
      (await product.show("ports")).filter(({ kind }) => kind === "capture").length === 2);

    expect(await a.reaches(b)).toBe(true);
    const read = (): Promise<string> =>
      new Running(spawn("tshark", ["-n", "-r", file, "-Y", "icmp", "-T", "fields", "-e", "ip.src"]), "tshark").result();
    await until("the file to have both", async () => existsSync(file) && statSync(file).size > 400);
    expect(await read()).toBe("10.9.0.1\n10.9.0.2\n");
    const size = statSync(file).size;
    expect(await a.reaches(b)).toBe(true);
    await until("the file to have the other two", async () => statSync(file).size > size + 200);
    expect(await capture.end("SIGINT")).toBe(0);
    expect(await read()).toBe("10.9.0.1\n10.9.0.2\n10.9.0.1\n10.9.0.2\n");
    expect(capture.stdout).toMatch(/^\d+ frames of lab\/a written to /);
    expect(await pipe.ended).toBe(0);
    const protocols = (await reader.result()).trim().split("\n");
    expect(protocols.map((stack) => stack.replace(/:data$/, "")))
      .toEqual(["eth:ethertype:arp", "eth:ethertype:arp", "eth:ethertype:ip:icmp", "eth:ethertype:ip:icmp"]);
    await until("the captures' ports to be gone", async () => (await product.show("ports")).length === 2);
  });
});
