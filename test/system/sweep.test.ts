// What a run that was killed leaves behind: the next one removes its namespaces and ends what runs inside.
// Read first: bench/lab/namespace.ts.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { Namespace, privileged } from "./namespace.js";

it.skipIf(!privileged("sweeping"))("namespaces of a process that is no more go with the next one's first", async () => {
  const killed = spawn("true");
  await once(killed, "close");
  const left = `taploom-${killed.pid}-0-left`;
  spawnSync("ip", ["netns", "add", left]);
  const inside = spawn("ip", ["netns", "exec", left, "sleep", "60"]);
  await expect.poll(() => spawnSync("ip", ["netns", "pids", left], { encoding: "utf8" }).stdout).toMatch(/\d/);
  const ended = once(inside, "close");
  new Namespace("next").remove();
  expect(existsSync(`/run/netns/${left}`)).toBe(false);
  expect((await ended)[1]).toBe("SIGKILL");
});
