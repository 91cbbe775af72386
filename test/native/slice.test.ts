// How long the thread of a poller keeps its processor while others wait for it, as the system tells it.

import { readFileSync } from "node:fs";
import { release } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { loadAddon, Rig } from "./rig.js";

const addon = loadAddon("the time slice of a poller's thread");
const [major, minor] = release().split(".").map(Number) as [number, number];
const takesRequests = major > 6 || (major === 6 && minor >= 12);
if (!takesRequests) process.stderr.write("skipped: the time slice of a poller's thread: needs Linux 6.12\n");

/** This thread's time slice, ms. */
function slice(): number {
  return Number(/^se\.slice\s*:\s*(\d+)$/m.exec(readFileSync("/proc/thread-self/sched", "utf8"))![1]) / 1e6;
}

describe.skipIf(!addon || !takesRequests)("the time slice of a poller's thread", () => {
  let rig: Rig | undefined;

  afterEach(() => rig?.poller.close());

  it("is the shortest there is", () => {
    expect(slice()).toBeGreaterThan(0.1);
    rig = new Rig(addon!);
    expect(slice()).toBe(0.1);
  });
});
