// Staying on a processor, as the addon does it and the system tells it.

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon, Rig } from "./rig.js";

const addon = loadAddon("staying on a processor");

/** Where this thread may run. */
function allowed(): string {
  return /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync("/proc/thread-self/status", "utf8"))![1]!;
}

describe.skipIf(!addon)("staying on a processor", () => {
  let before: string;
  let rig: Rig;

  beforeEach(() => {
    before = allowed();
    rig = new Rig(addon!);
  });
  afterEach(() => rig.poller.close());

  it("keeps the thread there, and lets it go again", () => {
    rig.poller.stay(true);
    expect(allowed()).toMatch(/^\d+$/);
    rig.poller.stay(false);
    expect(allowed()).toBe(before);
  });

  it("ends with the poller", () => {
    rig.poller.stay(true);
    rig.poller.close();
    expect(allowed()).toBe(before);
  });

  it("does not take a place that is taken", () => {
    const other = new Rig(addon!);
    rig.poller.stay(true);
    other.poller.stay(true);
    rig.poller.stay(false);
    expect(allowed()).toBe(before);
    other.poller.close();
  });

  it("wants to be told with a boolean", () => {
    expect(() => rig.poller.stay(1 as unknown as boolean)).toThrow('"on" must be a boolean');
  });
});
