// What processors were busy with: a process with all its threads and children, and the machine. proc(5): schedstat,
// stat. Steal is not counted.

import { readdirSync, readFileSync } from "node:fs";

const TICKS = 100; // USER_HZ, a second

/** CPU seconds of a process and those that it started, so far. */
export function processSeconds(pid: number): number {
  const threads = tasks(pid);
  const own = threads.reduce((sum, thread) => sum + Number(read(`${thread}/schedstat`).split(" ")[0]) / 1e9, 0);
  const children = threads.flatMap((thread) => read(`${thread}/children`).split(" ").filter(Boolean));
  return children.reduce((sum, child) => sum + processSeconds(Number(child)), own);
}

/** CPU seconds in which the machine was not idle, so far. */
export function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq] = read("/proc/stat").split("\n")[0]!.split(/\s+/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq!) / TICKS;
}

function tasks(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    return []; // it has ended
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // a thread that has ended
  }
}
