// How a worker's thread shares its processor, as the addon asks for it and the system tells it.

import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon, Rig } from "./rig.js";

const addon = loadAddon("sharing a processor");
const [major, minor] = release().split(".").map(Number) as [number, number];
const takesRequests = major > 6 || (major === 6 && minor >= 12);
if (!takesRequests) process.stderr.write("skipped: short time slices: they need Linux 6.12\n");

const read = (file: string, line: RegExp) => Number(line.exec(readFileSync(`/proc/thread-self/${file}`, "utf8"))![1]);

/** This thread's time slice, ms. */
const slice = () => read("sched", /^se\.slice\s*:\s*(\d+)$/m) / 1e6;
/** How often this thread had to let another run though it wanted to go on. */
const interruptions = () => read("status", /^nonvoluntary_ctxt_switches:\s*(\d+)$/m);

describe.skipIf(!addon)("sharing a processor", () => {
  let rig: Rig;
  let rival: ChildProcess | undefined;

  beforeEach(() => rig = new Rig(addon!));
  afterEach(() => {
    rival?.kill();
    rig.poller.close();
  });

  it.skipIf(!takesRequests)("asks for the shortest time slices", () => expect(slice()).toBe(0.1));

  it("gives way to whoever waits for the same one", async () => {
    rig.poller.stay(true); // children keep to the same processor
    rival = spawn(process.execPath, ["-e", "console.log(); while (true);"]);
    await new Promise((resolve) => rival!.stdout!.once("data", resolve));
    const before = interruptions();
    for (let i = 0; i < 300; i++) rig.poller.giveWay(); // with short slices one may not suffice
    expect(interruptions()).toBeGreaterThanOrEqual(before + 5);
  });
});
